"""Whether what was found is still current: its age, and the laws that came after it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.milestones import (
    Milestone,
    Subject,
    Timeliness,
    in_dutch,
    load_milestones,
    shipped_milestones,
    timeliness,
)

TODAY = dt.date(2026, 11, 25)


def judged(*days: dt.date | None, about: str = "") -> Timeliness:
    return timeliness(days, Subject(question=about), shipped_milestones(), TODAY)


def names(milestones: tuple[Milestone, ...]) -> list[str]:
    return [milestone.name for milestone in milestones]


def test_the_newest_certain_date_counts() -> None:
    found = judged(dt.date(2019, 3, 12), None, dt.date(2021, 5, 1), dt.date(2027, 1, 1))
    assert (found.newest, found.undated) == (dt.date(2021, 5, 1), 1)


def test_only_laws_of_the_subject_that_came_later_are_told() -> None:
    found = judged(dt.date(2019, 3, 12), about="Wob-verzoeken en persoonsgegevens")
    assert names(found.later) == ["Woo"]
    assert judged(dt.date(2022, 5, 1), about="Wob-verzoeken").later == ()
    assert judged(dt.date(2019, 3, 12), about="koffie en koek").later == ()


def test_a_law_that_one_of_the_texts_mentions_in_passing_is_not_told() -> None:
    texts = ("Over de Wob.", "Koffie na afloop.", "De Wob wordt de Woo.", "Wie komt er nog?")
    for some, told in ((texts[:1], []), (texts[1:], []), (texts, ["Woo"]), (texts[::2], ["Woo"])):
        subject = Subject(question="stand van zaken", texts=some)
        found = timeliness([dt.date(2019, 3, 12)], subject, shipped_milestones(), TODAY)
        assert names(found.later) == told, some


def test_a_law_without_a_certain_date_is_told_as_such_and_has_none() -> None:
    found = judged(dt.date(2025, 1, 1), about="informatiebeveiliging (BIO)")
    assert names(found.unsure) == ["Cyberbeveiligingswet"]
    assert found.unsure[0].date is None
    assert found.coming == ()
    assert in_dutch(found).endswith(
        "Wanneer dit in werking treedt of trad, is niet zeker: Cyberbeveiligingswet."
    )


def test_a_law_to_come_is_told_with_its_day() -> None:
    found = timeliness(
        [dt.date(2023, 1, 1)], Subject(question="omgevingsplan"), shipped_milestones(), dt.date(2023, 12, 1)
    )
    assert in_dutch(found).endswith("Er komt aan: Omgevingswet, 1 januari 2024.")


def test_documents_without_a_certain_date_are_counted() -> None:
    assert "Van 2 stukken is de datum niet zeker." in in_dutch(judged(dt.date(2019, 3, 12), None, None))


def test_parts_of_a_law_that_hold_from_different_days_are_told_apart() -> None:
    found = judged(dt.date(2025, 3, 1), about="Het algoritme van de gemeente")
    assert [one.date for one in found.later] == [dt.date(2025, 8, 2), dt.date(2026, 8, 2)]


def test_a_term_is_found_as_whole_words_in_any_of_its_forms() -> None:
    assert names(judged(dt.date(2016, 1, 1), about="algoritmen").later).count("AI-verordening") == 3
    assert judged(dt.date(2016, 1, 1), about="aisle, mail").later == ()


@pytest.mark.parametrize(
    ("newest", "told"),
    [
        (dt.date(2019, 3, 12), "Het nieuwste van deze stukken is van 12 maart 2019, 7 jaar oud."),
        (dt.date(2026, 8, 1), "Het nieuwste van deze stukken is van 1 augustus 2026, 3 maanden oud."),
        (
            dt.date(2026, 11, 20),
            "Het nieuwste van deze stukken is van 20 november 2026, minder dan een maand oud.",
        ),
        (None, "Van deze stukken is geen datum zeker, dus ook niet hoe actueel ze zijn."),
    ],
)
def test_it_is_told_in_plain_dutch(newest: dt.date | None, told: str) -> None:
    assert in_dutch(judged(newest)) == told


def test_later_laws_are_named_with_their_dates() -> None:
    told = in_dutch(judged(dt.date(2019, 3, 12), about="Wob"))
    assert told.endswith(
        "7 jaar oud. Daarna in werking getreden: Woo, 1 mei 2022. Ga na of wat er staat dan nog geldt."
    )


def test_every_law_that_we_ship_has_a_source_and_says_whether_it_was_checked() -> None:
    milestones = shipped_milestones()
    assert {"AVG", "Woo", "Wdo", "AI-verordening", "Cyberbeveiligingswet", "Wmebv"} <= set(names(milestones))
    assert all(one.source and one.checked in ("yes", "no") and one.terms for one in milestones)
    dated = [one.date for one in milestones if one.date]
    assert dated == sorted(dated)


def test_an_organisation_can_bring_its_own_list(tmp_path: Path) -> None:
    file = tmp_path / "wetten.yaml"
    file.write_text(
        "- {name: Wep, title: Wet elektronische publicaties, date: 2021-07-01, terms: [Wep], "
        "source: Staatsblad, checked: 'no'}\n",
        encoding="utf-8",
    )
    assert names(load_milestones(file)) == ["Wep"]


@pytest.mark.parametrize(
    "content",
    [
        "- just words", "name: Woo", "- {name: Woo, date: ooit}", "- {date: 2022-13-01}", "{", "\x00",
        "[" * 5_000,
    ],
)  # fmt: skip
def test_a_faulty_list_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wetten.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"KB_MILESTONES: .*wetten\.yaml"):
        load_milestones(file)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_milestones(tmp_path / "missing.yaml")
