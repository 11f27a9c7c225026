"""A reader that is killed or hangs costs its file at most; one whose builder was killed ends with it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import DOCUMENTS, QUERIES, slow, texts, write
from tests.torture.place import Done, Place, alive, end, finished, wait_until_gone
from tests.torture.tally import Tally

# A reader that hangs is given up after KB_FILE_SECONDS; this is the least that can be set.
_FILE_SECONDS = 5
_WAIT_SECONDS = 30
_SLOW = "0-langzaam.md"
_WAYS = ("killed reader", "hanging reader", "killed builder of a hanging reader")


class _Trial:
    """One place in which the readers of build after build are disturbed."""

    def __init__(self, tally: Tally, place: Place, asker: Asker, chance: random.Random) -> None:
        self._tally = tally
        self._place = place
        self._asker = asker
        self._chance = chance

    def run(self, way: str, told: str) -> None:
        """Disturb one build, see what it makes of it, and build again."""
        before = self._asker.ask(self._place.indexes, QUERIES)
        process, tag = self._place.start(*self._place.build_arguments)
        found = self._readers(process, tag)
        if found:
            self._tally.counts[way] += 1
            for reader in found:
                with contextlib.suppress(OSError):
                    os.kill(reader, signal.SIGKILL if way == _WAYS[0] else signal.SIGSTOP)
        if way == _WAYS[2]:
            process.kill()
            process.wait()
        else:
            self._judge(finished(process, tag), before, told)
        _, left = wait_until_gone(tag, session=process.pid)
        if left:
            self._tally.breach(f"{told}: processes {left} stay")
            end(left)
        process.communicate()
        # Undisturbed, and with time enough for each file on a slow machine.
        done = replace(self._place, settings={}).build()
        answers = self._asker.ask(self._place.indexes, QUERIES)
        files = {path.relative_to(self._place.corpus).as_posix() for path in self._place.corpus.rglob("*.*")}
        if done.status != 0 or answers.error or set(answers.documents) != files:
            self._tally.breach(f"{told}: the next build is not right: {done}; {answers}")

    def _readers(self, builder: subprocess.Popen[str], tag: str) -> list[int]:
        """The readers of a build, while they read, at a moment that is left to chance."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while builder.poll() is None and time.monotonic() < deadline:
            if self._reading(builder, tag):
                time.sleep(self._chance.uniform(0, 0.5))
                return self._reading(builder, tag)
            time.sleep(0.01)
        return []

    def _reading(self, builder: subprocess.Popen[str], tag: str) -> list[int]:
        others = [process for process in alive(tag, session=builder.pid) if process != builder.pid]
        return [process for process in others if _is_confined(process)]

    def _judge(self, done: Done, before: Answers, told: str) -> None:
        after = self._asker.ask(self._place.indexes, QUERIES)
        if "hung for" in done.told:
            self._tally.breach(f"{told}: the build never ends")
        elif done.status == 0:
            left_out = done.report.get("filesLeftOut", 0)
            self._tally.counts["builds that went on"] += 1
            self._tally.counts["files named as left out"] += left_out
            if after.error or len(after.documents) + left_out != DOCUMENTS + 2:
                self._tally.breach(f"{told}: of {DOCUMENTS + 2} files {left_out} are named, but: {after}")
        else:
            self._tally.counts["builds given up"] += 1
            if not done.is_clear_failure:
                self._tally.breach(f"{told}: not one clear message: {done}")
            if not after.same_hits(before):
                self._tally.breach(f"{told}: the live index answers otherwise than before: {after}")


def _is_confined(process: int) -> bool:
    """Whether a process has a limit of memory: what tells a reader that is set up."""
    try:
        limits = Path(f"/proc/{process}/limits").read_text(encoding="utf-8")
    except OSError:
        return False
    (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
    return "unlimited" not in line.split()[3]


def readers(folder: Path, *, rounds: int, seed: int) -> Tally:
    """In turn: kill the readers of a build, bring them to a standstill, and kill the builder of such."""
    tally = Tally("SIGKILL or standstill of a reader: the build ends and tells it, no process stays")
    with tally.timed(), Asker() as asker:
        place = Place.make(folder / "readers", KB_FILE_SECONDS=str(_FILE_SECONDS))
        write(place.corpus, texts(0))
        assert place.build().status == 0
        chance = random.Random(seed)  # noqa: S311 - no secret
        trial = _Trial(tally, place, asker, chance)
        for number in range(1, rounds + 1):
            write(place.corpus, {**texts(number), _SLOW: slow(str(number))})
            way = _WAYS[number % len(_WAYS)]
            trial.run(way, f"seed {seed}, round {number}, {way}")
            if number % 10 == 0:
                tally.note(f"{number} of {rounds}")
    return tally
