"""Texts to the tokens of a model, as its tokenizer.json says.

The tokenizers library does it for any model. Of one with a Unigram it keeps 300 MB and takes most of a second
to load; there it only normalises, cuts texts into words and remembers where everything stood, and the pieces
of words are found by `kb.embedding.unigram`. Both give the same tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tokenizers import PreTokenizedString, Token, Tokenizer

from kb.arrays import write_array
from kb.embedding import Spans
from kb.embedding.unigram import Piece, Unigram

_PIECES, _SCORES, _RULES = "pieces.json", "scores.npy", "rules.json"
# Words whose pieces are remembered, some 300 bytes each, and how long these may be.
_REMEMBERED = 50_000
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text by their numbers, and where each stands in it, as [start, end) offsets.

    `ending` is how many special tokens are at the end.
    """

    ids: list[int]
    offsets: Spans
    ending: int = 0


class TextTokenizer(Protocol):
    """Cuts texts into tokens. Safe to use from several threads."""

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, with the special ones that the model wants around it."""
        ...

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special ones."""
        ...


def text_tokenizer(file: Path, folder: Path) -> TextTokenizer:
    """The tokenizer in `file`, from what `write_pieces` left of it in `folder` where it left anything.

    Raises what the libraries raise when a file of it cannot be read.
    """
    return PieceTokenizer(folder) if (folder / _RULES).is_file() else LibraryTokenizer(file)


class LibraryTokenizer:
    """The tokenizers library's own."""

    def __init__(self, file: Path) -> None:
        # Never changed: how it pads and cuts would change for all threads.
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # A letter is some token in every vocabulary, if only an unknown one.
        special = self._tokenizer.encode("a").special_tokens_mask
        self._ending = next((at for at, mark in enumerate(reversed(special)) if not mark), 0)

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text."""
        return [
            Tokens(found.ids, found.offsets, self._ending)
            for found in self._tokenizer.encode_batch(list(texts))
        ]

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        found = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in found]


class PieceTokenizer:
    """A tokenizer with a Unigram, from the files of `write_pieces`."""

    def __init__(self, folder: Path) -> None:
        rules = json.loads((folder / _RULES).read_text(encoding="utf-8"))
        pieces = json.loads((folder / _PIECES).read_text(encoding="utf-8"))
        unigram = Unigram(pieces, np.load(folder / _SCORES), unknown=rules["unknown"])
        self._unigram = unigram
        self._remembered = lru_cache(_REMEMBERED)(unigram.pieces)
        self._rules = Tokenizer.from_str(rules["tokenizer"])
        self._before: list[int] = rules["before"]
        self._after: list[int] = rules["after"]
        # Special tokens are themselves, also in a text that somebody wrote.
        self._special: dict[str, int] = rules["special"]
        # The longest first, as the library has it.
        longest = sorted(self._special, key=len, reverse=True)
        self._any_special = re.compile("|".join(map(re.escape, longest)) or r"(?!)")

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text."""
        return [self._around(*self._tokens(text)) for text in texts]

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [len(self._tokens(text)[0]) for text in texts]

    def _around(self, ids: list[int], offsets: Spans) -> Tokens:
        nowhere = (0, 0)
        return Tokens(
            [*self._before, *ids, *self._after],
            [nowhere] * len(self._before) + offsets + [nowhere] * len(self._after),
            len(self._after),
        )

    def _tokens(self, text: str) -> tuple[list[int], Spans]:
        ids: list[int] = []
        offsets: Spans = []
        at = 0
        for found in self._any_special.finditer(text):
            self._add(text[at : found.start()], at, ids, offsets)
            ids.append(self._special[found.group()])
            offsets.append(found.span())
            at = found.end()
        self._add(text[at:], at, ids, offsets)
        return ids, offsets

    def _add(self, text: str, at: int, ids: list[int], offsets: Spans) -> None:
        """Append the tokens of a text that begins at `at` and holds no special one."""
        if not text:
            return
        cut = PreTokenizedString(text)
        if self._rules.normalizer:
            cut.normalize(self._rules.normalizer.normalize)
        if self._rules.pre_tokenizer:
            self._rules.pre_tokenizer.pre_tokenize(cut)
        cut.tokenize(self._of_word)
        found = cut.to_encoding()
        ids += found.ids
        offsets += found.offsets if not at else [(start + at, end + at) for start, end in found.offsets]

    def _of_word(self, word: Any) -> list[Token]:
        text = str(word)
        find = self._remembered if len(text) <= _LONGEST else self._unigram.pieces
        pieces: list[Piece] = find(text)
        if text.isascii():
            return [Token(number, text[start:end], (start, end)) for number, start, end in pieces]
        # The library counts in bytes of UTF-8.
        bytes_to = [0, *accumulate(len(character.encode()) for character in text)]
        return [
            Token(number, text[start:end], (bytes_to[start], bytes_to[end])) for number, start, end in pieces
        ]


def write_pieces(file: Path, folder: Path) -> None:
    """Write what `PieceTokenizer` needs of the tokenizer in `file`; nothing where it is of another kind."""
    told = json.loads(file.read_text(encoding="utf-8"))
    model, around = told.get("model") or {}, _around(told.get("post_processor"))
    added = told.get("added_tokens") or []
    is_known = (
        model.get("type") == "Unigram"
        and not model.get("byte_fallback")
        and isinstance(model.get("unk_id"), int)
        and around is not None
        # Then a piece after a special token is cut otherwise than at the beginning.
        and "first" not in json.dumps(told.get("pre_tokenizer"))
        and not any(
            token[name] for token in added for name in ("single_word", "lstrip", "rstrip", "normalized")
        )
    )
    if not is_known or around is None:
        return
    vocabulary = model["vocab"]
    rules = told | {
        "model": model | {"vocab": [["<unk>", 0.0]], "unk_id": 0},
        "added_tokens": [],
        "post_processor": None,
        "padding": None,
        "truncation": None,
    }
    before, after = around
    written = {
        "tokenizer": json.dumps(rules),
        "unknown": model["unk_id"],
        "special": {token["content"]: token["id"] for token in added},
        "before": before,
        "after": after,
    }
    (folder / _PIECES).write_text(json.dumps([piece for piece, _ in vocabulary]), encoding="utf-8")
    write_array(folder / _SCORES, np.array([score for _, score in vocabulary], np.float64))
    # The last, by which the others are known to be there.
    (folder / _RULES).write_text(json.dumps(written), encoding="utf-8")


def _around(processor: Any) -> tuple[list[int], list[int]] | None:
    """The numbers of the special tokens before and after a text; None where it is not only these."""
    if processor is None:
        return [], []
    if processor.get("type") != "TemplateProcessing":
        return None
    before: list[int] = []
    after: list[int] = []
    is_before = True
    for part in processor["single"]:
        if "Sequence" in part:
            is_before = False
        else:
            ids = processor["special_tokens"][part["SpecialToken"]["id"]]["ids"]
            (before if is_before else after).extend(ids)
    return before, after
