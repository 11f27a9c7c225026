from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.language import analyse, analyse_query, matching_spans


@pytest.mark.parametrize(
    ("passage", "query"),
    [
        ("De gemeenten besloten samen.", "gemeente"),
        ("Drie besluiten zijn genomen.", "besluit"),
        ("De beveiliging van systemen.", "systeem beveiligen"),
        ("Coördinatie is nodig.", "coordinatie"),
        ("COÖRDINATIE", "coördinatie"),
        ("De AVG-functionaris kijkt mee.", "avg"),
    ],
)
def test_a_dutch_query_finds_other_forms_of_its_words(passage: str, query: str) -> None:
    assert set(analyse_query(query)) & set(analyse(passage, "nl"))


def test_an_english_query_finds_other_forms_in_english_passages() -> None:
    assert set(analyse_query("municipality archives")) & set(analyse("Archiving for municipalities", "en"))


def test_stop_words_of_either_language_are_not_searched() -> None:
    assert analyse_query("wat is de rol van het zaaksysteem") == analyse_query("rol zaaksysteem")
    assert analyse_query("what is the role of the archive") == analyse_query("role archive")


def test_a_query_of_stop_words_alone_is_matched_literally() -> None:
    assert analyse_query("wie is dat") == ["wie", "is", "dat"]


def test_terms_of_a_passage_keep_their_number() -> None:
    assert len(analyse("zaaksysteem, zaaksystemen en een zaaksysteem", "nl")) == 3


def test_matching_words_are_found_where_they_stand() -> None:
    text = "Gemeenten kozen het zaaksysteem; de gemeente betaalt."
    spans = matching_spans(text, analyse_query("gemeente zaaksystemen"))
    assert [text[start:end] for start, end in spans] == ["Gemeenten", "zaaksysteem", "gemeente"]


@given(st.text(max_size=300))
def test_any_text_is_analysed_and_its_spans_lie_within_it(text: str) -> None:
    terms = analyse_query(text)
    assert len(terms) == len(set(terms))
    assert all(0 <= start < end <= len(text) for start, end in matching_spans(text, terms))


def test_many_threads_stem_alike() -> None:
    text = "De gemeentesecretarissen bespraken digitaliseringsvraagstukken en archiefsystemen."
    expected = analyse(text, "nl")
    with ThreadPoolExecutor(8) as pool:
        assert all(
            found == expected for found in pool.map(lambda n: analyse(f"{text} {n}", "nl")[:-1], range(500))
        )
