"""Promises about rates: who asks too much waits, alone, and is told how long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.access import Caller
from api.app import create_app
from api.limits import Toll
from api.rates import Rates, address_of
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_quota_may_be_used_at_once_and_comes_back_evenly() -> None:
    clock = Clock()
    rates = Rates("address", 6, clock=clock)
    left = [rates.take("a") for _ in range(7)]
    assert [found.remaining for found in left if found] == [5, 4, 3, 2, 1, 0, 0]
    assert [found.wait for found in left if found] == [0] * 6 + [10]
    assert [found.reset for found in left if found] == [10, 20, 30, 40, 50, 60, 60]
    clock.now += 10
    assert [found.wait for found in (rates.take("a"), rates.take("a")) if found] == [0, 10]
    other = rates.take("b")
    assert other
    assert other.remaining == 5
    clock.now += 60
    back = rates.take("a")
    assert back
    assert back.remaining == 5


def test_a_request_may_count_for_several_and_one_that_is_refused_for_none() -> None:
    rates = Rates("key", 10, clock=Clock())
    found = [rates.take("a", 8), rates.take("a", 3), rates.take("a", 2)]
    assert [(one.remaining, one.wait > 0) for one in found if one] == [(2, False), (2, True), (0, False)]
    # More than the quota at once is as much as there is.
    everything = rates.take("b", 1_000)
    assert everything
    assert (everything.remaining, everything.wait) == (0, 0)


def test_zero_is_no_bound() -> None:
    assert Rates("key", 0).take("a") is None


def test_clients_are_forgotten_so_that_memory_is_bounded() -> None:
    clock = Clock()
    rates = Rates("address", 10, remembered=100, clock=clock)
    for number in range(10_000):
        rates.take(number)
        clock.now += 0.001
    assert len(rates) <= 100
    clock.now += 60
    for number in range(100):
        rates.take(number)
    assert len(rates) <= 101
    # Who asks on is not forgotten for the others.
    rates = Rates("address", 10, remembered=100, clock=Clock())
    for number in range(10):
        rates.take("busy")
        for other in range(50):
            rates.take((number, other))
    busy = rates.take("busy")
    assert busy
    assert busy.wait


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("nonsense", "other nonsense", True),
    ],
)
def test_an_address_counts_as_far_as_its_owner_cannot_choose_it(one: str, other: str, are_same: bool) -> None:
    assert (address_of({"client": (one, 1)}) == address_of({"client": (other, 2)})) is are_same


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_not_counted(address: str) -> None:
    assert address_of({"client": (address, 1)}) is None
    assert address_of({"client": None}) is None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(indexes=tmp_path, rate_address=5, rate_key=3, rate_wrong_keys=2)


@pytest.fixture
def stranger(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(KnowledgeBase(settings)), client=("192.0.2.1", 1)) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_who_asks_too_much_is_told_how_long_to_wait(stranger: TestClient) -> None:
    answers = [stranger.get("/v1/health/live") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"address";q=5;w=60'
    assert answers[0].headers["ratelimit"] == '"address";r=4;t=12'
    last = answers[-1]
    assert last.headers["content-type"] == "application/problem+json"
    assert 1 <= int(last.headers["retry-after"]) <= 12
    assert last.json()["status"] == 429
    page = stranger.get("/")
    assert page.status_code == 429
    assert "te snel" in page.text
    assert page.headers["content-type"].startswith("text/html")


def test_a_key_has_a_rate_of_its_own(stranger: TestClient, settings: Settings) -> None:
    _, one = Keys(settings.keys_file).create("een", [Scope.SEARCH])
    _, other = Keys(settings.keys_file).create("ander", [Scope.SEARCH])
    for _ in range(6):
        stranger.get("/v1/health/live")
    found = [stranger.get("/v1/health/live", headers=bearer(one)).status_code for _ in range(4)]
    assert found == [200, 200, 200, 429]
    assert stranger.get("/v1/health/live", headers=bearer(other)).status_code == 200


def test_wrong_keys_are_bounded_and_keep_no_right_one_out(stranger: TestClient, settings: Settings) -> None:
    _, right = Keys(settings.keys_file).create("goed", [Scope.SEARCH])
    wrong = [stranger.get("/v1/status", headers=bearer(f"kb_{number}")).status_code for number in range(4)]
    assert wrong == [401, 401, 429, 429]
    # There is no index in this service: who gets that far was let in.
    assert stranger.get("/v1/status", headers=bearer(right)).status_code == 503
    assert stranger.get("/v1/status").status_code == 503


def test_of_this_machine_wrong_keys_alone_are_counted(settings: Settings) -> None:
    with TestClient(create_app(KnowledgeBase(settings)), client=("127.0.0.1", 1)) as client:
        assert {client.get("/v1/health/live").status_code for _ in range(50)} == {200}
        assert "ratelimit" not in client.get("/v1/health/live").headers
        wrong = [client.get("/v1/status", headers=bearer("kb_x")).status_code for _ in range(3)]
        assert wrong == [401, 401, 429]


def test_each_worker_counts_its_share(settings: Settings) -> None:
    toll = Toll(settings, workers=2)
    scope = {"client": ("192.0.2.1", 1)}
    taken = [toll.take(scope, Caller()) for _ in range(4)]
    assert [found.wait > 0 for found in taken if found] == [False] * 3 + [True]
