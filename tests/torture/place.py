"""A corpus with its index in a scratch folder, and the `kb` command at work in it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.torture.asking import ROOT, Answers, Asker
from tests.torture.corpora import QUERIES, STATES, texts, write

GENERATION = re.compile(r"\d{8}T\d{9}Z")
KEPT = 3
# What the design puts beside the generations (ARCHITECTURE.md, "On disk").
_BESIDE = {
    "CURRENT", "ROLLED_BACK", ".lock", ".readings", ".builds", ".watching", "keys.json",
}  # fmt: skip
_TAG = "TORTURE_BUILD"
_PATIENCE = 60
_ERROR = re.compile(r"^[A-Z]\w+: ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended. `told` is what it said on stderr."""

    status: int
    output: str
    told: str
    tag: str

    @property
    def report(self) -> dict[str, Any]:
        """The build's report."""
        found: dict[str, Any] = json.loads(self.output)
        return found

    @property
    def is_clear_failure(self) -> bool:
        """It failed with one message and no traceback."""
        return self.status == 1 and len(_ERROR.findall(self.told)) == 1 and "Traceback" not in self.told

    def __str__(self) -> str:
        return f"status {self.status}, {' / '.join(self.told.strip().splitlines()[-3:])!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A scratch folder with `corpus/`, `indexes/` and a folder for temporary files."""

    folder: Path
    indexes: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    real: bool = False

    @classmethod
    def make(cls, folder: Path, *, indexes: Path | None = None, real: bool = False, **settings: str) -> Place:
        """An empty place; `settings` are further KB_ variables."""
        place = cls(folder=folder, indexes=indexes or folder / "indexes", settings=settings, real=real)
        for needed in (place.corpus, place.temporary):
            needed.mkdir(parents=True, exist_ok=True)
        return place

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    def command(self, *arguments: str) -> list[str]:
        """The `kb` command, with the tests' encoder unless this place is real."""
        return [sys.executable, "-m", "kb" if self.real else "tests.torture.with_words", *arguments]

    def environment(self, tag: str) -> dict[str, str]:
        """What the command is run with. Every process that it starts inherits `tag`."""
        outside = {key: value for key, value in os.environ.items() if not key.startswith("KB_")}
        ours = {
            "KB_CORPUS": str(self.corpus), "KB_INDEXES": str(self.indexes), "KB_OCR": "off",
            "KB_KEEP_GENERATIONS": str(KEPT), "KB_RERANK_MILLISECONDS": "60000",
        }  # fmt: skip
        # A wide terminal, so that messages and figures are not cut.
        return {
            **outside,
            **ours,
            **self.settings,
            "TMPDIR": str(self.temporary),
            "COLUMNS": "200",
            _TAG: tag,
        }

    def start(self, *arguments: str, before: Sequence[str] = ()) -> tuple[subprocess.Popen[str], str]:
        """Start a command in a session of its own; it and its tag. `before` are words before the command."""
        tag = uuid.uuid4().hex
        process = subprocess.Popen(
            [*before, *self.command(*arguments)],
            cwd=ROOT,
            env=self.environment(tag),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return process, tag

    def run(self, *arguments: str, before: Sequence[str] = ()) -> Done:
        """Run a command to its end."""
        return finished(*self.start(*arguments, before=before))

    def build(self, *, before: Sequence[str] = ()) -> Done:
        """`kb build`, with removals allowed: what is removed here is meant."""
        return self.run(*self.build_arguments, before=before)

    @property
    def build_arguments(self) -> tuple[str, ...]:
        return "build", "--json", *(["--allow-removals"] if _has("--allow-removals") else [])

    def live(self) -> str:
        """The name of the live generation; empty without one."""
        try:
            return (self.indexes / "CURRENT").read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def generations(self) -> list[str]:
        """The names of all generations on disk, oldest first."""
        return sorted(path.name for path in self.indexes.iterdir() if GENERATION.fullmatch(path.name))

    def leftovers(self) -> list[str]:
        """What lies in the index's folder, its live generation or the folder for temporary files, and why it
        should not."""
        strays = [
            path.name
            for path in self.indexes.iterdir()
            if path.name not in _BESIDE and not GENERATION.fullmatch(path.name)
        ]
        strays += [f"TMPDIR/{path.name}" for path in self.temporary.iterdir()]
        generations = self.generations()
        if len(generations) > KEPT:
            strays.append(f"{len(generations)} generations where {KEPT} are kept")
        for name in generations:
            strays += [f"{name}/{file}" for file in _unlisted(self.indexes / name)]
        readings = self.indexes / ".readings"
        strays += [f".readings/{path.name}" for path in readings.rglob("*") if _looks_temporary(path.name)]
        return strays


def finished(process: subprocess.Popen[str], tag: str) -> Done:
    """Wait for a command. One that hangs is ended, with status -9."""
    try:
        output, told = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        end(alive(tag, session=process.pid))
        output, told = process.communicate()
        told += f"\nhung for {_PATIENCE} s"
    return Done(status=process.returncode, output=output, told=told, tag=tag)


def reference(folder: Path, asker: Asker) -> list[Answers]:
    """What each state of the corpus answers after a clean build that nothing disturbed."""
    found = []
    for state in range(STATES):
        place = Place.make(folder / f"reference-{state}")
        write(place.corpus, texts(state))
        done = place.build()
        assert done.status == 0, f"a build that nothing disturbs fails: {done}"
        found.append(asker.ask(place.indexes, QUERIES))
        assert not found[-1].error, f"a sound index does not answer: {found[-1]}"
    return found


def alive(tag: str, *, session: int = 0) -> list[int]:
    """The processes that carry a build's tag or belong to its session, zombies left out."""
    mark = f"{_TAG}={tag}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
            is_ours = mark in (folder / "environ").read_bytes() or (session and int(state[3]) == session)
        except (OSError, ValueError):
            continue
        if is_ours and state[0] not in "ZX":
            found.append(int(folder.name))
    return found


def wait_until_gone(tag: str, *, session: int = 0, seconds: float = 10) -> tuple[float, list[int]]:
    """Wait for a build's processes to end by themselves: how long that took, and which are still there."""
    started = time.monotonic()
    while (left := alive(tag, session=session)) and time.monotonic() - started < seconds:
        time.sleep(0.05)
    return time.monotonic() - started, left


def end(processes: Iterable[int]) -> None:
    """End processes of a build by their ids."""
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def folder_size(folder: Path) -> int:
    """The bytes that all files below a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _unlisted(generation: Path) -> list[str]:
    """Files of a generation that its manifest does not list."""
    try:
        listed = set(json.loads((generation / "manifest.json").read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return ["manifest.json is missing or damaged"]
    files = {path.relative_to(generation).as_posix() for path in generation.rglob("*") if path.is_file()}
    return sorted(name for name in files - listed if not name.startswith("manifest."))


def _looks_temporary(name: str) -> bool:
    return name.endswith((".tmp", ".part", ".new", "~")) or name.startswith((".tmp", "tmp"))


@cache
def _has(option: str) -> bool:
    command = [sys.executable, "-m", "kb", "build", "--help"]
    return option in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
