"""E-mail addresses and telephone numbers are masked, nothing else is, and every offset keeps holding."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kb.masking import ContactKind, find_contacts, masked


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Mail jan.de.wit@waterrijk.nl.", "jan.de.wit@waterrijk.nl"),
        ("(j_wit+vgs@team.waterrijk.gov.uk)", "j_wit+vgs@team.waterrijk.gov.uk"),
        ("mailto:Jan@Waterrijk.NL?subject=x", "Jan@Waterrijk.NL"),
        ("jan [at] waterrijk.nl of bel", "jan [at] waterrijk.nl"),
        ("jan (apenstaartje) waterrijk.nl", "jan (apenstaartje) waterrijk.nl"),
        ("(jan.bos[@]waterrijk.nl)", "jan.bos[@]waterrijk.nl"),
        ("zoë@waterrijk.nl", "zoë@waterrijk.nl"),
        ("Bel 06-12345678.", "06-12345678"),
        ("06 12 34 56 78", "06 12 34 56 78"),
        ("tel. 030 - 123 45 67", "030 - 123 45 67"),
        ("(0118) 12 34 56", "(0118) 12 34 56"),
        ("0118-123456", "0118-123456"),
        ("+31 (0)6 1234 5678", "+31 (0)6 1234 5678"),
        ("+31612345678", "+31612345678"),
        ("0031 6 12345678", "0031 6 12345678"),
        ("+32 2 123 45 67", "+32 2 123 45 67"),
        ("tel.0612345678", "0612345678"),
        ("T:0612345678", "0612345678"),
        ("0612345678/0687654321", "0612345678/0687654321"),
        ("mobiel:\u00a006\u00a012345678", "06\u00a012345678"),
    ],
)
def test_addresses_and_numbers_are_masked_and_nothing_around_them(text: str, hidden: str) -> None:
    result = masked(text)
    start = text.index(hidden)
    assert len(result) == len(text)
    assert result[:start] == text[:start]
    assert result[start + len(hidden) :] == text[start + len(hidden) :]
    assert not any(letter.isalnum() for letter in result[start : start + len(hidden)])


@pytest.mark.parametrize(
    "text",
    [
        "Op 06-12-2024 en 01.02.2024 en 2024-03-14, 10:30-12:00 uur",
        "NL91ABNA0417164300 en OIN 00000001003214345000",
        "KvK 12345678, BSN 123456782, ISBN 978-90-123-4567-8",
        "pakket@1.0.0, git@github.com:waterrijk/kb en @waterrijk",
        "artikel 10.2.3, € 0.123.456.789,00 en 0,1234567890",
        "Bel 112, 14 030, 0800-1351 of 0900-1234",
        "https://voorbeeld.nl/0612345678 en ?id=0612345678",
        "De zaal is at home en apenstaartje",
        "06 12 34\n56 78",
    ],
)
def test_dates_codes_and_public_numbers_are_no_contacts(text: str) -> None:
    assert masked(text) == text


def test_contacts_are_told_with_their_kind_in_order() -> None:
    text = "06-12345678 of jan@waterrijk.nl"
    assert [(one.kind, text[one.start : one.end]) for one in find_contacts(text)] == [
        (ContactKind.PHONE, "06-12345678"),
        (ContactKind.EMAIL, "jan@waterrijk.nl"),
    ]


def test_an_address_or_number_that_may_be_read_is_kept_however_it_is_written() -> None:
    text = "Info@waterrijk.nl, 030 123 4567, jan@waterrijk.nl"
    kept = masked(text, keep=("info@WATERRIJK.nl", "030-1234567"))
    assert kept.startswith("Info@waterrijk.nl, 030 123 4567, ")
    assert "jan" not in kept


def test_masking_again_changes_nothing() -> None:
    once = masked("jan@waterrijk.nl, 06-12345678")
    assert masked(once) == once


def test_real_text_holds_no_address_afterwards(shared: Path) -> None:
    text = (shared / "corpus" / "vgs" / "digitale-innovatie-zijn-we-er-klaar-voor.txt").read_text("utf-8-sig")
    assert "@" in text
    assert "gemeentesecretaris.nl" not in masked(text)
    assert len(masked(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "a.@" * 60_000, "0 " * 100_000, "+31 " * 50_000, "06-" * 60_000, "a@" + "b." * 90_000],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.thread_time()
    masked(text)
    assert time.thread_time() - started < 20
