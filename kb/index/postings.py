"""Postings: for each term the passages that hold it and what it scores in each, memory-mapped.

A sparse matrix by column. Of `terms.txt`, a term a line in the order of their numbers, `starts.npy`, int64 of
shape (terms + 1,), tells where each begins in `rows.npy`, int32, and `weights.npy`, float32, both of shape
(postings,). Weights are those of BM25 (`kb.index.posting_writing`). Only the columns that are asked for are
read, so that an index of millions of passages takes no more memory than one of thousands.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from kb.index import Mask, Rows, Scores, Terms

TERMS, STARTS, ROWS, WEIGHTS = "terms.txt", "starts.npy", "rows.npy", "weights.npy"

# Postings that are counted in one go.
_AT_ONCE = 4_000_000

_Numbers = npt.NDArray[np.integer]


class Postings:
    """The postings of an index. Safe to use from several threads."""

    def __init__(
        self, terms: Mapping[str, int], starts: npt.NDArray[np.int64], rows: _Numbers, weights: Scores
    ) -> None:
        self.terms = terms
        self.starts = starts
        self.rows = rows
        self.weights = weights
        # Those of the last terms: a search asks for the best passages by them, then for the scores of some.
        self._last: tuple[Mapping[str, float], Scores] | None = None

    @classmethod
    def open(cls, folder: Path, *, passages: int) -> Self:
        """Open what `write_postings` left in `folder`.

        Raises `ValueError` unless each term leads to rows of passages that there are, and `OSError`.
        """
        text = (folder / TERMS).read_text(encoding="utf-8")
        names = text.split("\n")[:-1]
        # As plain arrays: to cut a piece of one that knows its file takes ten times as long.
        starts, rows, weights = (
            np.load(folder / name, mmap_mode="r", allow_pickle=False).view(np.ndarray)
            for name in (STARTS, ROWS, WEIGHTS)
        )
        if not all(array.ndim == 1 for array in (starts, rows, weights)):
            raise ValueError("the postings are not lists")
        if (starts.dtype, rows.dtype, weights.dtype) != (np.int64, np.int32, np.float32):
            raise ValueError("the postings are not numbers of passages with their weights")
        terms = {name: number for number, name in enumerate(names)}
        if len(starts) != len(names) + 1 or len(terms) != len(names) or len(rows) != len(weights):
            raise ValueError("the terms are not those of these postings")
        # An array without numbers cannot be mapped: one that is never read stands for it.
        if not starts[-1]:
            rows, weights = rows[:0], weights[:0]
        if not _lead_through(starts, len(rows)) or not _are_within(rows, passages):
            raise ValueError("the postings are not those of these passages")
        return cls(terms, np.array(starts), rows, weights)

    def __len__(self) -> int:
        return len(self.rows)

    def holders(self, term: str) -> Rows:
        """The rows of the passages that hold a term, in order."""
        return self.column(term).astype(np.int64)

    def column(self, term: str) -> _Numbers:
        """The same as they lie in the file."""
        return self._column(term)[0]

    def scores(self, terms: Terms, passages: int) -> Scores:
        """The weighted sum of the terms' BM25 scores, of shape (passages,), not to be written to.

        A passage that holds not all terms of a phrase gets nothing for it.
        """
        weights = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        last = self._last
        if last and last[0] == weights:
            return last[1]
        total = np.zeros(passages, np.float32)
        for key, weight in weights.items():
            columns = [self._column(term) for term in key.split()]
            if not all(len(rows) for rows, _ in columns):
                continue
            rows, scores = columns[0]
            for other_rows, other_scores in columns[1:]:
                rows, at, to = np.intersect1d(rows, other_rows, assume_unique=True, return_indices=True)
                scores = scores[at] + other_scores[to]
            # Half the time of adding in place.
            np.add.at(total, rows, np.float32(weight) * scores)
        total.setflags(write=False)
        self._last = (dict(weights), total)
        return total

    def held(self, mask: Mask) -> npt.NDArray[np.int64]:
        """How many of the passages in `mask`, of shape (passages,), hold each term; of shape (terms,)."""
        # How many there are before the first of each term; in parts, for the rows are many.
        before = np.zeros(len(self.starts), np.int64)
        so_far = 0
        for start in range(0, len(self.rows), _AT_ONCE):
            counted = np.cumsum(mask[self.rows[start : start + _AT_ONCE]], dtype=np.int64)
            first, last = np.searchsorted(self.starts, [start + 1, start + len(counted) + 1])
            before[first:last] = so_far + counted[self.starts[first:last] - start - 1]
            so_far += int(counted[-1])
        held: npt.NDArray[np.int64] = before[1:] - before[:-1]
        return held

    def _column(self, term: str) -> tuple[_Numbers, Scores]:
        """The rows of the passages that hold a term, and what it scores in each."""
        number = self.terms.get(term)
        if number is None:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        span = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.rows[span], self.weights[span]


def _lead_through(starts: npt.NDArray[np.int64], size: int) -> bool:
    return bool(
        len(starts) > 0 and starts[0] == 0 and starts[-1] == size and np.all(starts[:-1] <= starts[1:])
    )


def _are_within(numbers: _Numbers, end: int) -> bool:
    return not len(numbers) or bool(numbers.min() >= 0 and numbers.max() < end)
