"""Promises of suggestions: what is suggested, for what was typed, and to whom."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from kb.documents import Access, Event
from kb.errors import InvalidQuery
from kb.index.embedded import EmbeddedIndex
from kb.index.restricted import public_view
from kb.knowledge_base import KnowledgeBase
from kb.search_request import MAX_SUGGESTIONS, MAX_TYPED
from kb.settings import Settings
from kb.suggestions import Suggestion, SuggestionKind
from kb.suggestions.learning import learn
from kb.suggestions.matching import Suggestions
from kb.suggestions.phrases import PhraseLearner
from tests.geometry import WordEncoder
from tests.library import publish, record, write_index

EVENING = Event(name="Avond over digitale besluitvorming", date=dt.date(2023, 4, 13))
SAID = "De gemeente kiest voor digitale transformatie. Daarna volgt de Wet open overheid."
TEXTS = {
    **{record(f"stuk{number}.md", title=f"Stuk {number}"): [SAID] for number in range(3)},
    record("avond.md", title="Coördinatie van zorg", event=EVENING, themes=("Wonen",), host="Duinmeer"): [
        "Iets anders komt hier aan de orde."
    ],
    **{
        record(f"geheim{number}.md", title="Geheim plan", access=Access.MEMBERS, speakers=("Sam Stil",)): [
            "De gemeente overweegt digitale ontvlechting."
        ]
        for number in range(3)
    },
}


def made(*texts: str, kind: SuggestionKind = SuggestionKind.PHRASE) -> Suggestions:
    return Suggestions(
        Suggestion(text=text, kind=kind, documents=len(texts) - at) for at, text in enumerate(texts)
    )


def texts(found: Sequence[Suggestion]) -> list[str]:
    return [one.text for one in found]


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    write_index(tmp_path, TEXTS)
    return EmbeddedIndex.open(tmp_path)


@pytest.mark.parametrize(
    "typed", ["coordinatie", "COÖRD", "coordinatie van zo", "zorg coor", "coördinatie, van", "zorg"]
)
def test_case_and_accents_do_not_matter_and_the_last_word_is_a_beginning(typed: str) -> None:
    assert texts(made("Coördinatie van zorg", "iets anders").matching(typed, 8)) == ["Coördinatie van zorg"]


def test_only_the_last_word_is_a_beginning() -> None:
    assert made("digitale besluiten").matching("digi besluiten", 8) == []
    assert made("digitale besluiten").matching("!?", 8) == []


@pytest.mark.parametrize(
    "typed",
    ["trasformatie", "transsformatie", "tranzformatie", "tarnsformatie", "rtansf", "trnasf", "digitael tran"],
)
def test_one_typing_error_is_forgiven_in_words_of_five_letters_or_more(typed: str) -> None:
    assert texts(made("digitale transformatie").matching(typed, 8)) == ["digitale transformatie"]


@pytest.mark.parametrize("typed", ["trnasfromatie", "wte", "vlak"])
def test_two_errors_or_one_in_a_short_word_are_not(typed: str) -> None:
    assert made("digitale transformatie", "wet", "vaak").matching(typed, 8) == []


def test_what_is_typed_right_is_not_taken_for_an_error() -> None:
    assert texts(made("gemeenten", "gemeentes", "gemeende").matching("gemeente", 8)) == [
        "gemeenten",
        "gemeentes",
    ]


def test_what_begins_as_typed_comes_first_and_then_what_most_documents_have() -> None:
    found = made("de digitale raad", "digitale agenda", "digitale overheid").matching("digitale", 8)
    assert texts(found) == ["digitale agenda", "digitale overheid", "de digitale raad"]
    assert len(made(*(f"digitaal {number}" for number in range(30))).matching("digitaal", 5)) == 5


def test_all_kinds_have_their_turn() -> None:
    many = [
        Suggestion(text=f"digitaal {kind} {number}", kind=kind, documents=100 if kind == "phrase" else 1)
        for kind in SuggestionKind
        for number in range(20)
    ]
    found = Suggestions(many).matching("digitaal", 12)
    assert {kind: [one.kind for one in found].count(kind) for kind in SuggestionKind} == dict.fromkeys(
        SuggestionKind, 2
    )


def test_the_same_words_are_suggested_once_as_what_says_most() -> None:
    found = Suggestions(
        Suggestion(text=text, kind=kind, documents=documents)
        for text, kind, documents in (
            ("wonen", SuggestionKind.PHRASE, 9),
            ("Wonen", SuggestionKind.THEME, 2),
            ("Wonen!", SuggestionKind.TITLE, 1),
        )
    ).matching("wo", 8)
    assert found == [Suggestion(text="Wonen", kind=SuggestionKind.THEME, documents=2)]


def phrases(*documents: str) -> dict[str, int]:
    learner = PhraseLearner()
    for text in documents:
        learner.add([text])
    return learner.phrases()


def test_a_phrase_stands_in_three_documents_and_does_not_begin_or_end_with_a_stop_word() -> None:
    found = phrases(*["Het plan van aanpak is de basis"] * 3, *["rode draad"] * 2)
    assert found == {"plan van aanpak": 3}


def test_a_phrase_does_not_run_over_punctuation_or_numbers() -> None:
    assert phrases(*["digitale. Overheid", "digitale (overheid)", "digitale 2 overheid"] * 3) == {}


def test_a_phrase_keeps_the_capitals_that_its_words_have_most_often() -> None:
    assert phrases(*["gemeente Den Haag"] * 3, *["Gemeente en gemeente Den haag"] * 2) == {
        "gemeente Den Haag": 5
    }


def test_a_part_of_a_phrase_that_hardly_stands_alone_is_left_out() -> None:
    whole = ["wet open overheid"] * 5
    assert set(phrases(*whole)) == {"wet open overheid"}
    assert set(phrases(*whole, *["open overheid"] * 3)) == {"wet open overheid", "open overheid"}


def test_single_words_are_suggested_unless_they_are_everywhere() -> None:
    others = [f"niets{chr(97 + number % 26)}" for number in range(37)]
    assert phrases(*["omgevingswet"] * 3, *others) == {"omgevingswet": 3}
    assert phrases(*["omgevingswet"] * 10, *others) == {}


def test_an_index_suggests_its_names_and_phrases(index: EmbeddedIndex) -> None:
    learned = learn(index)
    for typed, expected in (
        ("digitale tr", Suggestion(text="digitale transformatie", kind=SuggestionKind.PHRASE, documents=3)),
        ("avond", Suggestion(text=EVENING.name, kind=SuggestionKind.EVENT, documents=1)),
        ("coord", Suggestion(text="Coördinatie van zorg", kind=SuggestionKind.TITLE, documents=1)),
        ("geheim", Suggestion(text="Geheim plan", kind=SuggestionKind.TITLE, documents=3)),
        ("wonen", Suggestion(text="Wonen", kind=SuggestionKind.THEME, documents=1)),
        ("duin", Suggestion(text="Duinmeer", kind=SuggestionKind.HOST, documents=1)),
        ("stil", Suggestion(text="Sam Stil", kind=SuggestionKind.SPEAKER, documents=3)),
    ):
        assert learned.matching(typed, 1) == [expected]


def test_nothing_of_a_document_for_members_is_suggested_to_others(index: EmbeddedIndex) -> None:
    everybody = learn(public_view(index))
    for typed in ("geheim", "stil", "digitale ontv", "ontvlechting"):
        assert learn(index).matching(typed, 8)
        assert everybody.matching(typed, 8) == []
    assert texts(everybody.matching("digitale tr", 8)) == ["digitale transformatie"]


def test_a_service_suggests_names_at_once_and_phrases_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    knowledge_base = KnowledgeBase(Settings(indexes=tmp_path))
    assert texts(knowledge_base.suggestions("coord").suggestions) == ["Coördinatie van zorg"]
    deadline = time.monotonic() + 30
    while not knowledge_base.suggestions("di").is_complete:
        assert time.monotonic() < deadline, "no phrases were learned"
        time.sleep(0.01)
    assert "digitale transformatie" in texts(knowledge_base.suggestions("digitale tr").suggestions)
    # Another generation has suggestions of its own, and each reader those of what is seen.
    publish(tmp_path, {record("ander.md", title="Zaaksysteem", access=Access.MEMBERS): ["Iets anders."]})
    assert texts(knowledge_base.pinned().suggestions("zaak").suggestions) == ["Zaaksysteem"]
    assert knowledge_base.pinned(members=False).suggestions("zaak").suggestions == ()
    assert knowledge_base.suggestions("coord").suggestions == ()


@pytest.mark.parametrize(
    ("typed", "limit", "expected"),
    [
        (" ", 8, [("q", "empty")]),
        ("a" * (MAX_TYPED + 1), MAX_SUGGESTIONS + 1, [("q", "too-long"), ("limit", "out-of-range")]),
        ("a\x00", 0, [("q", "control-characters"), ("limit", "out-of-range")]),
    ],
)
def test_what_cannot_be_typed_is_refused(
    tmp_path: Path, typed: str, limit: int, expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidQuery) as caught:
        KnowledgeBase(Settings(indexes=tmp_path)).suggestions(typed, limit=limit)
    assert [fault[:2] for fault in caught.value.faults] == expected
