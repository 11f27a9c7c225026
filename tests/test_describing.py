"""Metadata are completed from names and first lines, and stay empty where these do not say."""

from __future__ import annotations

import datetime as dt

import pytest

from kb.describing import describe
from kb.documents import Block, Document, Event, Kind, Locator, Metadata, Role, Source

SENTENCES = (
    "De gemeentesecretarissen spraken over de vraag wie er verantwoordelijk is voor de gegevens in de keten. "
    "Daarna volgde een gesprek over de begroting van het komende jaar en de plannen voor het archief."
)


def described(
    path: str,
    *lines: str,
    heading: str | None = None,
    sidecar: Metadata | None = None,
    own: Metadata | None = None,
) -> Metadata:
    blocks = [Block(text=line, locator=Locator(), role=Role.PARAGRAPH) for line in (*lines, SENTENCES)]
    if heading:
        place = Locator(headings=(heading,))
        blocks.insert(0, Block(text=heading, locator=place, role=Role.HEADING, level=1))
    source = Source(path=path, sha256="0" * 64, size=1, sidecar=sidecar or Metadata())
    document = Document(source=source, metadata=own or Metadata(), blocks=tuple(blocks))
    return describe(document).metadata


def test_sidecar_goes_before_everything() -> None:
    sidecar = Metadata(title="Eigen titel", date=dt.date(2020, 1, 1), kind=Kind.PAPER, place="Waterrijk")
    own = Metadata(title="Andere titel", date=dt.date(2021, 1, 1), kind=Kind.VERSLAG)
    found = described(
        "20240918/Verslag 6-9-2024.docx", "Datum: 6-9-2024", "Plaats: Elders", sidecar=sidecar, own=own
    )
    assert (found.title, found.date, found.kind, found.place) == (
        "Eigen titel",
        dt.date(2020, 1, 1),
        Kind.PAPER,
        "Waterrijk",
    )


def test_front_matter_goes_before_names() -> None:
    found = described("20240918/a.md", own=Metadata(date=dt.date(2021, 1, 1)))
    assert found.date == dt.date(2021, 1, 1)


def test_event_of_the_folder_is_kept() -> None:
    event = Event(name="Kringdag", date=dt.date(2024, 3, 14))
    assert described("a.md", sidecar=Metadata(event=event, date=event.date)).event == event


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("Verslag stuurgroep 6-9-2024.docx", "Aanwezig: Jan", dt.date(2024, 9, 6)),
        ("20240918/verslag.md", "Aanwezig: Jan", dt.date(2024, 9, 18)),
        ("20240918/notitie 2024-05-01.md", "Notitie", dt.date(2024, 5, 1)),
        ("verslag 11 december.md", "Datum: 11-12-2017 9:30-12:00", dt.date(2017, 12, 11)),
        (
            "Verslag stuurgroep 21-1-20256.docx",
            "vergaderdatum; 21-1-2026 | aanwezig; Jan",
            dt.date(2026, 1, 21),
        ),
        ("20240918/stuk.md", "Datum: 1 mei 2024", dt.date(2024, 5, 1)),
        ("verslag.md", "Verslag van de bijeenkomst van 14 maart 2023", dt.date(2023, 3, 14)),
        ("stuk.pdf", "Den Haag, 12 maart 2018", dt.date(2018, 3, 12)),
    ],
)
def test_date_comes_from_text_name_or_folder(path: str, line: str, expected: dt.date) -> None:
    assert described(path, line).date == expected


def test_date_in_the_title_counts() -> None:
    assert described("a.pdf", heading="Verslag werkgroep – 26 april 2018").date == dt.date(2018, 4, 26)


def test_name_and_text_that_contradict_leave_the_date_open() -> None:
    found = described("Verslag stuurgroep 15-4-2020.docx", "vergaderdatum; 15-04-2019 | aanwezig; Jan")
    assert (found.date, found.date_text) == (None, "15-04-2019")


def test_the_folder_decides_between_name_and_text() -> None:
    found = described("20181108/2018_11_09_notulen.docx", "Datum: 8 november 2018")
    assert found.date == dt.date(2018, 11, 8)


def test_a_date_without_its_year_gets_none() -> None:
    found = described(
        "vgs/innovatie.txt", "Donderdag 7 november was een groep leden te gast in het provinciehuis."
    )
    assert (found.date, found.date_text) == (None, "Donderdag 7 november")


@pytest.mark.parametrize(
    "line",
    [
        "De verordening geldt vanaf 2 februari 2025 voor alle gemeenten in het land.",
        "Het verslag van 6 september 2024 wordt vastgesteld.",
        "Datum volgende vergadering: 6 mei 2024",
        "Agenda: de vorige vergadering was op 6 mei 2024",
    ],
)
def test_dates_of_other_things_do_not_count(line: str) -> None:
    assert described("stuk.md", line).date is None


def test_dates_in_a_log_of_versions_do_not_count() -> None:
    rows = [
        Block(
            text=f"Versie: 0.{n} | Datum: 0{n}-05-2024 | Auteur: Jan", locator=Locator(), role=Role.TABLE_ROW
        )
        for n in (1,)
    ]
    source = Source(path="stuk.docx", sha256="0" * 64, size=1)
    assert describe(Document(source=source, metadata=Metadata(), blocks=tuple(rows))).metadata.date is None


@pytest.mark.parametrize(
    ("path", "line", "kind"),
    [
        ("notulen-stuurgroep.md", "", Kind.VERSLAG),
        ("Notulen/2025-03-12.md", "", Kind.VERSLAG),
        ("overleg.md", "Aanwezig: Jan, Piet en Joke", Kind.VERSLAG),
        ("avond.md", "Verslag van een avond over gegevens", Kind.VERSLAG),
        ("presentatie-archief.pdf", "", Kind.PRESENTATIE),
        ("Handreiking inkoop.pdf", "", Kind.PAPER),
        ("whitepaper.pdf", "", Kind.PAPER),
        ("dataverkenning.md", "", Kind.OVERIG),
        ("representatieve-omgeving.md", "", Kind.OVERIG),
        ("uitnodiging.md", "", Kind.OVERIG),
    ],
)
def test_kind_follows_name_and_first_lines(path: str, line: str, kind: Kind) -> None:
    assert described(path, *([line] if line else [])).kind is kind


def test_slides_are_a_presentation_whatever_their_name() -> None:
    block = Block(text="Verslag in beeld", locator=Locator(slide=1))
    source = Source(path="verslag.pptx", sha256="0" * 64, size=1)
    assert (
        describe(Document(source=source, metadata=Metadata(), blocks=(block,))).metadata.kind
        is Kind.PRESENTATIE
    )


@pytest.mark.parametrize(
    ("path", "heading", "title"),
    [
        ("map/a.md", "Verslag kringdag", "Verslag kringdag"),
        ("map/2020_08_07_Verslag_Werkgroep.md", "1. Opening", "2020-08-07 Verslag Werkgroep"),
        ("Werkgroep Archief/index.md", "Inhoud", "Werkgroep Archief"),
        ("verslag-27-juni.md", None, "Verslag 27 juni"),
        ("notulen-stuurgroep-2025-02-06.md", None, "Notulen stuurgroep 2025-02-06"),
    ],
)
def test_title_is_the_first_heading_or_the_name(path: str, heading: str | None, title: str) -> None:
    assert described(path, heading=heading).title == title


def test_a_stale_title_in_properties_is_not_believed() -> None:
    own = Metadata(title="Seminar digitale koppelingen 31 oktober")
    assert described("Procedure uitbreidingen.docx", heading="Procedure uitbreidingen", own=own).title == (
        "Procedure uitbreidingen"
    )


def test_place_host_and_speakers_are_taken_from_their_labels() -> None:
    found = described(
        "a.md",
        "Locatie: Stadhuis Duinmeer",
        "Gastheer: Kring Laagland",
        "Sprekers: Marcel Thaens (CIO), Martijn Hartog en Noor Achterberg",
    )
    assert (found.place, found.host) == ("Stadhuis Duinmeer", "Kring Laagland")
    assert found.speakers == ("Marcel Thaens", "Martijn Hartog", "Noor Achterberg")


def test_speakers_that_are_no_names_are_not_guessed() -> None:
    assert described("a.md", "Sprekers: nog te bepalen door de kring").speakers == ()


def test_language_is_that_of_the_text_and_not_of_the_software() -> None:
    assert described("a.docx", own=Metadata(language="en")).language == "nl"
    english = (
        "The steering group discussed the budget for next year and who owns the data in this chain. " * 3
    )
    source = Source(path="a.docx", sha256="0" * 64, size=1)
    block = Block(text=english, locator=Locator())
    document = Document(source=source, metadata=Metadata(language="nl"), blocks=(block,))
    assert describe(document).metadata.language == "en"


def test_too_little_text_has_no_language() -> None:
    block = Block(text="API", locator=Locator())
    source = Source(path="a.md", sha256="0" * 64, size=1)
    assert describe(Document(source=source, metadata=Metadata(), blocks=(block,))).metadata.language is None


def test_a_name_gives_a_title_without_what_a_terminal_or_a_reader_is_misled_by() -> None:
    title = described("na\x1b[31mam\n\u202etxt.md").title
    assert title is not None
    assert title.isprintable()
