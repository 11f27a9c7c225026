"""The headings of a PDF: those that its outline names, or else those that its type shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader

from kb.parsing.cleaning import clean
from kb.parsing.pdf_layout import Column, Region
from kb.parsing.pdf_lines import Line
from kb.parsing.pdf_paragraphs import Paragraph

_GENERATED = re.compile(r"(?:slide|dia|page|pagina|bladwijzer|bookmark)\W*\d+\W*", re.IGNORECASE)
_NUMBERING = re.compile(
    r"^(?:(?:hoofdstuk|bijlage|chapter|appendix|artikel)\s+)?(?:\d{1,2}|[A-Z])(?:\.\d{1,2})*[.:)]?\s+", re.I
)
_CAPTION = re.compile(r"(?:figuur|fig\.|tabel|afbeelding|figure|table|bron|source)\W*(?:\d|:)", re.I)
_MAX_LINES = 3
_MAX_LENGTH = 120
_LARGER = 1.15
_MAX_LEVEL = 4
_LEAST_MATCHED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """One entry of the outline: its depth from 1 and its page from 1."""

    title: str
    level: int
    page: int


def outline_of(reader: PdfReader) -> list[OutlineEntry]:
    """The entries of the file's outline that name a heading; empty when it has none or is broken."""
    try:
        return list(_entries(reader, reader.outline, 1))
    except Exception:  # an outline is a help, its loss costs no text
        return []


def _entries(reader: PdfReader, outline: Sequence[Any], level: int) -> Iterable[OutlineEntry]:
    for item in outline:
        if isinstance(item, list):
            yield from _entries(reader, item, level + 1)
            continue
        title = clean(str(item.title or ""))
        number = reader.get_destination_page_number(item)
        if title and number is not None and number >= 0 and not _GENERATED.fullmatch(title):
            yield OutlineEntry(title=title, level=level, page=number + 1)


def matched_lines(
    entries: Sequence[OutlineEntry], pages: Mapping[int, Sequence[Region]]
) -> dict[int, tuple[int, int]]:
    """The lines that hold an outline title, as id() to the level and the rank of the entry.

    Empty when fewer than half of the titles stand on their pages: such an outline (of slide
    names, of files put together) says nothing of the text.
    """
    named: dict[int, tuple[int, int]] = {}
    matched = 0
    for rank, entry in enumerate(entries):
        lines = [
            line
            for region in pages.get(entry.page, ())
            if isinstance(region, Column)
            for line in region.lines
            if id(line) not in named
        ]
        found = _find(_key(entry.title), lines)
        matched += bool(found)
        named.update((id(line), (entry.level, rank)) for line in found)
    return named if matched >= _LEAST_MATCHED * len(entries) else {}


def _find(title: str, lines: Sequence[Line]) -> Sequence[Line]:
    if not title:
        return ()
    for start in range(len(lines)):
        for end in range(start + 1, min(start + _MAX_LINES, len(lines)) + 1):
            found = _key(" ".join(line.text for line in lines[start:end]))
            if found == title:
                return lines[start:end]
            if not title.startswith(found):
                break
    return ()


def _key(text: str) -> str:
    return "".join(letter for letter in _NUMBERING.sub("", clean(text)).lower() if letter.isalnum())


def body_size(lines: Iterable[Line]) -> float:
    """The size of most of the text, in points rounded to halves."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(2 * line.size) / 2] += len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=10.0)


class TypeHeadings:
    """Judges headings by their type: clearly larger than the body, or a short bold line.

    Needs all paragraphs of the document first, because a level is the rank of a size.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], body: float) -> None:
        """Rank the sizes of all that looks like a heading; `body` is the size of running text."""
        self._body = body
        letters = sum(len(paragraph.text) for paragraph in paragraphs) or 1
        bold = sum(len(paragraph.text) for paragraph in paragraphs if paragraph.bold)
        self._bold_tells = bold < 0.25 * letters
        sizes = {self._rank(paragraph) for paragraph in paragraphs if self._looks(paragraph)}
        ranked = enumerate(sorted(sizes, reverse=True), 1)
        self._levels = {size: min(level, _MAX_LEVEL) for level, size in ranked}

    def level(self, paragraph: Paragraph) -> int | None:
        """The level of the heading that this is, or None."""
        return self._levels.get(self._rank(paragraph)) if self._looks(paragraph) else None

    def _rank(self, paragraph: Paragraph) -> float:
        return max(round(paragraph.size), round(self._body))

    def _looks(self, paragraph: Paragraph) -> bool:
        text = paragraph.text
        letters = sum(letter.isalpha() for letter in text)
        wrong = (
            paragraph.row
            or paragraph.has_bullet
            or _CAPTION.match(text)
            or len(paragraph.lines) > _MAX_LINES
            or len(text) > _MAX_LENGTH
            or letters < max(3, 0.5 * len(text.replace(" ", "")))
            or text[-1] in ",;"
            or (text[-1] == "." and len(text) > _MAX_LENGTH / 2)
            or not (text[0].isupper() or text[0].isdigit())
        )
        if wrong:
            return False
        if paragraph.size >= _LARGER * self._body:
            return True
        sentence = text[-1] in ".:!" or len(paragraph.lines) == _MAX_LINES
        return self._bold_tells and paragraph.bold and paragraph.size >= 0.95 * self._body and not sentence


def slide_title(paragraphs: Sequence[Paragraph], height: float) -> Paragraph | None:
    """The title of a landscape page: short, in its upper half, in larger type than the rest."""
    texts = [found for found in paragraphs if not found.row and any(map(str.isalpha, found.text))]
    if not texts:
        return None
    largest = max(paragraph.size for paragraph in texts)
    title = next(paragraph for paragraph in texts if paragraph.size >= 0.95 * largest)
    others = [line for other in texts if other is not title for line in other.lines]
    clear = not others or title.size > 1.1 * body_size(others)
    fits = len(title.text) <= _MAX_LENGTH and len(title.lines) <= _MAX_LINES
    return title if clear and fits and title.lines[0].y < 0.5 * height else None
