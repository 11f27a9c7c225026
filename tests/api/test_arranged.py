"""Promises of near-identical passages, of hits grouped by document and of similar passages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.documents import Kind
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.test_pages import Page, page
from tests.geometry import WordEncoder
from tests.library import publish, record

REPORT, COPY = record("verslag.md"), record("kopie.md", kind=Kind.OVERIG)
EQUAL, NOTE = record("nogmaals.md"), record("notitie.md", language="en")
SAID = "De raad van de gemeente besluit na lang beraad het archief te verhuizen naar het streekarchief."
TEXTS = {
    REPORT: [SAID, *(f"Het archief van deel {number} komt later aan bod." for number in range(6))],
    COPY: [f"{SAID} Dank u.", "De wethouder sluit de avond."],
    EQUAL: [SAID.upper()],
    NOTE: ["Het archief is vol."],
}
QUERY = "het archief verhuizen naar het streekarchief"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    with TestClient(create_app(KnowledgeBase(Settings(indexes=tmp_path)))) as client:
        yield client


def ask(client: TestClient, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/v1/search", params={"q": QUERY, "limit": 50, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_near_identical_passages_are_one_hit(client: TestClient) -> None:
    (hit,) = [hit for hit in ask(client, document=REPORT.id)["hits"] if hit["alsoIn"]]
    assert hit["text"] == SAID
    assert {place["document"]["id"]: place["identical"] for place in hit["alsoIn"]} == {
        COPY.id: False,
        EQUAL.id: True,
    }
    assert sum("streekarchief" in hit["text"].lower() for hit in ask(client)["hits"]) == 1


def test_the_page_says_whether_the_words_elsewhere_are_the_same_or_nearly(client: TestClient) -> None:
    text = page(client, "/", q=QUERY, document=REPORT.id).text
    assert "Ook in: nogmaals.md" in text
    assert "Vrijwel gelijk in: kopie.md" in text


def test_grouped_by_document_the_answer_counts_documents(client: TestClient) -> None:
    single, grouped = ask(client), ask(client, groupBy="document")
    assert (single["groupBy"], grouped["groupBy"]) == (None, "document")
    documents = [hit["document"]["id"] for hit in grouped["hits"]]
    assert len(documents) == len(set(documents)) == grouped["total"] < single["total"]
    report = next(hit for hit in grouped["hits"] if hit["document"]["id"] == REPORT.id)
    assert len(report["morePassages"]) == 3
    more = report["morePassages"][0]
    assert set(more) == {
        "passageId", "score", "relevance", "text", "highlights", "document", "locator", "statements",
        "places", "links",
    }  # fmt: skip
    assert client.get(more["links"]["self"]).json()["text"] == more["text"]
    assert more["score"] <= report["score"]
    assert not any(hit["morePassages"] for hit in single["hits"])
    by_body = client.post("/v1/search", json={"q": QUERY, "limit": 50, "groupBy": "document"}).json()
    assert by_body["hits"] == grouped["hits"]


def test_the_page_groups_by_document_and_back_with_a_link(client: TestClient) -> None:
    single = page(client, "/", q=QUERY, kind="verslag")
    assert link(single, "Documenten") == asked(kind="verslag", groupBy="document")
    grouped = page(client, link(single, "Documenten"))
    assert "Nog 3 passages in dit document" in grouped.texts["summary"]
    assert " documenten in " in grouped.text
    assert link(grouped, "Passages") == asked(kind="verslag")
    assert {"type": "hidden", "name": "groupBy", "value": "document"} in grouped.all("input")
    alone = page(client, link(grouped, "Zoek alleen in dit document"))
    assert set(alone.texts["h3"]) == {"verslag.md"}


def test_a_grouping_that_is_not_there_is_refused_in_dutch(client: TestClient) -> None:
    assert (
        "Het kan per document of per bijeenkomst." in page(client, "/", status=400, q="a", groupBy="dag").text
    )


def test_similar_passages_come_with_their_source_and_their_nearness(client: TestClient) -> None:
    identifier = passage(client, NOTE.id)
    answer = client.get(f"/v1/passages/{identifier}/similar", params={"limit": 3}).json()
    assert set(answer) == {"passageId", "limit", "generation", "passages"}
    assert (answer["passageId"], answer["limit"]) == (identifier, 3)
    assert len(answer["passages"]) == 3
    first = answer["passages"][0]
    assert set(first) == {
        "similarity", "text", "passageId", "document", "locator", "statements", "places", "alsoIn",
        "alsoInTotal", "links",
    }  # fmt: skip
    assert client.get(first["links"]["self"]).json()["text"] == first["text"]
    nearness = [found["similarity"] for found in answer["passages"]]
    assert nearness == sorted(nearness, reverse=True)
    assert 0 < nearness[-1] <= nearness[0] < 1


def test_similar_passages_leave_out_the_document_and_the_same_words(client: TestClient) -> None:
    address = f"/v1/passages/{passage(client, EQUAL.id)}/similar"
    found = client.get(address, params={"limit": 50}).json()["passages"]
    assert found
    assert not any("streekarchief" in one["text"].lower() for one in found)
    filtered = client.get(address, params={"language": "en"}).json()["passages"]
    assert {one["document"]["id"] for one in filtered} == {NOTE.id}


def test_a_passage_that_is_not_there_has_no_similar_ones(client: TestClient) -> None:
    answer = client.get("/v1/passages/0000000000000000/similar")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert page(client, "/passages/0000000000000000/vergelijkbaar", status=404).texts["h1"]


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"limit": "51"}, ("limit", "out-of-range")),
        ({"limit": "0"}, ("limit", "out-of-range")),
        ({"offset": "1"}, ("offset", "unknown-parameter")),
        ({"language": "xx"}, ("language", "unknown-value")),
        ({"kind": "boek"}, ("kind", "unknown-value")),
        ({"dateTo": "gisteren"}, ("dateTo", "not-a-date")),
    ],
)
def test_what_cannot_be_asked_of_similar_passages_is_refused(
    client: TestClient, parameters: dict[str, str], fault: tuple[str, str]
) -> None:
    answer = client.get(f"/v1/passages/{passage(client, NOTE.id)}/similar", params=parameters)
    assert answer.status_code == 400
    assert [(error["location"], error["code"]) for error in answer.json()["errors"]] == [fault]


def test_a_hit_leads_to_the_passages_that_are_like_it(client: TestClient) -> None:
    (hit,) = ask(client, document=NOTE.id)["hits"]
    address = link(page(client, "/", q=QUERY, document=NOTE.id), "Vergelijkbare passages: treffer 1")
    assert address == f"/passages/{hit['passageId']}/vergelijkbaar"
    similar = client.get(hit["links"]["similar"]).json()["passages"]
    assert page(client, address).texts["blockquote"] == [hit["text"], *(one["text"] for one in similar)]


def passage(client: TestClient, document: str) -> str:
    """The passage of a document that has one."""
    (hit,) = ask(client, document=document)["hits"]
    return str(hit["passageId"])


def link(found: Page, text: str) -> str:
    """Where the first link with this text leads, the main menu left out."""
    links = zip(found.all("a"), found.texts["a"], strict=True)
    menu = ("/documenten", "/bijeenkomsten")
    return next(
        str(attributes["href"])
        for attributes, words in links
        if " ".join(words.split()) == text and attributes["href"] not in menu
    )


def asked(**fields: str) -> str:
    """The address of a search."""
    return "/?" + "&".join(
        [f"q={QUERY.replace(' ', '+')}", *(f"{name}={value}" for name, value in fields.items())]
    )
