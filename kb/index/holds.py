"""Which generations processes have open: a lock of the kernel on the manifest of each.

A reader holds it shared for as long as it has the generation open; whoever removes a generation takes it for
himself alone first. The kernel releases it when its process ends in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kb.errors import CorruptIndex
from kb.index.manifests import MANIFEST


def hold(folder: Path) -> int:
    """Keep the generation in `folder` from being removed until the descriptor that is given is closed.

    Raises `CorruptIndex` when it is gone or about to go.
    """
    file = folder / MANIFEST
    try:
        # A pipe in its place must not be waited for.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise CorruptIndex(f"{file} cannot be read ({error}). Build the index again: kb build") from error
    try:
        if not _lock_shared(descriptor) or not _is_at(descriptor, file):
            raise CorruptIndex(f"{folder} is being removed. Build the index again: kb build")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def seized(folder: Path) -> Iterator[bool]:
    """Hold the generation in `folder` for oneself alone; False when a process has it open.

    One without a manifest cannot be opened, so nobody has it open.
    """
    try:
        descriptor = _open_to_lock(folder / MANIFEST)
    except FileNotFoundError:
        yield True
        return
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Held, or on a file system without locks: what cannot be known to be free is kept.
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _lock_shared(descriptor: int) -> bool:
    """False when somebody has it for himself alone: it is about to go."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: nothing can be seized there either.
        return True
    return True


def _is_at(descriptor: int, file: Path) -> bool:
    """Whether the open file is still the one of that name: it may have gone before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except OSError:
        return False


def _open_to_lock(file: Path) -> int:
    """Network file systems lock for writing only what is open for writing; others do not mind."""
    try:
        return os.open(file, os.O_RDWR | os.O_NONBLOCK)
    except PermissionError:
        return os.open(file, os.O_RDONLY | os.O_NONBLOCK)
