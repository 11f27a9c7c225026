"""Clients of a service whose index is rebuilt again and again: no failed and no mixed answer."""

from __future__ import annotations

import random
import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.torture.corpora import editions, write
from tests.torture.place import Place
from tests.torture.serving import Reply, Service, served
from tests.torture.tally import Tally

_EDITION = re.compile(r"editie\d{4}")
# Each question names what every document holds, so that every answer has hits.
_ADDRESSES = (
    "/v1/search?q=welk+zaaksysteem+kiest+de+raad",
    "/v1/search?q=archief+bewaren+termijn&mode=lexical",
    "/v1/search?q=griffier+vergadering&mode=dense",
    "/v1/search?q=beveiliging+oefening&groupBy=document",
    "/v1/documents?limit=100",
    "/?q=leverancier+contract",
)
# Between two requests of one client: as someone who reads what was found, only faster.
_PAUSE_SECONDS = 0.4
_REST_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One answer, and what it was to."""

    address: str
    reply: Reply


class _Clients:
    """Clients that ask in turn until they are stopped."""

    def __init__(self, service: Service, *, clients: int, pause: float) -> None:
        self._service = service
        self._pause = pause
        self._stop = threading.Event()
        self.seen: list[_Seen] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    @contextmanager
    def asking(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def _ask(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - no secret
        while not self._stop.is_set():
            address = chance.choice(_ADDRESSES)
            self.seen.append(_Seen(address=address, reply=self._service.get(address)))
            self._stop.wait(chance.uniform(0, 2 * self._pause))


def reload(
    folder: Path, *, rebuilds: int, clients: int = 8, real: bool = False, rest: float = _REST_SECONDS
) -> Tally:
    """`rebuilds` builds, each of other texts, under `clients` clients of one service."""
    tally = Tally(f"{rebuilds} rebuilds under {clients} clients: no request failed, none of two generations")
    with tally.timed():
        place = Place.make(folder / "reload", real=real)
        names: dict[str, str] = {}
        _edition(tally, place, 0, names)
        assert names, "the first build fails"
        busy: list[tuple[float, float]] = []
        with served(place) as service:
            asked = _Clients(service, clients=clients, pause=_PAUSE_SECONDS)
            with asked.asking():
                time.sleep(rest)
                calm = time.monotonic()
                for number in range(1, rebuilds + 1):
                    started = time.monotonic()
                    _edition(tally, place, number, names)
                    busy.append((started, time.monotonic()))
                    if number % 10 == 0:
                        tally.note(f"{number} of {rebuilds}")
                time.sleep(1)
        tally.counts["rebuilds"] = rebuilds
        _judge(tally, asked.seen, names)
        _times(tally, asked.seen, calm, busy)
        tally.figures["encoder"] = "the default model" if real else "the tests' own"
    return tally


def _edition(tally: Tally, place: Place, number: int, names: dict[str, str]) -> None:
    """Build an edition; its generation and its word are remembered."""
    word = f"editie{number:04}"
    write(place.corpus, editions(word))
    done = place.build()
    if done.status != 0:
        tally.breach(f"build {number} fails: {done}")
        return
    names[place.live()] = word


def _judge(tally: Tally, seen: list[_Seen], names: dict[str, str]) -> None:
    for one in seen:
        reply = one.reply
        tally.counts["requests"] += 1
        if reply.status != 200:
            tally.breach(f"{one.address} answers {reply.status}: {reply.text[:200]}")
            continue
        words = set(_EDITION.findall(reply.text))
        if not words:
            tally.breach(f"{one.address} answers without a hit: {reply.text[:200]}")
        elif len(words) > 1:
            tally.breach(f"{one.address} mixes {sorted(words)}")
        elif (generation := reply.body.get("generation")) and words != {names.get(generation)}:
            tally.breach(f"{one.address} says generation {generation}, but holds {sorted(words)}")
        tally.counts["that name their generation"] += "generation" in reply.body
    tally.counts["generations seen by clients"] = len(
        {word for one in seen for word in _EDITION.findall(one.reply.text)}
    )


def _times(tally: Tally, seen: list[_Seen], calm: float, busy: list[tuple[float, float]]) -> None:
    """The 95th percentiles of searches, at rest and while a build ran."""
    searches = [one.reply for one in seen if one.address.startswith("/v1/search")]
    at_rest = [reply.seconds for reply in searches if reply.started < calm]
    during = [
        reply.seconds
        for reply in searches
        if any(started <= reply.started <= ended for started, ended in busy)
    ]
    if len(at_rest) < 2 or len(during) < 2:
        return
    rest, busy_p95 = _p95(at_rest), _p95(during)
    tally.figures["p95 at rest"] = f"{rest * 1000:.0f} ms of {len(at_rest)}"
    tally.figures["p95 during builds"] = (
        f"{busy_p95 * 1000:.0f} ms of {len(during)}: {busy_p95 / rest:.1f} times"
    )
    tally.figures["a build beside them"] = f"{statistics.median(e - s for s, e in busy):.1f} s"


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]
