"""What the content stream of one PDF page draws: fragments of text with their place.

pypdf reads the file, its streams and its fonts; this module follows the text operators
(ISO 32000-1, 9.4), because the widths of what is shown decide where a word and a column end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pypdf import PageObject
from pypdf.generic import (
    ContentStream,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from kb.parsing.pdf_fonts import PageFont, load_font
from kb.parsing.pdf_fragments import PIECE_GAP, WORD_GAP, Fragment, PageContent
from kb.parsing.pdf_geometry import IDENTITY, Matrix, apply, matrix_of, multiply, page_matrix, quarter, turned
from kb.parsing.pdf_streams import is_missing, is_whole, packed_length, parts_of

_MAX_FORM_DEPTH = 12
# What nothing at all is packed into, by any of the filters.
_EMPTY_STREAM = 16
_MAX_FORMS = 2_000
_MAX_FRAGMENTS = 100_000
_PATH_OPERATORS = frozenset({b"l", b"c", b"v", b"y"})


@dataclass(slots=True)
class _State:
    ctm: Matrix = IDENTITY
    font: PageFont | None = None
    size: float = 1.0
    char_space: float = 0.0
    word_space: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0


def read_page(page: PageObject, fonts: dict[int, object]) -> PageContent:
    """Everything the page shows as text, in stream order.

    `fonts` is kept by the caller for all pages of a file: loading a font is the slow part.
    """
    base, width, height = page_matrix(page)
    run = _Interpreter(page=page, width=width, height=height, fonts=fonts)
    drawn = page.get("/Contents")
    if isinstance(drawn, IndirectObject) and is_missing(drawn.get_object()):
        raise ValueError("its drawing is missing from the file")
    if drawn is not None:
        # "bytes" keeps strings as the codes that the fonts map; the default would guess a text encoding.
        contents = ContentStream(drawn.get_object(), page.pdf, "bytes")
        if not contents.get_data().strip() and packed_length(drawn.get_object()) > _EMPTY_STREAM:
            raise ValueError("its drawing cannot be unpacked")
        if not all(part is not None and is_whole(part) for part in parts_of(drawn.get_object())):
            run.fault = "its drawing is damaged"
        run.run(contents, _resources(page), _State(ctm=base))
    inside = [part for part in run.fragments if _visible(part, width, height)]
    area = width * height or 1.0
    return PageContent(
        width=width,
        height=height,
        fragments=inside,
        image_area=min(1.0, run.image_area / area),
        strokes=run.strokes,
        unmapped=run.unmapped,
        truncated=run.truncated,
        fault=run.fault,
    )


@dataclass(slots=True)
class _Interpreter:
    page: PageObject
    width: float
    height: float
    fonts: dict[int, object]
    fragments: list[Fragment] = field(default_factory=list)
    image_area: float = 0.0
    strokes: int = 0
    forms: int = 0
    unmapped: int = 0
    truncated: bool = False
    fault: str | None = None
    state: _State = field(default_factory=_State)
    resources: DictionaryObject = field(default_factory=DictionaryObject)
    text_matrix: Matrix = IDENTITY
    line_matrix: Matrix = IDENTITY
    marked: list[tuple[str | None, bool, int]] = field(default_factory=list)

    def run(
        self, contents: ContentStream, resources: DictionaryObject, state: _State, depth: int = 0
    ) -> None:
        """Follow one stream, and the forms that it draws."""
        outer = self.state, self.resources, self.text_matrix, self.line_matrix, self.marked
        self.state, self.resources = state, resources
        self.marked = [mark for mark in self.marked if mark[1]]
        stack: list[_State] = []
        for operands, operator in contents.operations:
            if len(self.fragments) > _MAX_FRAGMENTS:
                self.truncated = True
                break
            if operator in _PATH_OPERATORS:
                self.strokes += 1
            elif operator == b"q":
                stack.append(replace(self.state))
            elif operator == b"Q":
                self.state = stack.pop() if stack else self.state
            elif operator == b"Do":
                self._draw(operands, depth)
            else:
                step = _STEPS.get(operator)
                if step is not None:
                    _tolerant(step, self, operands)
        self.state, self.resources, self.text_matrix, self.line_matrix, self.marked = outer

    def _draw(self, operands: list[Any], depth: int) -> None:
        drawn = _named(self.resources, "/XObject", operands)
        if not isinstance(drawn, StreamObject):
            self.fault = self.fault or "a part of its drawing is missing from the file"
            return
        if drawn.get("/Subtype") == "/Image":
            self._image()
            return
        self.forms += 1
        if depth >= _MAX_FORM_DEPTH or self.forms > _MAX_FORMS:
            self.truncated = True
            return
        matrix = matrix_of(drawn.get("/Matrix", IDENTITY))
        state = replace(self.state, ctm=multiply(matrix, self.state.ctm))
        own = drawn.get("/Resources")
        resources = own.get_object() if own is not None else self.resources
        if not is_whole(drawn):
            self.fault = self.fault or "a part of its drawing is damaged"
        if isinstance(resources, DictionaryObject):
            self.run(ContentStream(drawn, self.page.pdf, "bytes"), resources, state, depth + 1)

    def _image(self) -> None:
        a, b, c, d, _, _ = self.state.ctm
        self.image_area = max(self.image_area, abs(a * d - b * c))

    def show(self, shown: Any) -> None:
        """Tj and TJ: strings and, between them, moves in thousandths of an em."""
        font = self.state.font
        if font is None:
            self.unmapped += 1
            return
        parts = shown if isinstance(shown, list) else [shown]
        pen = _Pen(self)
        for part in parts:
            if isinstance(part, NameObject):
                continue
            if isinstance(part, int | float):
                pen.move(-float(part) / 1000 * self.state.size * self.state.scale)
            elif isinstance(part, bytes | str):
                pen.write(font.glyphs(part))
        pen.flush()
        self.text_matrix = multiply((1, 0, 0, 1, pen.x, 0), self.text_matrix)

    def set_font(self, name: Any, size: Any) -> None:
        """Tf."""
        self.state.size = float(size)
        resource = _named(self.resources, "/Font", [name])
        if not isinstance(resource, DictionaryObject):
            return
        key = id(resource)
        if key not in self.fonts:
            # The resource is kept beside its font, so that its id stays taken.
            self.fonts[key] = (resource, load_font(resource), is_whole(resource.get("/ToUnicode")))
        kept: Any = self.fonts[key]
        self.state.font = kept[1]
        if not kept[2]:
            self.fault = self.fault or "the table of a font's characters is damaged"

    def next_line(self, x: float, y: float) -> None:
        """Td."""
        self.line_matrix = self.text_matrix = multiply((1, 0, 0, 1, x, y), self.line_matrix)

    def begin_text(self) -> None:
        """BT."""
        self.line_matrix = self.text_matrix = IDENTITY

    def set_matrix(self, *numbers: Any) -> None:
        """Tm."""
        self.line_matrix = self.text_matrix = matrix_of(numbers)

    def concatenate(self, *numbers: Any) -> None:
        """Cm."""
        self.state.ctm = multiply(matrix_of(numbers), self.state.ctm)

    def mark(self, tag: Any = None, properties: Any = None) -> None:
        """BMC and BDC: the text that is meant, and whether it is a header or footer."""
        if isinstance(properties, str):
            properties = _named(self.resources, "/Properties", [properties])
        meant, running = None, False
        if isinstance(properties, DictionaryObject):
            text = properties.get("/ActualText")
            meant = str(text) if isinstance(text, str) else None
            running = tag == "/Artifact" and properties.get("/Type") == "/Pagination"
        self.marked.append((meant, running, len(self.fragments)))

    def unmark(self) -> None:
        """EMC."""
        if not self.marked:
            return
        meant, _, first = self.marked.pop()
        covered = self.fragments[first:]
        if meant is None or not covered or len({round(part.y) for part in covered}) > 1:
            return
        whole = replace(covered[0], text=meant.strip() or covered[0].text, x1=covered[-1].x1)
        self.fragments[first:] = [whole]

    @property
    def running(self) -> bool:
        """Inside a header or footer."""
        return any(mark[1] for mark in self.marked)


class _Pen:
    """Follows the glyphs of one Tj or TJ and leaves fragments behind."""

    def __init__(self, owner: _Interpreter) -> None:
        self.owner = owner
        self.x = 0.0
        state = owner.state
        self.size = state.size
        font = state.font
        self.bold = font.bold if font is not None else False
        self.letters: list[str] = []
        self.start = self.end = 0.0
        self.space = False

    def move(self, distance: float) -> None:
        """Leave a gap, or tighten it."""
        self.x += distance

    def write(self, glyphs: list[tuple[str, float, bool]]) -> None:
        """Show glyphs, in text space."""
        state = self.owner.state
        size, scale, char_space, word_space = state.size, state.scale, state.char_space, state.word_space
        em = abs(size * scale)
        for text, width, is_word_space in glyphs:
            advance = (width * size + char_space + (word_space if is_word_space else 0.0)) * scale
            if not text.strip():
                self.space = self.space or bool(text)
                self.x += advance
                continue
            gap = self.x - self.end
            if self.letters and (gap > PIECE_GAP * em or gap < -em):
                self.flush()
            if not self.letters:
                self.start = self.x
                self.letters = [" "] if self.space else []
            elif self.space or gap > WORD_GAP * em:
                self.letters.append(" ")
            self.letters.append(text)
            self.space = False
            self.x += advance
            # Wide character spacing is a move to the next cell, narrow spacing belongs to the word.
            self.end = self.x - (char_space * scale if char_space > size / 2 else 0.0)

    def flush(self) -> None:
        """Make a fragment of what was written."""
        text = "".join(self.letters)
        self.letters = []
        if not text.strip():
            return
        owner, state = self.owner, self.owner.state
        whole = multiply(owner.text_matrix, state.ctm)
        x0, y0 = apply(whole, self.start, state.rise)
        x1, y1 = apply(whole, self.end, state.rise)
        font_unit = 1000 * state.font.unit if state.font is not None else 1.0
        size = abs(state.size) * math.hypot(whole[2], whole[3]) * (font_unit if font_unit > 0 else 1.0)
        turn = quarter(x1 - x0, y1 - y0) if (x0, y0) != (x1, y1) else quarter(whole[0], whole[1])
        x0, y0 = turned(x0, y0, turn, (owner.width, owner.height))
        x1, _ = turned(x1, y1, turn, (owner.width, owner.height))
        height = owner.width if turn % 2 else owner.height
        owner.fragments.append(
            Fragment(
                text=text.strip(),
                x0=min(x0, x1),
                x1=max(x0, x1),
                y=height - y0,
                size=size,
                bold=self.bold,
                order=len(owner.fragments),
                space_before=text[0] == " ",
                turn=turn,
                running=owner.running,
            )
        )


def _set(name: str, factor: float = 1.0) -> Callable[..., None]:
    def step(run: _Interpreter, value: Any, *_: Any) -> None:
        setattr(run.state, name, float(value) * factor)

    return step


def _leading_move(run: _Interpreter, x: Any, y: Any, *_: Any) -> None:
    run.state.leading = -float(y)
    run.next_line(float(x), float(y))


def _quote(run: _Interpreter, shown: Any, *_: Any) -> None:
    run.next_line(0, -run.state.leading)
    run.show(shown)


def _double_quote(run: _Interpreter, word_space: Any, char_space: Any, shown: Any, *_: Any) -> None:
    run.state.word_space, run.state.char_space = float(word_space), float(char_space)
    _quote(run, shown)


_STEPS: dict[bytes, Callable[..., None]] = {
    b"BT": lambda run, *_: run.begin_text(),
    b"Tf": lambda run, name, size, *_: run.set_font(name, size),
    b"Tm": lambda run, *numbers: run.set_matrix(*numbers),
    b"cm": lambda run, *numbers: run.concatenate(*numbers),
    b"Td": lambda run, x, y, *_: run.next_line(float(x), float(y)),
    b"TD": _leading_move,
    b"T*": lambda run, *_: run.next_line(0, -run.state.leading),
    b"Tj": lambda run, shown, *_: run.show(shown),
    b"TJ": lambda run, shown, *_: run.show(shown),
    b"'": _quote,
    b'"': _double_quote,
    b"Tc": _set("char_space"),
    b"Tw": _set("word_space"),
    b"Tz": _set("scale", 0.01),
    b"TL": _set("leading"),
    b"Ts": _set("rise"),
    b"BMC": lambda run, *operands: run.mark(*operands[:2]),
    b"BDC": lambda run, *operands: run.mark(*operands[:2]),
    b"EMC": lambda run, *_: run.unmark(),
    b"INLINE IMAGE": lambda run, *_: run._image(),
}


def _tolerant(step: Callable[..., None], run: _Interpreter, operands: Any) -> None:
    """Carry out one operator; one with unusable operands is passed over, as viewers do."""
    arguments = operands if isinstance(operands, list) else [operands]
    try:
        step(run, *arguments)
    except (TypeError, ValueError, OverflowError, IndexError, KeyError, AttributeError):
        return


def _named(resources: DictionaryObject, category: str, operands: list[Any]) -> Any:
    group = resources.get(category)
    group = group.get_object() if group is not None else None
    if not isinstance(group, DictionaryObject) or not operands or operands[0] not in group:
        return None
    return group[operands[0]].get_object()


def _resources(page: PageObject) -> DictionaryObject:
    found = page.get("/Resources")
    found = found.get_object() if found is not None else None
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _visible(part: Fragment, width: float, height: float) -> bool:
    if part.turn % 2:
        width, height = height, width
    return part.x1 > 0 and part.x0 < width and part.y > 0 and part.y - part.size < height and part.size > 0
