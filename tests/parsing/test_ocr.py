from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import NoTextLayer
from kb.parsing.ocr import OcrError, installed_languages, ocr_available, read_page_image
from kb.parsing.pdf import read_pdf
from kb.parsing.reading import Limits, Ocr, ReadOptions

FILES = Path(__file__).parents[1] / "files" / "pdf"
SHARED = Path(__file__).parents[2] / ".." / "shared"
TRICKY = SHARED / "awkward" / "tricky"

needs_tesseract = pytest.mark.skipif(
    not {"nld", "eng"} <= installed_languages(), reason="Tesseract with Dutch and English is not installed"
)
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside this repository")
SENTENCE = "Het college besluit de aansluiting op het knooppunt per direct te beëindigen"


@needs_tesseract
def test_a_scan_is_read_with_its_accents_and_its_page() -> None:
    reading = read_pdf(FILES / "scan.pdf", ReadOptions(ocr=Ocr()))
    assert SENTENCE in " ".join(block.text for block in reading.blocks)
    assert {block.locator.page for block in reading.blocks} == {1}


@needs_tesseract
def test_a_scan_that_lies_on_its_side_is_read() -> None:
    reading = read_pdf(FILES / "scan-gedraaid.pdf", ReadOptions(ocr=Ocr()))
    assert SENTENCE in " ".join(block.text for block in reading.blocks)


@needs_tesseract
def test_only_the_page_without_text_is_read_by_ocr_and_the_report_says_so() -> None:
    reading = read_pdf(FILES / "gemengd.pdf", ReadOptions(ocr=Ocr()))
    assert [(gap.code, gap.page, gap.message) for gap in reading.gaps] == [
        ("ocr", 2, "page 2 was read by OCR")
    ]
    assert SENTENCE in " ".join(block.text for block in reading.blocks if block.locator.page == 2)


@needs_tesseract
def test_pages_beyond_the_limit_are_reported() -> None:
    with pytest.raises(NoTextLayer):
        read_pdf(FILES / "scan.pdf", ReadOptions(ocr=Ocr(), limits=Limits(ocr_pages=0)))
    reading = read_pdf(FILES / "gemengd.pdf", ReadOptions(ocr=Ocr(), limits=Limits(ocr_pages=0)))
    assert [(gap.code, gap.page) for gap in reading.gaps] == [("no-text-layer", 2)]


@needs_tesseract
def test_a_page_that_takes_too_long_is_reported_and_the_rest_is_kept() -> None:
    reading = read_pdf(FILES / "gemengd.pdf", ReadOptions(ocr=Ocr(seconds_per_page=0.01)))
    assert [(gap.code, gap.page) for gap in reading.gaps] == [("ocr-failed", 2)]
    assert {block.locator.page for block in reading.blocks} == {1}


@needs_tesseract
def test_a_language_that_is_not_installed_is_named() -> None:
    with pytest.raises(OcrError, match="tlh"):
        read_page_image(FILES / "scan.pdf", 1, Ocr(languages="tlh"))


@needs_tesseract
def test_letters_drawn_as_outlines_on_a_very_tall_page_are_read() -> None:
    if not SHARED.is_dir():
        pytest.skip("../shared is not beside this repository")
    reading = read_pdf(TRICKY / "outlined-text_ftv-update-1.pdf", ReadOptions(ocr=Ocr()))
    text = " ".join(block.text for block in reading.blocks)
    assert "nieuws en ontwikkelingen van het project Federatieve Toegangsverlening" in text


@needs_tesseract
@needs_shared
def test_a_skewed_and_turned_scan_is_read() -> None:
    reading = read_pdf(TRICKY / "scan-skewed_rotated_skew.pdf", ReadOptions(ocr=Ocr(languages="eng")))
    assert "Track MIDI Sequence Recorder" in " ".join(block.text for block in reading.blocks)


def test_without_tesseract_nothing_is_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not ocr_available()
    assert installed_languages() == frozenset()
