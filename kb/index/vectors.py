"""The vectors of passages, as they lie on disk, and which of them are nearest to another.

`vectors.faiss` holds every vector as it was encoded: a flat index of FAISS. Up to a limit all are compared.
Of more passages than that, `nearest.faiss` holds them once more, one byte a number, in inverted lists (Sivic
and Zisserman 2003; Jégou, Douze and Schmid 2011): each list those around one point. The lists nearest to a
query are searched, and what they give is ordered by the vectors themselves.
"""

from __future__ import annotations

import itertools
import math
import os
import weakref
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

from kb.index import Approximation, Mask, Ranking, Rows
from kb.index.best_rows import best
from kb.index.flat_file import DATA

Floats = npt.NDArray[np.float32]

# Passages that a filter leaves, up to which each of them is compared: less work than to look into cells that
# hold hardly any of them.
_FEW = 10_000
# Bytes decide which passages are compared: so many more than are asked for, for two may change places.
_MORE = 1.25


class Vectors(Protocol):
    """The vectors of an index, of which there are `passages`. Safe to use from several threads."""

    def nearest(self, query: Floats, *, k: int, mask: Mask | None) -> Ranking:
        """The k nearest to `query`, of shape (dimension,), by inner product; of those in `mask`, of shape
        (passages,), where it is given."""
        ...

    def at(self, rows: Rows) -> Floats:
        """Those in these rows, of shape (rows, dimension)."""
        ...


class ExactVectors:
    """Every vector is compared. The file is mapped."""

    def __init__(self, flat: Any) -> None:
        """`flat` is the index of `vectors.faiss`."""
        self._flat = flat

    def nearest(self, query: Floats, *, k: int, mask: Mask | None) -> Ranking:
        """The k nearest, found by looking at all."""
        asked = np.ascontiguousarray(query, np.float32).reshape(1, -1)
        most = max(1, min(k, self._flat.ntotal if mask is None else int(mask.sum())))
        if mask is None:
            scores, rows = self._flat.search(asked, most)
        else:
            selector, _bits = _selector(mask)
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
            scores, rows = self._flat.search(asked, most, params=parameters)
        return _ranking(rows[0], scores[0], k)

    def at(self, rows: Rows) -> Floats:
        """Those in these rows."""
        if not len(rows):
            return np.empty((0, self._flat.d), np.float32)
        found: Floats = self._flat.reconstruct_batch(np.asarray(rows, np.int64))
        return found


class ApproximateVectors:
    """The lists nearest to a query are searched. They are mapped; the vectors themselves are read where they
    are needed, so that those of millions of passages take no memory."""

    def __init__(self, inverted: Any, rows: VectorRows, approximation: Approximation) -> None:
        """`inverted` is the index of `nearest.faiss`."""
        self._inverted = inverted
        self._rows = rows
        self._approximation = approximation

    def nearest(self, query: Floats, *, k: int, mask: Mask | None) -> Ranking:
        """The k nearest of what the lists give; all of few passages are compared."""
        asked = np.ascontiguousarray(query, np.float32).reshape(-1)
        if mask is None:
            rows = self._candidates(asked, k, None)
        elif (count := int(mask.sum())) <= _FEW:
            rows = np.flatnonzero(mask).astype(np.int64)
        else:
            rows = self._candidates(asked, min(k, count), mask)
        return _ranking(rows, self.at(rows) @ asked, k)

    def at(self, rows: Rows) -> Floats:
        """Those in these rows."""
        return self._rows.at(rows)

    def _candidates(self, query: Floats, k: int, mask: Mask | None) -> Rows:
        """More rows than are asked for: those with the largest products of bytes, in order."""
        lists, most = self._approximation.lists, math.ceil(max(k, 1) * _MORE)
        asked: dict[str, Any] = {}
        nprobe = self._approximation.nprobe
        if mask is not None:
            asked["sel"], _bits = _selector(mask)
            # As many of those that are left are compared as of all without a mask.
            nprobe = math.ceil(nprobe * len(mask) / int(mask.sum()))
        parameters: Any = faiss.SearchParametersIVF(**asked)
        while True:
            parameters.nprobe = min(nprobe, lists)
            _, rows = self._inverted.search(query.reshape(1, -1), most, params=parameters)
            found: Rows = np.sort(rows[0][rows[0] >= 0])
            # What is left may all lie elsewhere than the query does.
            if len(found) >= k or nprobe >= lists:
                return found
            nprobe *= 2


class VectorRows:
    """The rows of `vectors.faiss`, read and not mapped: what is mapped stays in memory once it was read."""

    def __init__(self, file: Path, *, dimension: int, passages: int) -> None:
        self.dimension = dimension
        self.passages = passages
        self._descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        weakref.finalize(self, os.close, self._descriptor)

    def at(self, rows: Rows) -> Floats:
        """Those in these rows, of shape (rows, dimension). Raises `OSError` when the file ends before."""
        wanted = np.asarray(rows, np.int64)
        found = np.empty((len(wanted), self.dimension), np.float32)
        size = self.dimension * found.itemsize
        into = found.reshape(-1).view(np.uint8).data
        # Rows that follow each other are read at once.
        breaks = [0, *(np.flatnonzero(np.diff(wanted) != 1) + 1).tolist(), len(wanted)]
        for start, end in itertools.pairwise(breaks):
            if start < end:
                _read(self._descriptor, into[start * size : end * size], DATA + int(wanted[start]) * size)
        return found


def _selector(mask: Mask) -> tuple[Any, npt.NDArray[np.uint8]]:
    """A mask as FAISS takes it, and the bits that must live as long."""
    bits = np.packbits(mask, bitorder="little")
    return faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits)), bits


def _ranking(rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float32], k: int) -> Ranking:
    """The best k; FAISS leaves the order of equals to chance, and fills up with row -1."""
    found = rows >= 0
    return best(rows[found], scores[found], k)


def _read(descriptor: int, into: memoryview, offset: int) -> None:
    while len(into):
        count = os.preadv(descriptor, [into], offset)
        if not count:
            raise OSError("the file of the vectors ends before its last vector")
        into, offset = into[count:], offset + count
