"""What a person types becomes weighted terms: words, parts, synonyms, what was meant."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import SettingsError
from kb.language import (
    Lexicon,
    Synonyms,
    analyse,
    corrections,
    expand_query,
    matching_spans,
    shipped_synonyms,
)
from kb.language.spelling import distance
from kb.language.terms import forms

TEXT = (
    "Het zaaksysteem en het raadsinformatiesysteem kregen subsidie voor inkoopvoorwaarden. De architectuur."
)
WORDS = {
    "raad": 30,
    "informatie": 40,
    "systeem": 50,
    "zaak": 20,
    "zaaksysteem": 5,
    "raadsinformatiesysteem": 4,
    "subsidie": 9,
    "subsidies": 3,
    "inkoopvoorwaarden": 3,
    "architectuur": 12,
    "email": 3,
}
LEXICON = Lexicon(WORDS, terms=set(analyse(" ".join(WORDS), "nl")))
NONE = Synonyms.of([])


def weights(query: str, synonyms: Synonyms = NONE) -> dict[str, float]:
    return dict(expand_query(query, lexicon=LEXICON, synonyms=synonyms).terms)


def passage(text: str) -> set[str]:
    return set(analyse(text, "nl", LEXICON))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("informatiesysteem raad", "Het raadsinformatiesysteem."),
        ("raadsinformatiesysteem", "Een informatiesysteem van de raad."),
        ("systemen", "Het zaaksysteem."),
        ("zaak-systeem", "Het zaaksysteem."),
        ("zaaksysteem", "Het zaak-systeem."),
        ("e-mail", "Stuur een email."),
        ("email", "Stuur een e-mail."),
        ("coordinatie", "De co-ördinatie."),
        ("ICT beleid", "Het ICT-beleid."),
    ],
)
def test_a_query_finds_other_spellings_and_compounds_of_its_words(query: str, text: str) -> None:
    assert set(weights(query)) & passage(text)


def test_parts_of_a_word_count_less_than_the_word() -> None:
    found = weights("raadsinformatiesysteem")
    whole = set(forms("raadsinformatiesysteem"))
    assert {found.pop(form) for form in whole} == {1.0}
    assert set(analyse("raad informatie systeem", "nl")) == set(found)
    assert all(0 < weight < 1 for weight in found.values())
    assert weights("raad raadsinformatiesysteem")["raad"] == 1.0


def test_a_typing_error_is_put_right_and_told() -> None:
    found = expand_query("subsidei voor inkoopvoorwarden", lexicon=LEXICON, synonyms=NONE)
    assert found.corrections == (("subsidei", "subsidie"), ("inkoopvoorwarden", "inkoopvoorwaarden"))
    assert set(found.terms) & passage("subsidie")
    assert list(found.corrections) == corrections("subsidei voor inkoopvoorwarden", lexicon=LEXICON)


@pytest.mark.parametrize(
    "word",
    ["subsidie", "subsidies", "subsidiëring", "zaaksystemen", "raadsysteem", "hetzelfde", "2024", "raat"],
)
def test_words_that_the_corpus_knows_and_short_ones_are_not_put_right(word: str) -> None:
    assert corrections(word, lexicon=LEXICON) == []


def test_a_rare_word_that_stands_in_a_passage_is_not_put_right() -> None:
    lexicon = Lexicon({"subsidie": 50}, terms=set(analyse("subsidie subsidia", "nl")))
    assert corrections("subsidia", lexicon=lexicon) == []
    assert corrections("subsidix", lexicon=lexicon) == [("subsidix", "subsidie")]


def test_of_equally_near_words_the_most_frequent_is_meant() -> None:
    lexicon = Lexicon({"plaats": 5, "plaatje": 90, "staats": 50}, terms=())
    assert corrections("plaatz", lexicon=lexicon) == [("plaatz", "plaats")]
    assert Lexicon({"boeten": 4, "boeken": 9}, terms=()).correction("boeren") == "boeken"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("raad", "raad", 0), ("raad", "rad", 1), ("raad", "raads", 1), ("raad", "rood", 2), ("raad", "arad", 1)],
)
def test_distance_counts_letters_added_left_out_replaced_or_swapped(
    one: str, other: str, expected: int
) -> None:
    assert distance(one, other) == distance(other, one) == expected


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_distance_is_none_for_equal_words_only_and_at_most_the_longer_length(one: str, other: str) -> None:
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


def test_synonyms_are_asked_for_and_count_less() -> None:
    synonyms = Synonyms.of([["AVG", "GDPR", "Algemene verordening gegevensbescherming"]])
    found = weights("avg", synonyms)
    assert found["avg"] == 1.0
    assert 0 < found["gdpr"] < 1
    phrase = " ".join(analyse("algemene verordening gegevensbescherming", "nl"))
    assert 0 < found[phrase] < 1
    assert weights("De algemene verordening gegevensbescherming", synonyms)["avg"] < 1


def test_a_phrase_is_a_synonym_as_a_whole_only() -> None:
    synonyms = Synonyms.of([["Woo", "Wet open overheid"], ["overheid", "government"]])
    assert "woo" not in weights("open data van de overheid", synonyms)
    assert "government" in weights("open data van de overheid", synonyms)
    assert "woo" in weights("wat zegt de wet open overheid", synonyms)
    assert "government" not in weights("wat zegt de wet open overheid", synonyms)


def test_english_synonyms_are_found_in_any_number() -> None:
    synonyms = Synonyms.of([["gemeente", "municipality"]])
    assert set(weights("municipalities", synonyms)) & passage("gemeenten")


def test_the_shipped_synonyms_are_groups_of_different_words() -> None:
    synonyms = shipped_synonyms()
    assert len({frozenset(group) for group in synonyms.groups.values()}) >= 40
    assert "General Data Protection Regulation" in synonyms.expand(["avg"])


@pytest.mark.parametrize("content", ["groups: {}", "- AVG", "- [AVG, no]", "- [12, a]", "[", "\xff"])
def test_a_file_of_synonyms_that_cannot_be_used_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "synoniemen.yaml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match="KB_SYNONYMS"):
        Synonyms.load(file)


def test_an_own_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "synoniemen.yaml"
    file.write_text("- [stadsdeel, bestuurscommissie]\n")
    assert Synonyms.load(file).expand(["stadsdelen"]) == ["bestuurscommissie"]
    assert Synonyms.load(file).expand(["avg"]) == []
    file.write_text("# niets\n")
    assert Synonyms.load(file).groups == {}


def test_a_query_of_stop_words_alone_is_matched_literally() -> None:
    assert weights("wie is dat") == {"wie": 1.0, "is": 1.0, "dat": 1.0}


def test_a_word_is_marked_as_a_whole_where_a_part_of_it_matches() -> None:
    spans = matching_spans(TEXT, weights("systeem"), LEXICON)
    assert [TEXT[start:end] for start, end in spans] == ["zaaksysteem", "raadsinformatiesysteem"]


def test_a_hyphenated_word_is_marked_as_a_whole() -> None:
    text = "Per e-mail of post."
    assert [text[start:end] for start, end in matching_spans(text, weights("email"), LEXICON)] == ["e-mail"]


def test_a_phrase_is_marked_only_where_all_of_it_stands() -> None:
    terms = ["open overheid"]
    assert matching_spans("De overheid.", terms) == []
    assert len(matching_spans("De open overheid.", terms)) == 2


@given(st.text(max_size=200))
def test_any_text_becomes_terms_with_weights_up_to_one(text: str) -> None:
    found = expand_query(text, lexicon=LEXICON, synonyms=shipped_synonyms())
    assert all(key and 0 < weight <= 1 for key, weight in found.terms.items())
    spans = matching_spans(text, found.terms, LEXICON)
    assert all(0 <= start < end <= len(text) for start, end in spans)


def test_a_query_is_analysed_in_two_milliseconds() -> None:
    words = {f"{one}{other}": 5 for one in WORDS for other in map(str, range(3))} | WORDS
    lexicon = Lexicon(words, terms=set(WORDS))
    expand_query("warm", lexicon=lexicon, synonyms=shipped_synonyms())
    started = time.thread_time()
    for number in range(50):
        expand_query(
            f"Welke inkoopvoorwarden{'xyz'[number % 3]} gelden voor zaaksystemen van gemeenten",
            lexicon=lexicon,
            synonyms=shipped_synonyms(),
        )
    assert (time.thread_time() - started) / 50 < 0.002
