"""A service that runs for long while its index is rebuilt: memory, open files and disk stay what they are."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture.corpora import QUERIES, texts, write
from tests.torture.place import Place, folder_size
from tests.torture.serving import Service, served
from tests.torture.tally import Tally

# By then every generation that is kept has been replaced once.
_WARM_UP = 3
_ALLOWED = 0.05
_PAUSE_SECONDS = 1.0
_COMPARED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a service takes, right before a rebuild."""

    memory: int
    files: int
    disk: int


def soak(folder: Path, *, rebuilds: int, minutes: float, real: bool = False) -> Tally:
    """`rebuilds` builds spread over `minutes`, under light load."""
    tally = Tally(f"{minutes:g} minutes with {rebuilds} rebuilds: memory, open files and disk within 5 %")
    with tally.timed():
        place = Place.make(folder / "soak", real=real)
        write(place.corpus, texts(0))
        assert place.build().status == 0
        readings: list[_Reading] = []
        with served(place) as service:
            started = time.monotonic()
            for number in range(1, rebuilds + 1):
                _ask_until(tally, service, started + number * minutes * 60 / rebuilds)
                readings.append(_read(place, service))
                write(place.corpus, texts(number))
                done = place.build()
                if done.status != 0:
                    tally.breach(f"build {number} fails: {done}")
                tally.note(f"rebuild {number} of {rebuilds}, before it {readings[-1]}")
            _ask_until(tally, service, time.monotonic() + 2 * _PAUSE_SECONDS)
            readings.append(_read(place, service))
        tally.counts["rebuilds"] = rebuilds
        _judge(tally, readings)
        tally.figures["encoder"] = "the default model" if real else "the tests' own"
    return tally


def _ask_until(tally: Tally, service: Service, moment: float) -> None:
    """Ask something every second or so, and at least every question once."""
    asked = 0
    while asked < len(QUERIES) or time.monotonic() < moment:
        reply = service.search(QUERIES[asked % len(QUERIES)])
        asked += 1
        tally.counts["requests"] += 1
        if reply.status != 200:
            tally.breach(f"a request is answered {reply.status}: {reply.text[:200]}")
        time.sleep(max(0.0, min(_PAUSE_SECONDS, moment - time.monotonic())))


def _read(place: Place, service: Service) -> _Reading:
    return _Reading(
        memory=service.anonymous_memory(), files=service.open_files(), disk=folder_size(place.indexes)
    )


def _judge(tally: Tally, readings: list[_Reading]) -> None:
    """Compare the first readings after the warm-up with the last ones."""
    warm = readings[_WARM_UP:]
    first, last = warm[:_COMPARED], warm[-_COMPARED:]
    for name, unit in (("memory", 1e6), ("files", 1), ("disk", 1e6)):
        before = statistics.median(getattr(reading, name) for reading in first)
        after = statistics.median(getattr(reading, name) for reading in last)
        measure = " MB" if unit > 1 else ""
        told = f"{before / unit:,.1f} to {after / unit:,.1f}{measure} ({after / before - 1:+.1%})"
        tally.figures[name] = told
        if after > before * (1 + _ALLOWED):
            tally.breach(f"{name} grows: {told}; all readings {[getattr(one, name) for one in readings]}")
