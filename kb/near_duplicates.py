"""Texts whose words are the same or nearly: minutes as Markdown and as PDF, a report repeated later."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

# Two texts are near-identical when they have this share of their word trigrams in common (Jaccard).
NEAR_SHARE = 0.8

Words = tuple[str, ...]
# The words of one text as numbers, equal where they are.
Numbers = npt.NDArray[np.int64]
# The distinct trigrams of one text, ascending.
_Grams = npt.NDArray[np.uint64]

_WORD = re.compile(r"[^\W_]+")
_SIZE = 3
# Words numbered below this fit three to a trigram of 64 bits; beyond it two trigrams might look alike.
_BASE = np.uint64(2_642_245)
# 2^64 divided by the golden ratio: its multiples spread over their high bits (Knuth, TAOCP 3, 6.4).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Slots for each trigram that is counted, so that few share one, and how far a slot counts.
_SLOTS = 4
_MOST = 255
# Bounds are loosened by this against rounding; the comparison itself is exact.
_ROUNDING = 1e-9


def words_of(text: str) -> Words:
    """The words of a text in lower case: letters and digits only."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text).lower()))


def grams(words: Words, size: int) -> set[Words]:
    """All runs of `size` words."""
    return {words[at : at + size] for at in range(len(words) - size + 1)}


def first_near_identical(texts: Iterable[Words]) -> list[int]:
    """For each text, given as its words, the number of the first text that it is near-identical to; see
    `first_of_like_numbers`."""
    numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    return first_of_like_numbers(
        np.fromiter(map(numbers.__getitem__, words), np.int64, len(words)) for words in texts
    )


def first_of_like_numbers(texts: Iterable[Numbers]) -> list[int]:
    """For each text, given as its numbered words, the number of the first text that it is near-identical to.

    Numbers of texts count from 0; a text that is like none before it has its own.
    A text is compared with firsts alone, so that no chain of small changes ends in one group of different
    texts. Texts of fewer than three words must have equal words. No pair is missed: candidates come from
    prefix filtering (Bayardo, Ma and Srikant 2007; Xiao et al. 2008), which leaves out only what cannot
    reach `NEAR_SHARE`. Memory grows by some 8 bytes for each word.
    """
    found: dict[int, int] = {}
    long: dict[int, _Grams] = {}
    short: dict[tuple[int, ...], int] = {}
    for at, words in enumerate(texts):
        if len(words) < _SIZE:
            found[at] = short.setdefault(tuple(words.tolist()), at)
        else:
            long[at] = _trigrams(words.astype(np.uint64))
    firsts = _Firsts(_Rarity(long.values()))
    for at, own in long.items():
        found[at] = firsts.like(at, own)
    return [found[at] for at in range(len(found))]


def pairs_of(paths: Sequence[str], firsts: Iterable[int]) -> list[tuple[str, str]]:
    """Of each text that is near-identical to another its path and that of the first that it is like."""
    return [(paths[at], paths[first]) for at, first in enumerate(firsts) if first != at]


class _Firsts:
    """The first texts of their groups, by those of their trigrams that others may share."""

    def __init__(self, rarity: _Rarity) -> None:
        self._rarity = rarity
        self._grams: dict[int, _Grams] = {}
        self._holding: dict[int, list[int]] = defaultdict(list)

    def like(self, at: int, own: _Grams) -> int:
        """The first text that `own`, the trigrams of text `at`, is near-identical to; else `at` itself."""
        prefix = self._prefix(own)
        shared = Counter(first for gram in prefix for first in self._holding.get(gram, ()))
        for first, count in sorted(shared.items()):
            other = self._grams[first]
            if count >= _least(len(own), len(other)) and _are_near(own, other):
                return first
        self._grams[at] = own
        for gram in prefix:
            self._holding[gram].append(at)
        return at

    def _prefix(self, own: _Grams) -> list[int]:
        """The rarest trigrams, of which near-identical texts share some; those of one text are left out."""
        counts = self._rarity.of(own)
        rarest = np.lexsort((own, counts))[: _prefix_size(len(own))]
        kept: list[int] = own[rarest[counts[rarest] > 1]].tolist()
        return kept


class _Rarity:
    """In how many texts a trigram stands: never fewer than in truth, more where two share a slot."""

    def __init__(self, texts: Iterable[_Grams]) -> None:
        texts = list(texts)
        bits = max(1, (_SLOTS * sum(map(len, texts))).bit_length())
        self._shift = np.uint64(64 - bits)
        self._counts = np.zeros(1 << bits, np.uint8)
        for own in texts:
            slots = self._slots(own)
            self._counts[slots] = np.minimum(self._counts[slots], _MOST - 1) + 1

    def of(self, own: _Grams) -> npt.NDArray[np.uint8]:
        """The counts of these trigrams."""
        return self._counts[self._slots(own)]

    def _slots(self, own: _Grams) -> _Grams:
        slots: _Grams = (own * _GOLDEN) >> self._shift
        return slots


def _trigrams(words: npt.NDArray[np.uint64]) -> _Grams:
    own = (words[:-2] * _BASE + words[1:-1]) * _BASE + words[2:]
    # What np.unique does, which takes twice as long for so few.
    own.sort()
    is_new = np.ones(len(own), np.bool_)
    np.not_equal(own[1:], own[:-1], out=is_new[1:])
    return own[is_new]


def _are_near(one: _Grams, other: _Grams) -> bool:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared >= NEAR_SHARE * (len(one) + len(other) - shared)


def _prefix_size(size: int) -> int:
    return size - math.ceil(NEAR_SHARE * size - _ROUNDING) + 1


def _least(one: int, other: int) -> int:
    """How many trigrams of their prefixes near-identical texts of these sizes share at least.

    Jaccard s asks for s / (1 + s) of both sizes together in common. Of these, all but the rest of one of
    the two texts stand in both prefixes.
    """
    in_common = math.ceil(NEAR_SHARE / (1 + NEAR_SHARE) * (one + other) - _ROUNDING)
    return max(1, in_common - max(size - _prefix_size(size) for size in (one, other)))
