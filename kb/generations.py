"""Which generation is live: stage, publish, prune, roll back, lock.

    indexes/
      CURRENT           one line, the live generation's name; replaced by rename
      ROLLED_BACK       after a rollback, until the next build: the newest generation there was
      <generation>/     never modified after publishing
      .stage-<name>/    a build under way; removed when it fails or at the next build
      .gone-<name>/     being removed: renamed first, so that half a generation never looks published
      .lock             held by the one process that builds, prunes or rolls back
      MILVUS            where an engine beside the folder ranks (`kb.milvus`): by what it knows the folder

Search-index crash safety as in Lucene and tantivy: write a new immutable thing, sync it, then switch
one pointer. What is on disk is at every moment the old state or the new one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from kb.build_lock import BuildLock
from kb.errors import (
    CorruptIndex,
    IndexNotWritten,
    IndexUnavailable,
    NoIndex,
    UnknownGeneration,
)
from kb.files import sync
from kb.index import Manifest
from kb.index.embedded import NOT_WRITTEN, REPORT, EmbeddedIndex
from kb.index.engines import Engine, OnDisk
from kb.index.holds import seized
from kb.index.manifests import PUBLISHED, STAGE, read_manifest
from kb.settings import Settings
from kb.state_files import read_bytes, read_json

CURRENT = "CURRENT"
_GONE = ".gone-"
_ROLLED_BACK = "ROLLED_BACK"
_NAME = "%Y%m%dT%H%M%S%fZ"

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What became of the generations that were too many, oldest first; `held` ones a process has open."""

    removed: tuple[str, ...]
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Generations:
    """The generations in one folder, and the engine that ranks their passages."""

    folder: Path
    engine: Engine = field(default_factory=OnDisk)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the settings, with the engine that they ask for. Raises `SettingsError`."""
        if settings.index == "embedded":
            return cls(settings.indexes)
        from kb.milvus import MilvusEngine

        return cls(settings.indexes, MilvusEngine.of(settings))

    def current(self) -> Path:
        """The folder of the live generation. Raises `NoIndex`."""
        try:
            name = read_bytes(self.folder / CURRENT).decode().strip()
        except FileNotFoundError:
            message = f"There is no index in {self.folder.resolve()} yet. Build it: kb build --corpus FOLDER"
            raise NoIndex(message) from None
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptIndex(f"{self.folder / CURRENT} cannot be read ({error}). Run: kb build") from error
        # A name, never a path: whoever can write CURRENT must not lead us out of the folder.
        if not PUBLISHED.fullmatch(name):
            raise CorruptIndex(
                f"{self.folder / CURRENT} names no generation. Build the index again: kb build"
            )
        return self.folder / name

    def names(self) -> list[str]:
        """All generations that were ever live, oldest first; where CURRENT cannot tell, all there are.

        One that is newer than those was being published by a build that was ended just then.
        """
        found, live = self._on_disk(), self._live_name()
        if live not in found:
            return found
        return [name for name in found if name <= max(live, self._rolled_back_from())]

    def manifest(self) -> Manifest:
        """The live generation's manifest. Raises `IndexUnavailable`."""
        return self._of_live(read_manifest)

    def manifests(self) -> dict[str, Manifest]:
        """The manifests of all generations, by name, newest first; those that cannot be read left out."""
        found = {}
        for name in reversed(self.names()):
            with contextlib.suppress(IndexUnavailable):
                found[name] = read_manifest(self.folder / name)
        return found

    def report(self, name: str) -> Mapping[str, Any]:
        """What the build that made a generation told; empty where that cannot be read."""
        try:
            report = read_json(self.folder / name / REPORT)
        except (OSError, ValueError):
            return {}
        return report if isinstance(report, dict) else {}

    def open_live(self) -> EmbeddedIndex:
        """The live generation, verified and held until it is closed. Raises `IndexUnavailable`."""
        return self._of_live(self.engine.open)

    def open_older(self) -> EmbeddedIndex | None:
        """The newest intact generation before the live one, verified and held; None without one.

        Where CURRENT cannot tell which one is live, the newest intact one of all.
        """
        live = self._live_name()
        for name in reversed(self.names()):
            if live is None or name < live:
                with contextlib.suppress(IndexUnavailable):
                    return self.engine.open(self.folder / name)
        return None

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """Hold the build lock and give an empty stage; what is left of it is removed afterwards.

        Raises `BuildInProgress` with the other process's id and start, or `IndexNotWritten`. The lock is
        the kernel's, so that of a dead process is free.
        """
        with self._locked():
            stage = self.folder / f"{STAGE}{self._new_name()}"
            with self.writing():
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
                f"The index cannot be written in {folder} ({error}).{_room(folder, error)} Give this user "
                "the right to write there, free space on its disk, or set KB_INDEXES to another; build again"
            ) from error

    def name_of(self, stage: Path) -> str:
        """The name by which a stage will be published."""
        return stage.name.removeprefix(STAGE)

    def publish(self, stage: Path, *, keep: int) -> Path:
        """Make a finished stage the live generation and remove all but the `keep` newest.

        Raises `OSError` when that fails, or `EngineUnavailable`; the generation that was live is live then.
        """
        self.engine.fill(stage)
        for path in [*stage.rglob("*"), stage]:
            sync(path)
        generation = self.folder / self.name_of(stage)
        # The pointer's file first: on a full disk it fails while the stage can still be thrown away.
        pointer = self._write_pointer(generation.name)
        before = self._live_name()
        stage.rename(generation)
        try:
            self.engine.switch(generation)
            self._switch(pointer)
        except (OSError, IndexUnavailable):
            if self._live_name() != generation.name:
                self._switch_back(before)
                self._remove(generation.name)
            raise
        # What cannot be removed now is removed by the next build.
        with contextlib.suppress(OSError, IndexUnavailable):
            (self.folder / _ROLLED_BACK).unlink(missing_ok=True)
            self._prune(keep)
        return generation

    def rollback(self, name: str | None = None) -> str:
        """Make an older generation the live one: that of `name`, else the newest intact one before it.

        It is verified first. The name that is live now is given. Raises `BuildInProgress`,
        `UnknownGeneration`, `IndexUnavailable` when it is damaged or of another format, or `IndexNotWritten`.
        """
        with self._locked():
            if name is not None and name in self.names():
                self.engine.ensure(self.folder / name)
            if name is None:
                index = self.open_older()
                if index is None:
                    raise UnknownGeneration(
                        f"There is no intact generation in {self.folder.absolute()} before the live one. "
                        "Build the index again: kb build"
                    )
            elif name not in self.names():
                known = ", ".join(reversed(self.names())) or "none"
                raise UnknownGeneration(
                    f"There is no generation {name!r} in {self.folder.absolute()}. Those there are: {known}"
                )
            else:
                index = self.engine.open(self.folder / name)
            index.close()
            with self.writing():
                mark = self.folder / _ROLLED_BACK
                mark.write_text(max(self.names()) + "\n", encoding="utf-8")
                sync(mark)
                self.engine.switch(self.folder / index.manifest.generation)
                self._switch(self._write_pointer(index.manifest.generation))
            return index.manifest.generation

    def prune(self, keep: int) -> Pruned:
        """Remove all generations but the live one and the `keep` - 1 newest others.

        What a process has open is left alone. Raises `BuildInProgress`, `IndexUnavailable` when it is not
        known which one is live, or `IndexNotWritten`.
        """
        with self._locked():
            return self._prune(keep)

    def _of_live(self, read: Callable[[Path], _Read]) -> _Read:
        """What `read` gives of the live generation; when another is published meanwhile, of that one."""
        folder = self.current()
        while True:
            try:
                return read(folder)
            except IndexUnavailable:
                now = self.current()
                if now == folder:
                    raise
                folder = now

    def _on_disk(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir() and _is_name(path.name))

    def _rolled_back_from(self) -> str:
        """The newest generation there was at the last rollback; empty when it was overtaken."""
        try:
            return read_bytes(self.folder / _ROLLED_BACK).decode().strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _live_name(self) -> str | None:
        try:
            return self.current().name
        except IndexUnavailable:
            return None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only process that changes anything here."""
        with self.writing():
            opened = BuildLock(self.folder)
        with contextlib.closing(opened) as lock:
            lock.acquire()
            # At once, for others may ask who holds it; what fills the disk is removed after that.
            with contextlib.suppress(OSError):
                lock.tell()
            self._remove_leftovers()
            self.engine.begin(self.names(), self._live_name())
            with self.writing():
                lock.tell()
            yield

    def _write_pointer(self, name: str) -> Path:
        pointer = self.folder / f".{CURRENT}"
        pointer.write_text(name + "\n", encoding="utf-8")
        sync(pointer)
        return pointer

    def _switch(self, pointer: Path) -> None:
        """Put the pointer in its place. When that fails it is as it was."""
        current = self.folder / CURRENT
        before = None
        with contextlib.suppress(OSError):
            before = read_bytes(current)
        # The folder is synced before and after: the pointer must not outlive what it points to.
        sync(self.folder)
        pointer.rename(current)
        try:
            sync(self.folder)
        except OSError:
            with contextlib.suppress(OSError):
                if before is None:
                    current.unlink()
                else:
                    pointer.write_bytes(before)
                    pointer.rename(current)
            raise

    def _switch_back(self, name: str | None) -> None:
        """Lead the engine to what is live; where it cannot be reached now, the next build does."""
        if name is not None:
            with contextlib.suppress(OSError, IndexUnavailable):
                self.engine.switch(self.folder / name)

    def _prune(self, keep: int) -> Pruned:
        live = self.current().name
        others = [name for name in self.names() if name != live]
        removed: list[str] = []
        held: list[str] = []
        for name in others[: max(0, len(others) - max(keep, 1) + 1)]:
            (removed if self._remove(name) else held).append(name)
        return Pruned(removed=tuple(removed), held=tuple(held))

    def _remove(self, name: str) -> bool:
        """Whether a generation could be taken away: not when a process has it open."""
        folder, gone = self.folder / name, self.folder / f"{_GONE}{name}"
        with seized(folder) as is_free:
            if not is_free:
                return False
            try:
                folder.rename(gone)
                # After a power failure it must not be back with half of its files.
                sync(self.folder)
            except OSError:
                return not folder.exists()
        shutil.rmtree(gone, ignore_errors=True)
        self.engine.drop(name)
        return True

    def _remove_leftovers(self) -> None:
        for pattern in (f"{STAGE}*", f"{_GONE}*"):
            for left in self.folder.glob(pattern):
                shutil.rmtree(left, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.folder / f".{CURRENT}").unlink()
        for name in set(self._on_disk()) - set(self.names()):
            self._remove(name)

    def _new_name(self) -> str:
        """The time in UTC; later than every name there is, also when the clock was set back."""
        newest = max(self._on_disk(), default="")
        name = _name(_now())
        return name if name > newest else _later(newest)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _is_name(name: str) -> bool:
    """Whether a folder is called as a generation is: by a moment, after which there are others."""
    try:
        return bool(PUBLISHED.fullmatch(name)) and dt.datetime.strptime(name, _NAME).year < dt.MAXYEAR  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False


def _later(name: str) -> str:
    """The name one millisecond after another."""
    moment = dt.datetime.strptime(name, _NAME).replace(tzinfo=dt.UTC) + dt.timedelta(milliseconds=1)
    return _name(moment)


def _name(moment: dt.datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"


def _room(folder: Path, error: Exception) -> str:
    """How much room there is, and how much a generation takes: what a full disk lacks."""
    if isinstance(error, OSError) and error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return ""
    try:
        free = shutil.disk_usage(folder).free
        sizes = [
            sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            for path in sorted(folder.iterdir())
            if PUBLISHED.fullmatch(path.name) or path.name.startswith(STAGE)
        ]
    except OSError:
        return ""
    largest = (
        f"; an index of these documents takes {max(sizes) / 1e6:,.1f} MB or more"
        if max(sizes, default=0) > 1e5
        else ""
    )
    return f" {free / 1e6:,.1f} MB are free there{largest}."
