"""Damage that fuzzing found to cost text in silence, or a file for the sake of one line of it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import pytest

from kb.corpus import scan
from kb.documents import Document
from kb.errors import DamagedFile, TooLarge
from kb.parsing import ReadOptions, parse
from tests.hostile import SENTENCE, mail, word
from tests.hostile_pdf import TEXT, one_page, page, stream

_BODIES = (
    'Content-Type: multipart/alternative; boundary="grens"',
    "",
    "--grens",
    "{first}",
    "",
    SENTENCE,
    "--grens",
    "Content-Type: text/html",
    "",
    "<p>Anders</p>",
    "--grens--",
)


def read(folder: Path, name: str, content: bytes) -> Document:
    (folder / name).write_bytes(content)
    (source,) = scan(folder).sources
    return parse(folder, source, ReadOptions())


def codes(document: Document) -> set[str]:
    return {gap.code for gap in document.gaps}


def alternative(first: str) -> bytes:
    return mail(*(line.format(first=first) for line in _BODIES))


def test_a_mail_whose_boundary_is_nowhere_is_read_as_it_stands_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, "a.eml", alternative("Content-Type: text/plain").replace(b'"grens"', b'"brens"'))
    assert SENTENCE in found.text
    assert "damaged" in codes(found)


def test_a_part_of_a_mail_without_headers_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, "a.eml", alternative("Kapotte regel zonder veld"))
    assert SENTENCE in found.text
    assert "damaged" in codes(found)


def test_a_part_of_a_mail_of_an_unknown_type_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, "a.eml", mail("Content-Type: tekst/plat", "", SENTENCE))
    assert SENTENCE not in found.text
    assert [gap.message for gap in found.gaps] == ["The attachment tekst/plat was not read"]


def test_bodies_of_unknown_kinds_of_text_are_told(tmp_path: Path) -> None:
    content = alternative("Content-Type: text/plcin").replace(b"text/html", b"text/jtml")
    assert [gap.code for gap in read(tmp_path, "a.eml", content).gaps] == ["attachment", "attachment"]


def test_a_second_plain_text_beside_the_body_is_told(tmp_path: Path) -> None:
    first = "Content-Type: text/plain\n\nEerst dit.\n--grens\nContent-Type: text/plain"
    found = read(tmp_path, "a.eml", alternative(first))
    assert "Eerst dit." in found.text
    assert "attachment" in codes(found)


@pytest.mark.parametrize(
    "date", ["Mon, 99999999999999999999 Jan 2024 10:00:00 +0000", "1 Jan 2024 10:00 +99999999"]
)
def test_an_impossible_date_costs_a_mail_its_date_alone(tmp_path: Path, date: str) -> None:
    found = read(tmp_path, "a.eml", mail(f"Date: {date}", "", SENTENCE))
    assert SENTENCE in found.text


def test_a_page_whose_drawing_is_packed_and_damaged_is_told(tmp_path: Path) -> None:
    lines = b"\n".join(b"BT /F 9 Tf 50 %d Td (Regel %d) Tj ET" % (800 - 9 * n, n * 7919) for n in range(80))
    data = bytearray(zlib.compress(lines))
    data[len(data) // 2 : len(data) // 2 + 8] = bytes(8)
    packed = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(data), bytes(data))
    objects = {2: b"<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>", 4: packed, 6: page(), 7: stream(TEXT)}
    objects[6] = objects[6].replace(b"4 0 R", b"7 0 R")
    found = read(tmp_path, "a.pdf", one_page(objects))
    assert [(gap.code, gap.page) for gap in found.gaps] == [("damaged-page", 1)]


def test_a_part_of_a_pages_drawing_that_is_missing_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, "a.pdf", one_page({3: page().replace(b"4 0 R", b"[4 0 R 99 0 R]")}))
    assert "gewone regel" in found.text
    assert "damaged-page" in codes(found)


def test_a_damaged_table_of_characters_is_told(tmp_path: Path) -> None:
    table = zlib.compress(b"begincmap " + b"1 beginbfchar <41> <0041> endbfchar " * 40)[:-9]
    characters = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(table), table)
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>"
    found = read(tmp_path, "a.pdf", one_page({5: font, 6: characters}))
    assert any("table of a font's characters" in gap.message for gap in found.gaps)


def test_what_follows_an_early_end_of_a_page_is_read(tmp_path: Path) -> None:
    content = f"<html><body><p>Eerst een alinea over de raad.</p></body></html><p>{SENTENCE}</p>"
    assert SENTENCE in read(tmp_path, "a.html", content.encode()).text


def test_a_navigation_that_takes_the_page_with_it_is_told(tmp_path: Path) -> None:
    content = f"<p>Kring</p><nav><a href=/>Start</a>{f'<p>{SENTENCE}</p>' * 20}"
    assert "navigation" in codes(read(tmp_path, "a.html", content.encode()))


def test_cells_beyond_the_widest_table_are_read(tmp_path: Path) -> None:
    cells = "".join(f"<td>cel{number}</td>" for number in range(700))
    found = read(tmp_path, "a.html", f"<table><tr>{cells}</tr></table>".encode())
    assert "cel699" in found.text


def test_more_attributes_than_a_parser_can_take_are_refused(tmp_path: Path) -> None:
    attributes = " ".join(f"a{number}=1" for number in range(20_000))
    with pytest.raises(TooLarge, match="attributes"):
        read(tmp_path, "a.html", f"<p {attributes}>{SENTENCE}".encode())


def test_lists_nested_too_deeply_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, "a.md", (SENTENCE + "\n\n" + "> " * 400 + "diep").encode())
    assert "truncated" in codes(found)


def test_notes_that_are_missing_from_a_word_file_are_told(tmp_path: Path) -> None:
    links = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="x/footnotes" Target="footnotes.xml"/></Relationships>'
    )
    found = read(tmp_path, "a.docx", word(more={"word/_rels/document.xml.rels": links}))
    assert [(gap.code, gap.message) for gap in found.gaps] == [
        ("missing-part", "The part word/footnotes.xml is missing from the file.")
    ]


def test_a_directory_that_points_before_the_file_is_damage(tmp_path: Path) -> None:
    content = bytearray(word())
    at = content.rindex(b"PK\x01\x02")
    content[at + 42 : at + 46] = b"\xff\xff\xff\x7f"
    with pytest.raises(DamagedFile):
        read(tmp_path, "a.docx", bytes(content))


def test_a_part_packed_in_a_way_that_zipfile_does_not_bound_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", " " * 10_000_000)
    with pytest.raises(DamagedFile, match="packed"):
        read(tmp_path, "a.docx", (tmp_path / "a.docx").read_bytes())


def test_what_follows_a_zero_byte_in_a_page_is_read(tmp_path: Path) -> None:
    assert SENTENCE in read(tmp_path, "a.html", f"<p>Eerst een alinea.\0</p><p>{SENTENCE}</p>".encode()).text


def test_what_stands_in_a_table_without_rows_is_read(tmp_path: Path) -> None:
    assert (
        SENTENCE in read(tmp_path, "a.html", f"<p>Eerst een alinea.<table>{SENTENCE}<p>Nog een".encode()).text
    )
