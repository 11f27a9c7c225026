"""Municipalities and provinces are recognised where a text names them, and nowhere else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from kb.documents import Source
from kb.parsing import ReadOptions, parse
from kb.places import PlaceKind, PlaceMention, codes_named, find_places, places_named, shipped_gazetteer
from kb.places.gazetteer import fold

Named = tuple[int, int, str]


def named(text: str, *, language: str | None = None) -> list[tuple[str, str]]:
    """Each mention as written, and the code it was recognised as."""
    return [(text[each.start : each.end], each.code) for each in find_places(text, language=language)]


def only(text: str) -> PlaceMention:
    """The one mention in a text."""
    (mention,) = find_places(text)
    return mention


def precision_and_recall(found: Counter[Named], expected: Counter[Named]) -> tuple[float, float]:
    right = (found & expected).total()
    return right / found.total(), right / expected.total()


# -- The lists ------------------------------------------------------------------------------------------


def test_all_present_municipalities_and_provinces_are_known() -> None:
    places = shipped_gazetteer().by_code.values()
    present = [place for place in places if place.kind is PlaceKind.MUNICIPALITY and place.ended is None]
    assert len(present) == 342
    # How many each province has, as Statistics Netherlands counted them on 1 January 2025.
    assert Counter(place.province for place in present) == {
        "PV20": 10, "PV21": 18, "PV22": 12, "PV23": 25, "PV24": 6, "PV25": 51,
        "PV26": 26, "PV27": 44, "PV28": 50, "PV29": 13, "PV30": 56, "PV31": 31,
    }  # fmt: skip
    assert len([place for place in places if place.kind is PlaceKind.PROVINCE]) == 12


def test_every_former_municipality_has_come_to_a_present_one() -> None:
    by_code = shipped_gazetteer().by_code
    former = [place for place in by_code.values() if place.ended]
    assert len(former) > 700
    assert all(1970 <= (place.ended or 0) <= 2025 for place in former)
    # Haaren, to which the two others had come, was divided among four.
    lost = {place.name for place in former if place.successor is None}
    assert lost == {"Haaren", "Esch", "Helvoirt"}
    assert all(by_code[place.successor].ended is None for place in former if place.successor)


def test_the_lists_name_only_places_that_are_there() -> None:
    gazetteer = shipped_gazetteer()
    assert set(gazetteer.homographs) <= set(gazetteer.places)
    assert {code for codes in gazetteer.places.values() for code in codes} == set(gazetteer.by_code)


def test_the_data_tell_where_they_come_from(root: Path) -> None:
    folder = root / "kb" / "places" / "data"
    told = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{file.name}`" in told for file in folder.glob("*.csv"))
    assert "CC BY 4.0" in told
    assert "1 January 2025" in told


@pytest.mark.parametrize("text", ["", "Súdwest-Fryslân", "’s-Gravenhage", "İstanbul ẞ ﬁ"])
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)


# -- What is found --------------------------------------------------------------------------------------


def test_a_mention_stands_where_it_is_said_to() -> None:
    text = "Eerst sprak Utrecht.\nDaarna de gemeente Hof van Twente, tot slot 's-Gravenhage."
    assert named(text) == [
        ("Utrecht", "GM0344"), ("Hof van Twente", "GM1735"), ("'s-Gravenhage", "GM0518"),
    ]  # fmt: skip


def test_a_former_municipality_counts_as_what_it_has_come_to() -> None:
    mention = only("De gemeente Weesp deed mee.")
    assert (mention.code, mention.successor) == ("GM0457", "GM0363")
    # It became Gaasterlân-Sleat, that De Friese Meren, and that De Fryske Marren.
    assert only("De gemeente Gaasterland deed mee.").successor == "GM1940"
    assert places_named(find_places("De gemeenten Weesp, Amsterdam en Diemen")) == ("GM0363", "GM0384")


def test_an_ambiguous_name_is_decided_by_its_context() -> None:
    assert named("De gemeente Best deed haar best. Best lastig, en in Best al helemaal.") == [
        ("Best", "GM0753"), ("Best", "GM0753"),
    ]  # fmt: skip
    assert named("Een echt goed idee van de gemeente Echt.") == [("Echt", "GM0902")]


def test_namesakes_are_told_apart_or_left_out() -> None:
    assert named("Bergen (NH) en Bergen (L)") == [("Bergen", "GM0373"), ("Bergen", "GM0893")]
    assert named("De gemeenten Bergen, Venray en Gennep")[0] == ("Bergen", "GM0893")
    assert named("De gemeente Bergen heeft niets gemeld.") == []


def test_a_province_and_a_municipality_of_one_name_are_two_places() -> None:
    text = "De provincie Groningen en de gemeente Groningen"
    assert [mention.kind for mention in find_places(text)] == [PlaceKind.PROVINCE, PlaceKind.MUNICIPALITY]
    assert named("Utrecht, Gelderland en Flevoland")[0] == ("Utrecht", "PV26")
    assert named("Utrecht, Amersfoort en Zeist")[0] == ("Utrecht", "GM0344")


def test_a_name_that_was_explained_once_is_known_in_the_rest_of_a_text() -> None:
    text = "De gemeente Goes begon. Dat kostte Goes een jaar. Goes away."
    assert [mention.start for mention in find_places(text)] == [12, 35]


def test_a_venue_is_told_from_who_does_something() -> None:
    venues = {
        "De volgende bijeenkomst is in Utrecht.": True,
        "Locatie: Jaarbeurs, Utrecht": True,
        "Postbus 1, 3500 AA Utrecht": True,
        "Verslag, 27 juni 2018, Utrecht": True,
        "In Utrecht is het register gevuld.": False,
        "De gemeente Utrecht ontvangt de bijeenkomst.": False,
    }
    assert {text: only(text).venue for text in venues} == venues
    assert places_named(find_places("De bijeenkomst is in Utrecht, zei de gemeente Ede.")) == ("GM0228",)


def test_in_english_any_word_may_stand_behind_in() -> None:
    assert named("Written in Best Dutch", language="en") == []
    assert named("The municipality of Best", language="en") == [("Best", "GM0753")]


# -- How well -------------------------------------------------------------------------------------------


def test_sentences_of_our_own_are_read_as_meant(files: Path) -> None:
    found: Counter[Named] = Counter()
    expected: Counter[Named] = Counter()
    for number, line in enumerate((files / "places.jsonl").read_text(encoding="utf-8").splitlines()):
        sentence = json.loads(line)
        at = 0
        for name, code in sentence["places"]:
            at = sentence["text"].index(name, at)
            expected[number, at, code] += 1
            at += len(name)
        found.update((number, each.start, each.code) for each in find_places(sentence["text"]))
    precision, recall = precision_and_recall(found, expected)
    assert expected.total() > 80
    assert precision >= 0.95
    assert recall >= 0.95


def test_places_of_real_minutes_and_guides_are_found(root: Path, shared: Path) -> None:
    # Every name of the lists, in any case, in 153 files was read in its place and labelled before there were
    # rules: `code` is the place it names, null where it names none; `venue` where something takes place;
    # `doubtful` why another reader might decide otherwise. What is not labelled is an ordinary word.
    lines = (root / "tests" / "labels" / "places.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    files = sorted({label["file"] for label in labels})
    expected: Counter[Named] = Counter(
        (files.index(label["file"]), label["start"], label["code"]) for label in labels if label["code"]
    )
    found: Counter[Named] = Counter()
    for number, file in enumerate(files):
        source = Source(path=file, sha256="", size=0)
        text = parse(shared / "corpus", source, ReadOptions()).text
        found.update((number, each.start, each.code) for each in find_places(text))
    precision, recall = precision_and_recall(found, expected)
    assert expected.total() >= 200
    assert precision >= 0.95
    assert recall >= 0.9


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Utrecht", {"GM0344", "PV26"}),
        ("den  haag", {"GM0518"}),
        ("'s-Gravenhage", {"GM0518"}),
        ("s-gravenhage", {"GM0518"}),
        ("Maarssen", {"GM1904"}),
        ("gm0344", {"GM0344"}),
        ("Súdwest-Fryslân", {"GM1900"}),
        ("sudwest fryslan", {"GM1900"}),
        ("Bergen", {"GM0373", "GM0893"}),
        ("Nergenshuizen", set()),
        ("", set()),
    ],
)
def test_a_reader_may_name_a_place_as_it_is_called(name: str, codes: set[str]) -> None:
    assert codes_named(name) == codes
