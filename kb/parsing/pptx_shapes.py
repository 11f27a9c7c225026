"""The shape tree of a slide: text, tables, charts, SmartArt, groups and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kb.documents import Part, Role
from kb.parsing.cleaning import clean
from kb.parsing.containers import Container, Element, whole
from kb.parsing.drawings import A, chosen, graphic_lines, paragraph_text
from kb.parsing.slides import Box, Line, Shape, in_reading_order
from kb.parsing.tables import Cell, Row, cell_text, plausible_header, row_texts

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"

_MAX_DEPTH = 60
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr")
# The kinds of placeholder whose text looks as the master's body style says.
_BODY_KINDS = ("body", "obj", "tbl", "chart", "dgm", "media", "clipArt", "pic")
_BULLETS = (f"{A}buChar", f"{A}buAutoNum", f"{A}buBlip")
_TRUE = ("1", "true", "on")


@dataclass(frozen=True, slots=True)
class _Frame:
    """From the coordinates inside a group to those of the slide."""

    scale_x: float = 1.0
    scale_y: float = 1.0
    shift_x: float = 0.0
    shift_y: float = 0.0

    def box(self, xfrm: Element | None) -> Box | None:
        if xfrm is None:
            return None
        x, y = _pair(xfrm, f"{A}off", ("x", "y"))
        width, height = _pair(xfrm, f"{A}ext", ("cx", "cy"))
        return Box(
            x * self.scale_x + self.shift_x,
            y * self.scale_y + self.shift_y,
            width * self.scale_x,
            height * self.scale_y,
        )

    def inside(self, xfrm: Element | None) -> _Frame:
        """The frame for the children of a group (ECMA-376, part 1, 20.1.7.5)."""
        box = self.box(xfrm)
        if box is None:
            return self
        x, y = _pair(xfrm, f"{A}chOff", ("x", "y"))
        width, height = _pair(xfrm, f"{A}chExt", ("cx", "cy"))
        scale_x = box.width / width if width else self.scale_x
        scale_y = box.height / height if height else self.scale_y
        return _Frame(scale_x, scale_y, box.x - x * scale_x, box.y - y * scale_y)


class PlaceholderStyles:
    """What slides take over from their layouts and masters, each of which is read once."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._chains: dict[str, list[Element]] = {}

    def of(self, slide: str) -> list[Element]:
        """The roots of the layout and the master of a slide, as far as they are there."""
        layout = next(iter(self._container.related(slide, "slideLayout")), "")
        if layout and layout not in self._chains:
            master = next(iter(self._container.related(layout, "slideMaster")), "")
            found = [self._container.xml_if_there(part) for part in (layout, master)]
            self._chains[layout] = [root for root in found if root is not None]
        return self._chains.get(layout, [])


class ShapeReader:
    """Reads one slide; `title`, `picture`, `attachments` and `too_deep` are known after `read`."""

    def __init__(
        self,
        container: Container,
        part: str,
        *,
        styles: list[Element] | None,
        size: tuple[float, float],
        notes: bool = False,
    ) -> None:
        self.title = ""
        self.picture = 0.0
        self.attachments: list[str] = []
        self.too_deep = False
        self._container = container
        self._part = part
        self._styles = styles or []
        self._size = size
        self._area = size[0] * size[1]
        self._notes = notes

    def read(self, root: Element) -> list[Shape]:
        """The shapes with text, apart from the title, in file order."""
        if any(True for background in root.iter(f"{P}bg") for _ in background.iter(f"{A}blip")):
            self.picture = 1.0
        trees = [
            tree for content in root.iterchildren(f"{P}cSld") for tree in content.iterchildren(f"{P}spTree")
        ]
        return [shape for tree in trees for shape in self._children(tree, _Frame(), depth=0)]

    def _children(self, tree: Element, frame: _Frame, *, depth: int) -> Iterator[Shape]:
        for element in chosen(tree):
            match element.tag.rpartition("}")[2]:
                case "sp" | "cxnSp":
                    yield from self._text_shape(element, frame)
                case "grpSp" if depth < _MAX_DEPTH:
                    yield from self._group(element, frame, depth=depth)
                case "grpSp":
                    self.too_deep = True
                case "graphicFrame":
                    yield from self._graphic(element, frame)
                case "pic":
                    self._note_picture(element, frame)
                case "contentPart" | "nvGrpSpPr" | "grpSpPr" | "extLst":
                    pass

    def _text_shape(self, element: Element, frame: _Frame) -> Iterator[Shape]:
        kind = placeholder_kind(element)
        if kind in _FURNITURE:
            return
        self._note_picture(element, frame)
        lines = tuple(self._lines(element, kind))
        if kind in _TITLES and not self.title and not self._notes:
            self.title = clean(" ".join(line.text for line in lines))
        elif lines:
            heads = kind in _BODY_KINDS
            yield Shape(lines=lines, box=frame.box(self._xfrm(element)), heads=heads)

    def _lines(self, element: Element, kind: str | None) -> Iterator[Line]:
        part = Part.NOTES if self._notes else Part.BODY
        for body in element.iterchildren(f"{P}txBody"):
            for paragraph in body.iterchildren(f"{A}p"):
                text = paragraph_text(paragraph)
                if text:
                    listed = self._is_listed(paragraph, body, kind, element)
                    yield Line(text, Role.LIST_ITEM if listed else Role.PARAGRAPH, part)

    def _is_listed(self, paragraph: Element, body: Element, kind: str | None, shape: Element) -> bool:
        """Whether it has a bullet or a number: the nearest of paragraph, shape, layout and
        master that says so decides (ECMA-376, part 1, 21.1.2.4)."""
        own = paragraph.find(f"{A}pPr")
        level = whole(own.get("lvl"), 0) if own is not None else 0
        sources = [own, body.find(f"{A}lstStyle/{A}lvl{level + 1}pPr")]
        for root in self._styles if kind else []:
            inherited = _same_placeholder(root, shape)
            if inherited is not None:
                sources.append(inherited.find(f"{P}txBody/{A}lstStyle/{A}lvl{level + 1}pPr"))
        if kind in _BODY_KINDS and self._styles:
            sources.append(self._styles[-1].find(f"{P}txStyles/{P}bodyStyle/{A}lvl{level + 1}pPr"))
        for source in sources:
            if source is not None and source.find(f"{A}buNone") is not None:
                return False
            if source is not None and any(source.find(bullet) is not None for bullet in _BULLETS):
                return True
        return False

    def _group(self, element: Element, frame: _Frame, *, depth: int) -> Iterator[Shape]:
        """One shape of everything inside, because what is grouped belongs together."""
        inside = frame.inside(element.find(f"{P}grpSpPr/{A}xfrm"))
        shapes = in_reading_order(list(self._children(element, inside, depth=depth + 1)), size=self._size)
        if shapes:
            boxes = [shape.box for shape in shapes if shape.box is not None]
            yield Shape(lines=tuple(line for shape in shapes for line in shape.lines), box=Box.around(boxes))

    def _graphic(self, element: Element, frame: _Frame) -> Iterator[Shape]:
        lines: list[Line] = []
        for table in element.iter(f"{A}tbl"):
            lines += table_lines(table)
        for data in element.iter(f"{A}graphicData"):
            lines += graphic_lines(data, container=self._container, part=self._part)
            for embedded in list(data.iter(f"{P}oleObj"))[:1]:
                program = embedded.get("progId") or "unknown program"
                self.attachments.append(f"An embedded object ({program}) is not read.")
        if lines:
            part = Part.NOTES if self._notes else None
            box = frame.box(element.find(f"{P}xfrm"))
            yield Shape(lines=tuple(replace(line, part=part or line.part) for line in lines), box=box)

    def _note_picture(self, element: Element, frame: _Frame) -> None:
        filled = any(True for _ in element.iter(f"{A}blip"))
        box = frame.box(self._xfrm(element)) if filled else None
        if box is not None and self._area:
            self.picture = max(self.picture, abs(box.width * box.height) / self._area)

    def _xfrm(self, shape: Element) -> Element | None:
        """Where a shape stands; a placeholder takes it over from its layout or master."""
        for holder in [shape, *(_same_placeholder(root, shape) for root in self._styles)]:
            found = holder.find(f"{P}spPr/{A}xfrm") if holder is not None else None
            if found is not None and found.find(f"{A}off") is not None:
                return found
        return None


def placeholder_kind(shape: Element) -> str | None:
    """The type of a placeholder ("obj" where it has none), or None for any other shape."""
    mark = _placeholder(shape)
    return mark.get("type", "obj") if mark is not None else None


def table_lines(table: Element) -> list[Line]:
    """The rows of an a:tbl. A merged cell is read where it starts."""
    rows: list[Row] = []
    for row in table.iterchildren(f"{A}tr"):
        cells = []
        for column, cell in enumerate(row.iterchildren(f"{A}tc")):
            if cell.get("hMerge") not in _TRUE and cell.get("vMerge") not in _TRUE:
                text = cell_text([paragraph_text(paragraph) for paragraph in cell.iter(f"{A}p")])
                cells.append(Cell(text, column, whole(cell.get("gridSpan"), 1)))
        rows.append(cells)
    marked = any(properties.get("firstRow") in _TRUE for properties in table.iterchildren(f"{A}tblPr"))
    texts = row_texts(rows, header_rows=1 if marked and plausible_header(rows) else 0)
    return [Line(text, Role.TABLE_ROW, Part.TABLE) for text in texts if text]


def _placeholder(shape: Element) -> Element | None:
    for child in shape:
        if child.tag.endswith(("}nvSpPr", "}nvPicPr", "}nvGraphicFramePr")):
            return child.find(f"{P}nvPr/{P}ph")
    return None


def _same_placeholder(root: Element, shape: Element) -> Element | None:
    """The shape of a layout or master that a placeholder continues: the same index, or else
    the same type."""
    mark = _placeholder(shape)
    if mark is None:
        return None
    kind = mark.get("type", "obj")
    wanted = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(kind, kind)
    by_kind = None
    for candidate in root.iter(f"{P}sp"):
        other = _placeholder(candidate)
        if other is None:
            continue
        if mark.get("idx") is not None and other.get("idx") == mark.get("idx"):
            return candidate
        other_kind = other.get("type", "obj")
        if by_kind is None and (
            other_kind == kind or {"ctrTitle": "title", "obj": "body"}.get(other_kind, other_kind) == wanted
        ):
            by_kind = candidate
    return by_kind


def _pair(xfrm: Element, tag: str, names: tuple[str, str]) -> tuple[float, float]:
    element = xfrm.find(tag)
    if element is None:
        return 0.0, 0.0
    return float(whole(element.get(names[0]), 0)), float(whole(element.get(names[1]), 0))
