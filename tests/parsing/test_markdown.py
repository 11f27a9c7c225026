"""Markdown is read as it is rendered, and cited by heading and line of the file."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest

from kb.documents import Block, Kind, Part, Role
from kb.parsing.markdown import read_markdown
from kb.parsing.reading import Reading, ReadOptions

FILE = Path(__file__).parents[1] / "files" / "text" / "kringdag.md"


@pytest.fixture(scope="module")
def day() -> Reading:
    return read_markdown(FILE, ReadOptions())


def texts(folder: Path, text: str) -> list[str]:
    return [block.text for block in blocks(folder, text)]


def blocks(folder: Path, text: str) -> tuple[Block, ...]:
    file = folder / "tekst.md"
    file.write_text(text, encoding="utf-8")
    return read_markdown(file, ReadOptions()).blocks


def test_front_matter_is_metadata_in_dutch_too(day: Reading) -> None:
    found = day.metadata
    assert found.title == "Verslag van de kringdag"
    assert found.date == dt.date(2024, 3, 14)
    assert found.speakers == ("Marieke van Duijvenbode", "Bas Oudshoorn")
    assert (found.place, found.kind, found.language) == ("Gemeentehuis Waterrijk", Kind.VERSLAG, "nl")
    assert not day.gaps


def test_broken_front_matter_is_a_gap_and_the_text_is_read(files: Path) -> None:
    reading = read_markdown(files / "text" / "kapotte-voorkant.md", ReadOptions())
    assert [gap.code for gap in reading.gaps] == ["front-matter"]
    assert [block.text for block in reading.blocks] == ["Toch gelezen", "De tekst telt."]
    assert reading.blocks[0].locator.line == 5


def test_an_impossible_date_is_told_and_the_rest_of_the_front_matter_used(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("---\ntitle: Titel\ndate: 2024-02-30\n---\ntekst\n")
    reading = read_markdown(file, ReadOptions())
    assert (reading.metadata.title, reading.metadata.date) == ("Titel", None)
    assert "date" in reading.gaps[0].message


def test_every_block_has_the_line_at_which_it_starts(day: Reading) -> None:
    lines = FILE.read_text(encoding="utf-8").split("\n")
    for block in day.blocks:
        assert block.locator.line is not None
        word = max(block.text.split("|")[0].replace("Gemeente:", "").split(), key=len)
        assert word.strip(".,") in lines[block.locator.line - 1]


def test_markup_is_gone_and_words_are_kept(day: Reading) -> None:
    found = [block.text for block in day.blocks]
    assert found[0] == "Kringdag Waterrijk"
    assert "Tekst met een koppeling, code en een noot. De tweede regel hoort erbij." in found
    assert "Uit een kader" in found
    assert not any(
        word in " ".join(found) for word in ("base64", "iVBOR", "macro", "grafiek", "geen()", "{", "**")
    )


def test_headings_make_the_path(day: Reading) -> None:
    row = next(block for block in day.blocks if block.role is Role.TABLE_ROW)
    assert row.locator.headings == ("Kringdag Waterrijk", "Bedragen")
    assert (row.text, row.locator.part) == ("Gemeente: Waterrijk | Bedrag: € 10", Part.TABLE)


def test_lists_and_footnotes_have_their_roles(day: Reading) -> None:
    roles = {block.text: block.role for block in day.blocks}
    assert roles["Er komt een register"] is roles["met een eigenaar"] is Role.LIST_ITEM
    assert roles["De voetnoot staat onderaan."] is Role.FOOTNOTE


def test_admonitions_and_tabs_are_running_text(tmp_path: Path) -> None:
    text = (
        '!!! tip "Tip"\n\n    Een raad.\n\n=== "Gemeente"\n\n    - punt\n\n::: warning Pas op\nGevaar.\n:::\n'
    )
    assert texts(tmp_path, text) == ["Een raad.", "Gemeente", "punt", "Pas op", "Gevaar."]


def test_footnotes_on_lines_below_each_other_are_blocks_of_their_own(tmp_path: Path) -> None:
    found = blocks(tmp_path, "Een aanval.[^1][^2]\n\n[^1]: Het eerste boek.\n[^2]: Het *tweede* boek.\n")
    assert [(block.text, block.role, block.locator.line) for block in found] == [
        ("Een aanval.", Role.PARAGRAPH, 1),
        ("Het eerste boek.", Role.FOOTNOTE, 3),
        ("Het tweede boek.", Role.FOOTNOTE, 4),
    ]


def test_an_admonition_goes_on_however_its_lines_are_indented(tmp_path: Path) -> None:
    """A tab reaches the next multiple of four columns, also after a space."""
    text = '!!! example "Ede"\n\n\tDe eerste regel.\n \tDe tweede.\n\n  \tBron: [Register](https://x.nl)\n\nDaarna.\n'
    assert texts(tmp_path, text) == ["Ede", "De eerste regel. De tweede.", "Bron: Register", "Daarna."]


def test_macros_within_code_are_code(tmp_path: Path) -> None:
    assert texts(tmp_path, "{{ weg }}\n\n```\n{{ blijft }}\n```\n") == ["{{ blijft }}"]


def test_templates_in_braces_are_words(tmp_path: Path) -> None:
    assert texts(tmp_path, "Vraag /zaken/{id} op.") == ["Vraag /zaken/{id} op."]


def test_a_field_on_a_line_of_its_own_is_a_block(tmp_path: Path) -> None:
    assert texts(tmp_path, "**Datum:** 6 mei 2024  \n**Plaats:** Utrecht") == [
        "Datum: 6 mei 2024",
        "Plaats: Utrecht",
    ]


def test_a_long_paragraph_above_a_rule_is_no_heading(tmp_path: Path) -> None:
    found = blocks(tmp_path, "woord " * 60 + "\n---\n")
    assert [block.role for block in found] == [Role.PARAGRAPH]


def test_headings_in_html_join_the_path(tmp_path: Path) -> None:
    found = blocks(tmp_path, "# Kop\n\n<h2>Deel</h2>\n<p>Tekst.</p>\n")
    assert found[-1].locator.headings == ("Kop", "Deel")


def test_long_code_is_cut_and_told(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("# Kop\n\n```\n" + "regel code\n" * 1_000 + "```\n")
    reading = read_markdown(file, ReadOptions())
    assert len(reading.blocks[1].text) <= 1_500
    assert [gap.code for gap in reading.gaps] == ["truncated"]


def test_encoded_data_never_becomes_text(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(
        "Tekst.\n\n" + "QUJD" * 5_000 + "\n\n[plaatje]: <data:image/png;base64," + "QUJD" * 99 + ">\n"
    )
    reading = read_markdown(file, ReadOptions())
    assert [block.text for block in reading.blocks] == ["Tekst."]
    assert [gap.code for gap in reading.gaps] == ["noise"]


@pytest.mark.parametrize("text", ["{" * 60_000, "[^" * 20_000, "[[a" * 20_000, "{{ " * 30_000, "> " * 5_000])
def test_hostile_text_is_read_in_seconds(tmp_path: Path, text: str) -> None:
    started = time.thread_time()
    blocks(tmp_path, text)
    assert time.thread_time() - started < 20


def test_a_huge_file_with_listings_gives_no_noise(shared: Path) -> None:
    reading = read_markdown(shared / "awkward/tricky/huge-600KB_Overzicht_wijzgingen.md", ReadOptions())
    assert max(len(block.text) for block in reading.blocks) <= 1_500
    assert any(block.text == "RFC: Toevoegen Rest API profiel" for block in reading.blocks)


def test_paragraphs_of_html_have_their_own_line(tmp_path: Path) -> None:
    found = blocks(tmp_path, "<div>\n<p>Een</p>\n<p>Twee</p>\n</div>\n")
    assert [(block.text, block.locator.line) for block in found] == [("Een", 2), ("Twee", 3)]
