from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kb.errors import DamagedFile, EncryptedFile, ParseError, TooLarge, UnsupportedFormat
from kb.parsing.containers import Relationship, opened
from kb.parsing.docx import read_docx
from kb.parsing.odt import read_odt
from kb.parsing.pptx import read_pptx
from kb.parsing.reading import Limits, ReadOptions

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OPTIONS = ReadOptions()


def packed(path: Path, parts: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def word_file(
    path: Path, text: str, *, before: str = "", parts: dict[str, bytes | str] | None = None
) -> Path:
    body = f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body>"
    document = f'{before}<w:document xmlns:w="{WORD}">{body}</w:document>'
    return packed(path, {"word/document.xml": document} | (parts or {}))


def test_word_file_with_a_password_is_named_as_such(files: Path) -> None:
    with pytest.raises(EncryptedFile, match="password"):
        read_docx(files / "office" / "versleuteld.docx", OPTIONS)


def test_old_binary_formats_are_refused_as_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "oud.pptx"
    path.write_bytes(OLE_MAGIC + bytes(4096) + "PowerPoint Document".encode("utf-16-le"))
    with pytest.raises(UnsupportedFormat, match="before 2007"):
        read_pptx(path, OPTIONS)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK", b"PK\x03\x04 half", bytes(200)])
def test_what_is_no_container_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stuk.docx"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="stuk"):
        read_docx(path, OPTIONS)


def test_missing_file_is_a_parse_error(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="cannot be opened"):
        read_docx(tmp_path / "weg.docx", OPTIONS)


def test_file_cut_off_half_way_is_damaged(tmp_path: Path, files: Path) -> None:
    whole = (files / "office" / "griffiersdag.pptx").read_bytes()
    path = tmp_path / "half.pptx"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedFile):
        read_pptx(path, OPTIONS)


def test_every_single_damaged_byte_ends_in_text_or_a_parse_error(tmp_path: Path, files: Path) -> None:
    whole = (files / "office" / "advies.docx").read_bytes()
    path = tmp_path / "advies.docx"
    for position in range(0, len(whole), 37):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            assert read_docx(path, OPTIONS).blocks
        except ParseError as error:
            assert path.name in str(error)  # noqa: PT017 - either outcome is fine


def test_bomb_in_a_part_that_is_read_is_too_large(tmp_path: Path) -> None:
    path = word_file(tmp_path / "bom.docx", " " * 3_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(TooLarge, match="limit"):
        read_docx(path, ReadOptions(limits=Limits(unpacked_bytes=1_000_000)))


def test_bomb_in_a_part_that_nobody_reads_costs_nothing(tmp_path: Path) -> None:
    path = word_file(
        tmp_path / "film.docx", "Tekst naast een film.", parts={"word/media/film.mp4": bytes(5_000_000)}
    )
    reading = read_docx(path, ReadOptions(limits=Limits(unpacked_bytes=1_000_000)))
    assert [block.text for block in reading.blocks] == ["Tekst naast een film."]


def test_part_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = word_file(tmp_path / "leugen.docx", "x" * 100_000)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("word/document.xml").file_size
    start = content.rindex(size.to_bytes(4, "little"))
    content[start : start + 4] = (50).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DamagedFile):
        read_docx(path, ReadOptions(limits=Limits(unpacked_bytes=10_000)))


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "veel.docx", {f"p{number}": b"" for number in range(20_001)})
    with pytest.raises(TooLarge, match="20001 parts"):
        read_docx(path, OPTIONS)


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    before = f'<!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>'
    path = word_file(tmp_path / "lach.docx", "Begin &l11; eind", before=before)
    try:
        blocks = read_docx(path, OPTIONS).blocks
    except DamagedFile:
        return
    assert [block.text for block in blocks] == ["Begin"]


def test_entities_reach_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "geheim.txt"
    secret.write_text("wachtwoord", encoding="utf-8")
    before = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    path = word_file(tmp_path / "lek.docx", "Begin &f; eind", before=before)
    with pytest.raises(DamagedFile, match="entities") as refused:
        read_docx(path, OPTIONS)
    assert "wachtwoord" not in str(refused.value)


def test_names_that_point_outside_are_left_alone(tmp_path: Path) -> None:
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="x/styles" Target="../../../etc/passwd"/>'
        '<Relationship Id="r2" Type="x/image" Target="https://example.org/a" TargetMode="External"/>'
        "</Relationships>"
    )
    parts: dict[str, bytes | str] = {"../../etc/passwd": "root", "word/_rels/document.xml.rels": rels}
    path = word_file(tmp_path / "pad.docx", "Gewone tekst.", parts=parts)
    assert [block.text for block in read_docx(path, OPTIONS).blocks] == ["Gewone tekst."]
    with opened(path, limits=Limits()) as container:
        assert "../../etc/passwd" not in container
        with pytest.raises(DamagedFile):
            container.read("../../etc/passwd")
        links = container.relationships("word/document.xml")
        assert links["r1"] == Relationship("styles", "etc/passwd")
        assert links["r2"].external
        assert container.related("word/document.xml", "styles") == []


def test_names_with_backslashes_and_other_case_are_found(tmp_path: Path) -> None:
    document = (
        f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Tekst.</w:t></w:r></w:p></w:body></w:document>'
    )
    path = packed(tmp_path / "raar.docx", {"word\\Document.xml": document})
    assert [block.text for block in read_docx(path, OPTIONS).blocks] == ["Tekst."]


def test_xml_nested_beyond_reason_is_damaged(tmp_path: Path) -> None:
    deep = "<w:ins>" * 5_000 + "</w:ins>" * 5_000
    document = f'<w:document xmlns:w="{WORD}"><w:body>{deep}</w:body></w:document>'
    path = packed(tmp_path / "diep.docx", {"word/document.xml": document})
    with pytest.raises(DamagedFile):
        read_docx(path, OPTIONS)


def test_open_document_with_a_password_is_named_as_such(tmp_path: Path, files: Path) -> None:
    path = tmp_path / "slot.odt"
    with zipfile.ZipFile(files / "office" / "nota.odt") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    parts["META-INF/manifest.xml"] = (
        f'<m:manifest xmlns:m="{manifest}"><m:file-entry m:full-path="content.xml">'
        '<m:encryption-data m:checksum="x"/></m:file-entry></m:manifest>'
    ).encode()
    parts["content.xml"] = bytes(range(256))
    packed(path, dict(parts))
    with pytest.raises(EncryptedFile):
        read_odt(path, OPTIONS)


def test_part_with_a_password_in_the_zip_itself_is_named_as_such(tmp_path: Path) -> None:
    path = word_file(tmp_path / "zip.docx", "Tekst.")
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(EncryptedFile):
        read_docx(path, OPTIONS)
