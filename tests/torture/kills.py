"""A build that is killed at any moment harms nothing, and the next one cleans up."""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import QUERIES, STATES, texts, write
from tests.torture.place import Place, alive, end, finished
from tests.torture.tally import Tally

# Its readers are meant to notice within a second or two; under load it may take longer.
_ORPHANS_SECONDS = 10
# Writing, syncing and publishing the small index takes about this long.
_LATE_SECONDS = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """When a build is killed: after so many seconds, or `late` after it began to write the index."""

    seconds: float
    late: float | None

    def wait(self, place: Place, process: subprocess.Popen[str]) -> None:
        """Return when it is there, or the build has ended."""
        if self.late is None:
            time.sleep(self.seconds)
            return
        while process.poll() is None and not any(place.indexes.glob(".stage-*/lexical")):
            time.sleep(0.001)
        time.sleep(self.late)


def kills(folder: Path, expected: list[Answers], *, rounds: int, seed: int) -> Tally:
    """Kill a build at `rounds` moments spread over its life."""
    tally = Tally("SIGKILL of a build: same answers, next build succeeds, nothing left")
    with tally.timed(), Asker() as asker:
        place = Place.make(folder / "kills")
        life = _life(place)
        tally.figures["life of a build"] = f"{life:.2f} s"
        order = list(range(rounds))
        # Where the moment falls in its slice is chance, but every slice of a build's life has one.
        chance = random.Random(seed)  # noqa: S311 - no secret
        chance.shuffle(order)
        longest, number, misses = 0.0, 0, 0
        while tally.counts["kills"] < rounds and number < 3 * rounds:
            number += 1
            slot = order[tally.counts["kills"]]
            seconds = life * (slot + chance.random()) / rounds
            # Most of a build is reading; what follows has a share of its own.
            late = chance.uniform(0, _LATE_SECONDS) if slot % 4 == 0 else None
            told = f"seed {seed}, kill {number} after {seconds:.3f} s"
            if late is not None:
                told = f"seed {seed}, kill {number}, {late:.3f} s after it began to write"
            moment = _Moment(seconds=seconds, late=late)
            longest = max(longest, _kill_once(tally, place, asker, expected, moment, told))
            if tally.counts["kills"] + misses < number:
                # The machine has become faster: the moments move up with it.
                life, misses = life * 0.98, misses + 1
            if number % 20 == 0:
                tally.note(f"{tally.counts['kills']} of {rounds}")
        tally.figures["readers ended within"] = f"{longest:.1f} s"
    return tally


def _life(place: Place) -> float:
    """How long a build takes when nobody kills it; the place is left at state 0."""
    seconds = []
    for state in (0, 1, 0):
        write(place.corpus, texts(state))
        started = time.monotonic()
        done = place.build()
        seconds.append(time.monotonic() - started)
        assert done.status == 0, f"a build that nothing disturbs fails: {done}"
    return statistics.median(seconds[1:])


def _kill_once(
    tally: Tally, place: Place, asker: Asker, expected: list[Answers], moment: _Moment, told: str
) -> float:
    before = asker.ask(place.indexes, QUERIES)
    old = next((state for state in range(STATES) if before.same_hits(expected[state])), None)
    if old is None:
        tally.breach(f"{told}: before it the live index answers as no state of the corpus: {before}")
        old = 0
    new = (old + 1) % STATES
    write(place.corpus, texts(new))
    process, tag = place.start(*place.build_arguments)
    moment.wait(place, process)
    process.kill()
    # Its readers have its pipes too: to read to their end would be to wait for them.
    was_killed = process.wait() == -signal.SIGKILL
    tally.counts["kills" if was_killed else "builds that ended before their kill"] += 1
    if was_killed:
        tally.counts[f"of these {_stage(place, before.generation)}"] += 1
    after = asker.ask(place.indexes, QUERIES)
    is_new = after.generation != before.generation
    if not after.same_hits(expected[new if is_new else old]):
        tally.breach(
            f"{told}: the live index answers otherwise than {'the new' if is_new else 'before'}: {after}"
        )
    took = _next_build(tally, place, asker, (tag, process.pid, expected[new]), told)
    process.communicate()
    return took


def _next_build(
    tally: Tally, place: Place, asker: Asker, killed: tuple[str, int, Answers], told: str
) -> float:
    """The build after a kill, at once, while what the killed one started may still run: how long it did."""
    tag, session, expected = killed
    started, ended = time.monotonic(), 0.0
    process, next_tag = place.start(*place.build_arguments)
    left = alive(tag, session=session)
    tally.counts["kills that left readers to end by themselves"] += bool(left)
    while left and time.monotonic() - started < _ORPHANS_SECONDS:
        time.sleep(0.05)
        left = alive(tag, session=session)
        ended = time.monotonic() - started
    if left:
        tally.breach(f"{told}: processes {left} of the killed build still run after {_ORPHANS_SECONDS} s")
        end(left)
    done = finished(process, next_tag)
    if done.status != 0:
        tally.breach(f"{told}: the next build fails: {done}")
    answers = asker.ask(place.indexes, QUERIES)
    if not answers.same_hits(expected):
        tally.breach(f"{told}: the next build answers otherwise than a clean one: {answers}")
    if strays := place.leftovers():
        tally.breach(f"{told}: the next build leaves {strays}")
        for path in place.temporary.iterdir():
            subprocess.run(["rm", "-rf", str(path)], check=True)
    if others := alive(next_tag, session=process.pid):
        time.sleep(1)
        if others := alive(next_tag, session=process.pid):
            tally.breach(f"{told}: the next build leaves processes {others}")
            end(others)
    return ended


def _stage(place: Place, before: str) -> str:
    """How far a killed build had come, by what it left."""
    if place.live() != before:
        return "after publishing"
    stages = list(place.indexes.glob(".stage-*"))
    if not stages:
        return "between stage and pointer" if place.generations()[-1] != before else "before its stage"
    if (stages[0] / "manifest.json").exists():
        return "while publishing"
    return "while writing" if (stages[0] / "lexical").exists() else "while reading"
