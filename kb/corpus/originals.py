"""The files that documents were read from, as long as they are the same."""

from __future__ import annotations

from pathlib import Path

from kb.corpus import source_file
from kb.errors import NotFound
from kb.files import sha256_of


class Originals:
    """Finds files of a corpus, each hashed anew only when its size or time differs."""

    def __init__(self) -> None:
        self._unchanged: dict[str, tuple[int, int]] = {}

    def find(self, root: Path, source: str, sha256: str) -> Path:
        """The file of a source's path. Raises `NotFound` when it is gone or is not what was indexed."""
        file = source_file(root, source)
        try:
            inside = file.resolve(strict=True).is_relative_to(root.resolve())
            status = file.stat()
        except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself, before Python 3.13
            inside = False
        if not inside:
            raise NotFound(f"{source} is no longer in {root}. Build the index again: kb build")
        stamp = (status.st_size, status.st_mtime_ns)
        if self._unchanged.get(sha256) != stamp:
            if sha256_of(file) != sha256:
                raise NotFound(f"{source} has changed since it was indexed. Build the index again: kb build")
            self._unchanged[sha256] = stamp
        return file
