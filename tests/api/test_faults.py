"""Promises of what a request is told that is wrong: all of it at once, in one form, with 400."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.administrator import Ask


def places(answer: Any) -> set[tuple[str, str]]:
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["title"] == "Bad Request"
    for fault in problem["errors"]:
        assert set(fault) == {"in", "location", "code", "detail"}
        assert all(fault[name] for name in ("in", "code", "detail"))
    return {(fault["in"], fault["location"]) for fault in problem["errors"]}


def test_all_faults_of_an_address_are_told_together(client: TestClient) -> None:
    answer = client.get(
        "/v1/search?q=&limit=x&offset=-1&kind=geen&dateFrom=gisteren&onbekend=1&mode=dense&mode=x"
    )
    assert places(answer) == {
        ("query", name) for name in ("q", "limit", "offset", "kind", "dateFrom", "onbekend", "mode")
    }


def test_faults_of_address_and_body_are_told_together(client: TestClient, ask: Ask) -> None:
    answer = client.post("/v1/search?vreemd=1", json={"q": "", "limit": 0, "anders": True})
    assert places(answer) == {
        ("query", "vreemd"),
        ("body", "/q"),
        ("body", "/limit"),
        ("body", "/anders"),
    }
    broken = client.post("/v1/search?vreemd=1", content=b"{", headers={"content-type": "application/json"})
    assert places(broken) == {("query", "vreemd"), ("body", "")}
    assert places(ask("POST", "/builds?vreemd=1", json={"allowRemovals": 1})) == {
        ("query", "vreemd"),
        ("body", "/allowRemovals"),
    }
    assert places(ask("PUT", "/generations/live?vreemd=1", json={"naam": "x"})) == {
        ("query", "vreemd"),
        ("body", "/naam"),
        ("body", "/name"),
    }


def test_what_is_asked_wrong_is_told_before_what_is_not_there(client: TestClient) -> None:
    assert places(client.get("/v1/passages/nergens/similar?limit=0")) == {("query", "limit")}
    assert client.get("/v1/passages/nergens/similar").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/health/live",
        "/v1/health/ready",
        "/v1/openapi.json",
        "/v1/status",
        "/v1/documents/nergens",
        "/v1/documents/nergens/file",
        "/v1/passages/nergens",
    ],
)
def test_a_parameter_where_there_are_none_is_a_fault(client: TestClient, path: str) -> None:
    assert places(client.get(f"{path}?vreemd=1")) == {("query", "vreemd")}


def test_a_parameter_where_there_are_none_is_a_fault_to_the_keeper_as_well(ask: Ask) -> None:
    for path in ("/builds", "/builds/nergens", "/generations", "/generations/live/report"):
        assert places(ask("GET", f"{path}?vreemd=1")) == {("query", "vreemd")}
    assert places(ask("POST", "/documents?vreemd=1", files={"file": ("a.md", b"a")})) == {("query", "vreemd")}


def test_nothing_is_remembered_of_a_client(client: TestClient) -> None:
    for path in ("/v1/search?q=licht", "/v1/documents", "/", "/v1/nergens"):
        assert "set-cookie" not in client.get(path).headers
    assert not client.cookies


def test_null_is_not_a_value(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"q": "licht", "groupBy": None, "dateFrom": None, "limit": None})
    assert places(answer) == {("body", "/groupBy"), ("body", "/dateFrom"), ("body", "/limit")}
    assert {fault["code"] for fault in answer.json()["errors"]} == {"null"}


def test_a_whole_number_may_be_written_with_a_point(client: TestClient) -> None:
    assert client.post("/v1/search", json={"q": "licht", "limit": 2.0, "offset": 0.0}).json()["limit"] == 2
    for limit in (2.5, 1e300, "2", True):
        assert places(client.post("/v1/search", json={"q": "licht", "limit": limit})) == {("body", "/limit")}
