"""Promises of /v1/answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

QUESTION = "wat is het voordeel van verlichting als dienst in plaats van lampen?"


@pytest.fixture(scope="module")
def willing(settings: Settings) -> Iterator[TestClient]:
    """A client of a service that answers however unsure it is."""
    knowledge_base = KnowledgeBase(settings.model_copy(update={"answer_from": 0.0}))
    with TestClient(create_app(knowledge_base), client=("127.0.0.1", 50_000)) as client:
        yield client


def ask(client: TestClient, question: str = QUESTION, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/v1/answers", params={"q": question, **parameters})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_answer_has_the_promised_shape(willing: TestClient) -> None:
    found = ask(willing, limit=3)
    assert set(found) == {
        "query", "answered", "reason", "confidence", "sentences", "limit", "tookMs", "generation", "period",
        "corrections", "secondStage", "timeliness", "passages",
    }  # fmt: skip
    assert (found["answered"], found["reason"]) == (True, "answered")
    assert 1 <= len(found["sentences"]) <= 3
    assert len(found["passages"]) == 3
    for sentence in found["sentences"]:
        assert set(sentence) == {
            "text", "passageOffsets", "documentOffsets", "rank", "passageId", "document", "locator", "links",
        }  # fmt: skip


def test_each_sentence_stands_where_it_is_said_to_in_the_passage_and_the_document(
    willing: TestClient,
) -> None:
    for sentence in ask(willing)["sentences"]:
        passage = willing.get(sentence["links"]["self"]).json()
        start, end = sentence["passageOffsets"]
        assert passage["text"][start:end] == sentence["text"]
        assert passage["document"]["id"] == sentence["document"]["id"]
        first, last = sentence["documentOffsets"]
        assert last - first == len(sentence["text"])


def test_the_passages_are_the_hits_of_the_same_search(willing: TestClient) -> None:
    hits = willing.get("/v1/search", params={"q": QUESTION, "limit": 5}).json()["hits"]
    assert ask(willing)["passages"] == hits


def test_what_the_documents_do_not_answer_is_not_answered(client: TestClient) -> None:
    found = ask(client, "Wie won de Elfstedentocht van 1997?")
    assert (found["answered"], found["sentences"]) == (False, [])
    assert found["reason"] in ("below-threshold", "no-quantity")
    assert found["passages"]


def test_a_filter_that_leaves_nothing_leaves_no_answer(willing: TestClient) -> None:
    found = ask(willing, dateTo="1900-01-01")
    assert (found["reason"], found["confidence"], found["passages"]) == ("nothing-found", 0, [])


def test_by_post_it_is_the_same_answer(willing: TestClient) -> None:
    posted = willing.post("/v1/answers", json={"q": QUESTION, "limit": 2}).json()
    got = ask(willing, limit=2)
    assert {**posted, "tookMs": 0} == {**got, "tookMs": 0}


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"q": " "}, "q"),
        ({"q": "a", "limit": "0"}, "limit"),
        ({"q": "a", "mode": "dense"}, "mode"),
        ({"q": "a", "offset": "1"}, "offset"),
        ({"q": "a", "kind": "x"}, "kind"),
        ({"q": "a", "event": "nergens"}, "event"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, parameters: dict[str, str], wrong: str) -> None:
    for answer in (
        client.get("/v1/answers", params=parameters),
        client.post("/v1/answers", json=parameters),
    ):
        assert answer.status_code == 400
        assert wrong in {fault["location"].strip("/").split("/")[0] for fault in answer.json()["errors"]}


def test_without_an_index_it_says_what_to_do(without_index: TestClient) -> None:
    answer = without_index.get("/v1/answers", params={"q": "a"})
    assert answer.status_code == 503
    assert "kb build" in answer.json()["detail"]
