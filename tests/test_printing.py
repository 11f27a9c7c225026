from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from kb import dutch
from kb.documents import Event
from kb.hits import Facet, GroupBy, Page
from kb.index import Filter
from kb.knowledge_base import KnowledgeBase
from kb.printing.hits import answered_json, answered_text, read_filter
from kb.search_request import Mode, SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

OPENING = "De voorzitter opent de vergadering van de gemeente."
DECISION = "Het archief verhuist in mei naar het streekarchief."
TEXTS = {record("verslag.md"): [f"{OPENING}\n{DECISION}"], record("notitie.md"): ["De begroting is rond."]}
QUERY = "gemeente archief streekarchief"
BEST, WORD, WORD_OF_BEST, PLAIN = "\x1b[0;4m", "\x1b[0;1;33m", "\x1b[0;1;4;33m", "\x1b[0m"


@pytest.fixture
def knowledge_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    return judging(tmp_path, intercept=-1, known=2, rank=6)


def judging(folder: Path, **relevance: float) -> KnowledgeBase:
    weights = folder / "weights.json"
    fields = ", ".join(f'"{name}": {value}' for name, value in relevance.items())
    weights.write_text(f'{{"relevance": {{{fields}}}}}')
    return KnowledgeBase(Settings(indexes=folder, weights=weights))


def test_each_hit_is_printed_with_its_relevance_in_a_word(knowledge_base: KnowledgeBase) -> None:
    text = answered_text(knowledge_base.search(QUERY), colour=False)
    assert re.findall(r"^   relevantie: (\w+)$", text, re.MULTILINE) == ["sterk", "geen"]
    assert "\x1b" not in text
    assert dutch.NO_ANSWER not in text
    single = answered_text(knowledge_base.search(QUERY, mode=Mode.DENSE), colour=False)
    assert "relevantie" not in single
    assert dutch.NO_ANSWER not in single


def test_in_colour_words_are_bold_and_the_best_sentence_is_underlined(knowledge_base: KnowledgeBase) -> None:
    lines = answered_text(knowledge_base.search(QUERY), colour=True).split("\n")
    first, second, *_ = [line.removeprefix("   | ") for line in lines if line.startswith("   | ")]
    assert first == f"De voorzitter opent de vergadering van de {WORD}gemeente{PLAIN}."
    assert second == (
        f"{BEST}Het {WORD_OF_BEST}archief{BEST} verhuist in mei naar het "
        f"{WORD_OF_BEST}streekarchief{BEST}.{PLAIN}"
    )


def test_scripts_get_relevance_best_sentence_and_second_stage(knowledge_base: KnowledgeBase) -> None:
    told: dict[str, Any] = answered_json(knowledge_base.search(QUERY))
    assert told["secondStage"] == "lateInteraction"
    first = told["hits"][0]
    assert first["relevanceLabel"] == "sterk"
    assert first["relevance"] == round(first["relevance"], 3) > 0.5
    start, end = first["bestSentence"]
    assert first["text"][start:end] == DECISION
    single = answered_json(knowledge_base.search(QUERY, mode=Mode.DENSE))
    assert single["secondStage"] == "off"
    assert [single["hits"][0][name] for name in ("relevance", "relevanceLabel", "bestSentence")] == [None] * 3


def test_an_answer_that_is_none_and_a_stage_without_time_are_said_in_dutch(
    knowledge_base: KnowledgeBase, tmp_path: Path
) -> None:
    none = answered_text(judging(tmp_path, intercept=-20).search(QUERY), colour=False)
    assert none.split("\n")[1] == dutch.NO_ANSWER
    assert DECISION in none
    # What counts is the first hit, whatever the others are.
    second = answered_text(judging(tmp_path, intercept=-2, rank=-5).search(QUERY), colour=False)
    assert re.findall(r"^   relevantie: (\w+)$", second, re.MULTILINE) == ["zwak", "sterk"]
    assert second.split("\n")[1] == dutch.NO_ANSWER
    late = KnowledgeBase(knowledge_base.settings.model_copy(update={"rerank_milliseconds": 0}))
    assert dutch.TIMED_OUT in answered_text(late.search(QUERY), colour=False).split("\n")


EVENT = Event(name="Avond over archieven")


@pytest.fixture
def evening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    """Documents of one event, and one of none that many others repeat."""
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    speaking = {"event": EVENT, "speakers": ("Anna de Wit",), "date": dt.date(2024, 10, 3)}
    repeated = {record(f"kopie{number:02}.md"): [DECISION] for number in range(14)}
    reports = {
        record("verslag.md", **speaking): [OPENING],
        record("stuk.md", **speaking): ["Op deze vergadering spreekt de gemeente over haar begroting."],
    }
    publish(tmp_path, {**reports, **repeated})
    return KnowledgeBase(Settings(indexes=tmp_path))


def test_the_hits_of_an_event_are_printed_together_with_where_each_stands(evening: KnowledgeBase) -> None:
    page = Page(group_by=GroupBy.EVENT)
    answered = evening.ask(SearchRequest(query="vergadering gemeente", page=page))
    text = answered_text(answered, colour=False)
    assert text.startswith("2 bijeenkomsten en losse documenten voor")
    assert "   nog 1 passage bij deze bijeenkomst: " in text
    assert re.search(r"bij deze bijeenkomst: (stuk|verslag)\.md, Avond over archieven, 3 oktober 2024", text)
    (hit, *_) = answered_json(answered)["hits"]
    assert hit["morePassages"][0]["document"]["source"] in {"stuk.md", "verslag.md"}


def test_facets_are_printed_with_their_counts_and_the_id_of_an_event(evening: KnowledgeBase) -> None:
    facets = (Facet.YEAR, Facet.EVENT, Facet.SPEAKER, Facet.THEME)
    answered = evening.ask(SearchRequest(query="vergadering gemeente", page=Page(facets=facets, limit=1)))
    text = answered_text(answered, colour=False)
    assert "\nJaar: 2024 (2)\n" in text
    assert f"\nBijeenkomst: Avond over archieven [{EVENT.id}] (2)\n" in text
    assert "\nSpreker: Anna de Wit (2)\n" in text
    assert "\nThema: -\n" in text
    assert answered_json(answered)["facets"]["year"] == [{"value": "2024", "name": "2024", "count": 2}]


def test_places_that_are_not_named_are_counted(evening: KnowledgeBase) -> None:
    answered = evening.search(DECISION, limit=1)
    assert "   en op 3 andere plaatsen\n" in answered_text(answered, colour=False)
    assert answered_json(answered)["hits"][0]["alsoInTotal"] == 13


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("speaker=Anna de Wit", Filter(speakers=frozenset({"Anna de Wit"}))),
        ("host=Duinmeer", Filter(hosts=frozenset({"Duinmeer"}))),
        ("theme=wonen=duur", Filter(themes=frozenset({"wonen=duur"}))),
        ("year=2024", Filter(years=frozenset({2024}))),
    ],
)
def test_conditions_are_filters(condition: str, expected: Filter) -> None:
    assert read_filter([condition]) == expected
