from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Kind
from kb.index import Filter, Ranking
from kb.index.embedded import EmbeddedIndex
from kb.search import Hits, Mode, fuse, search
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


def ask(
    index: EmbeddedIndex, query: str, mode: Mode = Mode.HYBRID, page: slice = slice(0, 10), **where: object
) -> Hits:
    return search(index, WordEncoder(), query, mode=mode, filter=Filter(**where), page=page)  # type: ignore[arg-type]


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
    pages = [ask(index, "zaaksysteem raad archief", page=slice(at, at + 2)) for at in range(0, 8, 2)]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert [hit.rank for hit in whole.hits] == list(range(1, whole.total + 1))


def test_highlights_are_the_words_that_match(index: EmbeddedIndex) -> None:
    (hit,) = [hit for hit in ask(index, "zaaksystemen gemeenten").hits if "kiest" in hit.passage.text]
    assert [hit.passage.text[start:end] for start, end in hit.highlights] == ["gemeente", "zaaksysteem"]


def test_a_filter_that_allows_nothing_gives_no_hits(index: EmbeddedIndex) -> None:
    assert ask(index, "zaaksysteem", date_from=dt.date(2030, 1, 1)) == Hits(total=0)


def test_fusion_is_the_weighted_sum_of_standardised_scores() -> None:
    """A case worked out by hand: rows 1, 2, 3 with dense 3, 2, 1 and lexical 0, 4, 2.

    Dense: mean 2, deviation √(2/3) ≈ 0.816, so 1.225, 0, -1.225. Lexical: mean 2, deviation
    √(8/3) ≈ 1.633, so -1.225, 1.225, 0. With weights 0.65 and 0.35: 0.367, 0.429, -0.796.
    """
    dense = Ranking(np.array([1, 2]), np.array([3, 2], np.float32))
    lexical = Ranking(np.array([2, 3]), np.array([4, 2], np.float32))
    fused = fuse(dense, lexical, dense_scores=np.array([2, 1], np.float32))
    assert fused.rows.tolist() == [2, 1, 3]
    np.testing.assert_allclose(fused.scores, [0.429, 0.367, -0.796], atol=1e-3)


def test_fusion_without_lexical_hits_keeps_the_dense_order() -> None:
    dense = Ranking(np.array([5, 2, 9]), np.array([0.9, 0.8, 0.7], np.float32))
    none = Ranking(np.empty(0, np.int64), np.empty(0, np.float32))
    assert fuse(dense, none, dense_scores=np.empty(0, np.float32)).rows.tolist() == [5, 2, 9]
    assert len(fuse(none, none, dense_scores=np.empty(0, np.float32))) == 0
