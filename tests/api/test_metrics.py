"""Promises of /metrics: who sees it, what it counts, and that nobody can make it grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from kb.generations import Generations
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.administrator import Ask, ended
from tests.api.conftest import served
from tests.library import publish, record

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Every number with its name and labels, as Prometheus reads them."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def get(address: str, **options: Any) -> httpx2.Response:
    return httpx2.get(address, timeout=60, **options)


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


@pytest.fixture(scope="module")
def counted(home: Settings) -> Iterator[str]:
    """A service of which only the tests here count requests."""
    limited = home.model_copy(update={"rate_key": 5})
    with served(create_app(KnowledgeBase(limited))) as address:
        yield address


@pytest.fixture
def read(counted: str) -> Callable[[], Samples]:
    return lambda: samples(get(f"{counted}/metrics").text)


def test_requests_are_counted_by_route_and_status(counted: str, read: Callable[[], Samples]) -> None:
    for path in ("/v1/documents/0", "/v1/documents/1", "/v1/documents/2"):
        assert get(counted + path).status_code == 404
    found = read()
    labels = {"method": "GET", "route": "/v1/documents/{id}", "status": "404"}
    assert value(found, "kb_http_request_duration_seconds_count", **labels) == 3
    assert value(found, "kb_http_request_duration_seconds_bucket", le="+Inf", **labels) == 3
    assert value(found, "kb_http_request_duration_seconds_sum", **labels) > 0


def test_queries_are_counted_by_what_became_of_them(counted: str, read: Callable[[], Samples]) -> None:
    def outcomes() -> dict[str, float]:
        found = read()
        return {name: value(found, "kb_queries_total", outcome=name) for name in names}

    names = ("answered", "no-good-answer", "refused", "failed")
    before = outcomes()
    assert get(f"{counted}/v1/search", params={"q": "stuurgroep lantaarnpalen"}).status_code == 200
    assert (
        httpx2.post(f"{counted}/v1/search", timeout=60, json={"q": "stuurgroep besluit"}).status_code == 200
    )
    assert get(f"{counted}/", params={"q": "stuurgroep lantaarnpalen"}).status_code == 200
    assert get(f"{counted}/").status_code == 200
    assert get(f"{counted}/v1/search", params={"q": " "}).status_code == 400
    assert get(f"{counted}/v1/search", params={"q": "besluit", "offset": 10}).status_code == 200
    after = outcomes()
    gained = {name: after[name] - before[name] for name in names}
    assert gained["answered"] + gained["no-good-answer"] == 3
    assert (gained["refused"], gained["failed"]) == (1, 0)


def test_a_query_that_fails_is_counted_as_failed(tmp_path: Path) -> None:
    with TestClient(create_app(KnowledgeBase(Settings(indexes=tmp_path))), client=("127.0.0.1", 1)) as client:
        assert client.get("/v1/search", params={"q": "a"}).status_code == 503
        found = samples(client.get("/metrics").text)
    assert value(found, "kb_queries_total", outcome="failed") == 1
    assert value(found, "kb_ready") == 0
    assert ("kb_index_documents", frozenset[tuple[str, str]]()) not in found


def test_requests_beyond_the_rate_are_counted(
    counted: str, read: Callable[[], Samples], secrets: Mapping[str, str]
) -> None:
    key = {"authorization": f"Bearer {secrets['search']}"}
    answers = [get(f"{counted}/v1/health/live", headers=key).status_code for _ in range(7)]
    assert answers.count(429) == value(read(), "kb_rate_limited_requests_total") > 0


def test_the_index_and_its_builds_are_told(
    counted: str, read: Callable[[], Samples], home: Settings, ask: Ask
) -> None:
    build = ask("POST", "/builds").json()["id"]
    assert ended(ask, build)["state"] == "published"
    get(f"{counted}/v1/documents")
    found = read()
    manifest = Generations(home.indexes).manifest()
    assert value(found, "kb_build_running") == 0
    assert value(found, "kb_build_last_result", state="published") == 1
    assert value(found, "kb_build_last_result", state="failed") == 0
    assert value(found, "kb_build_last_duration_seconds") > 0
    assert value(found, "kb_index_documents") == manifest.documents
    assert value(found, "kb_index_passages") == manifest.passages
    assert 0 < value(found, "kb_index_age_seconds") < 3_600
    assert value(found, "kb_index_outdated") == 0
    assert value(found, "kb_ready") == 1
    info = {"generation": manifest.generation, "model": manifest.encoder.model}
    assert value(found, "kb_index_info", **info) == 1
    assert value(found, "process_resident_memory_bytes") > 1e6
    assert value(found, "process_cpu_seconds_total") > 0
    assert value(found, "kb_workers") == 1


def test_nothing_that_a_client_sends_becomes_a_label(counted: str, read: Callable[[], Samples]) -> None:
    before = len(read())
    for number in range(30):
        httpx2.request(
            f"M{number}",
            f"{counted}/zomaar/{number}?q=geheim{number}",
            headers={"X-Request-ID": f"geheim-{number}-abc"},
        )
        get(f"{counted}/v1/passages/geheim{number}")
    text = get(f"{counted}/metrics").text
    assert "geheim" not in text
    assert "zomaar" not in text
    # At most two new series of a histogram: other methods on no route, and one passage that is not there.
    assert len(samples(text)) - before < 50


@pytest.mark.parametrize(
    ("allowed", "client", "headers", "status"),
    [
        ("local", "127.0.0.1", {}, 200),
        ("local", "::1", {}, 200),
        ("local", "192.0.2.1", {}, 401),
        ("local", "127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, 401),
        ("local", "127.0.0.1", {"forwarded": "for=127.0.0.1"}, 401),
        ("local", "192.0.2.1", {"authorization": "search"}, 403),
        ("local", "192.0.2.1", {"authorization": "admin"}, 200),
        ("open", "192.0.2.1", {}, 200),
        ("off", "127.0.0.1", {"authorization": "admin"}, 404),
    ],
)
def test_metrics_are_for_this_machine_and_for_administrators(
    home: Settings,
    secrets: Mapping[str, str],
    allowed: str,
    client: str,
    headers: dict[str, str],
    status: int,
) -> None:
    if "authorization" in headers:
        headers = {"authorization": f"Bearer {secrets[headers['authorization']]}"}
    app = create_app(KnowledgeBase(home.model_copy(update={"metrics": allowed})))
    answer = TestClient(app, client=(client, 50_000)).get("/metrics", headers=headers)
    assert answer.status_code == status
    kind = answer.headers["content-type"]
    assert kind.startswith("text/plain; version=") if status == 200 else kind == "application/problem+json"
    assert ("kb_queries" in answer.text) is (status == 200)


def test_a_scraper_that_knows_openmetrics_gets_that(counted: str) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = get(f"{counted}/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_an_older_index_that_stands_in_is_told(tmp_path: Path) -> None:
    settings = Settings(indexes=tmp_path)
    publish(tmp_path, {record("a.md"): ["De raad besluit."]})
    name = publish(tmp_path, {record("a.md"): ["De raad besluit."], record("b.md"): ["Het archief."]})
    (tmp_path / name / "passages.sqlite").write_bytes(b"broken")
    client = TestClient(create_app(KnowledgeBase(settings)), client=("127.0.0.1", 1))
    found = samples(client.get("/metrics").text)
    assert value(found, "kb_index_outdated") == 1
    assert value(found, "kb_index_documents") == 1
