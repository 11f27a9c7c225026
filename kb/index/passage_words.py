"""The words of the passages of an index that is being written.

Compounds can only be split once all words are known, and near-identical passages are found once all are
there: until then they wait on disk as numbers, each word of a language with its own.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, count, islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kb.documents import Access
from kb.index.spooling import Spool
from kb.language import Lexicon, hyphenated_words, token_words, word_terms, words
from kb.language.terms import STEMMERS
from kb.near_duplicates import Numbers, words_of

# Passages, or documents, that are looked at together.
_AT_ONCE = 1_024
_T = TypeVar("_T")
_Ints = npt.NDArray[np.int64]
_NONE: _Ints = np.empty(0, np.int64)


class PassageWords:
    """Takes the words of passages in turn, and tells of them when all are there."""

    def __init__(self, file: Path) -> None:
        """`file` is where they wait."""
        numbers = count()
        self._numbers: dict[str, defaultdict[str, int]] = {
            code: defaultdict(numbers.__next__) for code in STEMMERS
        }
        self._waiting = Spool(file)
        # Of each passage, how many of its numbers are of the text itself: these come first.
        self._own = array("i")
        self._accesses: list[Access] = []
        # Texts that another way of writing letters divides into other words, by row.
        self._otherwise: dict[int, Numbers] = {}
        self._numbered: defaultdict[str, int] = defaultdict(count().__next__)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, text: str, context: str, code: str, access: Access) -> None:
        """Append a passage in a language of `STEMMERS`. Raises `OSError` when there is no room."""
        own = token_words(text)
        if not unicodedata.is_normalized("NFC", text) or "İ" in text or "Σ" in text:
            own_numbers = [self._numbered[word] for word in words_of(text)]
            self._otherwise[len(self)] = np.array(own_numbers, np.int64)
        every = (*own, *hyphenated_words(text), *words(context))
        self._waiting.add(array("i", map(self._numbers[code].__getitem__, every)))
        self._own.append(len(own))
        self._accesses.append(access)

    def is_open(self) -> npt.NDArray[np.bool_]:
        """Which passages everybody may see; of shape (passages,)."""
        return np.array([access is Access.OPEN for access in self._accesses], np.bool_)

    def frequencies(self, accesses: Collection[Access]) -> tuple[Counter[str], Counter[str]]:
        """How often each word occurs in the texts of the Dutch and of the English passages with one of these
        accesses."""
        # The context stands above many passages: it would make the words of titles seem frequent.
        counts: _Ints = np.zeros(sum(map(len, self._numbers.values())), np.int64)
        rows = (row for row, access in enumerate(self._accesses) if access in accesses)
        for some in _some(rows):
            own = np.concatenate(list(self._texts(some)))
            counts += np.bincount(own, minlength=len(counts))
        total = counts.tolist()
        dutch, english = (
            Counter({word: total[number] for word, number in self._numbers[code].items() if total[number]})
            for code in ("nl", "en")
        )
        return dutch, english

    def terms(self, lexicon: Lexicon, vocabulary: dict[str, int]) -> Expanded:
        """The numbers of each word's terms; new ones get theirs in `vocabulary`."""
        return Expanded(
            [vocabulary.setdefault(term, len(vocabulary)) for term in word_terms(word, code, lexicon)]
            for word, code in self._words()
        )

    def expanded(self, terms: Expanded, open_terms: Expanded) -> Iterator[_Ints]:
        """The terms of each passage, those of its context included: of a passage that everybody may see by
        `open_terms`, of another by `terms`."""
        accesses = iter(self._accesses)
        for some in _some(self._waiting.all()):
            every = terms.of_each(some)
            of_open = every if open_terms is terms else open_terms.of_each(some)
            # Of the accesses no more is taken than there are passages: these are asked first.
            for own, own_open, access in zip(every, of_open, accesses, strict=False):
                yield own_open if access is Access.OPEN else own

    def compared(self, groups: Iterable[Sequence[int]]) -> Iterator[Numbers]:
        """The words of the passages in these rows, a group after another, as `kb.near_duplicates.words_of`
        has those of their texts; equal words have equal numbers."""
        parts = self._parts
        for some in _some(groups):
            texts = iter(parts.of_each(self._texts(chain.from_iterable(some))))
            for rows in some:
                # Of the texts no more is taken than there are rows: these are asked first.
                own = [self._otherwise.get(row, found) for row, found in zip(rows, texts, strict=False)]
                yield own[0] if len(own) == 1 else np.concatenate([*own, _NONE])

    def remove(self) -> None:
        """Let go of what waits."""
        self._waiting.remove()

    def close(self) -> None:
        """Release the file."""
        self._waiting.close()

    @cached_property
    def _parts(self) -> Expanded:
        return Expanded(
            [self._numbered[part] for part in ((word,) if word.isalnum() else words_of(word))]
            for word, _ in self._words()
        )

    def _texts(self, rows: Iterable[int]) -> Iterator[npt.NDArray[np.int32]]:
        """The numbers of the words of the texts in these rows, without their context."""
        rows = list(rows)
        for row, every in zip(rows, self._waiting.of(rows), strict=True):
            yield every[: self._own[row]]

    def _words(self) -> list[tuple[str, str]]:
        """Every word with its language, in the order of their numbers."""
        found = [("", "")] * sum(map(len, self._numbers.values()))
        for code, own in self._numbers.items():
            for word, number in own.items():
                found[number] = word, code
        return found


class Expanded:
    """What each number stands for: some numbers, in order."""

    def __init__(self, lists: Iterable[Sequence[int]]) -> None:
        """The list of each number, from 0 on."""
        lists = list(lists)
        self._counts: _Ints = np.fromiter(map(len, lists), np.int64, len(lists))
        self._starts: _Ints = np.cumsum(self._counts) - self._counts
        self._flat: _Ints = np.fromiter(chain.from_iterable(lists), np.int64, int(self._counts.sum()))

    def of_each(self, lists: Iterable[npt.NDArray[np.int32]]) -> list[_Ints]:
        """For each list of numbers all of what they stand for, one after another."""
        lists = list(lists)
        if not lists:
            return []
        numbers = np.concatenate(lists)
        counts = self._counts[numbers]
        # Where what a number stands for begins among all that is told, and where the last ends.
        at = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        found = self._flat[np.arange(at[-1]) + np.repeat(self._starts[numbers] - at[:-1], counts)]
        return np.split(found, at[np.cumsum([len(one) for one in lists])[:-1]])


def _some(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Some at a time."""
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
