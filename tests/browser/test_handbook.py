"""Promises of the manual: six printed pages, pictures of what there is, the words of the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from markdown_it import MarkdownIt
from PIL import Image
from playwright.sync_api import Browser
from pypdf import PdfReader

from scripts.screenshots import CHOSEN

_MOST_PAGES = 6
_MOST_BYTES = 150_000
# As a browser prints a document that nobody styled, on the paper of an office. The font is one that every
# machine has which ran .ci/run: what a browser takes for "sans-serif" differs, and with it the pages.
_PRINT = """
@page { size: A4; margin: 20mm; }
body { font: 10pt/1.4 "DejaVu Sans"; margin: 0; }
img { display: block; max-width: 100%; max-height: 85mm; margin: 3mm 0; border: 0.3mm solid #888; }
table { border-collapse: collapse; }
td, th { padding: 0.5mm 3mm 0.5mm 0; text-align: left; vertical-align: top; }
h1, h2, h3 { break-after: avoid; } tr, img, pre { break-inside: avoid; } pre { font-size: 9pt; }
"""


@pytest.fixture(scope="module")
def manual(root: Path) -> str:
    return (root / "docs" / "handleiding.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def printed(browser: Browser, root: Path, manual: str, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """The manual as a browser prints it."""
    body = MarkdownIt("commonmark").enable("table").render(manual)
    folder = tmp_path_factory.mktemp("manual")
    base = (root / "docs").as_uri()
    (folder / "manual.html").write_text(
        f"<!doctype html><html lang='nl'><meta charset='utf-8'><base href='{base}/'>"
        f"<style>{_PRINT}</style><body>{body}",
        encoding="utf-8",
    )
    context = browser.new_context()
    page = context.new_page()
    page.goto((folder / "manual.html").as_uri())
    shown = page.evaluate("() => [...document.images].map(image => image.complete && image.naturalWidth > 0)")
    assert shown == [True] * len(CHOSEN)
    page.pdf(path=folder / "manual.pdf", prefer_css_page_size=True)
    context.close()
    return PdfReader(folder / "manual.pdf")


def test_it_is_six_printed_pages_at_most(printed: PdfReader) -> None:
    assert 2 < len(printed.pages) <= _MOST_PAGES
    assert "Kopieer met bron" in "".join(page.extract_text() for page in printed.pages)


def test_its_pictures_are_those_that_tests_make_and_small(root: Path, manual: str) -> None:
    shown = re.findall(r"!\[(.+?)\]\(beelden/([\w-]+\.png)\)", manual)
    assert sorted(name for _, name in shown) == sorted(CHOSEN.values())
    assert sorted(path.name for path in (root / "docs" / "beelden").glob("*.png")) == sorted(CHOSEN.values())
    for _, name in shown:
        file = root / "docs" / "beelden" / name
        assert file.stat().st_size < _MOST_BYTES
        with Image.open(file) as picture:
            assert picture.width >= 1_000


def test_what_it_calls_by_name_is_on_the_screen_by_that_name(root: Path, manual: str) -> None:
    with (root / "api" / "locales" / "en" / "LC_MESSAGES" / "kennisbank.po").open("rb") as file:
        messages = {
            text
            for message in read_po(file)
            if message.id
            for text in ([message.id] if isinstance(message.id, str) else message.id)
        }
    # Languages are called by their own names, and some words have a value after them.
    known = messages | {"Nederlands", "English", "Vetgedrukt"} | {text.split(" (%")[0] for text in messages}
    assert [name for name in re.findall(r"\*\*(.+?)\*\*", manual) if name not in known] == []
