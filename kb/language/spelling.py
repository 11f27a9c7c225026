"""The nearest known word for one that nobody wrote: typing errors in a query."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kb.language.terms import forms

# A word that occurs once may be a typing error itself.
_MIN_FREQUENCY = 3
# Fewer letters are too few to say what was meant: one edit makes "vlak" "vaak".
_SHORTEST = 5
_LONGEST = 40
# From this length on two edits are allowed.
_LONG = 8
_LETTERS = 27


class Spelling:
    """Finds words of `frequencies`, which maps a word to its number, by edit distance."""

    def __init__(self, frequencies: Mapping[str, int]) -> None:
        chosen = sorted(
            (word for word, count in frequencies.items() if _is_candidate(word, count)),
            key=lambda word: (len(word), word),
        )
        self._words = chosen
        self._frequencies = frequencies
        self._counts = np.stack([_letters(word) for word in chosen]) if chosen else np.empty((0, _LETTERS))
        lengths = [len(word) for word in chosen]
        self._first = np.searchsorted(lengths, np.arange(_LONGEST + 4))
        self._cached = lru_cache(maxsize=10_000)(self._nearest)

    def nearest(self, word: str) -> str | None:
        """The known word nearest to a lower-case word, by Damerau-Levenshtein distance.

        At most 1 for words of less than eight letters and 2 for longer ones; of equally near words
        the most frequent. None when there is none, or when `word` holds anything but letters.
        """
        return self._cached(word)

    def _nearest(self, word: str) -> str | None:
        if not (_SHORTEST <= len(word) <= _LONGEST and word.isalpha()):
            return None
        bound = 1 if len(word) < _LONG else 2
        first, last = self._first[len(word) - bound], self._first[len(word) + bound + 1]
        # One edit changes the number of two letters at most, so few words are compared letter by letter.
        apart = np.abs(self._counts[first:last] - _letters(word)).sum(axis=1)
        near = [self._words[first + at] for at in np.flatnonzero(apart <= 2 * bound)]
        ranked = [
            (distance(word, other), -self._frequencies[other], other)
            for other in near
            # People seldom miss the first letter, and another one there is mostly another word.
            if other[0] == word[0] or len(word) >= _LONG
        ]
        best = min(ranked, default=None)
        return best[2] if best and best[0] <= bound else None


def distance(one: str, other: str) -> int:
    """Edits from one word to the other: a letter added, left out or replaced, or two neighbours swapped.

    Optimal string alignment, the restricted form of Damerau (1964) and Levenshtein (1966).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, last, row = row, before, [at]
        for to, wanted in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, last[to - 2] + 1)
            row.append(cost)
    return row[-1]


def _is_candidate(word: str, count: int) -> bool:
    return (
        count >= _MIN_FREQUENCY
        and _SHORTEST <= len(word) <= _LONGEST
        and word.isalpha()
        and bool(forms(word))
    )


def _letters(word: str) -> npt.NDArray[np.int8]:
    """How often each of a to z, and any other letter, stands in a word."""
    counts = np.zeros(_LETTERS, np.int8)
    for letter in word:
        place = ord(letter) - ord("a")
        counts[place if 0 <= place < _LETTERS - 1 else _LETTERS - 1] += 1
    return counts
