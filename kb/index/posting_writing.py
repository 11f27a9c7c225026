"""BM25 over passages, written as postings in memory that does not grow with them.

Passages are counted some thousands at a time; what is counted of them waits on disk until all are known, and
is then put in its place in the columns. Robertson and Zaragoza (2009), with Lucene's idf:

    idf(t) = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5))
    weight(t, p) = idf(t) · f / (f + k1 · (1 - b + b · |p| / mean))

where f is how often the passage p of |p| terms holds t, n(t) how many passages do and N how many there are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.arrays import write_array
from kb.index import Mask
from kb.index.idf import idf
from kb.index.postings import ROWS, STARTS, TERMS, WEIGHTS

# The values of Anserini for passages, best of a small grid (BENCHMARKS.md).
BM25_K1 = 0.9
BM25_B = 0.4

_AT_ONCE = 8_192
# Within the folder, and removed when all is written.
_COUNTED = ".counted"

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Totals:
    """Lengths of passages, of shape (passages,), and how many passages, of all and of the open ones, hold
    each term, of shape (terms,)."""

    lengths: npt.NDArray[np.int32]
    holders: _Ints
    open_holders: _Ints


def write_postings(folder: Path, passages: Iterable[_Ints], vocabulary: Iterable[str], is_open: Mask) -> None:
    """Write the postings of passages, each given as the numbers of its terms, into `folder`.

    `vocabulary` holds the terms in order of their numbers. Statistics are those of the open passages, of
    which `is_open` has shape (passages,), where there are any. Raises `OSError` when there is no room.
    """
    terms = list(vocabulary)
    counted = folder / _COUNTED
    counted.mkdir()
    try:
        totals = _count(counted, passages, len(terms), is_open)
        (folder / TERMS).write_text("".join(f"{term}\n" for term in terms), encoding="utf-8")
        _fill(folder, counted, totals, is_open)
    finally:
        shutil.rmtree(counted, ignore_errors=True)


def _count(counted: Path, passages: Iterable[_Ints], terms: int, is_open: Mask) -> _Totals:
    """Write for each part its triples of term, row and frequency, in this order."""
    lengths = np.zeros(len(is_open), np.int32)
    holders, open_holders = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    for part, (first, some) in enumerate(_parts(passages)):
        own = np.array([len(passage) for passage in some], np.int64)
        lengths[first : first + len(some)] = own
        flat = np.concatenate(some)
        # Sorted by term and then by row: the order of a column.
        keys, frequencies = np.unique(
            flat * len(some) + np.repeat(np.arange(len(some)), own), return_counts=True
        )
        numbers, rows = keys // len(some), keys % len(some) + first
        holders += np.bincount(numbers, minlength=terms)
        open_holders += np.bincount(numbers[is_open[rows]], minlength=terms)
        write_array(counted / f"{part}.npy", np.stack([numbers, rows, frequencies]).astype(np.int32))
    return _Totals(lengths, holders, open_holders)


def _parts(passages: Iterable[_Ints]) -> Iterator[tuple[int, list[_Ints]]]:
    """Some passages at a time, with the row of their first."""
    rest, first = iter(passages), 0
    while some := list(islice(rest, _AT_ONCE)):
        yield first, some
        first += len(some)


def _fill(folder: Path, counted: Path, totals: _Totals, is_open: Mask) -> None:
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(totals.holders)])
    write_array(folder / STARTS, starts)
    of_open = bool(is_open.any())
    weights = idf(
        totals.open_holders if of_open else totals.holders, int(is_open.sum()) if of_open else len(is_open)
    )
    lengths = totals.lengths[is_open] if of_open else totals.lengths
    by_length = 1 - BM25_B + BM25_B * totals.lengths / max(float(lengths.mean()) if len(lengths) else 0, 1.0)
    # Where the next posting of each term goes.
    free = starts[:-1].copy()
    with (
        _Column(folder / ROWS, np.int32, int(starts[-1])) as rows,
        _Column(folder / WEIGHTS, np.float32, int(starts[-1])) as scores,
    ):
        for part in range(len(list(counted.iterdir()))):
            numbers, own, frequencies = np.load(counted / f"{part}.npy")
            distinct, first, counts = np.unique(numbers, return_index=True, return_counts=True)
            at = free[numbers] + np.arange(len(numbers)) - np.repeat(first, counts)
            free[distinct] += counts
            rows.values[at] = own
            saturated = frequencies / (frequencies + BM25_K1 * by_length[own])
            scores.values[at] = weights[numbers] * saturated


class _Column:
    """An array of some length in a file, mapped to be written in any order.

    Its room is taken before: to write to a mapped file without room ends the process.
    """

    def __init__(self, file: Path, kind: type[np.generic], length: int) -> None:
        self._file = file
        # Nothing cannot be mapped: one number more than there are is written, and never read.
        self.values: Any = np.lib.format.open_memmap(file, "w+", kind, (max(length, 1),))

    def __enter__(self) -> _Column:
        with self._file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, max(self._file.stat().st_size, 1))
        return self

    def __exit__(self, *error: object) -> None:
        self.values.flush()
        self.values = None
