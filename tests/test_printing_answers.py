from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kb import dutch
from kb.index import Filter
from kb.knowledge_base import AnsweredQuestion, KnowledgeBase
from kb.printing.answers import answer_json, answer_text
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

OLD = record("2019/verslag.md", title="Verslag 2019", date=dt.date(2019, 3, 1))
NEW = record("2024/verslag.md", title="Verslag 2024", date=dt.date(2024, 3, 1))
TEXTS = {
    OLD: ["De bijdrage aan het zaaksysteem is twaalf euro per inwoner van de gemeente."],
    NEW: ["De bijdrage aan het zaaksysteem is vijftien euro per inwoner van de gemeente."],
}
QUESTION = "wat is de bijdrage aan het zaaksysteem"


@pytest.fixture
def indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    return tmp_path


def ask(
    indexes: Path, question: str = QUESTION, *, answer_from: float = 0.0, **request: Filter
) -> AnsweredQuestion:
    return KnowledgeBase(Settings(indexes=indexes, answer_from=answer_from)).answer(
        SearchRequest(query=question, **request)
    )


def test_each_sentence_is_printed_with_its_source_the_newest_first(indexes: Path) -> None:
    lines = answer_text(ask(indexes)).splitlines()
    at = lines.index("Verslag 2024, 1 maart 2024, dia 1")
    assert lines[at + 1] == f"   «{TEXTS[NEW][0]}»"
    assert lines[at + 2] == "   2024/verslag.md"
    later = lines.index("Verslag 2019, 1 maart 2019, dia 1")
    assert later > at
    assert lines[later + 1] == f"   «{TEXTS[OLD][0]}»"
    assert "Gekozen uit deze passages:" in lines


def test_without_an_answer_that_is_said_and_what_lies_nearest(indexes: Path) -> None:
    lines = answer_text(ask(indexes, answer_from=1.0)).splitlines()
    assert lines[0] == dutch.NO_ANSWER
    assert len(lines) == 3
    assert "«" not in "".join(lines)
    quantity = answer_text(ask(indexes, "hoe lang is de gemeente in twaalf of vijftien euro"))
    assert quantity.startswith(dutch.NO_QUANTITY)
    nothing = ask(indexes, filter=Filter(years=frozenset({1999})))
    assert answer_text(nothing) == dutch.NOTHING_FOUND


def test_a_period_in_the_question_is_told(indexes: Path) -> None:
    assert "Stukken uit de tijd van «2019» eerst" in answer_text(ask(indexes, f"{QUESTION} in 2019"))


def test_for_scripts_it_is_as_the_api_gives_it(indexes: Path) -> None:
    found = answer_json(ask(indexes))
    assert (found["answered"], found["reason"], found["query"]) == (True, "answered", QUESTION)
    assert [one["text"] for one in found["sentences"]] == [TEXTS[NEW][0], TEXTS[OLD][0]]
    start, end = found["sentences"][0]["passageOffsets"]
    hits = {hit["passageId"]: hit["text"] for hit in found["passages"]}
    assert hits[found["sentences"][0]["passageId"]][start:end] == TEXTS[NEW][0]
    refused = answer_json(ask(indexes, answer_from=1.0))
    assert (refused["answered"], refused["reason"], refused["sentences"]) == (False, "below-threshold", [])
    assert refused["passages"]
