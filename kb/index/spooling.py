"""Lists of numbers that wait on disk until they can be used."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterator
from pathlib import Path


class Spool:
    """Lists of whole numbers, kept in a file in the order in which they were added."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream = file.open("w+b")
        self._lengths = array("q")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, numbers: array[int]) -> None:
        """Append a list of type code "i". Raises `OSError` when there is no room."""
        self._stream.write(numbers)
        self._lengths.append(len(numbers))

    def all(self) -> Iterator[array[int]]:
        """Every list. Nothing may be added meanwhile."""
        self._stream.flush()
        self._stream.seek(0)
        for length in self._lengths:
            numbers = array("i")
            numbers.fromfile(self._stream, length)
            yield numbers

    def remove(self) -> None:
        """Take the file away."""
        self.close()
        self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the file; a full disk is not told a second time."""
        with contextlib.suppress(OSError):
            self._stream.close()
