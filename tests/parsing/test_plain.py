"""Plain text keeps its paragraphs, with headings only where the text marks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.documents import Role
from kb.errors import DamagedFile
from kb.parsing.plain import read_text
from kb.parsing.reading import ReadOptions


def test_paragraphs_are_joined_and_cited_by_line(files: Path) -> None:
    found = read_text(files / "text" / "memo.txt", ReadOptions()).blocks
    joined = next(block for block in found if block.text.startswith("De stuurgroep"))
    assert joined.text.endswith("en dat overzicht staat hieronder in drie delen bij elkaar.")
    assert joined.locator.line == 8
    assert joined.locator.headings == ("1. Aanleiding",)


def test_fields_and_items_are_blocks_of_their_own(files: Path) -> None:
    found = read_text(files / "text" / "memo.txt", ReadOptions()).blocks
    texts = {block.text: block.role for block in found}
    assert texts["Datum: 16 januari 2025"] is Role.PARAGRAPH
    assert texts["samen opleiden, met een traject van achttien maanden"] is Role.LIST_ITEM
    assert texts["minder beheren"] is Role.LIST_ITEM


def test_first_line_alone_is_the_title(files: Path) -> None:
    assert read_text(files / "text" / "memo.txt", ReadOptions()).metadata.title == "Memo over de kringdag"


def test_underlined_lines_are_headings(files: Path) -> None:
    found = read_text(files / "text" / "onderstreept.txt", ReadOptions()).blocks
    assert [(block.text, block.level) for block in found] == [
        ("Verslag van de avond", 1),
        ("De avond begon om zeven uur.", None),
        ("Besluiten", 2),
        ("Er komt een vervolg.", None),
    ]
    assert found[-1].locator.headings == ("Verslag van de avond", "Besluiten")


def test_a_numbered_list_makes_no_headings(tmp_path: Path) -> None:
    file = tmp_path / "taken.txt"
    file.write_text("Taken\n\n1. Zaal reserveren\n\n2. Sprekers bellen\n\n3. Verslag maken\n")
    found = read_text(file, ReadOptions()).blocks
    assert all(block.role is not Role.HEADING for block in found)


@pytest.mark.parametrize("name", ["windows-1252.txt", "utf16.txt", "dos-850.txt"])
def test_every_encoding_gives_the_same_words(files: Path, name: str) -> None:
    text = read_text(files / "text" / name, ReadOptions()).blocks[1].text
    assert "De coöperatie heeft één idee over financiële zaken" in text


def test_binary_content_is_refused(files: Path) -> None:
    with pytest.raises(DamagedFile):
        read_text(files / "text" / "binair.txt", ReadOptions())


def test_real_utf16_text_is_read(shared: Path) -> None:
    found = read_text(shared / "awkward/tricky/utf16_output_diff.txt", ReadOptions()).blocks
    assert found[0].text.startswith("diff --git a/.gitignore")
