from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.arranging import MAX_FURTHER, MAX_PER_DOCUMENT
from kb.documents import Kind
from kb.errors import NotFound
from kb.hits import GroupBy, Hits, Page
from kb.index import DocumentRecord, Filter
from kb.index.embedded import EmbeddedIndex
from kb.language import Synonyms
from kb.models import Models
from kb.search import read_query, search, similar
from kb.search_request import Mode
from tests.geometry import WordEncoder
from tests.library import record, write_index

MINUTES, COPY = record("verslag.md"), record("kopie/verslag.pdf", kind=Kind.OVERIG)
DECK = record("dia.pptx", kind=Kind.PRESENTATIE, date=dt.date(2024, 1, 1))
TEXTS = {
    MINUTES: ["De gemeente kiest een zaaksysteem.", "De wethouder dankt de raad."],
    COPY: ["De gemeente kiest een zaaksysteem!"],
    DECK: ["Zaaksystemen vergeleken.", "De begroting is rond.", "Het archief verhuist."],
}


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    write_index(tmp_path, TEXTS)
    return EmbeddedIndex.open(tmp_path)


TODAY = dt.date(2024, 6, 1)
FIRST = Page()
MODELS = Models(encoder=WordEncoder())


def ask(index: EmbeddedIndex, text: str, mode: Mode = Mode.HYBRID, page: Page = FIRST, **where: Any) -> Hits:
    query = read_query(text, index=index, synonyms=Synonyms.of([]), today=TODAY)
    return search(index, MODELS, query, mode=mode, filter=Filter(**where), page=page)


@pytest.mark.parametrize("mode", list(Mode))
def test_the_passage_that_says_it_comes_first_in_every_mode(index: EmbeddedIndex, mode: Mode) -> None:
    first = ask(index, "welk zaaksysteem kiest de gemeente", mode).hits[0]
    assert first.passage.text == "De gemeente kiest een zaaksysteem."
    assert (first.rank, first.document) == (1, MINUTES)


def test_lexical_finds_other_forms_and_only_passages_with_a_word_of_the_query(index: EmbeddedIndex) -> None:
    texts = {hit.passage.text for hit in ask(index, "zaaksysteem", Mode.LEXICAL).hits}
    assert texts == {"De gemeente kiest een zaaksysteem.", "Zaaksystemen vergeleken."}


def test_the_same_words_in_two_documents_are_one_hit_that_names_both(index: EmbeddedIndex) -> None:
    hits = ask(index, "gemeente kiest zaaksysteem")
    (hit,) = [hit for hit in hits.hits if "kiest" in hit.passage.text]
    assert [place.document for place in hit.also_in] == [COPY]
    assert hits.total == 5


def test_a_filter_shows_the_copy_that_it_allows(index: EmbeddedIndex) -> None:
    hit = ask(index, "gemeente kiest zaaksysteem", kinds=frozenset({Kind.OVERIG})).hits[0]
    assert hit.document == COPY


def test_pages_follow_each_other_without_gap_or_repeat(index: EmbeddedIndex) -> None:
    whole = ask(index, "zaaksysteem raad archief")
    pages = [ask(index, "zaaksysteem raad archief", page=Page(offset=at, limit=2)) for at in range(0, 8, 2)]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert [hit.rank for hit in whole.hits] == list(range(1, whole.total + 1))


def test_highlights_are_the_words_that_match(index: EmbeddedIndex) -> None:
    (hit,) = [hit for hit in ask(index, "zaaksystemen gemeenten").hits if "kiest" in hit.passage.text]
    assert [hit.passage.text[start:end] for start, end in hit.highlights] == ["gemeente", "zaaksysteem"]


def test_a_filter_that_allows_nothing_gives_no_hits(index: EmbeddedIndex) -> None:
    found = ask(index, "zaaksysteem", date_from=dt.date(2030, 1, 1))
    assert (found.total, found.hits) == (0, ())


SPRING, AUTUMN = record("lente.md", date=dt.date(2023, 4, 13)), record("herfst.md", date=dt.date(2023, 10, 2))
UNDATED = record("ooit.md")


@pytest.fixture
def dated(tmp_path: Path) -> EmbeddedIndex:
    """Three reports that say nearly the same, so that their dates decide."""
    texts = {
        SPRING: ["De raad bespreekt het archief van de gemeente."],
        AUTUMN: ["De raad bespreekt het archief van een gemeente."],
        UNDATED: ["De raad bespreekt het archief van gemeenten."],
    }
    write_index(tmp_path, texts)
    return EmbeddedIndex.open(tmp_path)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("archief van de gemeente in het voorjaar van 2023", SPRING),
        ("archief van de gemeente in het najaar van 2023", AUTUMN),
        ("archief municipality October 2023", AUTUMN),
    ],
)
def test_a_period_in_the_query_prefers_documents_of_that_time(
    dated: EmbeddedIndex, query: str, first: DocumentRecord
) -> None:
    assert ask(dated, query).hits[0].document == first


def test_a_period_never_hides_what_lies_outside_it(dated: EmbeddedIndex) -> None:
    assert ask(dated, "archief in 2019").total == 3


def test_without_a_day_to_reckon_from_a_query_is_its_words_alone(dated: EmbeddedIndex) -> None:
    text = "archief van een gemeente in het voorjaar van 2023"
    query = read_query(text, index=dated, synonyms=Synonyms.of([]), today=None)
    assert (query.period, query.dense_text) == (None, text)
    found = search(dated, MODELS, query, filter=Filter(), page=Page(limit=1))
    assert found.hits[0].document == AUTUMN


def test_of_copies_the_one_from_the_period_is_shown(tmp_path: Path) -> None:
    words = "De raad bespreekt het archief."
    write_index(tmp_path, {UNDATED: [words], SPRING: [words], AUTUMN: ["De raad bespreekt het archief nu."]})
    first = ask(EmbeddedIndex.open(tmp_path), "archief april 2023").hits[0]
    assert first.document == SPRING
    assert [place.document for place in first.also_in] == [UNDATED]


def test_a_typing_error_is_searched_as_what_was_meant_and_said(index: EmbeddedIndex) -> None:
    query = read_query("wethoudr", index=index, synonyms=Synonyms.of([]), today=None)
    assert query.corrections in ((), (("wethoudr", "wethouder"),))
    synonyms = Synonyms.of([["zaaksysteem", "ZGW"]])
    query = read_query("zgw", index=index, synonyms=synonyms, today=None)
    found = search(index, MODELS, query, mode=Mode.LEXICAL, filter=Filter(), page=Page(limit=9))
    assert {hit.passage.text for hit in found.hits} == {
        "De gemeente kiest een zaaksysteem.",
        "Zaaksystemen vergeleken.",
    }


LONG = "De raad van de gemeente besluit na lang beraad het archief te verhuizen naar een streekarchief."
NEAR = f"{LONG} Dank u."
OTHERS = [record(f"los{number}.md") for number in range(4)]


@pytest.fixture
def library(tmp_path: Path) -> EmbeddedIndex:
    """One document that says much about the archive, its near copy, and others that say a little."""
    texts = {
        MINUTES: [LONG, *(f"Het archief komt aan bod in deel {number} van dit stuk." for number in range(7))],
        COPY: [NEAR, "Geheel iets anders, over de begroting."],
        **{
            other: [f"Over het archief zegt stuk {number} weinig, maar over wegen en water des te meer."]
            for number, other in enumerate(OTHERS)
        },
    }
    write_index(tmp_path, texts)
    return EmbeddedIndex.open(tmp_path)


def test_near_identical_passages_are_one_hit_that_says_so(library: EmbeddedIndex) -> None:
    found = ask(library, "besluit archief verhuizen streekarchief", page=Page(limit=20)).hits
    (hit,) = [hit for hit in found if "streekarchief" in hit.passage.text]
    (place,) = hit.also_in
    assert {hit.passage.text, place.passage.text} == {LONG, NEAR}
    assert not place.is_identical


def test_equal_words_are_said_to_be_equal(index: EmbeddedIndex) -> None:
    (hit,) = [hit for hit in ask(index, "zaaksysteem").hits if "kiest" in hit.passage.text]
    assert [place.is_identical for place in hit.also_in] == [True]


def test_one_document_does_not_fill_the_page(library: EmbeddedIndex) -> None:
    hits = ask(library, "het archief komt aan bod", page=Page(limit=20)).hits
    of_minutes = [hit.rank for hit in hits if hit.document == MINUTES]
    others = [hit.rank for hit in hits if hit.document in OTHERS]
    assert of_minutes[:MAX_PER_DOCUMENT] == list(range(1, MAX_PER_DOCUMENT + 1))
    assert len(of_minutes) > MAX_PER_DOCUMENT
    assert max(others) < of_minutes[MAX_PER_DOCUMENT]


def test_nothing_is_lost_when_documents_take_turns(library: EmbeddedIndex) -> None:
    whole = ask(library, "het archief komt aan bod", page=Page(limit=50))
    assert len({hit.passage.id for hit in whole.hits}) == len(whole.hits) == whole.total
    scores = [hit.score for hit in whole.hits if hit.document == MINUTES]
    assert scores == sorted(scores, reverse=True)


def test_a_search_in_one_document_keeps_the_order_of_its_scores(library: EmbeddedIndex) -> None:
    hits = ask(library, "het archief komt aan bod", documents=frozenset({MINUTES.id})).hits
    scores = [hit.score for hit in hits]
    assert len(scores) > MAX_PER_DOCUMENT
    assert scores == sorted(scores, reverse=True)


def test_grouped_by_document_each_one_is_there_once_at_its_best_passage(library: EmbeddedIndex) -> None:
    query = "het archief komt aan bod"
    grouped = ask(library, query, page=Page(limit=20, group_by=GroupBy.DOCUMENT))
    single = ask(library, query, page=Page(limit=50)).hits
    best: dict[str, str] = {}
    for hit in sorted(single, key=lambda hit: -hit.score):
        best.setdefault(hit.document.id, hit.passage.id)
    assert {hit.document.id: hit.passage.id for hit in grouped.hits} == best
    assert grouped.total == len(grouped.hits) == len(best)
    first = grouped.hits[0]
    of_minutes = [(hit.passage.id, hit.score) for hit in single if hit.document == MINUTES]
    assert first.document == MINUTES
    assert [(one.passage.id, one.score) for one in first.further] == of_minutes[1 : MAX_FURTHER + 1]
    assert all(one.highlights for one in first.further)
    assert all(not hit.further for hit in grouped.hits if hit.document in OTHERS)


def test_pages_of_documents_follow_each_other_without_gap_or_repeat(library: EmbeddedIndex) -> None:
    def page(offset: int, limit: int) -> Hits:
        return ask(library, "het archief", page=Page(offset=offset, limit=limit, group_by=GroupBy.DOCUMENT))

    whole = page(0, 20)
    parts = [hit for at in range(0, 8, 2) for hit in page(at, 2).hits]
    assert parts == list(whole.hits)
    assert [hit.rank for hit in parts] == list(range(1, whole.total + 1))


def passage_id(index: EmbeddedIndex, text: str) -> str:
    rows = range(index.manifest.passages)
    return next(found.passage.id for found in index.passages(rows) if found.passage.text == text)


def test_similar_passages_are_of_other_documents_and_nearest_first(index: EmbeddedIndex) -> None:
    found = similar(index, passage_id(index, TEXTS[MINUTES][0]), filter=Filter(), limit=10)
    assert {one.document for one in found} == {DECK}
    cosines = [one.similarity for one in found]
    assert cosines == sorted(cosines, reverse=True)
    assert all(0 <= cosine <= 1 for cosine in cosines)
    own, others = index.vector(0), [index.vector(index.passage_row(one.passage.id)) for one in found]
    np.testing.assert_allclose(cosines, np.clip([own @ other for other in others], 0, 1), atol=1e-6)


def test_what_is_near_identical_is_not_similar_but_the_same(library: EmbeddedIndex) -> None:
    found = similar(library, passage_id(library, LONG), filter=Filter(), limit=50)
    assert {one.document for one in found} == {COPY, *OTHERS}
    assert NEAR not in {one.passage.text for one in found}


def test_similar_passages_show_each_text_once_and_hold_to_filter_and_limit(library: EmbeddedIndex) -> None:
    identifier = passage_id(library, "Geheel iets anders, over de begroting.")
    found = similar(library, identifier, filter=Filter(), limit=50)
    (report,) = [one for one in found if one.passage.text == LONG]
    assert [place.passage.text for place in report.also_in] == [NEAR]
    allowed = Filter(documents=frozenset({OTHERS[0].id}))
    assert [one.document for one in similar(library, identifier, filter=allowed, limit=50)] == [OTHERS[0]]
    assert similar(library, identifier, filter=Filter(), limit=2) == found[:2]


def test_a_passage_that_is_not_there_has_no_similar_ones(library: EmbeddedIndex) -> None:
    with pytest.raises(NotFound, match="nope"):
        similar(library, "nope", filter=Filter(), limit=10)
