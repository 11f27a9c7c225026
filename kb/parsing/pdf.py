"""The reader of PDF: pypdf for the text and its place, OCR for pages that are pictures."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pypdf import PdfReader, apply_configuration
from pypdf.errors import FileNotDecryptedError, LimitReachedError

from kb.documents import Block, Gap, Locator, Metadata, Part, Role
from kb.errors import DamagedFile, EncryptedFile, NoTextLayer, ParseError, TooLarge
from kb.logs import quieted
from kb.parsing.cleaning import clean
from kb.parsing.ocr import OcrError, read_page_image
from kb.parsing.pdf_annotations import comments_of, shown_annotations
from kb.parsing.pdf_content import read_page
from kb.parsing.pdf_fragments import Fragment, PageContent
from kb.parsing.pdf_headings import TypeHeadings, body_size, matched_lines, outline_of, slide_title
from kb.parsing.pdf_layout import regions_of
from kb.parsing.pdf_lines import Line, pieces_of
from kb.parsing.pdf_margins import PageLines, without_running_lines
from kb.parsing.pdf_paragraphs import SMALL, Paragraph, Words, paragraphs_of
from kb.parsing.pdf_pictures import refuse_large_pictures
from kb.parsing.reading import Limits, Reading, ReadOptions

# What one stream may unpack to, and how many operators a page may have, before it is left out.
_STREAM_BYTES = 50_000_000
_STREAM_OPERANDS = 1_500_000
_FEW_CHARACTERS = 20
_MOST_OF_PAGE = 0.5
# Fewer curves and lines than this are boxes and rules, more may be letters drawn as outlines.
_MANY_STROKES = 200
_GARBAGE_SHARE = 0.3
_FOOT_OF_PAGE = 0.5
_TITLE_LENGTHS = (3, 200)
_STRANGE = frozenset({"Co", "Cc", "Cn", "Cs"})
_LOCKED = "the file opens with a password only; put an unprotected copy in the corpus"
_JUNK_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)|untitled|naamloos|zonder titel|powerpoint[ -]"
    r"|presentatie\b.{0,3}$|document\d*$|slide \d|dia \d|titel$|title$).*"
    r"|.*\.(?:docx?|pptx?|xlsx?|odt|odp|indd|pdf|tex|dvi|ai|rtf)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Page:
    """One page while its document is read; `fault` says why its drawing could not be followed."""

    number: int
    content: PageContent
    pieces: list[Line] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    recognised: list[str] = field(default_factory=list)
    fault: str | None = None
    garbage: bool = False

    @property
    def characters(self) -> int:
        """Letters and digits in its text layer, headers and footers aside."""
        return sum(letter.isalnum() for piece in self.pieces for letter in piece.text)

    @property
    def is_picture(self) -> bool:
        """Shows something that its text layer does not say."""
        if self.fault or self.garbage:
            return True
        if self.characters >= _FEW_CHARACTERS:
            return False
        content = self.content
        drawn = content.strokes >= _MANY_STROKES or content.unmapped > 0
        return drawn or content.image_area >= (_MOST_OF_PAGE if self.characters else 0.02)


def read_pdf(path: Path, options: ReadOptions) -> Reading:
    """The text of a PDF, page by page in reading order, with headers and footers left out.

    Raises EncryptedFile, DamagedFile, TooLarge, or NoTextLayer when no page gave any text.
    """
    with _quiet_pypdf(), _bounded():
        try:
            return _read(path, options)
        except (ParseError, MemoryError):
            raise
        except LimitReachedError as error:
            raise TooLarge(f"the file goes beyond a limit ({_reason(error)})") from error
        except Exception as error:
            raise DamagedFile(f"not a readable PDF ({_reason(error)})") from error


def _read(path: Path, options: ReadOptions) -> Reading:
    reader = _open(path, options.limits)
    pages = _pages(reader, options.limits)
    kept = without_running_lines(
        [PageLines(height=page.content.height, pieces=page.pieces) for page in pages]
    )
    nothing_else = not any(kept)
    for page, pieces in zip(pages, kept, strict=True):
        page.pieces = page.pieces if nothing_else else pieces
        page.garbage = _is_garbage(page)
        if page.garbage:
            page.pieces = []
    gaps = [*_missing_pages(reader), *_attachments(reader), *_recognise(path, reader, pages, options)]
    blocks = _Assembly(reader, pages).blocks()
    if not blocks:
        raise _nothing(pages, gaps, options)
    return Reading(
        blocks=tuple(blocks),
        metadata=Metadata(title=_title(reader, blocks)),
        gaps=tuple(sorted(gaps, key=_page_of)),
    )


def _quiet_pypdf() -> AbstractContextManager[None]:
    """pypdf logs what it repairs; what is lost is reported as a gap instead."""
    return quieted("pypdf", logging.CRITICAL)


@contextmanager
def _bounded() -> Iterator[None]:
    with apply_configuration(
        zlib_maximum_output_length=_STREAM_BYTES,
        lzw_maximum_output_length=_STREAM_BYTES,
        run_length_maximum_output_length=_STREAM_BYTES,
        array_based_stream_maximum_output_length=_STREAM_BYTES,
        stream_parsing_work_maximum_count=_STREAM_OPERANDS,
    ):
        yield


def _open(path: Path, limits: Limits) -> PdfReader:
    reader = PdfReader(path, strict=False)
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise EncryptedFile(_LOCKED)
        count = len(reader.pages)
    except FileNotDecryptedError as error:
        raise EncryptedFile(_LOCKED) from error
    if count == 0:
        raise DamagedFile("the file has no pages")
    if count > limits.pages:
        raise TooLarge(f"{count} pages, and at most {limits.pages} are read")
    return reader


def _pages(reader: PdfReader, limits: Limits) -> list[_Page]:
    fonts: dict[int, object] = {}
    pages, characters = [], 0
    for number in range(1, len(reader.pages) + 1):
        page = _page(reader, number, fonts)
        characters += sum(len(piece.text) for piece in page.pieces)
        if characters > limits.characters:
            raise TooLarge(f"more than {limits.characters} characters up to page {number}")
        pages.append(page)
    return pages


def _page(reader: PdfReader, number: int, fonts: dict[int, object]) -> _Page:
    empty = PageContent(width=0.0, height=0.0, fragments=[], image_area=0.0, strokes=0)
    try:
        page = reader.pages[number - 1]
        content = read_page(page, fonts)
    except MemoryError:
        raise
    except Exception as error:  # one bad page must not cost the others
        return _Page(number, empty, fault=_reason(error))
    shown: list[Fragment] = []
    comments: list[str] = []
    try:
        shown = shown_annotations(page, first=len(content.fragments))
        comments = comments_of(page)
    except Exception as error:  # as above; the drawn text is kept
        return _Page(
            number, content, pieces=pieces_of(content.fragments), fault=f"annotations: {_reason(error)}"
        )
    pieces = pieces_of([*content.fragments, *shown])
    return _Page(number, content, pieces=pieces, comments=comments, fault=content.fault)


def _is_garbage(page: _Page) -> bool:
    """Whether the text is not readable: fonts without a Unicode map give codes, not characters."""
    letters = [letter for piece in page.pieces for letter in piece.text if not letter.isspace()]
    strange = sum(unicodedata.category(letter) in _STRANGE or letter == "\ufffd" for letter in letters)
    signs = sum(not letter.isalnum() for letter in letters)
    few = 0 < len(letters) < _FEW_CHARACTERS and signs > len(letters) / 2
    return strange > _GARBAGE_SHARE * len(letters) or few or page.content.unmapped > 5 * len(page.pieces) > 0


def _missing_pages(reader: PdfReader) -> list[Gap]:
    """Pages that the file counts but does not hold."""
    try:
        count = reader.root_object["/Pages"]["/Count"].get_object()  # type: ignore[index]
    except Exception:  # the count is a help, its loss costs no text
        return []
    found = len(reader.pages)
    if not isinstance(count, int) or count <= found:
        return []
    return [Gap(code="missing-pages", message=f"the file speaks of {count} pages and holds {found}")]


def _recognise(path: Path, reader: PdfReader, pages: Sequence[_Page], options: ReadOptions) -> list[Gap]:
    """Read the pages that are pictures, and say of each what became of it."""
    gaps, done = [], 0
    for page in pages:
        if page.content.truncated:
            gaps.append(_gap("truncated", "draws more than is followed; its end was left out", page.number))
        if page.fault:
            gaps.append(_gap("damaged-page", f"is damaged ({page.fault})", page.number))
        if not page.is_picture:
            continue
        if options.ocr is None:
            if not page.fault:
                gaps.append(_unread(page, "OCR is off"))
            continue
        if done >= options.limits.ocr_pages:
            gaps.append(_unread(page, f"only {done} pages of a file are read by OCR"))
            continue
        done += 1
        try:
            refuse_large_pictures(reader.pages[page.number - 1])
            texts = read_page_image(path, page.number, options.ocr)
        except OcrError as error:
            gaps.append(_gap("ocr-failed", f"could not be read by OCR ({error})", page.number))
            continue
        known = _key(" ".join(piece.text for piece in page.pieces))
        page.recognised = [text for text in texts if _key(text) not in known]
        if page.recognised:
            gaps.append(_gap("ocr", "was read by OCR", page.number))
        elif not page.pieces:
            gaps.append(_unread(page, "OCR found no words"))
    return gaps


class _Assembly:
    """Puts the pages of one document together: what needs them all is known before the first block."""

    def __init__(self, reader: PdfReader, pages: Sequence[_Page]) -> None:
        self._pages = pages
        self._labels = _labels(reader)
        regions = {page.number: regions_of(page.pieces) for page in pages}
        lines = [piece for page in pages for piece in page.pieces]
        self._body = body_size(lines)
        entries = outline_of(reader)
        named = matched_lines(entries, regions) if entries else {}
        words = Words(lines)
        self._paragraphs = {
            number: paragraphs_of(found, words, named, self._body) for number, found in regions.items()
        }
        self._named = bool(named)
        everything = [paragraph for found in self._paragraphs.values() for paragraph in found]
        self._types = TypeHeadings(everything, self._body)
        self._path: list[tuple[int, str]] = []

    def blocks(self) -> list[Block]:
        """All blocks in reading order."""
        return [block for page in self._pages for block in self._page_blocks(page)]

    def _page_blocks(self, page: _Page) -> Iterator[Block]:
        paragraphs = self._paragraphs[page.number]
        slide = page.content.width > page.content.height
        title = slide_title(paragraphs, page.content.height) if slide and not self._named else None
        if slide and not self._named:
            self._path = []
        notes = _footnotes(paragraphs, page.content.height, self._body)
        for paragraph in paragraphs:
            level = self._level(paragraph, slide, title)
            if level is not None:
                self._path = [*(entry for entry in self._path if entry[0] < level), (level, paragraph.text)]
            role = Role.FOOTNOTE if id(paragraph) in notes else _role(paragraph, level)
            part = Part.TABLE if paragraph.row else Part.BODY
            yield Block(text=paragraph.text, locator=self._place(page, part), role=role, level=level)
        for text in page.recognised:
            yield Block(text=text, locator=self._place(page, Part.BODY))
        for text in page.comments:
            yield Block(text=text, locator=self._place(page, Part.NOTES))

    def _level(self, paragraph: Paragraph, slide: bool, title: Paragraph | None) -> int | None:
        if self._named:
            return paragraph.level
        if slide:
            return 1 if paragraph is title else None
        return self._types.level(paragraph)

    def _place(self, page: _Page, part: Part) -> Locator:
        headings = tuple(text for _, text in self._path)
        return Locator(
            page=page.number, page_label=self._labels.get(page.number), part=part, headings=headings
        )


def _role(paragraph: Paragraph, level: int | None) -> Role:
    if level is not None:
        return Role.HEADING
    if paragraph.row:
        return Role.TABLE_ROW
    return Role.LIST_ITEM if paragraph.is_item else Role.PARAGRAPH


def _footnotes(paragraphs: Sequence[Paragraph], height: float, body: float) -> set[int]:
    """The id() of small paragraphs at the foot of a column that open with a number or sign."""
    notes: set[int] = set()
    for paragraph in paragraphs:
        small = not paragraph.row and paragraph.size < SMALL * body
        low = _FOOT_OF_PAGE * height < paragraph.lines[0].y <= height
        if small and low and paragraph.opens_note:
            notes.add(id(paragraph))
    return notes


def _labels(reader: PdfReader) -> dict[int, str]:
    """The printed page numbers, where the file has them and they differ from the count."""
    try:
        if "/PageLabels" not in reader.root_object:
            return {}
        labels = [clean(label) for label in reader.page_labels]
    except Exception:  # labels are a help, their loss costs no text
        return {}
    return {number: label for number, label in enumerate(labels, 1) if label and label != str(number)}


def _attachments(reader: PdfReader) -> list[Gap]:
    try:
        names = [clean(name) for name in reader.attachments]
    except Exception:  # attachments are not read anyway
        return []
    return [Gap(code="attachment", message=f"the attached file {name!r} was not read") for name in names]


def _title(reader: PdfReader, blocks: Sequence[Block]) -> str | None:
    """The title among the properties, when it is no file name and the first pages bear it out."""
    try:
        title = clean(str((reader.metadata and reader.metadata.title) or ""))
    except Exception:  # properties are a help, their loss costs no text
        return None
    file_name = _JUNK_TITLE.fullmatch(title) or (" " not in title and "_" in title)
    if file_name or not _TITLE_LENGTHS[0] <= len(title) <= _TITLE_LENGTHS[1]:
        return None
    words = {word.lower() for word in re.findall(r"\w{3,}", title)}
    opening = {word.lower() for block in blocks[:200] for word in re.findall(r"\w{3,}", block.text)}
    return title if words and len(words & opening) >= 0.7 * len(words) else None


def _nothing(pages: Sequence[_Page], gaps: Sequence[Gap], options: ReadOptions) -> ParseError:
    """Why there is no text at all."""
    count = len(pages)
    fault = next((page for page in pages if page.fault), None)
    if fault is not None and fault.fault is not None:
        why = f"no page has text that can be read, and page {fault.number} is damaged ({fault.fault})"
        return TooLarge(why) if fault.fault.startswith(LimitReachedError.__name__) else DamagedFile(why)
    if options.ocr is None:
        how = "install Tesseract or switch OCR on to read them"
        return NoTextLayer(f"none of the {count} pages has a text layer; {how}")
    failed = next((f"; {gap.message}" for gap in gaps if gap.code == "ocr-failed"), "")
    return NoTextLayer(f"none of the {count} pages has a text layer, and OCR found no words on them{failed}")


def _gap(code: str, message: str, page: int) -> Gap:
    return Gap(code=code, message=f"page {page} {message}", page=page)


def _unread(page: _Page, why: str) -> Gap:
    if page.pieces:
        return _gap("picture", f"is mostly a picture, and {why}", page.number)
    return _gap("no-text-layer", f"has no text layer that can be read, and {why}", page.number)


def _page_of(gap: Gap) -> int:
    return gap.page or 0


def _key(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _reason(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}")[:200]
