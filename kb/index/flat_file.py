"""The file of a flat index of FAISS, written a part at a time.

FAISS writes one only of what it holds in memory; the form is its own, so that it reads what is written here
(faiss/impl/index_write.cpp).
"""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

# Its mark, dimension, number of vectors, two numbers it does not use, whether it is trained, the metric
# (0 is the inner product), and how many numbers follow.
_HEADER = struct.Struct("<4siqqqbiQ")
_MARK = b"IxFI"
_UNUSED = 1 << 20
# Where the vectors begin: float32, row by row.
DATA = _HEADER.size


class FlatFileWriter:
    """Takes vectors in the order of their rows."""

    def __init__(self, file: Path, *, dimension: int) -> None:
        self._dimension = dimension
        self.count = 0
        # Not by FAISS: it closes a file without a word when the disk is full.
        self._stream = file.open("wb")
        self._stream.write(self._header())

    def close(self) -> None:
        """Release the file; what was not finished is given up, so a full disk is not told a second time."""
        with contextlib.suppress(OSError):
            self._stream.close()

    def add(self, vectors: npt.NDArray[np.floating]) -> None:
        """Append vectors of shape (n, dimension). Raises `ValueError` for another shape."""
        if vectors.ndim != 2 or vectors.shape[1] != self._dimension:
            raise ValueError(f"vectors of shape {vectors.shape} are not (passages, {self._dimension})")
        self._stream.write(np.ascontiguousarray(vectors, np.dtype("<f4")).data)
        self.count += len(vectors)

    def finish(self) -> None:
        """Write what is still in memory. Nothing can be added after it."""
        self._stream.seek(0)
        self._stream.write(self._header())
        self._stream.close()

    def _header(self) -> bytes:
        numbers = self.count * self._dimension
        return _HEADER.pack(_MARK, self._dimension, self.count, _UNUSED, _UNUSED, 1, 0, numbers)


def check_flat_file(file: Path, *, dimension: int, passages: int) -> None:
    """Raise `ValueError` unless it holds that many vectors of that size.

    A library that maps a file of another shape ends the process or reads beyond its end.
    """
    with file.open("rb") as stream:
        header = stream.read(_HEADER.size)
    size = file.stat().st_size
    if len(header) < _HEADER.size:
        raise ValueError(f"{file.name} is too short")
    mark, width, count, _, _, _, metric, numbers = _HEADER.unpack(header)
    if (mark, width, count, metric) != (_MARK, dimension, passages, 0):
        raise ValueError(f"{file.name} does not hold {passages} vectors of {dimension} numbers")
    if numbers != passages * dimension or size != _HEADER.size + 4 * numbers:
        raise ValueError(f"{file.name} does not fit its {size} bytes")
