"""Promises of what is shown at once of a passage."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.excerpts import excerpt
from api.pages.quotes import Cut
from kb.chunking import sentences

SENTENCES = [f"Dit is zin nummer {number} van een lange passage over het archief." for number in range(30)]
LONG = " ".join(SENTENCES)


def text_of(cut: Cut) -> str:
    return "".join(text for run in chain(cut.before, cut.shown, cut.after) for text, _ in run.segments)


def test_a_short_passage_is_shown_whole() -> None:
    assert excerpt("Een zin. Nog een.", (0, 8)) == (0, 17)


@pytest.mark.parametrize("best", [0, 1, 14, 28, 29])
def test_a_long_passage_is_shown_around_its_best_sentence_in_whole_sentences(best: int) -> None:
    span = sentences(LONG)[best]
    start, end = excerpt(LONG, span)
    assert start <= span[0] < span[1] <= end
    assert 60 <= len(LONG[start:end].split()) < 100
    assert start in {first for first, _ in sentences(LONG)}
    assert end in {last for _, last in sentences(LONG)}


def test_without_a_best_sentence_the_beginning_is_shown() -> None:
    assert excerpt(LONG)[0] == 0


@given(
    text=st.text(alphabet="ab .\n?é", max_size=900),
    spans=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)).map(sorted).map(tuple), max_size=4),
    best=st.none() | st.tuples(st.integers(0, 900), st.integers(0, 900)).map(sorted).map(tuple),
)
def test_no_word_is_lost_or_told_twice(
    text: str, spans: list[tuple[int, int]], best: tuple[int, int] | None
) -> None:
    assert text_of(Cut.of(text, spans, best)) == text
