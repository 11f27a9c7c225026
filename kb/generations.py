"""Which generation is live: stage, publish, prune, roll back, lock, reload.

    indexes/
      CURRENT           one line, the live generation's name; replaced by rename
      <generation>/     never modified after publishing
      .stage-<name>/    a build under way; removed when it fails or at the next build
      .lock             held by the one process that builds

Search-index crash safety as in Lucene and tantivy: write a new immutable thing, sync it, then switch
one pointer. What is on disk is at every moment the old state or the new one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from kb.errors import BuildInProgress, CorruptIndex, IndexNotWritten, IndexUnavailable, NoIndex
from kb.index import Manifest
from kb.index.embedded import NOT_WRITTEN, EmbeddedIndex
from kb.index.manifests import read_manifest

CURRENT = "CURRENT"
_LOCK = ".lock"
_STAGE = ".stage-"
_NAME = "%Y%m%dT%H%M%S%fZ"
_PUBLISHED = re.compile(r"\d{8}T\d{9}Z")


@dataclass(frozen=True, slots=True)
class Generations:
    """The generations in one folder."""

    folder: Path

    def current(self) -> Path:
        """The folder of the live generation. Raises `NoIndex`."""
        try:
            name = (self.folder / CURRENT).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            message = f"There is no index in {self.folder.resolve()} yet. Build it: kb build --corpus FOLDER"
            raise NoIndex(message) from None
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptIndex(f"{self.folder / CURRENT} cannot be read ({error}). Run: kb build") from error
        # A name, never a path: whoever can write CURRENT must not lead us out of the folder.
        if not _PUBLISHED.fullmatch(name):
            raise CorruptIndex(
                f"{self.folder / CURRENT} names no generation. Build the index again: kb build"
            )
        return self.folder / name

    def names(self) -> list[str]:
        """All published generations, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name for path in self.folder.iterdir() if path.is_dir() and _PUBLISHED.fullmatch(path.name)
        )

    def manifest(self) -> Manifest:
        """The live generation's manifest. Raises `IndexUnavailable`."""
        folder = self.current()
        if not folder.is_dir():
            raise CorruptIndex(f"The live generation {folder} is gone. Build the index again: kb build")
        return read_manifest(folder)

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """Hold the build lock and give an empty stage; what is left of it is removed afterwards.

        Raises `BuildInProgress` with the other process's id and start, or `IndexNotWritten`. The lock is
        the kernel's, so that of a dead process is free.
        """
        with self._open_lock() as lock:
            self._acquire(lock.fileno())
            # First, for what a build left that was ended halfway may fill the disk.
            self._remove_stages()
            stage = self.folder / f"{_STAGE}{self._new_name()}"
            with self.writing():
                lock.seek(0)
                lock.truncate()
                json.dump({"pid": os.getpid(), "started": _now().isoformat(timespec="seconds")}, lock)
                lock.flush()
                stage.mkdir()
            try:
                yield stage
            finally:
                shutil.rmtree(stage, ignore_errors=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Raise `IndexNotWritten` for what the disk, SQLite or FAISS raises when it cannot write."""
        try:
            yield
        except NOT_WRITTEN as error:
            folder = self.folder.absolute()
            raise IndexNotWritten(
                f"The index cannot be written in {folder} ({error}). Give this user the right to write "
                "there, free space on its disk, or set KB_INDEXES to another folder; then build again"
            ) from error

    def publish(self, stage: Path, *, keep: int) -> Path:
        """Make a finished stage the live generation and remove all but the `keep` newest."""
        for path in [*stage.rglob("*"), stage]:
            _sync(path)
        generation = self.folder / stage.name.removeprefix(_STAGE)
        # The pointer's file first: on a full disk it fails while the stage can still be thrown away.
        pointer = self.folder / f".{CURRENT}"
        pointer.write_text(generation.name + "\n", encoding="utf-8")
        _sync(pointer)
        stage.rename(generation)
        # The folder is synced before and after: the pointer must not outlive what it points to.
        _sync(self.folder)
        pointer.rename(self.folder / CURRENT)
        _sync(self.folder)
        self._prune(keep)
        return generation

    def _open_lock(self) -> TextIO:
        with self.writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            return (self.folder / _LOCK).open("a+", encoding="utf-8")

    def _prune(self, keep: int) -> None:
        """Remove old generations. Files that a reader has open stay readable until it closes them."""
        live = self.current().name
        for name in [name for name in self.names() if name != live][: -keep + 1 or None]:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _acquire(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = {}
            with contextlib.suppress(OSError, ValueError):
                holder = json.loads((self.folder / _LOCK).read_text(encoding="utf-8"))
            pid, started = holder.get("pid", "?"), holder.get("started", "?")
            message = (
                f"Process {pid} is building {self.folder} since {started}. Wait until it is done, or stop it."
            )
            raise BuildInProgress(message) from None

    def _remove_stages(self) -> None:
        for left in self.folder.glob(f"{_STAGE}*"):
            shutil.rmtree(left, ignore_errors=True)

    def _new_name(self) -> str:
        """The time in UTC; later than every name there is, also when the clock was set back."""
        newest = max(self.names(), default="")
        name = _name(_now())
        return name if name > newest else _later(newest)


class LiveIndex:
    """The live generation, opened; `get` notices when another one was published."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._index: EmbeddedIndex | None = None

    def get(self) -> EmbeddedIndex:
        """The index to ask for one request; the same one must be used for all of that request.

        A new generation is opened beside the old one and then takes its place. When it cannot be opened the
        old one stays. Raises `IndexUnavailable` when there is none at all.
        """
        seen = self._stamp()
        if self._index is None or seen != self._seen:
            with self._lock:
                if self._index is None or seen != self._seen:
                    self._reload()
                    self._seen = seen
        if self._index is None:
            raise NoIndex(f"There is no index in {self._generations.folder} yet. Build it: kb build")
        return self._index

    def _reload(self) -> None:
        try:
            folder = self._generations.current()
            if self._index is None or self._index.manifest.generation != folder.name:
                # The old index is not closed: a request may still be reading it, and its files are
                # released with the last reference.
                self._index = EmbeddedIndex.open(folder)
        except IndexUnavailable:
            if self._index is None:
                raise

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = (self._generations.folder / CURRENT).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _later(name: str) -> str:
    """The name one millisecond after another."""
    moment = dt.datetime.strptime(name, _NAME).replace(tzinfo=dt.UTC) + dt.timedelta(milliseconds=1)
    return _name(moment)


def _name(moment: dt.datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
