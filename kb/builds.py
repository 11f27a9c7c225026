"""Records of builds on disk, so that every process can tell how a build fares or fared.

    indexes/.builds/
      <id>.json     the record, replaced by rename; of no build is more kept than the newest 20
      <id>.lock     held by the process that builds; free when it has ended, however it ended

A record is news, not the index: it is not synced, and a build whose record cannot be written goes on.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import AwareDatetime, TypeAdapter

from kb.build_lock import process_exists
from kb.errors import KBError, NotFound
from kb.state_files import read_json

FOLDER = ".builds"
KEPT = 20
State = Literal["running", "published", "unchanged", "refused", "failed", "broken-off"]

_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{12}")
_MOMENT = "%Y%m%dT%H%M%S%fZ"
_SECONDS_BETWEEN = 0.5
# A process that was asked to build and has not begun to in this time will not.
_START_SECONDS = 120
_FORGOTTEN_SECONDS = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildError:
    """Why a build did not publish. `code` is a stable word, `message` says what to do."""

    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """What may be told of an error: all of ours, of others their kind alone."""
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            return cls(code="stopped", message="The build was stopped; the live index is as it was")
        name = type(error).__name__
        message = str(error) if isinstance(error, KBError) else f"{name}; see the log of the build"
        return cls(code=re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(), message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """One build. `report` is the JSON of its report, where it got so far.

    `passages` counts those that are in the new index, `reused` those whose vector was kept.
    """

    id: str
    state: State
    pid: int
    started: AwareDatetime
    ended: AwareDatetime | None = None
    phase: str = "starting"
    files_done: int = 0
    files_total: int = 0
    passages: int = 0
    reused: int = 0
    generation: str | None = None
    error: BuildError | None = None
    report: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The record for scripts: camelCase, dates with a time zone."""
        return {
            "id": self.id,
            "state": self.state,
            "pid": self.pid,
            "started": self.started.isoformat(timespec="milliseconds"),
            "ended": self.ended.isoformat(timespec="milliseconds") if self.ended else None,
            "phase": self.phase,
            "filesDone": self.files_done,
            "filesTotal": self.files_total,
            "passages": self.passages,
            "passagesReused": self.reused,
            "generation": self.generation,
            "error": asdict(self.error) if self.error else None,
            "report": self.report,
        }

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The record that `as_json` gave. Raises `KeyError`, `TypeError` or `ValueError` for another."""
        names = {"files_done": "filesDone", "files_total": "filesTotal", "reused": "passagesReused"}
        values = {field.name: value[names.get(field.name, field.name)] for field in fields(cls)}
        return cast(Self, _RECORD.validate_python(values))


_RECORD = TypeAdapter(BuildRecord)


class Recording:
    """Writes one build's record as the build goes on. None of its methods fails."""

    def __init__(self, builds: Builds, record: BuildRecord) -> None:
        self._builds = builds
        self._record = record
        self._written = time.monotonic()
        builds.write(record)

    @property
    def record(self) -> BuildRecord:
        """The record as it is now."""
        return self._record

    def advance(self, phase: str, files_done: int, files_total: int, passages: int, reused: int) -> None:
        """Tell how far it is; written twice a second at most, and when the phase is another."""
        is_new = phase != self._record.phase
        self._record = replace(
            self._record,
            phase=phase,
            files_done=files_done,
            files_total=files_total,
            passages=passages,
            reused=reused,
        )
        if is_new or time.monotonic() - self._written >= _SECONDS_BETWEEN:
            self._builds.write(self._record)
            self._written = time.monotonic()

    def published(self, report: Mapping[str, Any]) -> None:
        """The build made a new live generation."""
        generation = report.get("generation")
        self._end("published", report=report, generation=str(generation) if generation else None)

    def unchanged(self) -> None:
        """The live index is what a build would have made; nothing was published."""
        self._end("unchanged")

    def refused(self, error: KBError, report: Mapping[str, Any] | None = None) -> None:
        """The build was made and not published: a guard or the quality gate stopped it."""
        self._end("refused", error=BuildError.of(error), report=report)

    def failed(self, error: BuildError) -> None:
        """The build ended otherwise. What was told of it before goes first."""
        if self._record.state == "running":
            self._end("failed", error=error)

    def _end(self, state: State, **values: Any) -> None:
        self._record = replace(self._record, state=state, ended=_now(), **values)
        self._builds.write(self._record)


class Builds:
    """The records of the builds of one folder with indexes."""

    def __init__(self, indexes: Path) -> None:
        self._folder = indexes / FOLDER

    @property
    def folder(self) -> Path:
        """Where the records are."""
        return self._folder

    @contextlib.contextmanager
    def recording(self, build_id: str | None = None) -> Iterator[Recording]:
        """Record a build for as long as the block lasts; what leaves it as an exception is its failure.

        `build_id` is one of `new_id`, of a build that another process asked for. Raises `NotFound` when it
        is no such id.
        """
        build_id = new_id() if build_id is None else build_id
        with self._held(self._path(build_id).with_suffix(".lock")):
            recording = Recording(
                self, BuildRecord(id=build_id, state="running", pid=os.getpid(), started=_now())
            )
            try:
                yield recording
            except BaseException as error:
                recording.failed(BuildError.of(error))
                raise
            else:
                recording.failed(BuildError(code="no-result", message="The build ended without a result"))
            finally:
                self._remove_old()

    def announce(self) -> BuildRecord:
        """Record a build that another process is going to make. Raises `OSError` where that is impossible."""
        record = BuildRecord(id=new_id(), state="running", pid=os.getpid(), started=_now())
        self._write(record)
        return record

    def end(self, build_id: str, state: State, error: BuildError | None = None) -> None:
        """End the record of a build of which the process is gone; one that has an end keeps it."""
        record = _parsed(self._path(build_id))
        if record and record.state == "running":
            self.write(replace(record, state=state, ended=_now(), error=error))

    def get(self, build_id: str) -> BuildRecord:
        """One record. Raises `NotFound`."""
        record = self._read(self._path(build_id))
        if record is None:
            raise NotFound(f"There is no build {build_id}; the newest {KEPT} are kept")
        return record

    def all(self) -> list[BuildRecord]:
        """All records, newest first."""
        found = [self._read(path) for path in self._paths()]
        return [record for record in found if record]

    def running(self) -> BuildRecord | None:
        """The build that is under way, if any is."""
        # What is neither locked nor new has ended, and need not be read.
        recent = f"{_now() - dt.timedelta(seconds=_START_SECONDS):{_MOMENT}}"
        for path in self._paths():
            if path.stem > recent or path.with_suffix(".lock").exists():
                record = self._read(path)
                if record and record.state == "running":
                    return record
        return None

    def write(self, record: BuildRecord) -> None:
        """Write a record, or leave it as it was where the disk does not allow it."""
        with contextlib.suppress(OSError):
            self._write(record)

    def _write(self, record: BuildRecord) -> None:
        path = self._path(record.id)
        temporary = path.with_name(f".{record.id}.{os.getpid()}.tmp")
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps(record.as_json(), ensure_ascii=False), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise

    def _path(self, build_id: str) -> Path:
        if not _ID.fullmatch(build_id):
            raise NotFound(f"{build_id!r} is not the id of a build")
        return self._folder / f"{build_id}.json"

    def _paths(self) -> list[Path]:
        """The records, newest first: an id begins with its moment."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - its errors are raised here, not by a loop
        except OSError:
            return []
        ids = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        return [self._path(found) for found in sorted(ids, reverse=True) if _ID.fullmatch(found)]

    def _read(self, path: Path) -> BuildRecord | None:
        record = _parsed(path)
        if record and record.state == "running" and not self._is_alive(record, path.with_suffix(".lock")):
            # It may have ended between the two looks.
            record = _parsed(path) or record
            if record.state == "running":
                record = replace(record, state="broken-off")
        return record

    def _is_alive(self, record: BuildRecord, lock: Path) -> bool:
        try:
            descriptor = os.open(lock, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            # Another process asked for it, and it has not begun yet.
            age = (_now() - record.started).total_seconds()
            return record.phase == "starting" and age < _START_SECONDS and process_exists(record.pid)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextlib.contextmanager
    def _held(self, lock: Path) -> Iterator[None]:
        """Hold a build's own lock; where the disk does not allow it, go on without."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            yield
            return
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            with contextlib.suppress(OSError):
                lock.unlink(missing_ok=True)
            os.close(descriptor)

    def _remove_old(self) -> None:
        """Keep the newest records, and nothing of builds that were ended halfway through a write."""
        kept = [path.stem for path in self._paths()[:KEPT]]
        oldest = kept[-1] if len(kept) == KEPT else ""
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                found = _ID.match(path.name.removeprefix("."))
                if found and (found[0] < oldest or not (found[0] in kept and path.name.startswith(found[0]))):
                    self._remove(path, at_once=found[0] < oldest)

    def _remove(self, path: Path, *, at_once: bool) -> None:
        with contextlib.suppress(OSError):
            if at_once or time.time() - path.stat().st_mtime > _FORGOTTEN_SECONDS:
                path.unlink(missing_ok=True)


def new_id() -> str:
    """A name for a build: its moment, so that names sort by it, and what nobody can guess."""
    return f"{_now():{_MOMENT}}-{secrets.token_hex(6)}"


def _parsed(path: Path) -> BuildRecord | None:
    try:
        record = BuildRecord.from_json(read_json(path))
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return record if record.id == path.stem else None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
