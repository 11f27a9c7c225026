from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from kb.documents import Block, Part, Role
from kb.errors import DamagedFile, NoTextLayer, TooLarge
from kb.parsing.docx import read_docx
from kb.parsing.reading import Limits, Reading, ReadOptions

OPTIONS = ReadOptions()


@pytest.fixture(scope="module")
def reading(files: Path) -> Reading:
    return read_docx(files / "office" / "advies.docx", OPTIONS)


def named(reading: Reading, text: str) -> Block:
    return next(block for block in reading.blocks if block.text == text)


def texts(reading: Reading) -> list[str]:
    return [block.text for block in reading.blocks]


def outline(reading: Reading) -> list[tuple[int | None, str]]:
    return [(block.level, block.text) for block in reading.blocks if block.role is Role.HEADING]


def test_headings_come_from_styles_and_what_they_are_based_on(reading: Reading) -> None:
    assert outline(reading) == [
        (1, "Advies gegevensgericht werken"),
        (1, "Aanleiding"),
        (2, "Gevolgen"),
        (3, "Kader"),
        (2, "Planning"),
        (2, "Feiten"),
    ]


def test_text_stands_under_its_heading_path_and_on_no_page(reading: Reading) -> None:
    place = named(reading, "De tekst bij het kader.").locator
    assert place.headings == ("Aanleiding", "Gevolgen", "Kader")
    assert place.page is None


def test_sentence_in_the_style_of_a_heading_is_a_paragraph(reading: Reading) -> None:
    assert reading.blocks[-1].text.startswith("Ook dit hele lange stuk")
    assert reading.blocks[-1].role is Role.PARAGRAPH


def test_footnote_follows_its_paragraph(reading: Reading) -> None:
    found = texts(reading)
    position = found.index("De raad vroeg om een advies over gegevens.")
    assert reading.blocks[position + 1].text == "Motie 12 van 4 juni."
    assert reading.blocks[position + 1].role is Role.FOOTNOTE


def test_fields_give_their_result_but_never_a_page_number(reading: Reading) -> None:
    assert "Dit antwoord telt bladzijden en verwijst naar hoofdstuk drie." in texts(reading)


def test_table_of_contents_is_left_out(reading: Reading) -> None:
    assert not any("...." in text or "Inhoudsopgave" in text for text in texts(reading))


def test_lists_are_known_by_numbering_and_by_style(reading: Reading) -> None:
    assert named(reading, "Eerst de burger").role is Role.LIST_ITEM
    assert named(reading, "Dan de organisatie").role is Role.LIST_ITEM


def test_inserted_text_is_read_and_deleted_text_is_not(reading: Reading) -> None:
    assert "Wij stellen nieuwe regels voor. Zie de verordening." in texts(reading)


def test_text_box_is_read_once_after_its_paragraph(reading: Reading) -> None:
    found = texts(reading)
    assert found.count("In het tekstvak staat een citaat.") == 1
    assert found.index("In het tekstvak staat een citaat.") == found.index("De tekst bij het kader.") + 1


def test_content_control_is_read_but_its_prompt_is_not(reading: Reading) -> None:
    assert "Dit staat in een besturingselement." in texts(reading)
    assert not any(text.startswith("Klik of tik") for text in texts(reading))


def test_table_rows_carry_their_header_and_merged_cells_once(reading: Reading) -> None:
    rows = [block.text for block in reading.blocks if "Planning" in block.locator.headings]
    assert rows == [
        "Planning",
        "Wat: Inventaris | Wie: Griffie | Wanneer: maart",
        "Wie: College; met de raad | Wanneer: april",
        "Onder voorbehoud van behandeling.",
        "Wat: Besluit over alles | Wanneer: mei",
        "dag 1 | stemming",
    ]
    assert named(reading, rows[1]).locator.part is Part.TABLE
    assert named(reading, rows[1]).role is Role.TABLE_ROW


def test_first_row_that_looks_like_any_other_is_no_header(reading: Reading) -> None:
    assert named(reading, "Datum | 3 oktober 2024").role is Role.TABLE_ROW
    assert named(reading, "Plaats | Den Bosch").role is Role.TABLE_ROW


def test_frame_of_one_cell_is_read_as_running_text(reading: Reading) -> None:
    assert named(reading, "Tweede alinea in het kader.").role is Role.PARAGRAPH


def test_embedded_file_is_reported(reading: Reading) -> None:
    assert [gap.code for gap in reading.gaps] == ["attachment"]


def test_title_is_that_of_the_text_where_the_property_repeats_a_file_name(reading: Reading) -> None:
    assert reading.metadata.title == "Advies gegevensgericht werken"


def test_file_of_the_strict_standard_is_read(files: Path) -> None:
    reading = read_docx(files / "office" / "advies-strict.docx", OPTIONS)
    assert outline(reading) == [(1, "Aanleiding")]
    assert reading.blocks[1].locator.headings == ("Aanleiding",)


def test_headers_of_pages_are_read_only_where_there_is_nothing_else(files: Path, reading: Reading) -> None:
    letterhead = "Provincie Noord-Brabant, briefhoofd"
    assert letterhead not in texts(reading)
    assert texts(read_docx(files / "office" / "briefhoofd.docx", OPTIONS)) == [letterhead]


def test_short_bold_lines_serve_as_headings_where_none_are_marked(files: Path) -> None:
    reading = read_docx(files / "office" / "notulen.docx", OPTIONS)
    assert outline(reading) == [(1, "1. Opening"), (1, "2. Mededelingen"), (1, "3. Sluiting")]
    assert named(reading, "De griffier meldt dat het archief verhuist.").locator.headings == (
        "2. Mededelingen",
    )


def test_document_without_any_text_has_no_text_layer(tmp_path: Path) -> None:
    path = tmp_path / "leeg.docx"
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{word}"><w:body><w:p/></w:body></w:document>'
        )
    with pytest.raises(NoTextLayer):
        read_docx(path, OPTIONS)


def test_field_that_never_ends_silences_nothing(tmp_path: Path) -> None:
    path = tmp_path / "open.docx"
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC</w:instrText></w:r></w:p>'
        "<w:p><w:r><w:t>Dit blijft staan.</w:t></w:r></w:p>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>'
        )
    assert texts(read_docx(path, OPTIONS)) == ["Dit blijft staan."]


def test_presentation_under_another_name_is_damaged(files: Path) -> None:
    with pytest.raises(DamagedFile, match="no Word document"):
        read_docx(files / "office" / "griffiersdag.pptx", OPTIONS)


def test_limit_on_characters_holds(files: Path) -> None:
    with pytest.raises(TooLarge, match="characters"):
        read_docx(files / "office" / "advies.docx", ReadOptions(limits=Limits(characters=100)))


def test_handbook_of_872_pages_is_read_in_seconds(shared: Path) -> None:
    started = time.thread_time()
    reading = read_docx(shared / "awkward" / "tricky" / "huge_handbook-872p.docx", OPTIONS)
    assert time.thread_time() - started < 10
    assert len(reading.blocks) > 4_000


def test_agenda_items_of_a_template_are_headings(shared: Path) -> None:
    folder = shared / "corpus" / "kennisplatform-apis" / "overleggen" / "Stuurgroep" / "Verslagen"
    reading = read_docx(folder / "Verslag stuurgroep 6-9-2024.docx", OPTIONS)
    assert (1, "Actiepunten") in outline(reading)
    assert all(len(text) <= 200 for _, text in outline(reading))
