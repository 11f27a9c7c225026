"""The token vectors of every passage in one mapped file, for late interaction.

A vector of length 1 is kept as one signed byte a dimension. `tokens.i8` is int8 of shape (tokens,
dimension); `tokens.npy` is int64 of shape (passages + 1,): the first token of each passage, and the number
of all.
"""

from __future__ import annotations

import contextlib
import io
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from kb.errors import CorruptIndex

TOKENS = "tokens.i8"
OFFSETS = "tokens.npy"

Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]

# Hardly a component of a unit vector of hundreds of numbers is larger: what is beyond it is cut.
_LARGEST = 0.3
_STEPS = 127


def quantise(vectors: npt.NDArray[np.floating]) -> Codes:
    """Unit vectors of shape (tokens, dimension) as signed bytes."""
    steps = np.rint(np.asarray(vectors, np.float32) * (_STEPS / _LARGEST))
    codes: Codes = np.clip(steps, -_STEPS, _STEPS).astype(np.int8)
    return codes


class TokenVectorsWriter:
    """Takes the codes of passages in the order of their rows."""

    def __init__(self, folder: Path, *, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension
        self._stream = (folder / TOKENS).open("wb")
        self._offsets = array("q", [0])

    def close(self) -> None:
        """Release the file; what was not finished is given up, so a full disk is not told a second time."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def add(self, codes: Codes) -> None:
        """Append one passage's, of shape (tokens, dimension). Raises `ValueError` for another shape."""
        if codes.ndim != 2 or codes.shape[1] != self._dimension:
            raise ValueError(f"token vectors of shape {codes.shape} are not (tokens, {self._dimension})")
        self._stream.write(np.ascontiguousarray(codes).tobytes())
        self._offsets.append(self._offsets[-1] + len(codes))

    def finish(self) -> None:
        """Write what is still in memory. Nothing can be added after it."""
        self._stream.close()
        # Not into the file itself: NumPy closes a file without seeing that the disk had no room for its end.
        offsets = io.BytesIO()
        np.save(offsets, np.array(self._offsets, np.int64))
        (self._folder / OFFSETS).write_bytes(offsets.getvalue())


class TokenVectors:
    """The token vectors of an index, mapped. Safe to use from several threads."""

    def __init__(self, codes: Codes, offsets: npt.NDArray[np.int64]) -> None:
        self._codes = codes
        self._offsets = offsets

    @classmethod
    def open(cls, folder: Path, *, dimension: int, passages: int) -> Self:
        """Those in `folder`. Raises `CorruptIndex` when they do not fit the index."""
        try:
            # Not np.load, which also opens archives and pickles.
            with (folder / OFFSETS).open("rb") as stream:
                offsets = np.lib.format.read_array(stream, allow_pickle=False)
            size = (folder / TOKENS).stat().st_size
            if not _fit(offsets, size=size, dimension=dimension):
                raise ValueError(f"{OFFSETS} does not fit the {size} bytes of {TOKENS}")
            shape = (int(offsets[-1]), dimension)
            codes = (
                np.memmap(folder / TOKENS, np.int8, "r", shape=shape)
                if shape[0]
                else np.empty(shape, np.int8)
            )
        except (OSError, ValueError) as error:
            raise CorruptIndex(
                f"The token vectors in {folder} cannot be read ({error}). Build the index again: kb build"
            ) from error
        if len(offsets) != passages + 1:
            raise CorruptIndex(
                f"{folder / OFFSETS} is of another index than its passages. Build the index again: kb build"
            )
        return cls(codes, offsets)

    def codes(self, row: int) -> Codes:
        """The codes of one passage, of shape (tokens, dimension)."""
        return self._codes[self._offsets[row] : self._offsets[row + 1]]

    def similarities(self, query: Floats, row: int) -> Floats:
        """The inner products of query tokens with a passage's: shape (query tokens, passage tokens)."""
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
