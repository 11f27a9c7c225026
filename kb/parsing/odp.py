"""OpenDocument presentations: the slides in order, each with its title, shapes and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kb.documents import Gap, Metadata, Part, Role
from kb.errors import NoTextLayer, TooLarge
from kb.parsing.containers import Container, Element
from kb.parsing.odf import (
    DRAW,
    PRESENTATION,
    SVG,
    TABLE,
    TEXT,
    body_of,
    odf_metadata,
    opened_odf,
    paragraphs_of,
    read_objects,
    read_paragraph,
    table_texts,
)
from kb.parsing.odf_styles import FO, STYLE, OdfStyles
from kb.parsing.properties import believable_title
from kb.parsing.reading import Reading, ReadOptions
from kb.parsing.slides import Box, Line, Shape, Slide, deck_blocks, in_reading_order

# Millimetres, and the size of a slide where the file does not say.
_UNITS = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96}
_DEFAULT_SIZE = (280.0, 210.0)
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)\s*(mm|cm|in|pt|pc|px)")
_MOVED = re.compile(r"translate\s*\(\s*(\S+?)[\s,]+(\S+?)\s*\)")
_FURNITURE = ("header", "footer", "date-time", "page-number")
_NO_SHAPES = frozenset([f"{PRESENTATION}notes", f"{DRAW}layer-set", f"{DRAW}glue-point"])
_MAX_DEPTH = 60


def read_odp(path: Path, options: ReadOptions) -> Reading:
    """Every slide, hidden ones too, under its real number from 1.

    Raises NoTextLayer when there is no text, otherwise what `opened_odf` raises.
    """
    with opened_odf(path, limits=options.limits) as container:
        body, styles = body_of(container, "presentation", path)
        pages = list(body.iterchildren(f"{DRAW}page"))
        if len(pages) > options.limits.pages:
            raise TooLarge(f"{path.name} has {len(pages)} slides; at most {options.limits.pages} are read")
        size = _size(container)
        reader = _PageReader(container, styles, size=size)
        slides = (reader.read(page, number) for number, page in enumerate(pages, start=1))
        blocks, gaps = deck_blocks(slides, size=size, limits=options.limits)
        if not blocks:
            raise NoTextLayer(f"{path.name} holds no text{''.join(f'; {gap.message}' for gap in gaps[:1])}")
        first = next(
            (block.text for block in blocks if block.role is Role.HEADING and block.locator.slide == 1), None
        )
        own = Metadata(title=believable_title(first, stem=path.stem))
        metadata = odf_metadata(container, path).or_else(own)
        return Reading(blocks=tuple(blocks), metadata=metadata, gaps=tuple(gaps))


class _PageReader:
    def __init__(self, container: Container, styles: OdfStyles, *, size: tuple[float, float]) -> None:
        self._container = container
        self._styles = styles
        self._size = size
        self._picture = 0.0
        self._gaps: list[Gap] = []

    def read(self, page: Element, number: int) -> Slide:
        self._picture, self._gaps = 0.0, []
        title, shapes = "", list[Shape]()
        for element in page.iterchildren("*"):
            if element.get(f"{PRESENTATION}class") == "title" and not title:
                title = " ".join(line.text for line in self._lines(element, Part.BODY))
            else:
                shapes += self._shapes(element, number, depth=0)
        notes = [line for part in page.iterchildren(f"{PRESENTATION}notes") for line in self._notes(part)]
        return Slide(
            number=number,
            title=title,
            shapes=tuple(shapes),
            notes=tuple(notes),
            picture=self._picture,
            gaps=tuple(self._gaps),
        )

    def _shapes(self, element: Element, number: int, *, depth: int) -> Iterator[Shape]:
        kind = element.get(f"{PRESENTATION}class")
        if not _is_shape(element):
            return
        if depth > _MAX_DEPTH:
            message = "Groups nested too deeply are not read."
            self._gaps.append(Gap(code="truncated", message=message, page=number))
            return
        if element.tag in (f"{DRAW}g", f"{DRAW}a"):
            inside = [
                shape
                for child in element.iterchildren("*")
                for shape in self._shapes(child, number, depth=depth + 1)
            ]
            ordered = in_reading_order(inside, size=self._size)
            boxes = [shape.box for shape in ordered if shape.box is not None]
            if ordered:
                lines = tuple(line for shape in ordered for line in shape.lines)
                yield Shape(lines=lines, box=Box.around(boxes))
            return
        box = _box(element)
        lines = tuple(self._all_lines(element, number))
        if lines:
            yield Shape(lines=lines, box=box, heads=kind == "outline")
        if box is not None and next(element.iterchildren(f"{DRAW}image"), None) is not None and not lines:
            self._picture = max(self._picture, box.width * box.height / (self._size[0] * self._size[1]))

    def _all_lines(self, element: Element, number: int) -> Iterator[Line]:
        objects = read_objects(element, self._container)
        yield from (Line(title) for title in objects.titles)
        yield from (Line(row, Role.TABLE_ROW, Part.TABLE) for row in objects.rows)
        for table in element.iterchildren(f"{TABLE}table"):
            yield from (Line(text, Role.TABLE_ROW, Part.TABLE) for text in table_texts(table, self._styles))
        yield from self._lines(element, Part.BODY)
        for name in objects.unread:
            message = f"An embedded object ({name}) is not read."
            self._gaps.append(Gap(code="attachment", message=message, page=number))

    def _lines(self, element: Element, part: Part) -> Iterator[Line]:
        for paragraph in paragraphs_of(element):
            text = read_paragraph(paragraph, self._styles).text
            if text:
                listed = next(paragraph.iterancestors(f"{TEXT}list-item"), None) is not None
                yield Line(text, Role.LIST_ITEM if listed else Role.PARAGRAPH, part)

    def _notes(self, notes: Element) -> Iterator[Line]:
        for element in notes.iterchildren("*"):
            if element.get(f"{PRESENTATION}class") not in (*_FURNITURE, "page"):
                yield from self._lines(element, Part.NOTES)


def _size(container: Container) -> tuple[float, float]:
    styles = container.xml_if_there("styles.xml")
    for layout in styles.iter(f"{STYLE}page-layout-properties") if styles is not None else ():
        width, height = (_length(layout.get(f"{FO}{name}")) for name in ("page-width", "page-height"))
        if width and height:
            return width, height
    return _DEFAULT_SIZE


def _is_shape(element: Element) -> bool:
    """Whether it is of this slide: not its notes, what every slide repeats, or a prompt."""
    prompt = element.get(f"{PRESENTATION}placeholder") == "true"
    repeated = element.get(f"{PRESENTATION}class") in _FURNITURE
    return element.tag.startswith(DRAW) and element.tag not in _NO_SHAPES and not prompt and not repeated


def _box(element: Element) -> Box | None:
    x, y, width, height = (_length(element.get(f"{SVG}{name}")) for name in ("x", "y", "width", "height"))
    moved = _MOVED.search(element.get(f"{DRAW}transform", ""))
    if moved:
        x, y = _length(moved[1]), _length(moved[2])
    if x is None or y is None:
        return None
    return Box(x, y, width or 0.0, height or 0.0)


def _length(text: str | None) -> float | None:
    match = _LENGTH.fullmatch(text or "")
    return float(match[1]) * _UNITS[match[2]] if match else None
