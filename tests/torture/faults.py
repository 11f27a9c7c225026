"""Every operation of a build on the disk is made to fail once, or is the last thing that the build does."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import QUERIES, STATES, texts, write
from tests.torture.place import GENERATION, Done, Place, finished, wait_until_gone
from tests.torture.tally import Tally, Unavailable

CALLS = (
    "fsync", "fdatasync", "write", "pwrite64", "writev", "pwritev", "rename", "renameat", "renameat2",
    "openat", "open", "creat", "ftruncate", "truncate", "fallocate", "mkdir", "mkdirat", "link", "linkat",
    "symlink", "sendfile", "copy_file_range", "msync",
)  # fmt: skip
KILL = "KILL"
ERRORS = ("EIO", "ENOSPC", KILL)
_OPENS = {"openat", "open", "creat"}
_FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
# "[pid 12] openat(AT_FDCWD</x>, "/x/y", O_WRONLY…) = 3</x/y>" or "write(3</x/y>, …) = 5"
_LINE = re.compile(r"^(?:\[pid +(\d+)\] |(\d+) +)?(\w+)\((.*)$")
_PATH = re.compile(r'[<"](/[^>"]*)[>"]')
_PART = re.compile(r"\.\d+\.part")
_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The `number`-th of these calls of a process, and what it is on, without names of generations."""

    call: str
    number: int
    target: str
    is_main: bool = True


def faults(
    folder: Path, expected: list[Answers], *, most: int | None = None, errors: Sequence[str] = ERRORS
) -> Tally:
    """Make each operation of a build fail with each of `errors`, one by one; or `most` of these."""
    tally = Tally(
        "Every write, sync, rename and open of a build made to fail: old index serves, retry succeeds"
    )
    with tally.timed(), Asker() as asker:
        if not shutil.which("strace"):
            raise Unavailable("strace is not installed (Debian, Ubuntu: apt-get install strace)")
        place = Place.make(folder / "faults")
        for state in (0, 1, 0):
            write(place.corpus, texts(state))
            assert place.build().status == 0
        trial = _Trial(tally, place, asker, expected)
        operations = _observe(place, folder, trial.next_state())
        tally.counts["operations of a build"] = len([one for one in operations if one.is_main])
        tally.counts["more of its readers and threads"] = len([one for one in operations if not one.is_main])
        chosen = [(one, error) for one in operations for error in _fitting(one, errors)]
        if most and most < len(chosen):
            chosen = [chosen[at * len(chosen) // most] for at in range(most)]
        for number, (operation, error) in enumerate(chosen, 1):
            trial.run(operation, error, folder / "trace")
            if number % 25 == 0:
                tally.note(f"{number} of {len(chosen)}")
        tally.counts["kinds of operation hit"] = len(trial.hit)
        wanted = {(one.call, one.target) for one, _ in chosen if one.is_main}
        tally.counts["kinds not hit, for the order changed"] = len(wanted - trial.hit)
    return tally


def _fitting(operation: Operation, errors: Sequence[str]) -> Iterator[str]:
    """Without the builder itself only the errors: its readers are killed elsewhere."""
    return (error for error in errors if operation.is_main or error != KILL)


class _Trial:
    """One place in which build after build is disturbed."""

    def __init__(self, tally: Tally, place: Place, asker: Asker, expected: list[Answers]) -> None:
        self._tally = tally
        self._place = place
        self._asker = asker
        self._expected = expected
        self._state = 0
        self.hit: set[tuple[str, str]] = set()

    def next_state(self) -> int:
        """Bring the corpus to its next state; nothing is built of it yet."""
        self._state = (self._state + 1) % STATES
        write(self._place.corpus, texts(self._state))
        return self._state

    def run(self, operation: Operation, error: str, trace: Path) -> None:
        """Disturb a build, see that the index is the old or the new one, and build again."""
        before = self._asker.ask(self._place.indexes, QUERIES)
        self.next_state()
        number = operation.number
        for attempt in range(_TRIES):
            done, hits = self._disturbed(operation, number, error, trace)
            told = f"{error} at {operation.call} {number} (on {operation.target}), attempt {attempt + 1}"
            before = self._judge(done, hits, before, told)
            if hits or not operation.is_main:
                break
            # Other threads of the build may have called in between: look one further, then before.
            number = operation.number + (attempt + 2) // 2 * (-1) ** attempt
        self._retry(told)

    def _disturbed(
        self, operation: Operation, number: int, error: str, trace: Path
    ) -> tuple[Done, list[tuple[str, str]]]:
        effect = "signal=KILL" if error == KILL else f"error={error}"
        follow = [] if operation.is_main else ["-f"]
        before = [
            "strace", *follow, "-y", "-s", "0", "-o", str(trace), "-e", f"trace={operation.call}",
            "-e", f"inject={operation.call}:{effect}:when={number}",
        ]  # fmt: skip
        process, tag = self._place.start(*self._place.build_arguments, before=before)
        done = finished(process, tag)
        wait_until_gone(tag, session=process.pid)
        found = list(_read(trace, self._place, error))
        self.hit.update(found)
        return done, found

    def _judge(self, done: Done, hits: list[tuple[str, str]], before: Answers, told: str) -> Answers:
        """Note what became of a build; what is answered after it."""
        after = self._asker.ask(self._place.indexes, QUERIES)
        is_new = after.generation != before.generation
        self._tally.counts["faults" if hits else "faults that came too late"] += 1
        if is_new:
            self._tally.counts["of these published all the same"] += 1
            left_out = done.report.get("filesLeftOut", 0) if done.status == 0 else 0
            if not after.same_hits(self._expected[self._state]) and not (left_out and not after.error):
                self._tally.breach(
                    f"{told}: published, but answers otherwise than a clean build: {after}; {done}"
                )
            self._tally.counts["of these with files left out and named"] += bool(left_out)
        elif not after.same_hits(before):
            self._tally.breach(f"{told}: the live index answers otherwise than before: {after}; {done}")
        if done.status == 0 and not is_new:
            self._tally.breach(f"{told}: the build says it succeeded, but published nothing: {done}")
        if done.status > 0 and not done.is_clear_failure:
            self._tally.breach(f"{told}: not one clear message: {_shortened(done.told)}")
        self._tally.counts["of these reported as an error"] += done.status > 0
        return after

    def _retry(self, told: str) -> None:
        done = self._place.build()
        if done.status != 0:
            self._tally.breach(f"{told}: the retry fails: {done}")
        answers = self._asker.ask(self._place.indexes, QUERIES)
        if not answers.same_hits(self._expected[self._state]):
            self._tally.breach(f"{told}: the retry answers otherwise than a clean build: {answers}")
        if strays := self._place.leftovers():
            self._tally.breach(f"{told}: the retry leaves {strays}")
            for path in self._place.temporary.iterdir():
                subprocess.run(["rm", "-rf", str(path)], check=True)


def _observe(place: Place, folder: Path, state: int) -> list[Operation]:
    """The operations of a build on the index's folder and on temporary files, those of its first thread with
    their exact place; of all others the longest run of numbers."""
    alone, together = folder / "alone.trace", folder / "together.trace"
    calls = ",".join(f"?{call}" for call in CALLS)
    for trace, follow in ((alone, []), (together, ["-f"])):
        before = ["strace", *follow, "-y", "-s", "0", "-o", str(trace), "-e", f"trace={calls}"]
        done = place.build(before=before)
        if done.status != 0:
            raise Unavailable(f"strace may not be used here: {done}")
        write(place.corpus, texts(state + 1))
    write(place.corpus, texts(state))
    assert place.build().status == 0
    operations = [
        Operation(call=call, number=number, target=_target(line, place))
        for _, call, number, line in _counted(alone)
        if _is_on_disk(call, line, place)
    ]
    others = {
        (call, number)
        for process, call, number, line in _counted(together)
        if process != _first(together) and _is_on_disk(call, line, place)
    }
    return operations + [
        Operation(call=call, number=number, target="a reader or thread", is_main=False)
        for call, number in sorted(others)
    ]


def _counted(trace: Path) -> Iterator[tuple[str, str, int, str]]:
    """Each call of a trace as (process, call, its number in that process, the line)."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _LINE.match(line)
        if found and "resumed>" not in line:
            process, call = found[1] or found[2] or "", found[3]
            counts[process, call] += 1
            yield process, call, counts[process, call], line


def _first(trace: Path) -> str:
    return next(process for process, *_ in _counted(trace))


def _read(trace: Path, place: Place, error: str) -> Iterator[tuple[str, str]]:
    """What was hit, as (call, target); a killed build's last call is what it was killed at."""
    lines = [(call, line) for _, call, _, line in _counted(trace)]
    if error == KILL:
        if lines and "killed by SIGKILL" in trace.read_text(encoding="utf-8", errors="replace"):
            lines = lines[-1:]
        else:
            return
    else:
        lines = [(call, line) for call, line in lines if "(INJECTED)" in line]
    yield from ((call, _target(line, place)) for call, line in lines if _is_on_disk(call, line, place))


def _target(line: str, place: Place) -> str:
    """What a call is on, without the names of generations, which are times."""
    found = _PATH.findall(line.partition(" = ")[0].replace(f"AT_FDCWD<{Path.cwd()}>", ""))
    paths = [path for path in found if path.startswith((str(place.indexes), str(place.temporary)))]
    path = (paths or found or ["?"])[0]
    name = path.removeprefix(str(place.indexes)) or "/"
    return _PART.sub(".PROCESS.part", GENERATION.sub("GENERATION", name))


def _is_on_disk(call: str, line: str, place: Place) -> bool:
    if call in _OPENS and not _FOR_WRITING.search(line):
        return False
    return any(path.startswith((str(place.indexes), str(place.temporary))) for path in _PATH.findall(line))


def _shortened(told: str) -> str:
    lines = told.strip().splitlines()
    return " / ".join([*lines[:2], "…", *lines[-3:]] if len(lines) > 5 else lines)
