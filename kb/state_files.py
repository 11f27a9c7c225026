"""Small files that tell the state of an index or hold its locks, whatever lies in their place.

A pipe must not be waited for, a link must not lead a lock to another file, and JSON that is nested without
end must not break off whoever reads it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

# The largest, a manifest, takes some 200 bytes a source.
_MOST_BYTES = 200_000_000


def read_bytes(file: Path) -> bytes:
    """All bytes of a file. Raises `OSError`, also for what is no plain file or larger than one of ours."""
    descriptor = _opened(file, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as stream:
        if os.fstat(descriptor).st_size > _MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(file))
        return stream.read()


def read_json(file: Path) -> Any:
    """What a file of JSON holds. Raises `OSError` as `read_bytes` does, or `ValueError`."""
    try:
        return json.loads(read_bytes(file))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def open_lock(file: Path) -> int:
    """A descriptor of a file to lock, made where it is not there and never emptied; the caller closes it.

    Raises `OSError`, also where a link, a pipe or a folder has its name.
    """
    return _opened(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)


def _opened(file: Path, flags: int) -> int:
    descriptor = os.open(file, flags | os.O_NONBLOCK, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a plain file", str(file))
    return descriptor
