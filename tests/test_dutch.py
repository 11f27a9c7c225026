from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from kb import dutch
from kb.documents import Locator, Part


@pytest.mark.parametrize(
    ("locator", "expected"),
    [
        (Locator(page=4), "p. 4"),
        (Locator(page=4, page_label="iv"), "p. iv (4)"),
        (Locator(page=4, page_label="4", headings=("Besluiten",)), "p. 4"),
        (Locator(slide=12), "dia 12"),
        (Locator(slide=12, part=Part.NOTES), "dia 12, notities"),
        (Locator(slide=3, part=Part.TABLE), "dia 3, tabel"),
        (Locator(headings=("Verslag", "Besluiten"), line=9), "§ Besluiten"),
        (Locator(line=20), "regel 20"),
        (Locator(), ""),
    ],
)
def test_a_place_is_said_as_a_reader_would_cite_it(locator: Locator, expected: str) -> None:
    assert dutch.place(locator) == expected


def test_dates_and_numbers_are_dutch() -> None:
    assert dutch.date(dt.date(2024, 11, 7)) == "7 november 2024"
    assert dutch.count(1, "passage", "passages") == "1 passage"
    assert dutch.count(12_345, "passage", "passages") == "12.345 passages"


def test_gaps_are_counted_with_their_pages() -> None:
    found = [("no-text-layer", 3), ("ocr", 1), ("no-text-layer", 7), ("attachment", None)]
    assert dutch.gaps(found).split("; ") == [
        "2 pagina's zonder leesbare tekst (3, 7)",
        "1 pagina van een scan gelezen (OCR) (1)",
        "1 bijlage niet gelezen",
    ]
    assert dutch.gaps([("ocr", page) for page in range(1, 20)]).endswith("(1, 2, 3, 4, 5, 6, 7, 8, …)")


def test_every_code_that_a_report_can_hold_has_its_dutch_words(root: Path) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (root / "kb").rglob("*.py"))
    gaps = set(re.findall(r'Gap\(\s*code="([a-z-]+)"', source))
    reasons = set(re.findall(r'^    code = "([a-z-]+)"$', source, re.MULTILINE))
    reasons |= set(re.findall(r'\.leave\(path, "([a-z-]+)"', source))
    assert len(gaps) > 5
    assert gaps <= set(dutch._GAPS)
    assert reasons <= set(dutch._REASONS)
