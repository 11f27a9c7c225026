"""Promises of the client when the service is away, busy or slow: patience, but never without end."""

from __future__ import annotations

import datetime as dt
import email.utils
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kb.client import RateLimited, Retrying, ServiceUnreachable, TimedOut, Unavailable
from kb.client.receiving import seconds_until
from kb.client.retrying import Attempts
from kb.keys import Keys, Scope
from kb.settings import Settings
from tests.clients.conftest import Connect
from tests.clients.services import Reply, Service, free_port, scripted

QUICK = Retrying(first_pause=0.05, total_seconds=20)
LIVE = Reply.json({"generations": []})
BUSY = [
    Reply.problem(429, {"Retry-After": "0"}),
    Reply.problem(503),
    Reply(status=502, body=b"<html>"),
    Reply(status=0),
]


@pytest.mark.parametrize("trouble", BUSY)
def test_what_may_be_sent_twice_is_sent_again_until_it_is_answered(connect: Connect, trouble: Reply) -> None:
    with scripted([trouble, trouble, LIVE]) as script:
        assert connect(script.url, retrying=QUICK).generations() == ()
        assert len(script.asked) == 3


def test_a_search_is_sent_again_with_its_query(connect: Connect) -> None:
    answer = {
        "query": "a", "mode": "hybrid", "groupBy": None, "total": 0, "limit": 10, "offset": 0, "tookMs": 1.0,
        "generation": "g", "period": None, "corrections": [], "secondStage": "off", "hits": [],
        "facets": {}, "sort": "relevance", "links": None, "timeliness": None,
    }  # fmt: skip
    with scripted([Reply(status=0), Reply.json(answer)]) as script:
        assert connect(script.url, retrying=QUICK).search("a").total == 0
        assert [asked.body for asked in script.asked] == [script.asked[0].body] * 2


@pytest.mark.parametrize("trouble", BUSY)
def test_what_changes_something_is_never_sent_twice(connect: Connect, trouble: Reply, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("hallo")
    acts: list[Callable[[Any], object]] = [
        lambda client: client.start_build(),
        lambda client: client.add_document(tmp_path / "a.md"),
    ]
    for act in acts:
        with scripted([trouble, LIVE]) as script:
            with pytest.raises((RateLimited, Unavailable, ServiceUnreachable)):
                act(connect(script.url, retrying=QUICK))
            assert len(script.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 500, 507])
def test_what_will_not_get_better_is_not_asked_again(connect: Connect, status: int) -> None:
    with scripted([Reply.problem(status), LIVE]) as script:
        with pytest.raises(Exception, match=str(status)):
            connect(script.url, retrying=QUICK).generations()
        assert len(script.asked) == 1


def test_probes_ask_once(connect: Connect) -> None:
    with scripted([Reply.problem(503), Reply.json({"status": "ready"})]) as script:
        with pytest.raises(Unavailable):
            connect(script.url, retrying=QUICK).ready()
        assert len(script.asked) == 1


def test_the_service_says_how_long_to_wait(connect: Connect) -> None:
    with scripted([Reply.problem(429, {"Retry-After": "1"}), LIVE]) as script:
        connect(script.url, retrying=QUICK).generations()
        first, second = script.asked
        assert second.moment - first.moment >= 1


def test_a_wait_that_does_not_fit_is_not_begun(connect: Connect) -> None:
    with scripted([Reply.problem(429, {"Retry-After": "3600"}), LIVE]) as script:
        started = time.monotonic()
        with pytest.raises(RateLimited) as refused:
            connect(script.url, retrying=QUICK).generations()
        assert refused.value.retry_after == 3600
        assert time.monotonic() - started < 10
        assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-1", None),
        ("", None),
    ],
)
def test_a_wait_is_a_number_or_a_moment(header: str | None, seconds: float | None) -> None:
    assert seconds_until(header) == seconds


def test_a_moment_to_wait_for_is_counted_from_now() -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
    seconds = seconds_until(email.utils.format_datetime(moment, usegmt=True))
    assert seconds is not None
    assert 30 < seconds <= 90


def test_pauses_grow_are_spread_and_end() -> None:
    retrying = Retrying(attempts=6, first_pause=1.0, longest_pause=4.0, total_seconds=1_000)
    drawn = []
    for _ in range(200):
        attempts = Attempts(retrying, is_repeatable=True)
        drawn.append([attempts.pause_after(ServiceUnreachable("away")) for _ in range(6)])
    for number, widest in enumerate((1, 2, 4, 4, 4)):
        pauses = [one[number] or 0.0 for one in drawn]
        assert max(pauses) <= widest
        assert max(pauses) > widest * 0.8
        assert min(pauses) < widest * 0.2
    assert {one[5] for one in drawn} == {None}


def test_a_silent_service_is_given_up(connect: Connect) -> None:
    with scripted([Reply.json({"status": "live"}, after=8)]) as script:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            connect(script.url, timeout=0.2).live()
        assert time.monotonic() - started < 8


def test_an_answer_that_never_ends_is_given_up(connect: Connect) -> None:
    endless = Reply(body=b" " * 2_000, every=0.05)
    with scripted([endless]) as script:
        started = time.monotonic()
        with pytest.raises(TimedOut, match="not complete"):
            connect(script.url, retrying=Retrying(total_seconds=0.5)).generations()
        assert time.monotonic() - started < 10


def test_a_client_that_asks_too_much_waits_its_turn(connect: Connect, place: Settings) -> None:
    limited = place.model_copy(update={"port": free_port(), "rate_key": 30})
    _, key = Keys(place.keys_file).create(f"druk {secrets.token_hex(4)}", [Scope.SEARCH])
    with Service(limited) as service:
        patient = connect(service.url, key=key, retrying=Retrying(total_seconds=60))
        hasty = connect(service.url, key=key, retrying=Retrying(attempts=1))
        with pytest.raises(RateLimited) as refused:
            all(hasty.live() for _ in range(40))
        assert refused.value.retry_after is not None
        assert refused.value.retry_after >= 1
        assert patient.status().documents > 0


def test_nothing_listens_and_it_is_told(connect: Connect) -> None:
    with scripted([LIVE]) as script:
        gone = script.url
    with pytest.raises(ServiceUnreachable, match="cannot be reached"):
        connect(gone, retrying=Retrying(attempts=2, first_pause=0.05)).status()


def test_a_service_that_restarts_is_waited_for(connect: Connect, place: Settings) -> None:
    patient = Retrying(attempts=100, first_pause=0.1, longest_pause=0.3, total_seconds=120)
    with Service(place.model_copy(update={"port": free_port()})) as service:
        client = connect(service.url, retrying=patient)
        before = client.search("verlichting").hits
        service.stop()
        again = threading.Timer(0.5, service.start)
        again.start()
        assert client.search("verlichting").hits == before
        again.join()
        assert len(list(client.iter_search("verlichting", limit=1))) == len(before)
