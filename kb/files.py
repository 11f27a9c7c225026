"""What every room asks of files: a hash of their bytes, that they are on disk, where ours may be kept and how
they come there whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex. Raises `OSError`."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def user_cache() -> Path:
    """The folder of ours among the user's caches; it need not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kennisbank"


def made_once(folder: Path, make: Callable[[Path], None]) -> None:
    """Have `make` fill `folder`, by way of an empty one beside it: it is there whole or not at all.

    Of several processes that do so at a time the first one's stays. Raises what `make` raises, and `OSError`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        make(stage)
        try:
            stage.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
