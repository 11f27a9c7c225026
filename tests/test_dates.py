"""A date is certain when it is wholly written, and never made up."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.dates import find_date, find_date_in_name, find_dates, labelled_dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 september 2024", dt.date(2024, 9, 6)),
        ("op vrijdag 6 september 2024 te Utrecht", dt.date(2024, 9, 6)),
        ("6-9-2024", dt.date(2024, 9, 6)),
        ("13/04/2023", dt.date(2023, 4, 13)),
        ("17.10.2022", dt.date(2022, 10, 17)),
        ("12 - 3 - 2021", dt.date(2021, 3, 12)),
        ("2023-04-13", dt.date(2023, 4, 13)),
        ("2023-04-13T10:00:00", dt.date(2023, 4, 13)),
        ("20240918", dt.date(2024, 9, 18)),
        ("3 mrt. 2021", dt.date(2021, 3, 3)),
        ("March 3rd, 2021", dt.date(2021, 3, 3)),
        ("3rd of March 2021", dt.date(2021, 3, 3)),
        ("Tuesday, March 2, 2021", dt.date(2021, 3, 2)),
        ("6 en 7 september 2024", dt.date(2024, 9, 6)),
        ("2 t/m 4 april 2022", dt.date(2022, 4, 2)),
    ],
)
def test_dutch_and_english_dates_are_found(text: str, expected: dt.date) -> None:
    assert find_date(text) == expected


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("Donderdag 7 november was een groep te gast.", "Donderdag 7 november"),
        ("vrijdag 7 november 2024", "vrijdag 7 november 2024"),
        ("31-2-2024", "31-2-2024"),
        ("29 februari 2023", "29 februari 2023"),
        ("in maart 2020", "maart 2020"),
    ],
)
def test_an_uncertain_date_is_its_wording(text: str, wording: str) -> None:
    assert find_date(text) is None
    assert [(found.text, found.date) for found in find_dates(text)] == [(wording, None)]


@pytest.mark.parametrize(
    "text",
    [
        "21-1-20256", "v1.2.2020", "10.1.2.2020", "06-1234567", "1990", "section 3 may be", "versie 20.12",
        "https://voorbeeld.example/2020/04/24/bericht", "1 januari 1066", "13 oktober 2999",
    ],
)  # fmt: skip
def test_numbers_that_are_no_date_give_none(text: str) -> None:
    assert find_date(text) is None


def test_contradicting_dates_give_none_unless_one_is_labelled() -> None:
    assert find_date("Van 1 januari 2020 tot 3 maart 2021") is None
    assert find_date("Datum: 6 mei 2024\nVolgende keer: 3 juni 2024") == dt.date(2024, 5, 6)


@pytest.mark.parametrize(
    "text",
    [
        "Datum: 6-5-2024",
        "vergaderdatum; 6-5-2024 | aanwezig; Jan",
        "Plaats: Utrecht | Datum: 6 mei 2024",
        "Datum | 6-5-2024",
    ],
)
def test_a_label_is_a_field_or_a_cell(text: str) -> None:
    assert [found.date for found in labelled_dates(text)] == [dt.date(2024, 5, 6)]


def test_the_date_of_the_next_meeting_is_not_labelled() -> None:
    assert labelled_dates("Datum volgende vergadering: 6-5-2024") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Verslag stuurgroep 6-9-2024.docx", dt.date(2024, 9, 6)),
        ("210222", dt.date(2021, 2, 22)),
        ("190207Verkenning_v1.0.pdf", dt.date(2019, 2, 7)),
        ("20180627 Verslag.docx", dt.date(2018, 6, 27)),
        ("20190319Verslag vervolg.docx", dt.date(2019, 3, 19)),
        ("20042018 startbijeenkomst.pptx", dt.date(2018, 4, 20)),
        ("2018_11_09_ Werkgroep_notulen.docx", dt.date(2018, 11, 9)),
        ("strategie_-_12_maart_2018.pdf", dt.date(2018, 3, 12)),
        ("notulen-stuurgroep-2025-02-06.md", dt.date(2025, 2, 6)),
        ("cv-hr-Strategie-20231006.html", dt.date(2023, 10, 6)),
    ],
)
def test_names_of_files_and_folders_hold_dates(name: str, expected: dt.date) -> None:
    found = find_date_in_name(name)
    assert found is not None
    assert found.date == expected


@pytest.mark.parametrize(
    "name",
    [
        "Verslag stuurgroep 21-1-20256.docx", "Principes2023.md", "601v1 rapport.docx", "kader_v0_10.pdf",
        "123456 dossier.pdf", "2023-04-13 tot 2023-05-01.md", "Draft D[29148].pdf",
    ],
)  # fmt: skip
def test_names_without_one_certain_date_give_none(name: str) -> None:
    assert find_date_in_name(name) is None


def test_a_name_without_year_keeps_its_wording() -> None:
    found = find_date_in_name("provinciehuis-noord-brabant-7-november")
    assert found is not None
    assert (found.text, found.date) == ("7 november", None)


@given(st.dates(min_value=dt.date(1990, 1, 1), max_value=dt.date(2026, 12, 31)))
def test_every_day_is_found_in_the_usual_forms(day: dt.date) -> None:
    for form in (f"{day.day}-{day.month}-{day.year}", day.isoformat(), f"{day:%Y%m%d}"):
        assert find_date(f"Verslag {form} van de kring") == day


@given(st.text(max_size=200))
def test_offsets_are_those_of_the_wording(text: str) -> None:
    for found in find_dates(text + " 6 mei 2024"):
        assert (text + " 6 mei 2024")[found.start : found.end] == found.text
