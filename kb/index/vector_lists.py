"""Several vectors of each passage in one mapped file: those of its tokens, and those of its sentences.

A vector of length 1 is kept as one signed byte a dimension. `tokens.i8` is int8 of shape (tokens,
dimension); `tokens.npy` is int64 of shape (passages + 1,): the first token of each passage, and the number
of all. `sentences.i8` and `sentences.npy` are the same of sentences, in reading order.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from kb.errors import CorruptIndex

# What the vectors are of, and so how their two files are called.
TOKENS = "tokens"
SENTENCES = "sentences"
_CODES = ".i8"
_OFFSETS = ".npy"

Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]


class Run(NamedTuple):
    """The codes of passages that follow each other, of shape (sum of counts, dimension), and how many each of
    them has, of shape (passages,)."""

    codes: Codes
    counts: npt.NDArray[np.int64]


# Hardly a component of a unit vector of hundreds of numbers is larger: what is beyond it is cut.
_LARGEST = 0.3
_STEPS = 127


def quantise(vectors: npt.NDArray[np.floating]) -> Codes:
    """Unit vectors of shape (tokens, dimension) as signed bytes."""
    steps = np.rint(np.asarray(vectors, np.float32) * (_STEPS / _LARGEST))
    codes: Codes = np.clip(steps, -_STEPS, _STEPS).astype(np.int8)
    return codes


class VectorListsWriter:
    """Takes the codes of passages in the order of their rows."""

    def __init__(self, folder: Path, name: str, *, dimension: int) -> None:
        self._name = name
        self._offsets_file = folder / f"{name}{_OFFSETS}"
        self._dimension = dimension
        self._codes_file = folder / f"{name}{_CODES}"
        self._stream = self._codes_file.open("wb")
        self._hash = hashlib.sha256()
        self._offsets = array("q", [0])

    def close(self) -> None:
        """Release the file; what was not finished is given up, so a full disk is not told a second time."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def discard(self) -> None:
        """Take away what was added: none are kept after all."""
        self.close()
        self._codes_file.unlink(missing_ok=True)

    def add(self, codes: Codes) -> None:
        """Append one passage's, of shape (n, dimension). Raises `ValueError` for another shape."""
        if codes.ndim != 2 or codes.shape[1] != self._dimension:
            raise ValueError(f"vectors of shape {codes.shape} are not ({self._name}, {self._dimension})")
        self._write(np.ascontiguousarray(codes))
        self._offsets.append(self._offsets[-1] + len(codes))

    def copy(self, run: Run) -> None:
        """Append those of several passages. Raises `ValueError` for another shape."""
        codes, counts = run
        if codes.ndim != 2 or codes.shape[1] != self._dimension or int(counts.sum()) != len(codes):
            raise ValueError(f"vectors of shape {codes.shape} are not ({self._name}, {self._dimension})")
        self._write(codes)
        self._offsets.extend((self._offsets[-1] + np.cumsum(counts)).tolist())

    def _write(self, codes: Codes) -> None:
        # Hashed on the way: to read it all again would come last, when the rest waits for it.
        self._hash.update(codes.data)
        self._stream.write(codes.data)

    def finish(self) -> dict[Path, str]:
        """Write what is still in memory. Nothing can be added after it. Its files, each with its SHA-256."""
        self._stream.close()
        # Not into the file itself: NumPy closes a file without seeing that the disk had no room for its end.
        offsets = io.BytesIO()
        np.save(offsets, np.array(self._offsets, np.int64))
        self._offsets_file.write_bytes(offsets.getvalue())
        return {
            self._codes_file: self._hash.hexdigest(),
            self._offsets_file: hashlib.sha256(offsets.getvalue()).hexdigest(),
        }


class VectorLists:
    """The vectors of the tokens or sentences of an index, mapped. Safe to use from several threads."""

    def __init__(self, codes: Codes, offsets: npt.NDArray[np.int64]) -> None:
        self._codes = codes
        self._offsets = offsets

    @classmethod
    def open(cls, folder: Path, name: str, *, dimension: int, passages: int) -> Self:
        """Those of this name in `folder`. Raises `CorruptIndex` when they do not fit the index."""
        file, offsets_file = folder / f"{name}{_CODES}", folder / f"{name}{_OFFSETS}"
        try:
            # Not np.load, which also opens archives and pickles.
            with offsets_file.open("rb") as stream:
                offsets = np.lib.format.read_array(stream, allow_pickle=False)
            size = file.stat().st_size
            if not _fit(offsets, size=size, dimension=dimension):
                raise ValueError(f"{offsets_file.name} does not fit the {size} bytes of {file.name}")
            shape = (int(offsets[-1]), dimension)
            codes = np.memmap(file, np.int8, "r", shape=shape) if shape[0] else np.empty(shape, np.int8)
        except (OSError, ValueError) as error:
            raise CorruptIndex(
                f"The vectors of {name} in {folder} cannot be read ({error}). Build the index again: kb build"
            ) from error
        if len(offsets) != passages + 1:
            raise CorruptIndex(
                f"{offsets_file} is of another index than its passages. Build the index again: kb build"
            )
        return cls(codes, offsets)

    def codes(self, row: int) -> Codes:
        """The codes of one passage, of shape (n, dimension)."""
        return self._codes[self._offsets[row] : self._offsets[row + 1]]

    def run(self, rows: range) -> Run:
        """The codes of the passages in these rows."""
        offsets = self._offsets[rows.start : rows.stop + 1]
        return Run(self._codes[offsets[0] : offsets[-1]], np.diff(offsets))

    def similarities(self, query: Floats, row: int) -> Floats:
        """The inner products of vectors of shape (m, dimension) with a passage's: of shape (m, n)."""
        products: Floats = query @ self.codes(row).T.astype(np.float32) * np.float32(_LARGEST / _STEPS)
        return products

    def maxsim(self, query: Floats, rows: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
        """Late interaction (Khattab and Zaharia 2020): per row, the mean over the query's tokens, of shape
        (query tokens, dimension), of the largest inner product with a token of the passage.

        Of shape (rows,); 0 for a passage without tokens.
        """
        found = np.zeros(len(rows), np.float32)
        pieces = [self.codes(int(row)) for row in rows]
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        held = np.flatnonzero(lengths)
        if not len(held) or not len(query):
            return found
        tokens = np.concatenate([pieces[at] for at in held]).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(lengths[held])[:-1]])
        best = np.maximum.reduceat(query @ tokens.T, starts, axis=1)
        found[held] = best.mean(axis=0) * np.float32(_LARGEST / _STEPS)
        return found


def _fit(offsets: npt.NDArray[np.int64], *, size: int, dimension: int) -> bool:
    """Whether offsets lead once through all of the codes: with any others a passage gets another's."""
    return (
        offsets.dtype == np.int64
        and offsets.ndim == 1
        and len(offsets) > 0
        and int(offsets[0]) == 0
        and bool(np.all(offsets[:-1] <= offsets[1:]))
        and int(offsets[-1]) * dimension == size
    )
