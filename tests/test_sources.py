"""Every passage stands in its source where it says it does, and together they hold all its text.

The check reads the sources without this package's readers: see `tests.sources`.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path

import pytest

from kb.documents import Locator, Part, Passage
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing import build_index
from kb.parsing.ocr import ocr_available
from kb.settings import Settings
from tests import sources
from tests.geometry import WordEncoder

SAMPLED = 7
MISSING = 0.02
# Short pages: a line of an address or a number in a corner is already more than 2 % of them.
MISSING_WORDS = 5
DISTINCTIVE_WORDS = 12

pytestmark = pytest.mark.skipif(
    not sources.has_programs(), reason="pdftotext and pdftoppm (poppler-utils) are not installed"
)


@dataclass(frozen=True)
class Indexed:
    """The documents of a folder, as an index of it has them."""

    folder: Path
    passages: dict[str, list[Passage]]
    scans: frozenset[str]

    @cached_property
    def extractions(self) -> dict[str, sources.Extraction]:
        """What the check reads of each document; a picture of a page takes seconds."""
        return {
            path: sources.extract(self.folder / path, recognise=path in self.scans) for path in self.passages
        }

    @property
    def printed(self) -> set[str]:
        """The documents that are no scans."""
        return self.passages.keys() - self.scans


def indexed(folder: Path, indexes: Path, *, ocr: str) -> Indexed:
    """Build an index of a folder and read all its passages back."""
    report = build_index(Settings(corpus=folder, indexes=indexes, ocr=ocr), WordEncoder)
    index = EmbeddedIndex.open(Generations(indexes).current())
    passages = {
        document.source: [record.passage for record in index.passages(index.document_rows(document.id))]
        for document in index.documents()
    }
    index.close()
    scans = {file.path for file in report.files if any(gap.code == "ocr" for gap in file.gaps)}
    return Indexed(folder, passages, frozenset(scans))


@pytest.fixture(scope="session")
def demonstration(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Indexed:
    """The project's own corpus."""
    return indexed(root / "corpus", tmp_path_factory.mktemp("indexes"), ocr="auto")


@pytest.fixture(scope="session")
def sample(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Indexed:
    """Every seventh real document of each format."""
    by_format = defaultdict(list)
    for file in sorted((shared / "corpus").rglob("*")):
        if file.is_file() and file.name != "manifest.tsv":
            by_format[file.suffix.lower()].append(file)
    folder = tmp_path_factory.mktemp("sample")
    for files in by_format.values():
        for file in files[::SAMPLED]:
            copy = folder / file.relative_to(shared / "corpus")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return indexed(folder, tmp_path_factory.mktemp("indexes"), ocr="off")


def misplaced(
    found: Indexed, paths: Iterable[str], *, any_order: bool
) -> list[tuple[str, Locator, list[str]]]:
    """The passages that do not stand at their place, with the lines that are not found there.

    `any_order` allows another order of words on a page of a PDF, where text boxes lie side by side or
    over each other and no two programs agree.
    """
    wrong = []
    for path in paths:
        is_page = any_order and path.endswith(".pdf")
        for passage in found.passages[path]:
            places = found.extractions[path].at(passage.locator)
            lost = sources.lost(passage.text, places, any_order=is_page)
            if lost or not places:
                wrong.append((path, passage.locator, lost))
    return wrong


def incomplete(found: Indexed) -> dict[str, str]:
    """The documents whose passages lack words of their source, with how many and which."""
    lacking = {}
    for path, passages in found.passages.items():
        content = found.extractions[path].content()
        spans = [(passage.start, passage.end, passage.text) for passage in passages]
        unread = sources.unread(content, sources.merged(spans))
        total = len(sources.words(content))
        if unread.total() > max(MISSING_WORDS, MISSING * total):
            lacking[path] = f"{unread.total()} of {total}: {unread.most_common(20)}"
    return lacking


def test_every_passage_of_the_demonstration_corpus_stands_at_its_locator(demonstration: Indexed) -> None:
    suffixes = {Path(path).suffix for path in demonstration.passages}
    assert suffixes == {".pdf", ".pptx", ".docx", ".odt", ".odp", ".html", ".md", ".txt", ".eml"}
    assert sum(map(len, demonstration.passages.values())) > 200
    # Not even the order of words on a page differs.
    assert misplaced(demonstration, demonstration.printed, any_order=False) == []


@pytest.mark.skipif(not ocr_available(), reason="Tesseract with Dutch and English is not installed")
def test_a_passage_of_a_scan_stands_on_its_page(demonstration: Indexed) -> None:
    assert len(demonstration.scans) == 1
    assert misplaced(demonstration, demonstration.scans, any_order=True) == []


def test_the_demonstration_corpus_is_read_whole(demonstration: Indexed) -> None:
    assert incomplete(demonstration) == {}


def test_passages_of_notes_and_tables_are_among_them(demonstration: Indexed) -> None:
    parts = {
        (Path(path).suffix, passage.locator.part)
        for path, passages in demonstration.passages.items()
        for passage in passages
    }
    assert parts >= {(".pptx", Part.NOTES), (".odp", Part.NOTES), (".pptx", Part.TABLE), (".odp", Part.TABLE)}


def test_every_passage_of_a_sample_of_real_documents_stands_at_its_locator(sample: Indexed) -> None:
    assert len(sample.passages) > 80
    assert sum(map(len, sample.passages.values())) > 800
    assert misplaced(sample, sample.passages, any_order=True) == []
    # In nearly all of them the words of each line stand there one after another.
    moved = misplaced(sample, sample.passages, any_order=False)
    assert len(moved) <= 0.02 * sum(map(len, sample.passages.values())), moved


def test_real_documents_are_read_whole(sample: Indexed) -> None:
    assert incomplete(sample) == {}


def test_the_check_notices_a_passage_that_stands_elsewhere(demonstration: Indexed) -> None:
    """The promise above is worth as much as the check behind it."""
    tried = defaultdict(int)
    for path in demonstration.printed:
        extraction = demonstration.extractions[path]
        for passage, other in permutations(demonstration.passages[path], 2):
            # A running header or a title can well stand on two pages.
            is_short = len(sources.words(passage.text)) < DISTINCTIVE_WORDS
            if is_short or not is_elsewhere(passage.locator, other.locator):
                continue
            places = extraction.at(other.locator)
            assert not places or sources.lost(passage.text, places), (path, passage.text, other.locator)
            tried[Path(path).suffix] += 1
    assert tried.keys() == {".pdf", ".pptx", ".docx", ".odt", ".odp", ".html", ".md", ".txt"}


def is_elsewhere(here: Locator, there: Locator) -> bool:
    """Whether none of what stands `here` stands `there`: text from a line on holds all that follows."""
    if here.line is not None and there.line is not None:
        return here.line < there.line and here.headings != there.headings
    if here.page is not None or here.slide is not None:
        return (here.page, here.slide, here.part is Part.NOTES) != (
            there.page,
            there.slide,
            there.part is Part.NOTES,
        )
    shared = [one for one, other in zip(here.headings, there.headings, strict=False) if one == other]
    return bool(there.headings) and len(shared) < min(len(here.headings), len(there.headings))
