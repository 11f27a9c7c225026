"""What the corpus itself teaches about words: how often each occurs, and so what it is made of."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Self
from weakref import WeakValueDictionary

from kb.language.compounds import Compounds
from kb.language.spelling import Spelling
from kb.language.terms import forms

# A word that occurs once is neither a part of others nor what anybody meant.
_MIN_FREQUENCY = 2

# What splits the words of a file, by the hash of it, while a lexicon uses it: a build opens what it wrote,
# and splitting the same words by the same numbers again would take it a second.
_in_use: WeakValueDictionary[bytes, Compounds] = WeakValueDictionary()


class Lexicon:
    """The words of a corpus with their numbers: `dutch` in Dutch passages, `english` in English ones.

    `terms` are those that the index holds; without them every word counts as known. `compounds` splits by
    these Dutch words, where something does already. It does not depend on the order in which the corpus was
    read.
    """

    def __init__(
        self,
        dutch: Mapping[str, int],
        english: Mapping[str, int] | None = None,
        *,
        terms: Collection[str] | None = None,
        compounds: Compounds | None = None,
    ) -> None:
        self._dutch = dutch
        self._english = english or {}
        self._terms = terms
        self.compounds = compounds or Compounds(dutch)
        # The terms of words that were looked up: of one text after another they are mostly the same words.
        self.forms: dict[str, frozenset[str]] = {}

    @cached_property
    def _spelling(self) -> Spelling:
        # Not before it is asked: builds never do. Without terms every word is known, and none is put right.
        return Spelling({} if self._terms is None else Counter(self._dutch) + Counter(self._english))

    def parts(self, word: str) -> tuple[str, ...]:
        """The parts of a lower-case Dutch word; none when it is no compound of known words."""
        return self.compounds.parts(word)

    def knows(self, word: str) -> bool:
        """True when passages hold the word, in any form, or all of its parts."""
        if self._terms is None:
            return True
        return any(form in self._terms for form in forms(word)) or bool(self.parts(word))

    def correction(self, word: str) -> str | None:
        """The word that was probably meant; None for a stop word and for one that the corpus knows."""
        if not forms(word) or self.knows(word):
            return None
        return self._spelling.nearest(word)

    def without(self, dutch: Counter[str], english: Counter[str], terms: Collection[str]) -> Self:
        """The lexicon of the corpus without some of its passages: their words with their numbers, and the
        terms that no other passage holds."""
        fewer = [
            {
                word: count - gone[word]
                for word, count in had.items()
                if count - gone[word] > 0
                and self._frequency(word) - dutch[word] - english[word] >= _MIN_FREQUENCY
            }
            for had, gone in ((self._dutch, dutch), (self._english, english))
        ]
        held = None if self._terms is None else frozenset(self._terms).difference(terms)
        return type(self)(*fewer, terms=held)

    def _frequency(self, word: str) -> int:
        return self._dutch.get(word, 0) + self._english.get(word, 0)

    def write(self, file: Path) -> None:
        """One word a line with its two numbers, by alphabet."""
        lines = [
            f"{word}\t{self._dutch.get(word, 0)}\t{self._english.get(word, 0)}\n"
            for word in sorted({*self._dutch, *self._english})
            if self._dutch.get(word, 0) + self._english.get(word, 0) >= _MIN_FREQUENCY
        ]
        file.write_text("".join(lines), encoding="utf-8")

    @classmethod
    def read(cls, file: Path, *, terms: Collection[str] | None = None) -> Self:
        """The reverse of `write`. Raises `OSError` or `ValueError`."""
        data = file.read_bytes()
        dutch: dict[str, int] = {}
        english: dict[str, int] = {}
        for line in data.decode("utf-8").split("\n"):
            if not line:
                continue
            word, in_dutch, in_english = line.split("\t")
            if int(in_dutch):
                dutch[word] = int(in_dutch)
            if int(in_english):
                english[word] = int(in_english)
        key = hashlib.sha256(data).digest()
        if (compounds := _in_use.get(key)) is None:
            compounds = _in_use[key] = Compounds(dutch)
        return cls(dutch, english, terms=terms, compounds=compounds)
