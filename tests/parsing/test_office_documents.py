"""Independent checks over real office files: what their XML holds is found in our blocks."""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from kb.documents import Part
from kb.errors import ParseError
from kb.parsing.docx import read_docx
from kb.parsing.odt import read_odt
from kb.parsing.pptx import read_pptx
from kb.parsing.reading import Reading, ReadOptions

OPTIONS = ReadOptions()
READERS = {".docx": read_docx, ".pptx": read_pptx, ".odt": read_odt}
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
SHOW = "{http://schemas.openxmlformats.org/presentationml/2006/main}"


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text).lower())


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def office_files(shared: Path, suffix: str, folder: str) -> Iterator[tuple[Path, Reading]]:
    for path in sorted((shared / folder).rglob(f"*{suffix}")):
        try:
            yield path, READERS[suffix](path, OPTIONS)
        except ParseError:
            assert folder == "awkward", path


@pytest.mark.parametrize("folder", ["corpus", "awkward"])
def test_every_word_of_a_slide_and_its_notes_is_found_at_that_slide(shared: Path, folder: str) -> None:
    missing: list[tuple[str, int, str]] = []
    for path, reading in office_files(shared, ".pptx", folder):
        with zipfile.ZipFile(path) as archive:
            for number, part in enumerate(slide_parts(archive), start=1):
                missing += missing_on_slide(archive, part, path=path, reading=reading, number=number)
    assert missing == []


def missing_on_slide(
    archive: zipfile.ZipFile, part: str, *, path: Path, reading: Reading, number: int
) -> Iterator[tuple[str, int, str]]:
    here = [block for block in reading.blocks if block.locator.slide == number]
    spoken = letters("".join(block.text for block in here if block.locator.part is Part.NOTES))
    shown = letters("".join(block.text for block in here if block.locator.part is not Part.NOTES))
    for source, ours in [(part, shown), *((notes, spoken) for notes in notes_parts(archive, part))]:
        for text in shown_on_slide(etree.fromstring(archive.read(source))):
            if letters(text) not in ours:
                yield path.name, number, text


def notes_parts(archive: zipfile.ZipFile, slide: str) -> list[str]:
    relations = f"ppt/slides/_rels/{slide.rpartition('/')[2]}.rels"
    targets = [link.get("Target") for link in etree.fromstring(archive.read(relations))]
    return [f"ppt/{target.removeprefix('../')}" for target in targets if "notesSlide" in target]


def slide_parts(archive: zipfile.ZipFile) -> list[str]:
    relations = etree.fromstring(archive.read("ppt/_rels/presentation.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target") for relation in relations}
    shown = etree.fromstring(archive.read("ppt/presentation.xml")).iter(f"{SHOW}sldId")
    identifier = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    return [f"ppt/{targets[slide.get(identifier)].removeprefix('/ppt/')}" for slide in shown]


def shown_on_slide(root: etree._Element) -> Iterator[str]:
    for paragraph in root.iter(f"{DRAWING}p"):
        above = list(paragraph.iterancestors())
        if any(element.tag.endswith("}Fallback") for element in above):
            continue
        kinds = [
            mark.get("type")
            for element in above
            if element.tag == f"{SHOW}sp"
            for mark in element.iter(f"{SHOW}ph")
        ]
        if not {"sldNum", "dt", "ftr"} & set(kinds):
            # A field holds the number of the slide or the date of today.
            runs = [run for run in paragraph if run.tag != f"{DRAWING}fld"]
            yield "".join(text.text or "" for run in runs for text in run.iter(f"{DRAWING}t"))


@pytest.mark.parametrize("folder", ["corpus", "awkward"])
def test_every_word_of_a_word_document_is_found(shared: Path, folder: str) -> None:
    missing = []
    for path, reading in office_files(shared, ".docx", folder):
        ours = letters("".join(block.text for block in reading.blocks))
        with zipfile.ZipFile(path) as archive:
            for part in ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml"):
                if part in archive.namelist():
                    shown = shown_in_word(etree.fromstring(archive.read(part)))
                    missing += [(path.name, text) for text in shown if letters(text) not in ours]
    assert missing == []


def shown_in_word(root: etree._Element) -> Iterator[str]:
    contents = 0
    for paragraph in root.iter(f"{WORD}p"):
        style = paragraph.find(f"{WORD}pPr/{WORD}pStyle")
        name = style.get(f"{WORD}val", "") if style is not None else ""
        contents += any("TOC" in (code.text or "") for code in paragraph.iter(f"{WORD}instrText"))
        pages = any("PAGE" in (code.text or "") for code in paragraph.iter(f"{WORD}instrText"))
        simple = any("PAGE" in code.get(f"{WORD}instr", "") for code in paragraph.iter(f"{WORD}fldSimple"))
        fallback = any(element.tag.endswith("}Fallback") for element in paragraph.iterancestors())
        if not (name.startswith(("Inhopg", "TOC", "Kopvaninhoud")) or pages or simple or fallback):
            # A text box inside a paragraph is read after it.
            yield "".join(run_text(paragraph))


def run_text(paragraph: etree._Element) -> Iterator[str]:
    for text in paragraph.iter(f"{WORD}t"):
        if next(text.iterancestors(f"{WORD}p")) is paragraph:
            yield text.text or ""


def test_every_paragraph_of_an_open_document_text_is_found(shared: Path) -> None:
    namespace = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
    for path, reading in office_files(shared, ".odt", "corpus"):
        ours = letters("".join(block.text for block in reading.blocks))
        with zipfile.ZipFile(path) as archive:
            root = etree.fromstring(archive.read("content.xml"))
        for paragraph in root.iter(f"{namespace}p", f"{namespace}h"):
            assert letters("".join(paragraph.itertext())) in ours


def test_quotes_of_the_development_questions_are_found_at_their_slide(shared: Path) -> None:
    checked, missing = 0, []
    for line in (shared / "questions" / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for answer in question["answers"]:
            path = shared / "corpus" / answer["file"]
            if path.suffix in READERS:
                checked += 1
                blocks = READERS[path.suffix](path, OPTIONS).blocks
                if path.suffix == ".pptx" and answer["page"]:
                    blocks = tuple(block for block in blocks if block.locator.slide == answer["page"])
                if share(answer["quote"], " ".join(block.text for block in blocks)) < 0.6:
                    missing.append((question["id"], path.name))
    assert checked > 40
    assert missing == []


def share(quote: str, text: str) -> float:
    """Which share of the quote's word trigrams the text holds."""
    wanted, found = trigrams(quote), trigrams(text)
    return len(wanted & found) / len(wanted)


def trigrams(text: str) -> set[tuple[str, ...]]:
    tokens = words(text)
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False)) or {tuple(tokens)}


def test_every_awkward_office_file_is_read_or_refused_with_its_reason(shared: Path) -> None:
    outcomes = {}
    for path in sorted((shared / "awkward").rglob("*")):
        if path.suffix in READERS:
            try:
                outcomes[path.name] = "read" if READERS[path.suffix](path, OPTIONS).blocks else "empty"
            except ParseError as error:
                outcomes[path.name] = error.code
                assert path.name in str(error)  # noqa: PT017 - either outcome is fine
    assert outcomes["misnamed-is-pdf_20250422-juridische-structuur-ishare.pptx"] == "damaged"
    assert outcomes["word-lockfile_~$nifest Kennisplatform APIs.docx"] == "damaged"
    assert outcomes["nested-groups_group-shapes-nested.pptx"] == "read"
    assert set(outcomes.values()) == {"read", "damaged", "no-text"}
