"""Slides, whatever format they come from: what is read first, and the blocks they become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kb.documents import Block, Gap, Locator, Part, Role
from kb.errors import TooLarge
from kb.parsing.reading import Limits

# Beyond this many shapes, cutting a slide into regions costs more than it tells.
_MAX_REGIONS = 400
# How far two text boxes may overlap and still stand apart, as a share of the slide.
_OVERLAP = 0.02
_ROW_TOLERANCE = 0.03
_MAX_TITLE = 90
LARGE_PICTURE = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph or table row of a shape. `text` is clean."""

    text: str
    role: Role = Role.PARAGRAPH
    part: Part = Part.BODY


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in the units of the slide, from its top left corner."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, boxes: Sequence[Box]) -> Box | None:
        """The smallest box with all of these in it."""
        if not boxes:
            return None
        left, top = min(box.x for box in boxes), min(box.y for box in boxes)
        right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
        return cls(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Lines that belong together. `box` is None when the file does not say where they stand.

    `heads` says that the shape could hold the slide's title if no other does.
    """

    lines: tuple[Line, ...]
    box: Box | None
    heads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """One slide: its shapes in any order; `picture` is its largest picture's share of it."""

    number: int
    title: str
    shapes: tuple[Shape, ...]
    notes: tuple[Line, ...] = ()
    picture: float = 0.0
    gaps: tuple[Gap, ...] = field(default=())


def slide_blocks(slide: Slide, *, size: tuple[float, float]) -> list[Block]:
    """The title, what is on the slide in reading order, then its notes."""
    shapes = in_reading_order(slide.shapes, size=size)
    title = slide.title
    if not title and _opens_with_title(shapes):
        title, shapes = shapes[0].lines[0].text, shapes[1:]
    headings = (title,) if title else ()
    blocks: list[Block] = []
    if title:
        place = Locator(slide=slide.number, headings=headings)
        blocks.append(Block(text=title, locator=place, role=Role.HEADING, level=1))
    lines = [line for shape in shapes for line in shape.lines] + list(slide.notes)
    for line in lines:
        place = Locator(slide=slide.number, part=line.part, headings=headings)
        blocks.append(Block(text=line.text, locator=place, role=line.role))
    return blocks


def deck_blocks(
    slides: Iterator[Slide], *, size: tuple[float, float], limits: Limits
) -> tuple[list[Block], list[Gap]]:
    """The blocks and gaps of all slides. Raises TooLarge at the limit on characters."""
    blocks: list[Block] = []
    gaps: list[Gap] = []
    characters = 0
    for slide in slides:
        found = slide_blocks(slide, size=size)
        characters += sum(len(block.text) for block in found)
        if characters > limits.characters:
            raise TooLarge(f"the slides hold more than {limits.characters} characters")
        blocks += found
        gaps += slide.gaps
        if slide.picture >= LARGE_PICTURE and all(block.locator.part is Part.NOTES for block in found):
            message = "The slide is a picture; the text in it is not read."
            gaps.append(Gap(code="picture-only", message=message, page=slide.number))
    return blocks, gaps


def in_reading_order(shapes: Sequence[Shape], *, size: tuple[float, float]) -> list[Shape]:
    """From top to bottom and left to right, a column or a row of boxes at a time.

    Recursive X-Y cuts (Nagy and Seth, 1984), each at the widest gap, so that boxes that are
    close together are read together. Shapes without a place come last, in file order.
    """
    placed = [shape for shape in shapes if shape.lines and shape.box is not None]
    others = [shape for shape in shapes if shape.lines and shape.box is None]
    if len(placed) > _MAX_REGIONS:
        return _by_rows(placed, size) + others
    return _cut(placed, size) + others


def _cut(shapes: list[Shape], size: tuple[float, float]) -> list[Shape]:
    if len(shapes) < 2:
        return shapes
    across = _widest_gap([(box.y, box.y + box.height) for box in _boxes(shapes)], size[1] * _OVERLAP)
    along = _widest_gap([(box.x, box.x + box.width) for box in _boxes(shapes)], size[0] * _OVERLAP)
    if across is None and along is None:
        return _by_rows(shapes, size)
    by_row = along is None or (across is not None and across[0] >= along[0])
    edge = across[1] if by_row and across else along[1] if along else 0.0
    first = [shape for shape, box in zip(shapes, _boxes(shapes), strict=True) if _middle(box, by_row) < edge]
    rest = [shape for shape, box in zip(shapes, _boxes(shapes), strict=True) if _middle(box, by_row) >= edge]
    if not first or not rest:
        return _by_rows(shapes, size)
    return _cut(first, size) + _cut(rest, size)


def _widest_gap(spans: list[tuple[float, float]], overlap: float) -> tuple[float, float] | None:
    """How wide the widest gap between spans is, and its middle; an overlap is a narrow gap."""
    best: tuple[float, float] | None = None
    reach: float | None = None
    for start, end in sorted(spans):
        if reach is not None and start - reach > -min(overlap, (end - start) / 3):
            found = (start - reach + overlap, (start + reach) / 2)
            best = found if best is None or found[0] > best[0] else best
        reach = end if reach is None else max(reach, end)
    return best


def _by_rows(shapes: list[Shape], size: tuple[float, float]) -> list[Shape]:
    tolerance = size[1] * _ROW_TOLERANCE or 1.0
    rows: list[list[tuple[Box, Shape]]] = []
    for box, shape in sorted(
        zip(_boxes(shapes), shapes, strict=True), key=lambda pair: (pair[0].y, pair[0].x)
    ):
        if rows and box.y - rows[-1][0][0].y <= tolerance:
            rows[-1].append((box, shape))
        else:
            rows.append([(box, shape)])
    return [shape for row in rows for _, shape in sorted(row, key=lambda pair: pair[0].x)]


def _boxes(shapes: list[Shape]) -> list[Box]:
    return [shape.box for shape in shapes if shape.box is not None]


def _middle(box: Box, by_row: bool) -> float:
    return box.y + box.height / 2 if by_row else box.x + box.width / 2


def _opens_with_title(shapes: list[Shape]) -> bool:
    if len(shapes) < 2 or not shapes[0].heads or len(shapes[0].lines) != 1:
        return False
    line = shapes[0].lines[0]
    return (
        line.part is Part.BODY
        and len(line.text) <= _MAX_TITLE
        and not re.search(r"[.;,:]$|https?:", line.text)
    )
