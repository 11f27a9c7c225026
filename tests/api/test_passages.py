"""Promises about lists of passages: what was decided, asked, said and named, with the filters of a search."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.generations import Generations
from kb.knowledge_base import KnowledgeBase
from tests.geometry import WordEncoder
from tests.test_labels import MINUTES, QUESTIONS, THEMES, built


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("passages")
    (folder / "themes.yaml").write_text(THEMES, encoding="utf-8")
    files = {
        "overleg/2024-03-05/verslag.md": MINUTES,
        "overleg/2024-03-05/vragen.md": QUESTIONS,
        "raad/2020-01-02/verslag.md": "# Verslag van de raad\n\nBesloten wordt dat het park blijft.\n",
        "raad/verslag zonder jaar.md": "# Verslag\n\nBesloten wordt dat de bank blijft.\n",
    }
    settings = built(folder, files, themes=folder / "themes.yaml")
    index = Generations(settings.indexes).open_live()
    app = create_app(KnowledgeBase.over(index, settings, WordEncoder()))
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client


def listed(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/passages", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["passages"]
    return found


def test_decisions_stand_newest_first_and_undated_last(service: TestClient) -> None:
    found = listed(service, kind="besluit")
    said = [(one["document"]["date"], one["statements"][-1]["text"]) for one in found]
    assert said == [
        ("2024-03-05", "Besloten wordt dat de proef een jaar langer duurt."),
        ("2020-01-02", "Besloten wordt dat het park blijft."),
        (None, "Besloten wordt dat de bank blijft."),
    ]
    assert all(
        one["text"][statement["start"] : statement["end"]] == statement["text"]
        for one in found
        for statement in one["statements"]
    )


def test_decisions_of_a_meeting_are_those_of_its_documents(service: TestClient) -> None:
    events = {
        one["event"]["name"]: one["event"]["id"]
        for one in service.get("/v1/documents").json()["documents"]
        if one["event"] and one["date"]
    }
    for name, event in events.items():
        found = listed(service, kind="besluit", event=event)
        assert {one["document"]["event"]["id"] for one in found} == {event}, name
    assert len(events) == 2
    own = {"kind": ["besluit", "actie"], "event": events["overleg"]}
    assert len(listed(service, **own, documentKind="verslag")) == 1
    assert listed(service, **own, documentKind="presentatie") == []


def test_a_passage_names_its_places_and_speakers(service: TestClient) -> None:
    (found,) = listed(service, municipality="Utrecht", saidBy="jan de wit")
    assert found["places"] == [
        {"code": "GM0344", "name": "Utrecht", "kind": "municipality"},
        {"code": "PV26", "name": "Utrecht", "kind": "province"},
    ]
    quotations = [one for one in found["statements"] if one["kind"] == "citaat"]
    assert [(one["speaker"], one["role"], one["organisation"], one["literal"]) for one in quotations] == [
        ("Jan de Wit", "wethouder", "Waterrijk", True),
        ("Noor Bakker", "secretaris", None, False),
    ]
    hit = service.get("/v1/search", params={"q": "zaaksysteem", "saidBy": "Jan de Wit"}).json()["hits"][0]
    details = service.get(found["links"]["self"]).json()
    for name in ("statements", "places"):
        assert hit[name] == details[name] == found[name]


def test_pages_of_the_list_make_up_the_whole(service: TestClient) -> None:
    every = service.get("/v1/passages", params={"limit": 100}).json()
    assert every["total"] == len(every["passages"]) == service.get("/v1/status").json()["passages"]
    found, link = [], "/v1/passages?limit=2"
    while link:
        page = service.get(link).json()
        assert page["total"] == every["total"]
        found += page["passages"]
        link = page["links"]["next"]
    assert found == every["passages"]


def test_documents_of_a_filter_are_those_of_its_passages(service: TestClient) -> None:
    for asked in (
        {"theme": "Zaakgericht werken"}, {"province": "PV23"}, {"statement": "vraag"},
        {"saidBy": "noor bakker"}, {"theme": "zaakgericht werken", "year": "2024"},
        {"theme": "zaakgericht werken", "year": "2020"},
    ):  # fmt: skip
        passages = listed(service, **asked, limit=100)
        documents = service.get("/v1/documents", params=asked).json()["documents"]
        assert {one["id"] for one in documents} == {one["document"]["id"] for one in passages}, asked


@pytest.mark.parametrize(
    ("asked", "place", "code"),
    [
        ({"kind": "verslag"}, "kind", "unknown-value"),
        ({"statement": "roep"}, "statement", "unknown-value"),
        ({"municipality": "Amersfoort"}, "municipality", "unknown-value"),
        ({"saidBy": "Niemand"}, "saidBy", "unknown-value"),
        ({"theme": "Niets"}, "theme", "unknown-value"),
        ({"limit": "0"}, "limit", "out-of-range"),
        ({"offset": "-1"}, "offset", "out-of-range"),
        ({"q": "besluit"}, "q", "unknown-parameter"),
        ({"soort": "besluit"}, "soort", "unknown-parameter"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    service: TestClient, asked: dict[str, str], place: str, code: str
) -> None:
    answer = service.get("/v1/passages", params=asked)
    assert answer.status_code == 400
    assert [(one["in"], one["location"], one["code"]) for one in answer.json()["errors"]] == [
        ("query", place, code)
    ]


def test_facets_of_a_search_are_filters_of_the_list(service: TestClient) -> None:
    facets = "municipality,province,statement,saidBy,theme"
    found = service.get("/v1/search", params={"q": "zaaksysteem gemeente", "facets": facets}).json()["facets"]
    assert {name: bool(values) for name, values in found.items()} == dict.fromkeys(facets.split(","), True)
    assert {"value": "GM0193", "name": "Zwolle", "count": 2} in found["municipality"]
    for name, values in found.items():
        for one in values:
            assert len(listed(service, **{name: one["value"]}, limit=100)) >= one["count"], (name, one)


def test_a_list_is_given_as_a_table_too(service: TestClient) -> None:
    answer = service.get("/v1/passages", params={"saidBy": "Jan de Wit", "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["statements"] == "citaat; besluit"
    assert row["saidBy"] == "Jan de Wit; Noor Bakker"
    assert row["places"] == "Utrecht"
    assert row["rank"] == "1"
    assert not row["relevance"]
    lines = service.get("/v1/passages", params={"kind": "besluit", "format": "jsonl"}).text.splitlines()
    assert len(lines) == 3
    assert service.get("/v1/passages", headers={"accept": "image/png"}).status_code == 406
