"""Builds as processes of their own, at low priority, so that whoever asks for one goes on answering.

A build that a service started is stopped with it: nobody would know of it any more. The live index is safe
either way, and what was read so far is read no second time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from kb.builds import BuildError, BuildRecord, Builds
from kb.errors import BuildInProgress, IndexNotWritten
from kb.settings import PREFIX, Settings
from kb.state_files import open_lock

# The kernel derives the priority at the disk from this one.
_NICE = 15
_LOG_BYTES = 1_000_000
_LOOK_SECONDS = 1.0
_STOP_SECONDS = 4.0


class Launcher:
    """Starts builds, one at a time, and stops those that it started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._builds = Builds(settings.indexes)
        self._process: subprocess.Popen[bytes] | None = None
        self._following: threading.Thread | None = None

    def start(self, *, allow_removals: bool = False, if_stale: bool = False) -> BuildRecord:
        """Start `kb build` and give its record, which follows it from now on.

        Raises `BuildInProgress` with the id of the one under way, or `IndexNotWritten` where no record
        could be kept of it or the system starts no process.
        """
        with self._starting():
            if running := self._builds.running():
                raise BuildInProgress(
                    f"Build {running.id} is under way since {running.started:%Y-%m-%d %H:%M} UTC "
                    f"(process {running.pid}). Wait until it has ended",
                    build_id=running.id,
                )
            record = self._builds.announce()
            options = [("--allow-removals", allow_removals), ("--if-stale", if_stale)]
            try:
                self._process = self._launch(record.id, [option for option, wanted in options if wanted])
            except OSError as error:
                # At once: the next start must not wait for a build that never begins.
                self._builds.end(record.id, "failed", BuildError(code="not-started", message=str(error)))
                raise
        self._following = threading.Thread(
            target=self._follow, args=(self._process, record.id), name="following a build", daemon=True
        )
        self._following.start()
        return record

    def stop(self) -> None:
        """Stop the build that was started here and is still under way, within some seconds."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_STOP_SECONDS)
        # Its readers too: they are of its session.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if self._following:
            self._following.join(timeout=_STOP_SECONDS)

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """One start at a time, by any process: between a look and a start nothing may come."""
        folder = self._builds.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = open_lock(folder / ".starting")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise IndexNotWritten(
                f"No build can be started, or {folder.absolute()} cannot be written ({error}). Free space on "
                "its disk, give this user the right to write there, and see that it may start processes"
            ) from error

    def _launch(self, build_id: str, options: list[str]) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        command = [sys.executable, "-P", "-m", "kb", "build", "--json", "--build-id", build_id, *options]
        with self._log(build_id).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                # The report is in the record.
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**environment, **self._settings.environment()},
                start_new_session=True,
            )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        return process

    def _follow(self, process: subprocess.Popen[bytes], build_id: str) -> None:
        """Wait for the process, bound its log, and see that its record has an end."""
        log = self._log(build_id)
        while True:
            try:
                process.wait(timeout=_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                with contextlib.suppress(OSError):
                    if log.stat().st_size > _LOG_BYTES:
                        os.truncate(log, 0)
        if process.returncode == 0:
            self._builds.end(build_id, "unchanged")
        elif process.returncode > 0:
            self._builds.end(build_id, "failed", BuildError(code="failed", message=_last_line(log)))
        else:
            message = f"Its process was ended by signal {-process.returncode}; the live index is as it was"
            self._builds.end(build_id, "broken-off", BuildError(code="killed", message=message))

    def _log(self, build_id: str) -> Path:
        return self._builds.folder / f"{build_id}.log"


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "The build could not be started"
