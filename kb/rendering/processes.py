"""Starts a process that draws, bounds how long it takes, and looks at what it left before it is used."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from kb.errors import NoView
from kb.rendering.jobs import ANSWER, Job, as_json

_ANSWER_BYTES = 20_000_000
# How long a process may take to start on a busy machine.
_START_SECONDS = 20.0
_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE")


class Processes:
    """The processes that draw now; they end with `close` at the latest."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def run(self, job: Job, working: Path) -> dict[str, Any]:
        """The answer to a job, whose files are then in `working`. Raises `NoView`."""
        process = self._started(working)
        try:
            with contextlib.suppress(BrokenPipeError):
                process.communicate(as_json(job), timeout=job.bounds.seconds + _START_SECONDS)
        except subprocess.TimeoutExpired:
            raise NoView(f"Drawing it took more than {job.bounds.seconds} s", code="out-of-time") from None
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)
        return _answer(working, process.returncode)

    def close(self) -> None:
        """End all of them, and start no more."""
        with self._lock:
            self._is_closed = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _started(self, working: Path) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with self._lock:
            if self._is_closed:
                raise NoView("The service is stopping", code="stopping")
            try:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "kb.rendering.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=working,
                    env={**environment, "HOME": str(working), "TMPDIR": str(working), "LC_ALL": "C.UTF-8"},
                    start_new_session=True,
                )
            except OSError as error:
                raise NoView(f"No process can be started to draw it ({error})", code="no-process") from error
            self._running.add(process)
        return process


def taken(file: Path, *, most: int) -> bytes:
    """The bytes of a file that a worker left: a plain one, no larger than `most`. Raises `NoView`."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                raise NoView("What was drawn of it is too large", code="too-large")
            return stream.read(most)
    except OSError as error:
        raise NoView("The process that drew it left nothing", code="damaged") from error


def _answer(working: Path, status: int) -> dict[str, Any]:
    try:
        found: Any = json.loads(taken(working / ANSWER, most=_ANSWER_BYTES))
    except (NoView, ValueError, RecursionError) as error:
        # C code ends its process when it is refused memory, as the kernel does when time has run out.
        ended = f"by signal {-status}" if status < 0 else f"with status {status}"
        raise NoView(
            f"Its process ended {ended}: out of memory or time, or crashed", code="too-large"
        ) from error
    if not isinstance(found, dict):
        raise NoView("The process that drew it gave no answer", code="damaged")
    if "code" in found:
        raise NoView(str(found.get("message"))[:500], code=str(found["code"])[:40])
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started: they are of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
