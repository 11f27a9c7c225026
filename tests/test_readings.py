from __future__ import annotations

import os
import shutil
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.corpus import scan
from kb.documents import Document, Gap, Source
from kb.errors import DamagedFile, EncryptedFile, ParseError, TooLarge
from kb.parsing import Limits, ReadOptions, parse
from kb.readings import Readings

OPTIONS = ReadOptions()


@pytest.fixture
def documents(root: Path) -> list[Document]:
    """Every document of our own corpus, in all its formats."""
    corpus = scan(root / "corpus")
    found = []
    for source in corpus.sources:
        try:
            found.append(parse(corpus.root, source, OPTIONS))
        except ParseError:
            continue
    assert len({document.source.path.rsplit(".", 1)[-1] for document in found}) > 3
    return found


def test_a_reading_comes_back_as_it_was(tmp_path: Path, documents: list[Document]) -> None:
    readings = Readings(tmp_path / "readings", OPTIONS)
    for document in documents:
        assert readings.get(document.source) is None
        readings.keep(document)
        assert readings.get(document.source) == document


def test_a_file_is_known_by_its_content_and_its_own_name_in_whatever_folder(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(document)
    moved = Source(path="map/a.txt", sha256=document.source.sha256, size=1)
    found = readings.get(moved)
    assert isinstance(found, Document)
    assert (found.source, found.blocks) == (moved, document.blocks)
    assert not readings.holds(Source(path="a.md", sha256=document.source.sha256, size=1))
    assert not readings.holds(Source(path="a.txt", sha256="0" * 64, size=1))


def test_other_options_read_anew(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    Readings(tmp_path / "readings", OPTIONS).keep(document)
    other = Readings(tmp_path / "readings", ReadOptions(limits=Limits(pages=3)))
    assert not other.holds(document.source)


def test_why_a_file_was_refused_is_kept_but_not_that_time_or_memory_ran_out(tmp_path: Path) -> None:
    readings = Readings(tmp_path / "readings", OPTIONS)
    for error in (DamagedFile("Its table is damaged"), EncryptedFile("A password is needed")):
        source = Source(path="a.pdf", sha256=error.code, size=1)
        readings.keep_refusal(source, error)
        found = readings.get(source)
        assert (type(found), str(found)) == (type(error), str(error))
    busy = Source(path="a.pdf", sha256="busy", size=1)
    readings.keep_refusal(busy, TooLarge("Reading it took more than 5 s"))
    assert not readings.holds(busy)


def test_a_reading_on_which_ocr_failed_is_tried_again(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(
        replace(document, gaps=(Gap(code="ocr-failed", message="Tesseract took too long", page=3),))
    )
    assert not readings.holds(document.source)


def test_a_damaged_or_half_written_reading_counts_as_not_there(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest één zaaksysteem voor alle gemeenten. " * 40)
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(document)
    (file,) = (tmp_path / "readings").iterdir()
    whole = file.read_bytes()
    for at in range(0, len(whole), 7):
        # A bit of a gzip's header may change nothing of what is read; what is read must be right.
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        assert readings.get(document.source) in (None, document)
        file.write_bytes(whole[:at])
        assert readings.get(document.source) is None
    file.write_bytes(b"")
    assert readings.get(document.source) is None


@pytest.mark.parametrize("content", [b"\0", b"[" * 1_000, b'{"reading": {"blocks": [' + b"[]," * 300_000])
def test_a_reading_that_was_poisoned_counts_as_not_there_and_is_made_again(
    tmp_path: Path, content: bytes
) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(document)
    (file,) = (tmp_path / "readings").iterdir()
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(content * (3_000_000 // len(content))) for _ in range(100))
    file.write_bytes(bomb + packer.flush())
    tracemalloc.start()
    try:
        assert readings.get(document.source) is None
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    readings.keep(document)
    assert readings.get(document.source) == document


@pytest.mark.parametrize("shape", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_in_the_place_of_a_reading_is_not_waited_for(
    tmp_path: Path, shape: Callable[[Path], object]
) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(document)
    (file,) = (tmp_path / "readings").iterdir()
    file.unlink()
    shape(file)
    assert readings.get(document.source) is None


def test_a_reading_of_thousands_of_pages_is_made_again_each_time(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest een zaaksysteem.\n\n" * 300_000)
    readings = Readings(tmp_path / "readings", OPTIONS)
    readings.keep(document)
    assert not readings.holds(document.source)


def test_only_the_readings_of_the_corpus_are_kept(tmp_path: Path) -> None:
    readings = Readings(tmp_path / "readings", OPTIONS)
    kept, gone = parse_text(tmp_path, "a.txt", "Blijft."), parse_text(tmp_path, "b.txt", "Verdwijnt.")
    readings.keep(kept)
    readings.keep(gone)
    (tmp_path / "readings" / "x.json.gz.1.part").write_bytes(b"half")
    readings.forget_all_but([kept.source])
    assert readings.holds(kept.source)
    assert len(list((tmp_path / "readings").iterdir())) == 1


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    document = parse_text(tmp_path, "a.txt", "De raad kiest.")
    (tmp_path / "file").write_text("")
    readings = Readings(tmp_path / "file" / "readings", OPTIONS)
    readings.keep(document)
    assert readings.get(document.source) is None
    shutil.rmtree(tmp_path / "readings", ignore_errors=True)
    readings.forget_all_but([])


def parse_text(folder: Path, name: str, text: str) -> Document:
    corpus = folder / f"corpus of {name}"
    corpus.mkdir()
    (corpus / name).write_text(text)
    (source,) = scan(corpus).sources
    return parse(corpus, source, OPTIONS)
