from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kb.documents import Block, Part, Role
from kb.errors import DamagedFile, NoTextLayer, TooLarge
from kb.parsing.pptx import read_pptx
from kb.parsing.reading import Limits, Reading, ReadOptions
from kb.parsing.slides import Box, Line, Shape, in_reading_order

OPTIONS = ReadOptions()


@pytest.fixture(scope="module")
def reading(files: Path) -> Reading:
    return read_pptx(files / "office" / "griffiersdag.pptx", OPTIONS)


def on_slide(reading: Reading, number: int, part: Part | None = None) -> list[Block]:
    blocks = [block for block in reading.blocks if block.locator.slide == number]
    return [block for block in blocks if part is None or block.locator.part is part]


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks]


def without(path: Path, target: Path, *names: str, replaced: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            if name not in names:
                archive.writestr(name, (replaced or {}).get(name, source.read(name)))
    return target


def test_title_is_a_heading_and_the_path_of_all_on_its_slide(reading: Reading) -> None:
    first = on_slide(reading, 1)
    assert (first[0].text, first[0].role, first[0].level) == (
        "Digitale dienstverlening in de regio",
        Role.HEADING,
        1,
    )
    assert {block.locator.headings for block in first} == {("Digitale dienstverlening in de regio",)}


def test_speaker_notes_are_their_own_place(reading: Reading) -> None:
    assert texts(on_slide(reading, 1, Part.NOTES)) == [
        "Welkom namens de provincie.",
        "Vertel eerst waarom dit onderwerp nu speelt.",
    ]
    assert all("Vertel eerst" not in text for text in texts(on_slide(reading, 1, Part.BODY)))


def test_hidden_slide_is_read_and_keeps_its_number(reading: Reading) -> None:
    assert "sneller besluiten" in texts(on_slide(reading, 2))


def test_columns_are_read_one_after_the_other(reading: Reading) -> None:
    assert texts(on_slide(reading, 2))[1:] == [
        "Voordelen links",
        "sneller besluiten",
        "Nadelen rechts",
        "minder overleg",
    ]


def test_bullets_of_the_master_make_list_items(reading: Reading) -> None:
    assert {block.role for block in on_slide(reading, 2)[1:]} == {Role.LIST_ITEM}
    assert on_slide(reading, 1)[1].role is Role.PARAGRAPH


def test_slide_number_date_and_footer_are_left_out(reading: Reading) -> None:
    assert not {"2", "3-10-2024", "Vertrouwelijke voettekst"} & set(texts(list(reading.blocks)))


def test_groups_in_groups_stand_where_their_transform_puts_them(reading: Reading) -> None:
    assert texts(on_slide(reading, 3))[1:] == [
        "Het college bereidt voor.",
        "De griffie bewaakt de agenda.",
        "In het midden staat de raad.",
        "Onderaan staat de rekenkamer.",
    ]


def test_table_is_read_by_row_with_its_header_and_merged_cells_once(reading: Reading) -> None:
    rows = on_slide(reading, 4, Part.TABLE)
    assert texts(rows) == [
        "Programma: Bestuur | 2024: € 1,2 mln | 2025: € 1,3 mln",
        "Programma: Samen | 2024: geteld",
        "Programma: Zorg | 2024: € 9 mln | 2025: € 10 mln",
    ]
    assert {row.role for row in rows} == {Role.TABLE_ROW}


def test_chart_gives_its_title_and_the_values_of_each_category(reading: Reading) -> None:
    assert texts(on_slide(reading, 5)) == [
        "Opkomst",
        "Opkomst bij raadsverkiezingen",
        "Breda | 2018: 55% | 2022: 48%",
        "Tilburg | 2018: 50% | 2022: 43.5%",
    ]


def test_smart_art_is_read_in_the_order_of_its_tree_without_prompts(reading: Reading) -> None:
    assert texts(on_slide(reading, 6))[1:] == [
        "Verkennen met inwoners",
        "Gesprekken aan de keukentafel",
        "Besluiten in de raad",
    ]


def test_slide_that_is_a_picture_is_reported(reading: Reading) -> None:
    assert on_slide(reading, 7) == []
    assert [gap.page for gap in reading.gaps if gap.code == "picture-only"] == [7]


def test_embedded_file_is_reported(reading: Reading) -> None:
    found = [(gap.page, "Excel" in gap.message) for gap in reading.gaps if gap.code == "attachment"]
    assert found == [(8, True)]


def test_of_alternatives_only_the_first_is_read(reading: Reading) -> None:
    assert texts(on_slide(reading, 8))[1:] == ["Tekst voor nieuwe versies."]


def test_text_on_top_serves_where_the_title_was_left_empty(reading: Reading) -> None:
    heading, body = on_slide(reading, 9)
    assert (heading.text, heading.role) == ("Samenwerken in de keten", Role.HEADING)
    assert body.locator.headings == ("Samenwerken in de keten",)


def test_title_of_the_program_gives_way_to_that_of_the_first_slide(reading: Reading) -> None:
    assert reading.metadata.title == "Digitale dienstverlening in de regio"
    assert reading.metadata.language == "nl"
    assert reading.metadata.date is None


def test_missing_slide_is_reported_and_the_others_keep_their_numbers(tmp_path: Path, files: Path) -> None:
    path = without(files / "office" / "griffiersdag.pptx", tmp_path / "gat.pptx", "ppt/slides/slide3.xml")
    reading = read_pptx(path, OPTIONS)
    assert next((gap.code, gap.page) for gap in reading.gaps) == ("damaged", 3)
    assert texts(on_slide(reading, 4))[0] == "Begroting"


def test_missing_layouts_and_notes_do_not_stop_the_reading(tmp_path: Path, files: Path) -> None:
    source = files / "office" / "griffiersdag.pptx"
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if "slideLayout" in name or "notesSlides" in name]
    assert "sneller besluiten" in texts(
        list(read_pptx(without(source, tmp_path / "kaal.pptx", *names), OPTIONS).blocks)
    )


def test_limits_on_slides_and_characters_hold(files: Path) -> None:
    path = files / "office" / "griffiersdag.pptx"
    with pytest.raises(TooLarge, match="9 slides"):
        read_pptx(path, ReadOptions(limits=Limits(pages=8)))
    with pytest.raises(TooLarge, match="100 characters"):
        read_pptx(path, ReadOptions(limits=Limits(characters=100)))


def test_word_file_under_another_name_is_damaged(files: Path) -> None:
    with pytest.raises(DamagedFile, match="no presentation"):
        read_pptx(files / "office" / "advies.docx", OPTIONS)


def test_real_deck_without_a_title_or_text_has_no_text_layer(shared: Path) -> None:
    with pytest.raises(NoTextLayer):
        read_pptx(shared / "awkward" / "python-pptx" / "minimal.pptx", OPTIONS)


def boxed(text: str, x: float, y: float, width: float = 20, height: float = 10) -> Shape:
    return Shape(lines=(Line(text),), box=Box(x, y, width, height))


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([boxed("b", 0, 50, 100), boxed("a", 0, 10, 100)], "ab"),
        ([boxed("b", 50, 10.5), boxed("a", 0, 11)], "ab"),
        # A heading over each column: a column at a time, because its parts are close together.
        (
            [
                boxed("a", 0, 0, 40),
                boxed("c", 60, 0, 40),
                boxed("b", 0, 12, 40, 60),
                boxed("d", 60, 12, 40, 60),
            ],
            "abcd",
        ),
        # Rows far apart: a row at a time.
        ([boxed("a", 0, 0), boxed("b", 25, 0), boxed("c", 0, 60), boxed("d", 25, 60)], "abcd"),
        # A banner over two columns, and a shape without a place.
        (
            [
                Shape(lines=(Line("e"),), box=None),
                boxed("d", 55, 20, 45, 70),
                boxed("b", 0, 20, 45, 30),
                boxed("c", 0, 52, 45, 30),
                boxed("a", 0, 0, 100),
            ],
            "abcde",
        ),
    ],
)
def test_shapes_are_read_as_people_read_them(shapes: list[Shape], expected: str) -> None:
    ordered = in_reading_order(shapes, size=(100, 100))
    assert "".join(shape.lines[0].text for shape in ordered) == expected


def test_slide_of_thousands_of_shapes_is_put_in_order() -> None:
    shapes = [
        boxed(f"{row}-{column}", column * 3, row * 3, 2, 2)
        for row in range(60, 0, -1)
        for column in range(40)
    ]
    ordered = in_reading_order(shapes, size=(120, 180))
    assert ordered[0].lines[0].text == "1-0"
    assert len(ordered) == len(shapes)
