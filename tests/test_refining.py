"""Promises of filters by name, facets, order by date, groups and the least relevance of a hit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kb.arranging import MAX_PLACES, NEWEST_OF
from kb.documents import Access, Event, Kind
from kb.errors import InvalidQuery
from kb.hits import Facet, GroupBy, Page, Sort
from kb.index import Filter
from kb.knowledge_base import Answered, KnowledgeBase
from kb.search_request import Mode, SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

SPRING = Event(name="Avond over archieven", date=dt.date(2022, 4, 13))
AUTUMN = Event(name="Middag over archieven", date=dt.date(2024, 10, 3))
OLD = record(
    "oud.md",
    event=SPRING,
    date=dt.date(2022, 4, 13),
    speakers=("Anna de  Wit", "Bo Vos"),
    host="Gemeente Duin",
)
DECK = record(
    "dia.md", event=SPRING, date=dt.date(2022, 4, 13), kind=Kind.PRESENTATIE, speakers=("anna de wit",)
)
NEW = record(
    "nieuw.md", event=AUTUMN, date=dt.date(2024, 10, 3), themes=("Archief", "Wonen"), host="gemeente duin"
)
UNDATED = record("los.md", themes=(" archief",), language="en")
SECRET = record("leden.md", access=Access.MEMBERS, speakers=("Geheime Gast",), themes=("Verborgen",))
TEXTS = {
    OLD: ["Het archief van de gemeente.", "Het archief van de gemeente verhuist in mei."],
    DECK: ["Het archief op een dia van de gemeente."],
    NEW: ["Een nieuw archief voor de gemeente en haar raad.", "De begroting is rond."],
    UNDATED: ["Iets over het archief."],
    SECRET: ["Het archief van de leden van de gemeente."],
}
QUERY = "het archief van de gemeente"
Ask = Callable[..., Answered]


@pytest.fixture
def knowledge_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    """One in which relevance follows from the rank alone: 0.88, 0.65, 0.44, 0.31, 0.22, …"""
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    weights = tmp_path / "weights.json"
    weights.write_text('{"relevance": {"intercept": 2.0, "best": 0, "known": 0, "rank": 2.0}}')
    return KnowledgeBase(Settings(indexes=tmp_path, weights=weights))


@pytest.fixture
def ask(knowledge_base: KnowledgeBase) -> Ask:
    def asking(filter: Filter | None = None, *, members: bool = False, **page: Any) -> Answered:
        request = SearchRequest(query=QUERY, filter=filter or Filter(), page=Page(**{"limit": 50, **page}))
        return knowledge_base.pinned(members=members).ask(request)

    return asking


def sources(answered: Answered) -> list[str]:
    return [hit.document.source for hit in answered.found.hits]


def counts(answered: Answered, facet: Facet) -> dict[str, int]:
    return {one.name: one.hits for one in answered.found.facets[facet]}


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (Filter(speakers=frozenset({" ANNA de wit "})), {"oud.md", "dia.md"}),
        (Filter(speakers=frozenset({"Bo Vos", "Anna de Wit"})), {"oud.md", "dia.md"}),
        (Filter(hosts=frozenset({"Gemeente duin"})), {"oud.md", "nieuw.md"}),
        (Filter(themes=frozenset({"ARCHIEF"})), {"nieuw.md", "los.md"}),
        (Filter(themes=frozenset({"archief"}), hosts=frozenset({"gemeente duin"})), {"nieuw.md"}),
        (Filter(years=frozenset({2022})), {"oud.md", "dia.md"}),
        (Filter(years=frozenset({1999})), set()),
    ],
)
def test_names_filter_whatever_their_case_and_spaces(ask: Ask, filter: Filter, expected: set[str]) -> None:
    assert set(sources(ask(filter))) == expected


@pytest.mark.parametrize("name", ["speaker", "host", "theme"])
def test_a_name_that_the_index_does_not_know_is_told(ask: Ask, name: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        ask(Filter(**{f"{name}s": frozenset({"Niemand", "niets"})}))
    assert [fault[:2] for fault in caught.value.faults] == [(name, "unknown-value")] * 2


def test_a_name_of_a_document_for_members_is_unknown_to_others(ask: Ask) -> None:
    for hidden in (Filter(speakers=frozenset({"geheime gast"})), Filter(themes=frozenset({"verborgen"}))):
        assert sources(ask(hidden, members=True)) == ["leden.md"]
        with pytest.raises(InvalidQuery):
            ask(hidden)


def test_facets_count_all_hits_and_not_the_page(ask: Ask) -> None:
    whole = ask(facets=tuple(Facet))
    assert ask(facets=tuple(Facet), limit=1, offset=1).found.facets == whole.found.facets
    assert whole.found.total == 6
    assert counts(whole, Facet.KIND) == {"verslag": 5, "presentatie": 1}
    assert counts(whole, Facet.YEAR) == {"2022": 3, "2024": 2}
    assert counts(whole, Facet.LANGUAGE) == {"nl": 5, "en": 1}
    assert counts(whole, Facet.EVENT) == {SPRING.name: 3, AUTUMN.name: 2}
    assert counts(whole, Facet.SPEAKER) == {"Anna de Wit": 3, "Bo Vos": 2}
    assert counts(whole, Facet.THEME) == {"Archief": 3, "Wonen": 2}
    assert [one.hits for one in whole.found.facets[Facet.HOST]] == [4]
    assert ask().found.facets == {}


@pytest.mark.parametrize("facet", list(Facet))
def test_each_value_of_a_facet_is_a_filter(ask: Ask, facet: Facet) -> None:
    for one in ask(facets=(facet,)).found.facets[facet]:
        wanted: Any = {Facet.KIND: Kind, Facet.YEAR: int}.get(facet, str)(one.value)
        assert ask(Filter(**{f"{facet}s": frozenset({wanted})})).found.total == one.hits


def test_facets_of_groups_count_groups(ask: Ask) -> None:
    documents = ask(facets=(Facet.KIND, Facet.EVENT), group_by=GroupBy.DOCUMENT)
    assert documents.found.total == 4
    assert counts(documents, Facet.EVENT) == {SPRING.name: 2, AUTUMN.name: 1}
    events = ask(facets=(Facet.KIND, Facet.EVENT), group_by=GroupBy.EVENT)
    assert events.found.total == 3
    # The first event has documents of both kinds.
    assert counts(events, Facet.KIND) == {"verslag": 3, "presentatie": 1}


def test_what_is_for_members_is_in_no_count_of_others(ask: Ask) -> None:
    everything = ask(members=True, facets=(Facet.SPEAKER, Facet.THEME))
    assert {"Geheime Gast": 1}.items() <= counts(everything, Facet.SPEAKER).items()
    others = ask(facets=(Facet.SPEAKER, Facet.THEME))
    assert others.found.total == everything.found.total - 1
    assert "Geheime Gast" not in counts(others, Facet.SPEAKER)
    assert "Verborgen" not in counts(others, Facet.THEME)


def test_each_event_is_one_hit_and_a_document_without_one_stands_alone(ask: Ask) -> None:
    single = ask().found.hits
    grouped = ask(group_by=GroupBy.EVENT).found
    assert [hit.document.event for hit in grouped.hits].count(SPRING) == 1
    assert "los.md" in [hit.document.source for hit in grouped.hits]
    (spring,) = [hit for hit in grouped.hits if hit.document.event == SPRING]
    assert {spring.document, *(one.document for one in spring.further)} == {OLD, DECK}
    best = next(hit for hit in single if hit.document.event == SPRING)
    assert (spring.passage, spring.score) == (best.passage, best.score)
    assert all(one.document.id == one.passage.document_id for one in spring.further)


def test_by_date_the_newest_come_first_and_the_undated_last(ask: Ask) -> None:
    ranks = [(hit.passage.id, hit.document.date) for hit in ask().found.hits]
    found = ask(sort=Sort.DATE).found
    assert [(hit.passage.id, hit.document.date) for hit in found.hits] == sorted(
        ranks, key=lambda item: item[1] or dt.date.min, reverse=True
    )
    assert found.hits[-1].document.source == "los.md"
    assert [hit.rank for hit in found.hits] == list(range(1, 7))


def test_by_date_pages_are_parts_of_one_whole(ask: Ask) -> None:
    whole = sources(ask(sort=Sort.DATE))
    parts = [sources(ask(sort=Sort.DATE, limit=2, offset=at)) for at in (0, 2, 4, 6)]
    assert [one for part in parts for one in part] == whole


@pytest.mark.parametrize("mode", list(Mode))
def test_by_date_only_the_best_hits_stand_and_only_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=37 * number % 1000) for number in range(NEWEST_OF + 20)]
    publish(
        tmp_path,
        {
            record(f"{day}.md", date=day): [f"Het archief {'archief ' * (number % 7)} van {number}."]
            for number, day in enumerate(days)
        },
    )
    knowledge_base = KnowledgeBase(Settings(indexes=tmp_path))
    pages = (Page(limit=NEWEST_OF), Page(limit=100, sort=Sort.DATE, facets=(Facet.KIND,)))
    best, found = (
        knowledge_base.ask(SearchRequest(query="archief", mode=mode, page=page)).found for page in pages
    )
    assert best.total > found.total == len(found.hits) == NEWEST_OF
    assert {hit.passage.id for hit in found.hits} == {hit.passage.id for hit in best.hits}
    dated = [hit.document.date for hit in found.hits]
    assert dated == sorted(dated, key=lambda day: day or dt.date.min, reverse=True)
    assert [one.hits for one in found.facets[Facet.KIND]] == [NEWEST_OF]


def test_hits_below_the_least_relevance_are_left_out_and_not_counted(ask: Ask) -> None:
    everything = ask(facets=(Facet.KIND,))
    least = everything.found.hits[2].relevance
    assert least is not None
    found = ask(min_relevance=least, facets=(Facet.KIND,)).found
    assert {hit.passage.id for hit in found.hits} == {
        hit.passage.id for hit in everything.found.hits if (hit.relevance or 0) >= least
    }
    assert found.total == len(found.hits) == sum(one.hits for one in found.facets[Facet.KIND]) == 3
    nothing = ask(min_relevance=1).found
    assert (nothing.total, nothing.hits) == (0, ())
    assert nothing.best == everything.found.best == everything.found.hits[0].relevance


@pytest.mark.parametrize("mode", [Mode.DENSE, Mode.LEXICAL])
def test_a_single_retriever_cannot_be_asked_for_relevance(knowledge_base: KnowledgeBase, mode: Mode) -> None:
    request = SearchRequest(query=QUERY, mode=mode, page=Page(min_relevance=2))
    with pytest.raises(InvalidQuery) as caught:
        knowledge_base.ask(request)
    assert [fault[:2] for fault in caught.value.faults] == [
        ("minRelevance", "out-of-range"),
        ("minRelevance", "not-judged"),
    ]


def test_many_searches_are_answered_as_one_by_one(knowledge_base: KnowledgeBase) -> None:
    requests = [
        SearchRequest(query=QUERY, page=Page(limit=3)),
        SearchRequest(query="de  begroting"),
        SearchRequest(query=QUERY, mode=Mode.LEXICAL, filter=Filter(kinds=frozenset({Kind.PRESENTATIE}))),
    ]
    together = knowledge_base.search_many(requests)
    assert [(one.query, one.found) for one in together] == [
        (one.query, one.found) for one in (knowledge_base.ask(request) for request in requests)
    ]
    assert knowledge_base.search_many([]) == []
    with pytest.raises(InvalidQuery):
        knowledge_base.search_many([*requests, SearchRequest(query="")])


def test_many_queries_are_encoded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[list[str]] = []

    class Counting(WordEncoder):
        def encode_queries(self, texts: Any) -> Any:
            together.append(list(texts))
            return super().encode_queries(texts)

    publish(tmp_path, TEXTS)
    monkeypatch.setattr("kb.models.load_encoder", lambda _: Counting())
    knowledge_base = KnowledgeBase(Settings(indexes=tmp_path))
    knowledge_base.search_many([SearchRequest(query=text) for text in ("archief", "begroting in 2022")])
    assert together == [["archief", "begroting"]]


def test_at_most_ten_other_places_are_named_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    said = "De raad van de gemeente besluit na lang beraad het archief te verhuizen."
    publish(tmp_path, {record(f"{number:02}.md"): [said] for number in range(MAX_PLACES + 4)})
    (hit,) = KnowledgeBase(Settings(indexes=tmp_path)).search(said).found.hits
    assert (len(hit.also_in), hit.also_in_total) == (MAX_PLACES, MAX_PLACES + 3)
