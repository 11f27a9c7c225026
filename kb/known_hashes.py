"""Hashes of files that were computed a short while ago, so that a start need not read gigabytes again.

As in Git's index, a file is taken for unchanged while its device, inode, size and both times are what they
were when it was hashed; the kernel sets the time of its last change (ctime), so that whoever writes to a file
cannot keep it. What a disk loses by itself shows in none of these: so a hash is believed for a day, and
`kb check` believes none.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from kb.files import sha256_of, user_cache
from kb.state_files import read_json

_FILE = "hashes.json"
_BELIEVED_SECONDS = 24 * 3600
# A file that changed just before it was hashed may change once more within one tick of the file system's
# clock ("racy Git"): its hash is not kept.
_SETTLED_SECONDS = 2.0
_MOST = 2_000


class KnownHashes:
    """Hashes by what the file system says of the file, in one file among the user's caches."""

    def __init__(self) -> None:
        self._file = user_cache() / _FILE
        self._now = time.time()
        self._known = self._read()
        self._is_changed = False

    def sha256_of(self, file: Path) -> str:
        """The SHA-256 of a file's bytes, in hex, computed at most a day ago. Raises `OSError`."""
        before = _state(file)
        if before in self._known:
            return self._known[before][0]
        found = sha256_of(file)
        settled = file.stat().st_ctime < self._now - _SETTLED_SECONDS
        if settled and _state(file) == before:
            self._known[before] = (found, self._now)
            self._is_changed = True
        return found

    def keep(self) -> None:
        """Write what was learnt. Where that cannot be done, it is computed again next time."""
        if not self._is_changed:
            return
        newest = sorted(self._known.items(), key=lambda item: item[1][1])[-_MOST:]
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{_FILE}-", dir=self._file.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    json.dump(dict(newest), stream)
                Path(name).replace(self._file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise

    def _read(self) -> dict[str, tuple[str, float]]:
        try:
            content = read_json(self._file)
        except (OSError, ValueError):
            return {}
        return {
            key: (value[0], value[1])
            for key, value in (content.items() if isinstance(content, dict) else ())
            if _is_hash(value) and 0 <= self._now - value[1] < _BELIEVED_SECONDS
        }


def _is_hash(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], (int, float))
    )


def _state(file: Path) -> str:
    status = file.stat()
    return ":".join(
        map(str, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    )
