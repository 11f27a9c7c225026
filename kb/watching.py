"""Starts a build when the corpus has changed and has been quiet for a while.

A folder into which somebody copies files is never whole at once, so the last change is waited for. What
counts is which files there are, their sizes and times; the build itself looks at their content and publishes
nothing when that is what the live index holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from watchfiles import watch

from kb.builds import Builds
from kb.errors import BuildInProgress, IndexUnavailable, KBError
from kb.generations import Generations
from kb.index.embedded import REPORT
from kb.launcher import Launcher
from kb.settings import Settings
from kb.state_files import open_lock, read_json

_log = logging.getLogger(__name__)
_LOCK = ".watching"
_LOOK_MILLISECONDS = 500
_WAIT_SECONDS = 2.0
# How often a drive is walked that tells nothing of its changes by itself.
_POLL_MILLISECONDS = 5_000

Seen = Mapping[str, tuple[int, int]]


class Watcher:
    """Watches the corpus from a thread, one of all processes that were asked to on this index.

    Every `look_seconds` it looks for itself: the kernel does not tell of all changes (a drive that is mounted
    within the corpus, more changes at once than it keeps).
    """

    def __init__(self, settings: Settings, launcher: Launcher, *, look_seconds: float = 300.0) -> None:
        self._settings = settings
        self._look_seconds = look_seconds
        self._looked_at = time.monotonic()
        self._corpus = settings.corpus.absolute()
        self._launcher = launcher
        self._builds = Builds(settings.indexes)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
        self._is_polling = settings.watch == "poll"
        # What the corpus was when it was last built, or found to be what was built; None before that.
        self._built: Seen | None = None
        self._changed_at: float | None = None
        self._following: str | None = None
        self._told = ""

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. A build that was started goes on."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            with self._alone() as is_mine:
                if is_mine and self._look():
                    self._note_change()
                while is_mine and not self._stop.is_set():
                    self._watch()
        except Exception:
            _log.exception("the corpus is watched no longer: restart the service")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """True once no other process watches for this index; false when asked to stop before."""
        lock = self._open_lock()
        try:
            while not self._stop.is_set():
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    yield True
                    return
                self._stop.wait(_WAIT_SECONDS)
            yield False
        finally:
            os.close(lock)

    def _open_lock(self) -> int:
        self._settings.indexes.mkdir(parents=True, exist_ok=True)
        return open_lock(self._settings.indexes / _LOCK)

    def _watch(self) -> None:
        """Watch until the corpus is another folder than it was: it was taken away, or mounted."""
        folder = self._identity()
        if folder is None:
            self._tell(f"{self._corpus} is not there; it is waited for")
            self._stop.wait(_WAIT_SECONDS)
            if self._identity() is not None:
                self._note_change()
            return
        try:
            for changes in watch(
                self._corpus,
                # Filtered here: while changes are filtered out there, no time passes here.
                watch_filter=None,
                stop_event=self._stop,
                debounce=_LOOK_MILLISECONDS,
                rust_timeout=_LOOK_MILLISECONDS,
                yield_on_timeout=True,
                force_polling=self._is_polling,
                poll_delay_ms=_POLL_MILLISECONDS,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                if any(self._concerns_us(path) for _, path in changes):
                    self._note_change()
                self._step()
                if self._identity() != folder:
                    self._note_change()
                    return
        except OSError as error:
            # Too many folders for the kernel to watch, or the folder went away in between.
            if self._identity() == folder and not self._is_polling:
                self._tell(f"the system cannot watch {self._corpus} ({error}); it is walked instead")
                self._is_polling = True
            self._stop.wait(_WAIT_SECONDS)

    def _step(self) -> None:
        """What there is to do at this moment."""
        if self._following and not self._has_ended(self._following):
            return
        if self._changed_at is None and time.monotonic() - self._looked_at > self._look_seconds:
            self._look_again()
        quiet = self._settings.watch_seconds
        if self._changed_at is None or time.monotonic() - self._changed_at < quiet:
            return
        try:
            seen = look(self._corpus)
        except OSError as error:
            self._tell(f"{self._corpus} cannot be looked at ({error}); it is waited for")
            self._note_change()
            return
        if seen == self._built:
            self._changed_at = None
            return
        try:
            self._following = self._launcher.start(if_stale=True).id
        except BuildInProgress:
            # It may have begun before the change. Another look when it has ended.
            self._note_change()
            return
        except KBError as error:
            self._tell(str(error))
            self._note_change()
            return
        self._built, self._changed_at = seen, None
        _log.info("the corpus has changed: build %s is started", self._following)

    def _has_ended(self, build_id: str) -> bool:
        """Whether the build that was started has ended. One that failed is not tried again by itself."""
        try:
            record = self._builds.get(build_id)
        except KBError:
            self._following = None
            return True
        if record.state == "running":
            return False
        self._following = None
        if record.state not in ("published", "unchanged"):
            reason = record.error.message if record.error else "its process is gone"
            _log.warning("build %s is %s: %s. The next change starts another", build_id, record.state, reason)
        return True

    def _look(self) -> bool:
        """A first look: whether the corpus may be another than the live index was made of."""
        try:
            seen = look(self._corpus)
        except OSError:
            return True
        if is_older(self._settings, seen):
            return True
        self._built = seen
        return False

    def _look_again(self) -> None:
        self._looked_at = time.monotonic()
        with contextlib.suppress(OSError):
            if _files(look(self._corpus)) != _files(self._built or {}):
                self._note_change()

    def _concerns_us(self, path: str) -> bool:
        return not _is_hidden(os.path.relpath(path, self._corpus))

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._corpus.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _note_change(self) -> None:
        self._changed_at = time.monotonic()

    def _tell(self, message: str) -> None:
        """Log what is the matter, once."""
        if message != self._told:
            _log.warning("%s", message)
            self._told = message


def look(corpus: Path) -> Seen:
    """Every file and folder that a build may see, with its size and when it last changed, in nanoseconds.

    A folder's size is -1. Raises `OSError` when the corpus itself cannot be read.
    """
    found = {".": (-1, corpus.stat().st_mtime_ns)}
    folders = [corpus]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if _is_hidden(entry.name):
                            continue
                        is_folder = entry.is_dir(follow_symlinks=False)
                        status = entry.stat()
                        # A file that is moved here keeps the time of its content.
                        changed = max(status.st_mtime_ns, 0 if is_folder else status.st_ctime_ns)
                        path = os.path.relpath(entry.path, corpus)
                        found[path] = (-1 if is_folder else status.st_size, changed)
                        if is_folder:
                            folders.append(Path(entry.path))
        except OSError:
            if folder == corpus:
                raise
    return found


def is_older(settings: Settings, seen: Seen) -> bool:
    """Whether the live index may be older than what was seen: a file is newer than its build, or missing.

    True also when there is no index that can be read.
    """
    generations = Generations(settings.indexes)
    try:
        manifest = generations.manifest()
        report = read_json(generations.current() / REPORT)
        began = manifest.created.timestamp() - float(report["seconds"])
        known = {str(file["path"]) for file in report["files"]}
    except (IndexUnavailable, OSError, KeyError, TypeError, ValueError):
        return True
    files = {path for path, (size, _) in seen.items() if size >= 0}
    return bool(known - files) or any(changed / 1e9 >= began for _, changed in seen.values())


def _files(seen: Seen) -> Seen:
    return {path: found for path, found in seen.items() if found[0] >= 0}


def _is_hidden(path: str) -> bool:
    """Whether a build passes it over: hidden, and the files with which Office keeps others out."""
    return any(part.startswith((".", "~$")) and part not in (".", "..") for part in Path(path).parts)
