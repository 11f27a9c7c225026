"""The answer as events, over a real service and a real connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from api.app import create_app
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.conftest import served
from tests.generating.conftest import COST, QUESTION
from tests.generating.scripted import Model, Replying
from tests.generating.test_generating import number_of
from tests.geometry import WordEncoder

EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    knowledge_base = KnowledgeBase(settings.model_copy(update={"llm_requests": 1}))
    knowledge_base.warm()
    with served(create_app(knowledge_base)) as address:
        yield address


def events_of(text: str) -> list[tuple[str, Any]]:
    found = []
    for event in text.split("\n\n"):
        if event:
            name, data = event.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def honest(llm: Model) -> None:
    def script(reply: Replying) -> None:
        reply.start()
        number = number_of(llm, COST)
        reply.say(f"De proef kost 23.500 euro per jaar [{number}]. De maan is van kaas [{number}].")
        reply.finish()

    llm.script = script


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_literal_answer_comes_first_then_what_is_supported_then_the_end(
    service: str, llm: Model, method: str
) -> None:
    honest(llm)
    asked = {"params": {"q": QUESTION}} if method == "GET" else {"json": {"q": QUESTION}}
    answer = httpx2.request(method, f"{service}/v1/answers", headers=EVENTS, **asked)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    (first, literal), (second, sentence), (third, done) = events_of(answer.text)
    assert (first, second, third) == ("extractive", "sentence", "done")
    plain = httpx2.get(f"{service}/v1/answers", params={"q": QUESTION}).json()
    assert {**literal, "tookMs": 0} == {**plain, "tookMs": 0}
    assert sentence["text"] == "De proef kost 23.500 euro per jaar."
    (source,) = sentence["sources"]
    passage = httpx2.get(service + source["links"]["self"]).json()
    assert COST in json.dumps(passage)
    assert done == {"ending": "complete", "sentences": 1, "dropped": 1, "reasons": {"words": 1}}


def test_the_literal_answer_does_not_wait_for_the_model(service: str, llm: Model) -> None:
    """The model does not say a word before the literal answer has been read."""

    def script(reply: Replying) -> None:
        reply.start()
        reply.wait()

    llm.script = script
    with httpx2.stream(
        "GET", f"{service}/v1/answers", params={"q": QUESTION}, headers=EVENTS, timeout=30
    ) as answer:
        assert next(answer.iter_lines()) == "event: extractive"


def test_who_leaves_is_not_written_for_any_longer(service: str, llm: Model) -> None:
    """There is room for one answer, and the one that nobody reads any more makes room for the next."""

    def script(reply: Replying) -> None:
        reply.start()
        reply.wait()

    llm.script = script
    with httpx2.stream("GET", f"{service}/v1/answers", params={"q": QUESTION}, headers=EVENTS) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: extractive"
        deadline = time.monotonic() + 15
        while not llm.bodies and time.monotonic() < deadline:
            time.sleep(0.05)
        busy = httpx2.get(f"{service}/v1/answers", params={"q": QUESTION}, headers=EVENTS)
        assert events_of(busy.text)[-1][1]["ending"] == "busy"
    honest(llm)
    deadline = time.monotonic() + 15
    ending = "busy"
    while ending == "busy" and time.monotonic() < deadline:
        again = httpx2.get(f"{service}/v1/answers", params={"q": QUESTION}, headers=EVENTS)
        ending = events_of(again.text)[-1][1]["ending"]
    assert ending == "complete"


def test_a_model_that_fails_leaves_the_literal_answer(service: str, llm: Model) -> None:
    llm.script = lambda reply: reply.start(503)
    found = httpx2.get(f"{service}/v1/answers", params={"q": QUESTION}, headers=EVENTS)
    (_, literal), (_, done) = events_of(found.text)
    assert literal["answered"] is True
    assert done["ending"] == "failed"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream;q=0.5, application/json"])
def test_whoever_does_not_ask_for_events_gets_json_and_no_model_is_asked(
    service: str, llm: Model, accept: str
) -> None:
    found = httpx2.get(f"{service}/v1/answers", params={"q": QUESTION}, headers={"accept": accept})
    assert found.headers["content-type"] == "application/json"
    assert llm.bodies == []


def test_faults_are_told_as_always(service: str) -> None:
    found = httpx2.get(f"{service}/v1/answers", params={"q": ""}, headers=EVENTS)
    assert found.status_code == 400
    assert found.headers["content-type"] == "application/problem+json"
    found = httpx2.get(f"{service}/v1/answers", params={"q": "x"}, headers={"accept": "text/csv"})
    assert found.status_code == 406
