"""A period asked for is read as a Dutch or English reader means it, and prefers without excluding."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.periods import Period, find_period, fit, without_period

TODAY = dt.date(2026, 11, 24)  # a Tuesday
ALWAYS = "1990-01-01"


def _span(query: str) -> tuple[str, str] | None:
    period = find_period(query, today=TODAY)
    return (period.first.isoformat(), period.last.isoformat()) if period else None


def _period(query: str) -> Period:
    period = find_period(query, today=TODAY)
    assert period is not None
    return period


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        # Days.
        ("verslag van 13 april 2023", "2023-04-13", "2023-04-13"),
        ("wat is er op 13-04-2023 besloten", "2023-04-13", "2023-04-13"),
        ("minutes of April 13, 2023", "2023-04-13", "2023-04-13"),
        ("overleg 2023-04-13", "2023-04-13", "2023-04-13"),
        ("het congres van 2 t/m 4 april 2022", "2022-04-02", "2022-04-04"),
        ("6 en 7 september 2024", "2024-09-06", "2024-09-07"),
        # Months.
        ("wat is er in mei 2023 besloten", "2023-05-01", "2023-05-31"),
        ("decisions in May 2023", "2023-05-01", "2023-05-31"),
        ("overleg febr. 2020", "2020-02-01", "2020-02-29"),
        ("overleg 2021-05 over kosten", "2021-05-01", "2021-05-31"),
        ("overleg 05-2021", "2021-05-01", "2021-05-31"),
        ("begin februari 2023", "2023-02-01", "2023-02-09"),
        ("late May 2024", "2024-05-21", "2024-05-31"),
        ("medio april 2021", "2021-04-11", "2021-04-20"),
        # Years.
        ("hoeveel klachten waren er in 2018?", "2018-01-01", "2018-12-31"),
        ("stuurgroep 2019 zaalkosten", "2019-01-01", "2019-12-31"),
        ("2019", "2019-01-01", "2019-12-31"),
        ("in het jaar 2021", "2021-01-01", "2021-12-31"),
        ("de visie van 2018 op dienstverlening", "2018-01-01", "2018-12-31"),
        ("jaarverslag 2023", "2023-01-01", "2023-12-31"),
        ("the 2018 kick-off", "2018-01-01", "2018-12-31"),
        ("planning voor volgend jaar in 2027", "2027-01-01", "2027-12-31"),
        # Quarters and halves.
        ("omzet Q3 2022", "2022-07-01", "2022-09-30"),
        ("omzet 2022-Q3", "2022-07-01", "2022-09-30"),
        ("2022 q1 rapportage", "2022-01-01", "2022-03-31"),
        ("derde kwartaal van 2022", "2022-07-01", "2022-09-30"),
        ("het eerste kwartaal 2021", "2021-01-01", "2021-03-31"),
        ("4e kwartaal 2020", "2020-10-01", "2020-12-31"),
        ("second quarter of 2021", "2021-04-01", "2021-06-30"),
        ("het laatste kwartaal van 2021", "2021-10-01", "2021-12-31"),
        ("eerste helft 2020", "2020-01-01", "2020-06-30"),
        ("in de tweede helft van 2020", "2020-07-01", "2020-12-31"),
        ("first half of 2020", "2020-01-01", "2020-06-30"),
        ("H2 2021", "2021-07-01", "2021-12-31"),
        # Thirds of a year.
        ("begin 2019", "2019-01-01", "2019-05-01"),
        ("medio 2021", "2021-05-02", "2021-08-31"),
        ("eind 2018", "2018-09-01", "2018-12-31"),
        ("aan het einde van 2018", "2018-09-01", "2018-12-31"),
        ("late 2018", "2018-09-01", "2018-12-31"),
        ("in early 2020", "2020-01-01", "2020-05-01"),
        ("mid-2021", "2021-05-02", "2021-08-31"),
        ("the end of 2021", "2021-09-01", "2021-12-31"),
        # Seasons.
        ("najaar 2018", "2018-09-01", "2018-11-30"),
        ("in het voorjaar van 2023", "2023-03-01", "2023-05-31"),
        ("zomer van 2020", "2020-06-01", "2020-08-31"),
        ("winter 2019/2020", "2019-12-01", "2020-02-29"),
        ("winter 2019/20", "2019-12-01", "2020-02-29"),
        ("de winter van 2021", "2020-12-01", "2021-02-28"),
        ("spring 2021", "2021-03-01", "2021-05-31"),
        ("in the autumn of 2018", "2018-09-01", "2018-11-30"),
        ("fall 2018", "2018-09-01", "2018-11-30"),
        # Ranges.
        ("tussen 2018 en 2020", "2018-01-01", "2020-12-31"),
        ("kosten 2018-2020", "2018-01-01", "2020-12-31"),
        ("kosten 2018 – 2020", "2018-01-01", "2020-12-31"),
        ("2018 t/m 2020", "2018-01-01", "2020-12-31"),
        ("seizoen 2019/2020", "2019-01-01", "2020-12-31"),
        ("van maart tot juni 2021", "2021-03-01", "2021-06-30"),
        ("van november tot en met maart 2021", "2020-11-01", "2021-03-31"),
        ("between March and June 2021", "2021-03-01", "2021-06-30"),
        ("van 3 april tot 5 mei 2022", "2022-04-03", "2022-05-05"),
        ("maart en april 2021", "2021-03-01", "2021-04-30"),
        ("mei/juni 2021", "2021-05-01", "2021-06-30"),
        ("mei-juni 2021", "2021-05-01", "2021-06-30"),
        ("between 2018 and 2020", "2018-01-01", "2020-12-31"),
        ("from 2018 to 2020", "2018-01-01", "2020-12-31"),
        ("tussen mei 2021 en maart 2022", "2021-05-01", "2022-03-31"),
        ("hoeveel geld in 2018 en 2019", "2018-01-01", "2019-12-31"),
        ("2018, 2019 en 2020", "2018-01-01", "2020-12-31"),
        # Open on one side.
        ("sinds 2020", "2020-01-01", "2026-11-24"),
        ("since May 2020", "2020-05-01", "2026-11-24"),
        ("vanaf 2021", "2021-01-01", "2026-11-24"),
        ("2021 en later", "2021-01-01", "2026-11-24"),
        ("from 2021 onwards", "2021-01-01", "2026-11-24"),
        ("vóór 2019", ALWAYS, "2018-12-31"),
        ("before 2019", ALWAYS, "2018-12-31"),
        ("tot en met 2019", ALWAYS, "2019-12-31"),
        ("na 2022", "2023-01-01", "2026-11-24"),
        ("after 2022", "2023-01-01", "2026-11-24"),
        ("na 2026", "2027-01-01", "2027-12-31"),
        ("na de zomer van 2020", "2020-09-01", "2026-11-24"),
        # Seen from today.
        ("wat besloten we vorig jaar", "2025-01-01", "2025-12-31"),
        ("dit jaar", "2026-01-01", "2026-12-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("het afgelopen jaar", "2025-11-25", "2026-11-24"),
        ("begin dit jaar", "2026-01-01", "2026-05-01"),
        ("in mei vorig jaar", "2025-05-01", "2025-05-31"),
        ("najaar van vorig jaar", "2025-09-01", "2025-11-30"),
        ("vorige maand", "2026-10-01", "2026-10-31"),
        ("this month", "2026-11-01", "2026-11-30"),
        ("vorige week", "2026-11-16", "2026-11-22"),
        ("last quarter", "2026-07-01", "2026-09-30"),
        ("afgelopen zomer", "2026-06-01", "2026-08-31"),
        ("afgelopen najaar", "2025-09-01", "2025-11-30"),  # this autumn is not over
        ("last spring", "2026-03-01", "2026-05-31"),
        ("dit voorjaar", "2026-03-01", "2026-05-31"),
        ("afgelopen mei", "2026-05-01", "2026-05-31"),
        ("last May", "2026-05-01", "2026-05-31"),
        ("vorige december", "2025-12-01", "2025-12-31"),
        ("de laatste twee jaar", "2024-11-25", "2026-11-24"),
        ("in the past three years", "2023-11-25", "2026-11-24"),
        ("de afgelopen 6 maanden", "2026-05-25", "2026-11-24"),
        ("twee jaar geleden", "2024-01-01", "2024-12-31"),
        ("three months ago", "2026-08-01", "2026-08-31"),
        ("gisteren", "2026-11-23", "2026-11-23"),
        ("vanaf 1 juli vorig jaar", "2025-07-01", "2026-11-24"),
        ("sinds vorig jaar", "2025-01-01", "2026-11-24"),
    ],
)
def test_periods_are_read_as_they_are_meant(query: str, first: str, last: str) -> None:
    assert _span(query) == (first, last)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hoe vraag ik een paspoort aan",
        "mei",
        "besluiten in mei",
        "wat gebeurt er in het najaar",
        "eerste kwartaal",
        "donderdag 7 november",
        "Q3",
        "artikel 2018",
        "art. 2019 BW",
        "RFC 2019",
        "pagina 2012",
        "versie 2020",
        "2018 euro subsidie",
        "subsidie van € 2018",
        "EUR 2018",
        "2018 inwoners",
        "tussen 2000 en 3000 deelnemers",
        "verordening (EU) 2016/679",
        "NEN 7510:2017",
        "CVE-2021-44228",
        "zaak 2019-12345",
        "postbus 2019",
        "bestelnummer 20191",
        "v2019",
        "korting van 2019%",
        "Archiefwet 1995",
        "Archiefwet van 1995",
        "Subsidieregeling 2019",
        "Data Protection Act 2018",
        "Agenda 2030",
        "de visie 2025 van de gemeente",
        "Omgevingsvisie 2040",
        "doelen in 2040",
        "klimaatneutraal in mei 2050",
        "in 1648 werd de vrede gesloten",
        "de afgelopen jaren",
        "per jaar",
        "elk jaar",
        "in welk jaar begon het",
        "best time of year to visit",
        "iedere drie jaar",
        "the last may be skipped",
        "the last version",
        "winterbanden",
        "spring framework",
        "de vorige versie",
        "Office 2019",
        "Windows Server 2016",
    ],
)
def test_what_can_be_no_documents_date_is_no_period(query: str) -> None:
    assert _span(query) is None


def test_of_several_periods_the_one_within_all_others_counts() -> None:
    assert _span("wat speelde er in 2023, en dan vooral in mei 2023?") == ("2023-05-01", "2023-05-31")
    assert _span("sinds 2020: wat gebeurde er in 2022") == ("2022-01-01", "2022-12-31")


@pytest.mark.parametrize(
    "query", ["2021 vergeleken met 2024", "the 2024 framework and the 2021 version", "in 2018 en 2023"]
)
def test_periods_that_contradict_each_other_are_none(query: str) -> None:
    assert _span(query) is None


def test_for_and_before_a_year_are_the_same_dutch_word_so_both_readings_count() -> None:
    assert _span("budget voor 2024") == (ALWAYS, "2024-12-31")


def test_after_an_event_is_not_after_its_month() -> None:
    assert _span("unclear after the March 2020 kick-off") == ("2020-03-01", "2020-03-31")


def test_a_name_with_a_year_leaves_the_period_beside_it() -> None:
    assert _span("Agenda 2030 in mei 2023") == ("2023-05-01", "2023-05-31")
    assert _span("Archiefwet 1995 besproken in 2021") == ("2021-01-01", "2021-12-31")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Hoe ging het in het najaar van 2018 verder?", "najaar van 2018"),
        ("Kosten TUSSEN 2018 en 2020", "TUSSEN 2018 en 2020"),
        ("wat veranderde sinds mei 2021?", "sinds mei 2021"),
        ("van maart tot juni 2021", "van maart tot juni 2021"),
        ("İstanbul in mei 2023", "mei 2023"),  # longer in lower case
    ],
)
def test_the_words_of_a_period_stand_where_it_says(query: str, text: str) -> None:
    period = _period(query)
    assert period.text == text == query[period.start : period.end]


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("Hoe ging het in het najaar van 2018 verder?", "Hoe ging het verder?"),
        ("Wat is er in mei 2023 besloten over linters?", "Wat is er besloten over linters?"),
        ("Wie won de prijs in 2019?", "Wie won de prijs?"),
        ("according to the 2018 kick-off talk", "according to the kick-off talk"),
        ("In 2021, wat vond de raad?", "wat vond de raad?"),
        ("wat veranderde sinds 2020?", "wat veranderde?"),
        ("minutes (May 2023) steering group", "minutes steering group"),
        ("jury gouden api 2019", "jury gouden api"),
        ("wat besloten we in de laatste twee jaar", "wat besloten we"),
        ("2019", "2019"),
        ("in 2019?", "in 2019?"),
    ],
)
def test_a_query_without_its_period_reads_well_and_is_never_empty(query: str, rest: str) -> None:
    assert without_period(query, _period(query)) == rest


def test_fit_is_whole_within_the_period_and_halves_outside() -> None:
    year = _period("in 2020")
    assert fit(year, dt.date(2020, 1, 1)) == fit(year, dt.date(2020, 12, 31)) == 1.0
    assert fit(year, dt.date(2021, 3, 31)) == pytest.approx(0.5, abs=0.01)
    month = _period("mei 2023")
    assert fit(month, dt.date(2023, 6, 30)) == pytest.approx(0.5)
    assert fit(month, dt.date(2023, 4, 1)) == pytest.approx(0.5)
    assert fit(month, dt.date(2013, 5, 1)) < 0.001


def test_a_long_period_has_edges_no_softer_than_a_year_has() -> None:
    assert fit(_period("vóór 2019"), dt.date(2019, 4, 1)) == pytest.approx(0.5, abs=0.01)


def test_a_document_without_a_date_does_not_fit() -> None:
    assert fit(_period("in 2020"), None) == 0.0


_PIECES = (
    "in van tot en tussen and between 2018 2020 1999 2099 mei May \u017feptember aprİl vorig jaar last year "
    "- / najaar Q3 eerste helft begin eind 31 29 februari 13-04-2023 99 maanden geleden afgelopen na voor "
    "winter vóór sinds after the de ( ) , . 20 2019/2020 h1 1990 tien weken een t/m"
)
_TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(_PIECES.split()), max_size=12).map(" ".join))


@given(query=_TEXTS, today=st.dates(dt.date(2000, 1, 1), dt.date(2090, 12, 31)))
@example(query="\u017feptember 2021 aprİl 2021 3 \u017feptember 2021", today=TODAY)
def test_any_text_gives_a_period_within_it_or_none(query: str, today: dt.date) -> None:
    period = find_period(query, today=today)
    if period is not None:
        assert 0 <= period.start < period.end <= len(query)
        assert period.text == query[period.start : period.end]
        assert period.first <= period.last
        assert 0.0 <= fit(period, today) <= 1.0
        assert without_period(query, period)


@pytest.mark.parametrize("piece", [" ", "van ", "2019 ", "2019-", "mei ", "tussen 2018 en ", "1 mei "])
def test_a_long_query_is_read_in_moderate_time(piece: str) -> None:
    find_period(piece * 500, today=TODAY)
