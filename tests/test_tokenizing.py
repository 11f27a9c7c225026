"""Promises about tokens: those of the tokenizers library, without what it keeps for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from kb.embedding.tokenizing import (
    LibraryTokenizer,
    PieceTokenizer,
    TextTokenizer,
    text_tokenizer,
    write_pieces,
)
from kb.embedding.unigram import Unigram
from kb.embedding.unpacking import default_model_folder

TEXTS = [
    "", " ", "   ", "Wie mag zonder overleg het netwerk afsluiten?", "a  b   c", " ervoor", "erna ",
    "tab\there\nregel", "coördinatie, gemeenten en e-mail", "e\u0301e\u0301n \ufb01ets en ½ liter, 5 ℃",
    "日本語テスト", "한국어 العربية", "😀 👩\u200d👩\u200d👧 x", "\u200bnul\u200bbreed", "a\u00adb",
    "x" * 400, "é" * 90, "\u2581onder", "İstanbul ǅ ①", "\x00a\x01b", "ᚠᚢᚦ 𐍈", "een <s> in de tekst</s>",
    "<mask><mask> twee",
    "\uff1cs\uff1e breed", "https://waterrijk.nl/a?b=c#d",
]  # fmt: skip


@pytest.fixture(scope="module")
def file() -> Path:
    return default_model_folder() / "tokenizer.json"


@pytest.fixture(scope="module")
def library(file: Path) -> TextTokenizer:
    return LibraryTokenizer(file)


@pytest.fixture(scope="module")
def ours(file: Path, tmp_path_factory: pytest.TempPathFactory) -> TextTokenizer:
    folder = tmp_path_factory.mktemp("pieces")
    write_pieces(file, folder)
    found = text_tokenizer(file, folder)
    assert isinstance(found, PieceTokenizer)
    return found


def test_texts_have_the_tokens_that_the_library_gives_them(
    ours: TextTokenizer, library: TextTokenizer
) -> None:
    assert ours.tokens(TEXTS) == library.tokens(TEXTS)
    assert ours.counts(TEXTS) == library.counts(TEXTS)


@given(st.text(max_size=60))
def test_any_text_has(ours: TextTokenizer, library: TextTokenizer, text: str) -> None:
    # A lone surrogate is no text, to the library neither.
    text = text.encode("utf-8", "replace").decode()
    assert ours.tokens([text]) == library.tokens([text])


pieces = st.lists(
    st.tuples(st.text("abcé", min_size=1, max_size=4), st.sampled_from([-1.0, -2.0, -2.5, -3.0])),
    min_size=1,
    max_size=12,
    unique_by=lambda pair: pair[0],
)


@given(pieces, st.lists(st.text("abcéx", min_size=1, max_size=9), min_size=1, max_size=6))
def test_words_fall_into_the_pieces_that_the_library_finds(
    vocabulary: list[tuple[str, float]], words: list[str]
) -> None:
    whole = [("<unk>", 0.0), *vocabulary]
    library = Tokenizer(models.Unigram(whole, unk_id=0))
    ours = Unigram([piece for piece, _ in whole], np.array([score for _, score in whole]), unknown=0)
    for word in words:
        found = library.encode(word)
        assert [number for number, *_ in ours.pieces(word)] == found.ids
        assert [(start, end) for _, start, end in ours.pieces(word)] == found.offsets


def _words(folder: Path, tokenizer: Tokenizer) -> Path:
    file = folder / "tokenizer.json"
    tokenizer.save(str(file))
    return file


def test_a_tokenizer_of_another_kind_is_left_to_the_library(tmp_path: Path) -> None:
    by_words = Tokenizer(models.WordLevel({"[UNK]": 0, "raad": 1, "[CLS]": 2, "[SEP]": 3}, unk_token="[UNK]"))
    by_words.pre_tokenizer = pre_tokenizers.Whitespace()
    by_words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    file = _words(tmp_path, by_words)
    write_pieces(file, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["tokenizer.json"]
    found = text_tokenizer(file, tmp_path)
    (tokens,) = found.tokens(["raad van raad"])
    assert (tokens.ids, tokens.ending) == ([2, 1, 0, 1, 3], 1)
    assert found.counts(["raad van raad"]) == [3]


@pytest.mark.parametrize("change", ["byte_fallback", "template", "added"])
def test_what_would_be_cut_otherwise_is_left_to_the_library(tmp_path: Path, change: str) -> None:
    file = _words(tmp_path, Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0)))
    told = json.loads(file.read_text())
    write_pieces(file, tmp_path)
    assert (tmp_path / "rules.json").is_file()
    (tmp_path / "rules.json").unlink()
    if change == "byte_fallback":
        told["model"]["byte_fallback"] = True
    elif change == "template":
        told["post_processor"] = {"type": "RobertaProcessing"}
    else:
        told["added_tokens"] = [
            {
                "id": 1, "content": "a", "single_word": False, "lstrip": True, "rstrip": False,
                "normalized": False, "special": True,
            }
        ]  # fmt: skip
    file.write_text(json.dumps(told))
    write_pieces(file, tmp_path)
    assert not (tmp_path / "rules.json").exists()


def test_it_takes_a_fraction_of_the_memory(file: Path, tmp_path: Path) -> None:
    write_pieces(file, tmp_path)
    told = (
        "import sys; from pathlib import Path\n"
        "from kb.embedding import tokenizing\n"
        "def held():\n"
        "    with open('/proc/self/status') as lines:\n"
        "        return int(next(line for line in lines if line[:6] == 'VmRSS:').split()[1])\n"
        "before = held(); found = tokenizing.{}\n"
        "found.tokens(['Een vraag.']); print(held() - before)"
    )
    made = (f"PieceTokenizer(Path({str(tmp_path)!r}))", f"LibraryTokenizer(Path({str(file)!r}))")
    ours, library = (
        int(subprocess.run([sys.executable, "-c", told.format(one)], capture_output=True, check=True).stdout)
        for one in made
    )
    assert ours < library / 3
