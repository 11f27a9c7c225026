from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kb.documents import Block, Part, Role
from kb.errors import DamagedFile, NoTextLayer, TooLarge
from kb.parsing.odp import read_odp
from kb.parsing.odt import read_odt
from kb.parsing.reading import Limits, Reading, ReadOptions

OPTIONS = ReadOptions()


@pytest.fixture(scope="module")
def nota(files: Path) -> Reading:
    return read_odt(files / "office" / "nota.odt", OPTIONS)


@pytest.fixture(scope="module")
def slides(files: Path) -> Reading:
    return read_odp(files / "office" / "griffiersdag.odp", OPTIONS)


def texts(blocks: tuple[Block, ...] | list[Block]) -> list[str]:
    return [block.text for block in blocks]


def on_slide(reading: Reading, number: int) -> list[Block]:
    return [block for block in reading.blocks if block.locator.slide == number]


def test_text_document_reads_in_order_under_its_headings(nota: Reading) -> None:
    assert [(block.role.value, block.locator.headings[1:], block.text) for block in nota.blocks[:6]] == [
        ("heading", (), "Nota gegevens in de regio"),
        ("heading", (), "Aanleiding"),
        ("paragraph", (), "De raad vroeg om een nota over gegevens."),
        ("footnote", (), "Motie 12 van 4 juni."),
        ("heading", ("Gevolgen",), "Gevolgen"),
        ("list-item", ("Gevolgen",), "Eerst de burger"),
    ]


def test_styles_that_behave_as_headings_are_headings(files: Path) -> None:
    reading = read_odt(files / "office" / "agenda.odt", OPTIONS)
    assert [(block.level, block.text) for block in reading.blocks] == [
        (1, "Opening"),
        (None, "De voorzitter opent."),
        (2, "Afmeldingen"),
        (None, "Er zijn geen afmeldingen."),
        (None, "Tabel 1: aanwezigen"),
    ]


def test_lists_in_lists_are_list_items(nota: Reading) -> None:
    assert [block.text for block in nota.blocks if block.role is Role.LIST_ITEM] == [
        "Eerst de burger",
        "en haar buurt",
    ]


def test_text_in_a_frame_follows_its_paragraph(nota: Reading) -> None:
    found = texts(nota.blocks)
    assert found[found.index("Bij het kader. Pagina") + 1] == "In het kader staat een citaat."


def test_deleted_text_comments_contents_and_page_numbers_are_left_out(nota: Reading) -> None:
    everything = " ".join(texts(nota.blocks))
    assert not any(words in everything for words in ("Geschrapte", "Opmerking", "Aanleiding 1", "Pagina 4"))


def test_rows_carry_their_header_and_merged_cells_once(nota: Reading) -> None:
    rows = [block for block in nota.blocks if block.locator.part is Part.TABLE]
    assert texts(rows) == [
        "Wat: Inventaris | Wie: Griffie | Wanneer: maart",
        "Wie: College; met de raad | Wanneer: april",
        "Wat: Besluit over alles | Wanneer: mei",
    ]


def test_embedded_file_in_a_text_is_reported(nota: Reading) -> None:
    assert [(gap.code, "Rekenblad" in gap.message) for gap in nota.gaps] == [("attachment", True)]


def test_title_and_language_come_from_text_and_properties(nota: Reading) -> None:
    assert nota.metadata.title == "Nota gegevens in de regio"
    assert nota.metadata.language == "nl"


def test_slides_have_titles_and_notes_of_their_own(slides: Reading) -> None:
    assert [(block.locator.part, block.text) for block in on_slide(slides, 1)] == [
        (Part.BODY, "Digitale dienstverlening in de regio"),
        (Part.BODY, "Griffiersdag, 3 oktober 2024"),
        (Part.NOTES, "Welkom namens de provincie."),
        (Part.NOTES, "Vertel eerst waarom dit onderwerp nu speelt."),
    ]


def test_hidden_slide_keeps_its_number_and_its_columns_their_order(slides: Reading) -> None:
    assert texts(on_slide(slides, 2)) == [
        "Voor- en nadelen",
        "Voordelen links",
        "sneller besluiten",
        "Nadelen rechts",
        "minder overleg",
    ]


def test_grouped_shapes_are_read_from_top_to_bottom(slides: Reading) -> None:
    assert texts(on_slide(slides, 3))[1:] == [
        "Het college bereidt voor.",
        "De griffie bewaakt de agenda.",
        "In het midden staat de raad.",
        "Onderaan staat de rekenkamer.",
    ]


def test_tables_and_charts_on_slides_are_read_by_row(slides: Reading) -> None:
    assert texts(on_slide(slides, 4))[2] == "Bestuur | € 1,2 mln | € 1,3 mln"
    assert texts(on_slide(slides, 5)) == [
        "Opkomst",
        "Opkomst bij raadsverkiezingen",
        "Breda | 2018: 0.55 | 2022: 0.48",
        "Tilburg | 2018: 0.5 | 2022: 0.435",
    ]


def test_pictures_and_embedded_files_on_slides_are_reported(slides: Reading) -> None:
    assert [(gap.code, gap.page) for gap in slides.gaps] == [("picture-only", 7), ("attachment", 8)]


def test_limits_hold(files: Path) -> None:
    with pytest.raises(TooLarge, match="9 slides"):
        read_odp(files / "office" / "griffiersdag.odp", ReadOptions(limits=Limits(pages=5)))
    with pytest.raises(TooLarge, match="characters"):
        read_odt(files / "office" / "nota.odt", ReadOptions(limits=Limits(characters=20)))


def test_other_kind_of_document_is_damaged(files: Path) -> None:
    with pytest.raises(DamagedFile, match="no OpenDocument presentation"):
        read_odp(files / "office" / "nota.odt", OPTIONS)
    with pytest.raises(DamagedFile):
        read_odt(files / "office" / "advies.docx", OPTIONS)


def test_cells_repeated_without_end_are_counted_no_further_than_a_table_is_wide(
    tmp_path: Path, files: Path
) -> None:
    path = tmp_path / "breed.odt"
    with zipfile.ZipFile(files / "office" / "nota.odt") as source, zipfile.ZipFile(path, "w") as archive:
        for name in source.namelist():
            content = source.read(name).replace(b'columns-spanned="2"', b'columns-spanned="999999999"')
            archive.writestr(name, content)
    assert "Wat: Besluit over alles" in " ".join(texts(read_odt(path, OPTIONS).blocks))


def test_text_without_any_text_has_no_text_layer(tmp_path: Path) -> None:
    path = tmp_path / "leeg.odt"
    office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", f'<o:d xmlns:o="{office}"><o:body><o:text/></o:body></o:d>')
    with pytest.raises(NoTextLayer):
        read_odt(path, OPTIONS)
