"""Promises of facets, order, groups, pages, many searches at once and suggestions, over HTTP."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.searching import MAX_BODY
from kb.documents import Event, Kind
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

EVENT = Event(name="Avond over archieven", date=dt.date(2022, 4, 13))
OLD = record("oud.md", event=EVENT, date=dt.date(2022, 4, 13), speakers=("Anna de Wit",), host="Duinmeer")
NEW = record("nieuw.md", date=dt.date(2024, 10, 3), themes=("Wonen & zorg",), kind=Kind.PAPER)
UNDATED = record("los.md")
TEXTS = {
    OLD: [f"Het archief van deel {number} komt later." for number in range(6)],
    NEW: ["Het archief is nieuw."],
    UNDATED: ["Het archief is los."],
}
QUERY = "het archief"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    weights = tmp_path / "weights.json"
    weights.write_text('{"relevance": {"intercept": 2.0, "best": 0, "known": 0, "rank": 2.0}}')
    settings = Settings(indexes=tmp_path, weights=weights)
    with TestClient(create_app(KnowledgeBase(settings)), client=("127.0.0.1", 50_000)) as client:
        yield client


def ask(client: TestClient, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/v1/search", params={"q": QUERY, "limit": 50, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def faults(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status_code == 400, answer.text
    return [(fault["in"], fault["location"], fault["code"]) for fault in answer.json()["errors"]]


@pytest.mark.parametrize(
    "facets",
    [["kind,year,theme"], ["kind", "year", "theme"], ["kind, theme", "year,kind"], [["kind,year,theme"]]],
)
def test_facets_are_asked_with_commas_or_one_by_one(client: TestClient, facets: list[Any]) -> None:
    found = ask(client, facets=facets if isinstance(facets[0], str) else facets[0])["facets"]
    assert found == {
        "kind": [
            {"value": "verslag", "name": "verslag", "count": 7},
            {"value": "paper", "name": "paper", "count": 1},
        ],
        "year": [
            {"value": "2022", "name": "2022", "count": 6},
            {"value": "2024", "name": "2024", "count": 1},
        ],
        "theme": [{"value": "Wonen & zorg", "name": "Wonen & zorg", "count": 1}],
    }


def test_each_value_of_a_facet_can_be_asked_as_a_filter(client: TestClient) -> None:
    names = ["kind", "year", "event", "language", "speaker", "host", "theme"]
    found = ask(client, facets=",".join(names))["facets"]
    assert sorted(found) == sorted(names)
    for name, values in found.items():
        assert values
        for one in values:
            assert ask(client, **{name: one["value"]})["total"] == one["count"], name
    assert [one["name"] for one in found["event"]] == [EVENT.name]


def test_hits_by_date(client: TestClient) -> None:
    found = ask(client, sort="date")
    assert found["sort"] == "date"
    days = [hit["document"]["date"] for hit in found["hits"]]
    assert days == ["2024-10-03", *["2022-04-13"] * 6, None]


def test_each_event_once(client: TestClient) -> None:
    found = ask(client, groupBy="event")
    assert (found["groupBy"], found["total"]) == ("event", 3)
    (hit,) = [hit for hit in found["hits"] if hit["document"]["event"]]
    assert [more["document"]["id"] for more in hit["morePassages"]] == [OLD.id] * 3


def test_pages_lead_to_each_other(client: TestClient) -> None:
    whole = [hit["passageId"] for hit in ask(client)["hits"]]
    answer = ask(client, limit=3, kind=["verslag", "paper"], facets="kind")
    assert answer["links"]["prev"] is None
    read = [hit["passageId"] for hit in answer["hits"]]
    addresses = [answer["links"]["self"]]
    while answer["links"]["next"]:
        addresses.append(answer["links"]["next"])
        answer = client.get(answer["links"]["next"]).json()
        assert answer["links"]["self"] == addresses[-1]
        read += [hit["passageId"] for hit in answer["hits"]]
    assert read == whole
    assert len(addresses) == 3
    back = client.get(answer["links"]["prev"]).json()
    assert [hit["passageId"] for hit in back["hits"]] == whole[3:6]
    assert all(address.startswith("/v1/search?") for address in addresses)


def test_documents_have_pages_that_lead_to_each_other(client: TestClient) -> None:
    answer = client.get("/v1/documents", params={"limit": 2}).json()
    following = client.get(answer["links"]["next"]).json()
    assert answer["documents"] + following["documents"] == client.get("/v1/documents").json()["documents"]
    assert len(following["documents"]) == 1
    assert following["links"]["next"] is None
    assert client.get(following["links"]["prev"]).json()["documents"] == answer["documents"]
    (one,) = client.get("/v1/documents", params={"theme": "WONEN & ZORG"}).json()["documents"]
    assert (one["themes"], one["access"]) == (["Wonen & zorg"], "open")


def test_a_query_in_a_body_is_in_no_link(client: TestClient) -> None:
    answer = client.post("/v1/search", json={"q": QUERY, "limit": 1, "facets": ["kind"], "year": 2022})
    assert answer.json()["links"] is None
    assert answer.json()["facets"]["kind"] == [{"value": "verslag", "name": "verslag", "count": 6}]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            {"speaker": "Niemand", "theme": "Niets"},
            [("speaker", "unknown-value"), ("theme", "unknown-value")],
        ),
        ({"minRelevance": "1.5"}, [("minRelevance", "out-of-range")]),
        ({"minRelevance": "half"}, [("minRelevance", "not-a-number")]),
        ({"minRelevance": "nan"}, [("minRelevance", "not-a-number")]),
        ({"minRelevance": "0.5", "mode": "dense"}, [("minRelevance", "not-judged")]),
        ({"sort": "title"}, [("sort", "unknown-value")]),
        ({"facets": "kind,colour"}, [("facets", "unknown-value")]),
        ({"facets": ""}, [("facets", "unknown-value")]),
        ({"year": "24"}, [("year", "not-a-year")]),
        ({"year": ["2024", "x"]}, [("year", "not-a-year")]),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    client: TestClient, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    answer = client.get("/v1/search", params={"q": "a", **parameters})
    assert faults(answer) == [("query", *fault) for fault in expected]


def test_many_searches_are_answered_in_their_order(client: TestClient) -> None:
    asked = [
        {"q": QUERY, "limit": 2, "facets": ["kind"]},
        {"q": "nieuw", "sort": "date", "minRelevance": 0.1},
        {"q": QUERY, "mode": "lexical", "groupBy": "document"},
    ]
    answer = client.post("/v1/searches", json={"searches": asked})
    assert answer.status_code == 200, answer.text
    single = [client.post("/v1/search", json=one).json() for one in asked]
    assert answer.json()["generation"] == single[0]["generation"]
    assert [found | {"tookMs": 0} for found in answer.json()["answers"]] == [
        found | {"tookMs": 0} for found in single
    ]


def test_all_faults_of_many_searches_are_told_with_their_place(client: TestClient) -> None:
    asked = [
        {"q": "goed"},
        {"q": "", "limit": 0, "colour": 1},
        "niets",
        {"q": "x", "kind": ["verslag", "boek"]},
    ]
    answer = client.post("/v1/searches?debug=1", json={"searches": asked, "colour": 1})
    assert sorted(faults(answer)) == sorted(
        [
            ("query", "debug", "unknown-parameter"),
            ("body", "/colour", "unknown-parameter"),
            ("body", "/searches/1/colour", "unknown-parameter"),
            ("body", "/searches/1/q", "empty"),
            ("body", "/searches/1/limit", "out-of-range"),
            ("body", "/searches/2", "not-an-object"),
            ("body", "/searches/3/kind/1", "unknown-value"),
        ]
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "out-of-range"),
        ({"searches": []}, "out-of-range"),
        ({"searches": [{"q": "a"}] * 101}, "out-of-range"),
        ({"searches": {"q": "a"}}, "not-a-list"),
    ],
)
def test_one_to_a_hundred_searches_can_be_asked(client: TestClient, body: Any, code: str) -> None:
    assert faults(client.post("/v1/searches", json=body)) == [("body", "/searches", code)]


def test_a_hundred_long_searches_fit_in_a_body(client: TestClient) -> None:
    asked = {"searches": [{"q": "é" * 1000, "limit": 1}] * 100}
    answer = client.post("/v1/searches", json=asked)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["answers"]) == 100
    assert (
        client.post(
            "/v1/searches", content=b" " * (MAX_BODY + 1), headers={"content-type": "application/json"}
        ).status_code
        == 413
    )


def test_suggestions_say_what_they_are(client: TestClient) -> None:
    answer = client.get("/v1/suggestions", params={"q": "archeiven"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["suggestions"] == [{"text": EVENT.name, "kind": "event", "documents": 1}]
    assert found["limit"] == 8
    named = client.get("/v1/suggestions", params={"q": "wonen ", "limit": 1}).json()["suggestions"]
    assert named == [{"text": "Wonen & zorg", "kind": "theme", "documents": 1}]
    assert client.get("/v1/suggestions", params={"q": "zzz"}).json()["suggestions"] == []


def test_what_suggestions_cannot_be_asked_is_refused(client: TestClient) -> None:
    answer = client.get("/v1/suggestions", params={"limit": "21", "mode": "dense"})
    assert sorted(faults(answer)) == [
        ("query", "limit", "out-of-range"),
        ("query", "mode", "unknown-parameter"),
        ("query", "q", "empty"),
    ]
    again = client.get("/v1/suggestions", params={"q": ["a", "b"], "limit": "veel"})
    assert sorted(faults(again)) == [("query", "limit", "not-an-integer"), ("query", "q", "repeated")]


def test_the_openapi_document_has_what_is_asked_of_many_searches(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    body = document["components"]["schemas"]["SearchesBody"]
    assert body["required"] == ["searches"]
    assert body["properties"]["searches"]["maxItems"] == 100
    assert json.dumps(document["paths"]["/searches"]["post"]["requestBody"]).count("SearchesBody")
    names = {one["name"] for one in document["paths"]["/suggestions"]["get"]["parameters"]}
    assert {"q", "limit"} <= names
