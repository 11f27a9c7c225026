from __future__ import annotations

import pytest

from kb.parsing.properties import believable_title, language_code


@pytest.mark.parametrize(
    "title",
    [
        None,
        "",
        "PowerPoint Presentation",
        "PowerPoint-presentatie",
        "Presentatie1",
        "Dia 1",
        "Slide 12",
        "Microsoft Word - nota definitief.doc",
        "besluitenlijst.docx",
        "Naamloos 2",
        "Titel van de presentatie",
        "Klik om de stijl te bewerken",
        "Sjabloon_nota_v2",
        "12-3-2024",
        "Memo",
        "Nota Grondbeleid",
    ],
)
def test_titles_that_say_nothing_are_not_believed(title: str | None) -> None:
    assert believable_title(title, stem="nota grondbeleid") is None


@pytest.mark.parametrize(
    "title", ["Presentatie begroting 2025", "Verslag stuurgroep", "Woonvisie", "Titel I: algemeen"]
)
def test_real_titles_are_kept(title: str) -> None:
    assert believable_title(f" {title}\n", stem="20250101") == title


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("nl-NL", "nl"), ("EN_gb", "en"), ("fy", "fy"), ("", None), (None, None), ("12", None)],
)
def test_language_is_its_code(declared: str | None, expected: str | None) -> None:
    assert language_code(declared) == expected
