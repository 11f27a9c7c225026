"""The lock of the one process that changes an index, and who holds it.

It is the kernel's (`flock`), so that of a dead process is free. The file says which process holds it and
since when, for whoever is refused.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import time
from pathlib import Path

from kb.errors import BuildInProgress
from kb.state_files import open_lock, read_json

_LOCK = ".lock"
# Between taking the lock and telling so, a holder is not known by its file.
_TRIES, _SECONDS = 50, 0.02


class BuildLock:
    """An open lock of one folder of indexes; to be closed."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and the file where they are not there. Raises `OSError`."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = open_lock(folder / _LOCK)

    def close(self) -> None:
        """Give it up."""
        os.close(self._descriptor)

    def acquire(self) -> None:
        """Take it. Raises `BuildInProgress` with the process that has it and its start."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, started = self._holder()
            raise BuildInProgress(
                f"Process {pid} is building {self._folder} since {started}. Wait until it is done, or stop it"
            ) from None

    def tell(self) -> None:
        """Write down who holds it. Raises `OSError`, as on a full disk."""
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        content = json.dumps({"pid": os.getpid(), "started": started}).encode()
        # Not buffered: what does not fit on the disk would be told a second time at the closing.
        os.pwrite(self._descriptor, content, 0)
        os.ftruncate(self._descriptor, len(content))

    def _holder(self) -> tuple[int | str, str]:
        for _ in range(_TRIES):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                holder = read_json(self._folder / _LOCK)
                pid, started = int(holder["pid"]), str(holder["started"])
                if process_exists(pid):
                    return pid, started
            time.sleep(_SECONDS)
        return "?", "?"


def process_exists(pid: int) -> bool:
    """Whether a process of that number lives."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
