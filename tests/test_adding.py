"""Promises about adding a file to the corpus: a harmless name, its own format, whole or not at all."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.corpus import scan
from kb.corpus.adding import Added, receive
from kb.corpus.names import MAX_NAME_BYTES, safe_folder, safe_name
from kb.errors import CorpusNotWritten, DocumentExists, InvalidDocument, TooLarge, UnsupportedFormat

TEXT = b"# Verslag\n\nDe stuurgroep besluit.\n"


def add(root: Path, name: str, *, folder: str = "", content: bytes = TEXT, most: int = 100_000) -> Added:
    with receive(root, max_bytes=most) as received:
        received.write(content)
        return received.add(name, folder)


def office(*parts: str, mimetype: bytes = b"", compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, compress_type=compression)
        for part in parts:
            archive.writestr(part, "<a/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("verslag.md", "verslag.md"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\verslag.docx", "verslag.docx"),
        ("/abs/olute.pdf", "olute.pdf"),
        (".verborgen.md", "verborgen.md"),
        ("...md.md", "md.md"),
        ("~$verslag.docx", "verslag.docx"),
        ("~~$$verslag.docx", "verslag.docx"),
        ("a\x00b\x1b[31m.md", "ab[31m.md"),
        ("\u202egpj.md", "gpj.md"),
        ("a\u200b\ufeff\u2066b.md", "ab.md"),
        ("regel\r\neinde.md", "regel einde.md"),
        ("con.txt", "_con.txt"),
        ("LPT1.verslag.md", "_LPT1.verslag.md"),
        ('wat? "dit": <zo>|*.md', "wat_ _dit__ _zo___.md"),
        ("cafe\u0301.md", "café.md"),
        ("verslag .md", "verslag.md"),
        ("verslag.md. . ", "verslag.md"),
        ("a\u00a0\u2003b.md", "a b.md"),
        ("thumbs.db.md", "thumbs.db.md"),
    ],
)
def test_a_name_is_made_harmless(given: str, kept: str) -> None:
    assert safe_name(given) == kept
    assert safe_name(kept) == kept


@pytest.mark.parametrize("stem", ["a" * 400, "é" * 200, "漢" * 200, "😀" * 100, "e\u0301" * 200])
def test_a_long_name_keeps_its_extension(stem: str) -> None:
    name = safe_name(f"{stem}.docx")
    assert name.endswith(".docx")
    assert MAX_NAME_BYTES - 4 < len(name.encode()) <= MAX_NAME_BYTES
    assert unicodedata.is_normalized("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", ".md", "...", "verslag", "a/", "\u202e.md", "verslag.docx.yaml", "_event.yaml",
        "x.YML", "golden.jsonl", "Golden.JSONL", "~$.docx", "a." + "b" * 200,
    ],
)  # fmt: skip
def test_a_name_that_is_none_or_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(InvalidDocument):
        safe_name(name)


@pytest.mark.parametrize(
    "folder",
    ["..", "a/../b", "/a", "a//b", "./a", "a/", "a\\b", "a/ /b", "a/\u202e/b", "/".join("a" * 17), "a" * 200],
)
def test_a_folder_outside_or_without_a_name_is_refused(folder: str) -> None:
    with pytest.raises(InvalidDocument):
        safe_folder(folder)


def test_a_folder_is_made_within_the_corpus(tmp_path: Path) -> None:
    added = add(tmp_path, "verslag.md", folder="2024-11-07 avond/.stukken")
    assert added.path == "2024-11-07 avond/stukken/verslag.md"
    assert (tmp_path / added.path).read_bytes() == TEXT
    (source,) = scan(tmp_path).sources
    assert (source.path, source.sha256, source.document_id) == (added.path, added.sha256, added.document_id)


def test_a_file_is_never_written_over_another(tmp_path: Path) -> None:
    add(tmp_path, "verslag.md")
    with pytest.raises(DocumentExists, match="with the same content"):
        add(tmp_path, "verslag.md")
    with pytest.raises(DocumentExists, match="another content"):
        add(tmp_path, "verslag.md", content=b"iets anders")
    nfd = unicodedata.normalize("NFD", "café.md")
    (tmp_path / nfd).write_bytes(TEXT)
    with pytest.raises(DocumentExists, match="same content"):
        add(tmp_path, "café.md")
    (tmp_path / "lus.md").symlink_to("lus.md")
    with pytest.raises(DocumentExists):
        add(tmp_path, "lus.md")
    os.mkfifo(tmp_path / "pijp.md")
    with pytest.raises(DocumentExists):
        add(tmp_path, "pijp.md")
    assert (tmp_path / "verslag.md").read_bytes() == TEXT
    assert not list(tmp_path.glob(".upload-*"))


@pytest.mark.parametrize("taken", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hostname")])
def test_a_name_that_a_folder_pipe_or_link_has_is_taken(
    tmp_path: Path, taken: Callable[[Path], object]
) -> None:
    taken(tmp_path / "verslag.md")
    with pytest.raises(DocumentExists, match="another content"):
        add(tmp_path, "verslag.md")
    assert [path.name for path in tmp_path.iterdir()] == ["verslag.md"]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_what_is_taken_away_while_it_is_received_is_not_added(tmp_path: Path, is_replaced: bool) -> None:
    with receive(tmp_path, max_bytes=100_000) as received:
        received.write(TEXT)
        (hidden,) = tmp_path.iterdir()
        hidden.unlink()
        if is_replaced:
            hidden.symlink_to("/etc/hostname")
        with pytest.raises(CorpusNotWritten, match="Send the file again"):
            received.add("verslag.md", "")
    assert not list(tmp_path.iterdir())


def test_no_link_leads_out_of_the_corpus(tmp_path: Path) -> None:
    root, outside = tmp_path / "corpus", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "weg").symlink_to(outside)
    (root / "bestand").write_text("geen map")
    for folder in ("weg", "weg/dieper", "bestand", "bestand/dieper"):
        with pytest.raises(InvalidDocument, match="not a folder"):
            add(root, "verslag.md", folder=folder)
    assert not list(outside.iterdir())
    assert sorted(path.name for path in root.iterdir()) == ["bestand", "weg"]


def test_nothing_is_left_of_a_file_that_is_not_added(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        add(tmp_path, "verslag.md", folder="nieuw", most=10)
    with pytest.raises(InvalidDocument):
        add(tmp_path, "verslag.pdf", folder="nieuw")
    with pytest.raises(RuntimeError), receive(tmp_path, max_bytes=100):
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "verslag.md").write_text("")
    with pytest.raises(DocumentExists):
        add(tmp_path, "verslag.md", folder="a/b")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_every_fault_of_name_and_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument) as caught:
        add(tmp_path, "_event.yaml", folder="../uit")
    assert [(name, code) for name, code, _ in caught.value.faults] == [("file", "name"), ("folder", "path")]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.pdf", b"%PDF-1.7\n", "pdf"),
        ("a.PPTX", office("ppt/presentation.xml"), "pptx"),
        ("a.docx", office("word/document.xml"), "docx"),
        ("a.odt", office("x", mimetype=b"application/vnd.oasis.opendocument.text"), "odt"),
        ("a.txt", "été".encode("latin-1"), "text"),
        ("a.txt", "verslag van de avond".encode("utf-16"), "text"),
        ("a.txt", "verslag van de avond".encode("utf-16-le"), "text"),
        ("a.txt", b"PKI is een afkorting", "text"),
        ("a.eml", b"From: a@b.nl\n\nhallo", "mail"),
    ],
)
def test_the_format_is_that_of_the_content(tmp_path: Path, name: str, content: bytes, found: str) -> None:
    assert add(tmp_path, name, content=content).format == found


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.md", b"%PDF-1.7\n", "but is PDF: call it .pdf"),
        ("a.pdf", office("word/document.xml"), "but is DOCX: call it .docx"),
        ("a.pdf", b"platte tekst", "its content is something else"),
        ("a.md", bytes(range(256)) * 40, "not text"),
        ("a.txt", b"\x89PNG\r\n\x1a\n" + bytes(200), "not text"),
        ("a.docx", b"PK\x03\x04 en dan niets", "damaged"),
        ("a.md", b"", "empty"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        add(tmp_path, name, content=content)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.exe", "a.xlsx", "a.zip", "a.md.png", "a.json"])
def test_a_kind_that_is_not_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"\.pdf|not read"):
        add(tmp_path, name, content=office("iets") if name.endswith(("xlsx", "zip")) else b"iets")


def test_a_zip_with_a_huge_directory_is_not_opened(tmp_path: Path) -> None:
    content = bytearray(office("word/document.xml"))
    at = content.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<2L", content, at + 12)
    padded = bytes(content[: offset + size]) + bytes(5_000_000)
    end = bytearray(content[at:])
    struct.pack_into("<2L", end, 12, size + 5_000_000, offset)
    with pytest.raises(InvalidDocument, match="larger than"):
        add(tmp_path, "a.docx", content=padded + bytes(end), most=10_000_000)


def test_a_packed_media_type_is_no_bomb(tmp_path: Path) -> None:
    bomb = b"application/vnd.oasis.opendocument.text" + bytes(50_000_000)
    content = office(mimetype=bomb, compression=zipfile.ZIP_DEFLATED)
    assert len(content) < 100_000
    tracemalloc.start()
    try:
        assert add(tmp_path, "a.odt", content=content).format == "odt"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_a_killed_service_left_is_cleared_away(tmp_path: Path) -> None:
    old, young = tmp_path / ".upload-0", tmp_path / ".upload-1"
    for file in (old, young):
        file.write_text("half")
    os.utime(old, (0, 0))
    add(tmp_path, "verslag.md")
    assert not old.exists()
    assert young.exists()


def test_a_full_disk_is_told_and_left_as_it_was(small_disk: Path) -> None:
    with pytest.raises(CorpusNotWritten, match="Free space"):
        add(small_disk, "groot.md", folder="nieuw", content=b"woord " * 500_000, most=10_000_000)
    assert not list(small_disk.iterdir())
    assert add(small_disk, "klein.md").size == len(TEXT)


def test_folders_that_were_made_for_nothing_are_removed(small_disk: Path) -> None:
    with pytest.raises(CorpusNotWritten, match="Free space"):
        add(small_disk, "verslag.md", folder="/".join("abcdefghijkl"))
    assert not list(small_disk.iterdir())
