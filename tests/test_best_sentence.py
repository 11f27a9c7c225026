from __future__ import annotations

from pathlib import Path

import pytest

from kb.best_sentence import best_sentence
from kb.embedding import Encoder, load_encoder
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing import build_index
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import record, write_index

REPORT = record("verslag.md")
SENTENCES = [
    "De voorzitter opent de vergadering van de gemeente.",
    "Het archief verhuist in mei naar het streekarchief.",
    "Daarna dankt zij alle aanwezigen voor hun komst.",
]
PASSAGE = " ".join(SENTENCES)


def opened(folder: Path, *texts: str, encoder: Encoder | None = None) -> EmbeddedIndex:
    write_index(folder, {REPORT: texts}, encoder=encoder)
    return EmbeddedIndex.open(folder)


def named(index: EmbeddedIndex, encoder: Encoder, query: str) -> str | None:
    (found,) = index.passages([0])
    span = best_sentence(index, encoder, found, encoder.encode_query(query))
    return found.passage.text[span[0] : span[1]] if span else None


@pytest.mark.parametrize(
    ("query", "sentence"), [("voorzitter opent", 0), ("archief streekarchief", 1), ("dankt aanwezigen", 2)]
)
def test_the_sentence_that_shares_the_words_of_the_query_is_named(
    tmp_path: Path, query: str, sentence: int
) -> None:
    assert named(opened(tmp_path, PASSAGE), WordEncoder(), query) == SENTENCES[sentence]


def test_a_line_of_a_few_words_is_no_best_sentence(tmp_path: Path) -> None:
    index = opened(tmp_path, f"Archief, streekarchief.\n{PASSAGE}")
    assert named(index, WordEncoder(), "archief streekarchief") == SENTENCES[1]


def test_one_sentence_leaves_no_choice(tmp_path: Path) -> None:
    assert named(opened(tmp_path, SENTENCES[0]), WordEncoder(), "voorzitter") is None


def test_without_token_vectors_no_sentence_is_named(tmp_path: Path) -> None:
    encoder = WordEncoder(token_dimension=0)
    assert named(opened(tmp_path, PASSAGE, encoder=encoder), encoder, "voorzitter") is None


def test_what_is_embedded_with_a_passage_does_not_shift_its_sentences(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    text = f"---\ntitel: De stuurgroep over het streekarchief\n---\n# Verslag\n\n{PASSAGE}\n"
    (tmp_path / "corpus" / "verslag.md").write_text(text)
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    build_index(settings, WordEncoder)
    index = EmbeddedIndex.open(Generations(settings.indexes).current())
    (found,) = index.passages([0])
    assert found.passage.context
    assert named(index, WordEncoder(), "archief streekarchief") == SENTENCES[1]


def test_the_real_encoder_names_the_sentence_that_answers(tmp_path: Path) -> None:
    encoder = load_encoder(Settings(precision="float32"))
    index = opened(tmp_path, PASSAGE, encoder=encoder)
    assert named(index, encoder, "wanneer verhuist het archief?") == SENTENCES[1]
    assert named(index, encoder, "who thanked the people who came?") == SENTENCES[2]
