"""Lists of numbers that wait on disk until they can be used."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt


class Spool:
    """Lists of whole numbers, kept in a file in the order in which they were added."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream = file.open("w+b")
        # Where in the file each begins, counted in numbers, and where the last ends.
        self._starts = array("q", [0])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def add(self, numbers: array[int]) -> None:
        """Append a list of type code "i". Raises `OSError` when there is no room."""
        self._stream.write(numbers)
        self._starts.append(self._starts[-1] + len(numbers))

    def of(self, lists: Iterable[int]) -> Iterator[npt.NDArray[np.int32]]:
        """The lists in these places, in the order asked. Nothing may be added or asked beside it."""
        self._stream.flush()
        size = np.dtype(np.int32).itemsize
        following = -1
        for at in lists:
            start, end = self._starts[at], self._starts[at + 1]
            # What is read in order is read from a buffer, which seeking would empty.
            if start != following:
                self._stream.seek(start * size)
            following = end
            yield np.frombuffer(self._stream.read((end - start) * size), np.int32)

    def all(self) -> Iterator[npt.NDArray[np.int32]]:
        """Every list."""
        return self.of(range(len(self)))

    def remove(self) -> None:
        """Take the file away."""
        self.close()
        self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the file; a full disk is not told a second time."""
        with contextlib.suppress(OSError):
            self._stream.close()
