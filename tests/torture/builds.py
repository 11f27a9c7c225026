"""Two builds at once: one is refused with the other's process and start; a dead one's lock is free."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import QUERIES, STATES, texts, write
from tests.torture.place import Place, finished, wait_until_gone
from tests.torture.tally import Tally

_HELD_SECONDS = 60
_TOGETHER = 4


def builds(folder: Path, expected: list[Answers], *, rounds: int) -> Tally:
    """`rounds` times a build meets a running one, then takes over the lock of a killed one; at times
    several start in the same moment."""
    tally = Tally(
        "Two builds at once: one refused with the other's process and start; a dead one's lock is free"
    )
    with tally.timed(), Asker() as asker:
        place = Place.make(folder / "builds")
        write(place.corpus, texts(0))
        assert place.build().status == 0
        for number in range(1, rounds + 1):
            write(place.corpus, texts(number))
            _refused_then_taken_over(tally, place, number)
            if not asker.ask(place.indexes, QUERIES).same_hits(expected[number % STATES]):
                tally.breach(f"round {number}: the index answers otherwise than a clean build's")
            if number % 4 == 0:
                _at_the_same_moment(tally, place, number)
            if number % 20 == 0:
                tally.note(f"{number} of {rounds}")
        if strays := place.leftovers():
            tally.breach(f"after {rounds} rounds there are left {strays}")
    return tally


def _refused_then_taken_over(tally: Tally, place: Place, number: int) -> None:
    first, tag = place.start(*place.build_arguments)
    holder = _until_held(place, first)
    # Held still, so that it has the lock for as long as the second one needs.
    first.send_signal(signal.SIGSTOP)
    second = place.build()
    named = re.search(rf"\b{first.pid}\b", second.told) and holder.get("started", "?") in second.told
    if not (second.is_clear_failure and "BuildInProgress" in second.told and named):
        tally.breach(
            f"round {number}: beside process {first.pid} ({holder}) the second build ends with {second}"
        )
    tally.counts["second builds refused"] += 1
    if number % 2:
        first.send_signal(signal.SIGCONT)
        done = finished(first, tag)
        if done.status != 0:
            tally.breach(f"round {number}: the first build fails beside the second: {done}")
        tally.counts["first builds that finished undisturbed"] += 1
        first, tag = place.start(*place.build_arguments)
        _until_held(place, first)
    first.kill()
    finished(first, tag)
    done = place.build()
    if done.status != 0:
        tally.breach(f"round {number}: the lock of killed process {first.pid} is not taken over: {done}")
    tally.counts["locks of dead processes taken over"] += 1
    wait_until_gone(tag, session=first.pid)


def _at_the_same_moment(tally: Tally, place: Place, number: int) -> None:
    """Several builds started together: each finishes or names one of the others."""
    started = [place.start(*place.build_arguments) for _ in range(_TOGETHER)]
    ended = [finished(process, tag) for process, tag in started]
    processes = {process.pid for process, _ in started}
    if all(done.status != 0 for done in ended):
        tally.breach(f"round {number}: of {_TOGETHER} builds at once none succeeds: {ended[0]}")
    for (process, _), done in zip(started, ended, strict=True):
        if done.status == 0:
            tally.counts["of builds started together finished"] += 1
            continue
        tally.counts["of builds started together refused"] += 1
        named = {int(found) for found in re.findall(r"[Pp]rocess (\d+)", done.told)}
        if not done.is_clear_failure or not named & (processes - {process.pid}):
            tally.breach(
                f"round {number}: builds {sorted(processes)} at once; {process.pid} ends with {done}"
            )


def _until_held(place: Place, process: subprocess.Popen[str]) -> dict[str, str]:
    """What the lock says once `process` holds it."""
    deadline = time.monotonic() + _HELD_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            held: dict[str, str] = json.loads((place.indexes / ".lock").read_text(encoding="utf-8"))
            if str(held.get("pid")) == str(process.pid):
                return held
        os.sched_yield()
        time.sleep(0.002)
    return {}
