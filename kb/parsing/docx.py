"""Word documents: paragraphs, lists, tables, notes and text boxes under their headings.

Word does not store page numbers, so none are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kb.documents import Gap, Metadata, Role
from kb.errors import DamagedFile, NoTextLayer
from kb.parsing.containers import Container, Element, opened, whole
from kb.parsing.docx_styles import Style, Styles, W, is_on
from kb.parsing.docx_text import Paragraph, TextReader, is_prompt
from kb.parsing.drawings import chosen, graphic_lines
from kb.parsing.flow import Flow
from kb.parsing.properties import believable_title, property_metadata
from kb.parsing.reading import Limits, Reading, ReadOptions
from kb.parsing.tables import MAX_COLUMNS, Cell, Row, cell_text, plausible_header, row_texts

_WRAPPERS = frozenset(f"{W}{name}" for name in ("sdtContent", "customXml", "smartTag", "ins", "moveTo"))
_MAX_DEPTH = 60
_ON = ("1", "true", "on")
_FIRST_ROW_BIT = 0x0020


def read_docx(path: Path, options: ReadOptions) -> Reading:
    """The body, with notes after the paragraph that refers to them. Headers and footers of
    pages are read only if there is nothing else.

    Raises NoTextLayer when no text is left, otherwise what `opened` raises.
    """
    with opened(path, limits=options.limits) as container:
        main = _main_part(container, path)
        reader = _BodyReader(container, main, limits=options.limits)
        reader.read(container.xml(main))
        blocks = reader.flow.blocks()
        if not blocks:
            reader.read_margins()
            blocks = reader.flow.blocks()
        if not blocks:
            raise NoTextLayer(f"{path.name} holds no text{'; it has pictures' if reader.has_picture else ''}")
        core = next(iter(container.related("", "core-properties")), "docProps/core.xml")
        metadata = property_metadata(container.xml_if_there(core), stem=path.stem)
        own = Metadata(title=believable_title(reader.title, stem=path.stem))
        return Reading(
            blocks=blocks, metadata=metadata.or_else(own), gaps=(*reader.gaps, *container.missing())
        )


def _main_part(container: Container, path: Path) -> str:
    for part in [*container.related("", "officeDocument"), "word/document.xml"]:
        if part in container and container.xml(part).tag == f"{W}document":
            return part
    raise DamagedFile(f"{path.name} holds no Word document")


class _BodyReader:
    def __init__(self, container: Container, main: str, *, limits: Limits) -> None:
        self.flow = Flow(limits)
        self.title = ""
        self.gaps: list[Gap] = []
        self.has_picture = False
        self._container = container
        self._main = main
        self._styles = Styles(container.xml_if_there(next(iter(container.related(main, "styles")), None)))
        self._notes = {kind: self._notes_of(kind) for kind in ("footnote", "endnote")}
        self._text: TextReader

    def read(self, root: Element) -> None:
        self._text = TextReader(root)
        for body in root.iterchildren(f"{W}body"):
            self._content(body, depth=0)

    def read_margins(self) -> None:
        """The headers and footers of pages, each text once."""
        seen: set[str] = set()
        for part in [
            *self._container.related(self._main, "header"),
            *self._container.related(self._main, "footer"),
        ]:
            root = self._container.xml(part)
            self._text = TextReader(root)
            for paragraph in self._paragraphs(root):
                if paragraph.text not in seen:
                    seen.add(paragraph.text)
                    self.flow.add(paragraph.text)

    def _content(self, parent: Element, *, depth: int) -> None:
        for child in _blocks(parent):
            if child.tag == f"{W}p":
                self._paragraph(child, depth=depth)
            elif child.tag == f"{W}tbl":
                self._table(child, depth=depth)
            elif child.tag == f"{W}altChunk":
                self._attachment("an imported document")

    def _paragraph(self, element: Element, *, depth: int) -> None:
        style = self._styles.of(_style_id(element))
        paragraph = self._text.read(element)
        level = self._styles.heading_level(element, style)
        if not style.is_contents:
            if style.is_title and not self.title:
                self.title = paragraph.text
            if level is not None:
                self.flow.heading(paragraph.text, level=level, title=style.is_title)
            else:
                role = Role.LIST_ITEM if _is_listed(element, style) else Role.PARAGRAPH
                self.flow.add(paragraph.text, role=role, bold=paragraph.bold or style.bold)
        self._attached([paragraph], depth=depth)

    def _attached(self, paragraphs: list[Paragraph], *, depth: int) -> None:
        """What hangs on paragraphs: notes, then text boxes, charts and embedded files."""
        for paragraph in paragraphs:
            for kind, identifier in paragraph.notes:
                self.flow.add(self._notes[kind].get(identifier, ""), role=Role.FOOTNOTE)
        for paragraph in paragraphs:
            self.has_picture = self.has_picture or paragraph.has_picture
            for box in paragraph.boxes if depth < _MAX_DEPTH else ():
                self._content(box, depth=depth + 1)
            for graphic in paragraph.graphics:
                for line in graphic_lines(graphic, container=self._container, part=self._main):
                    self.flow.add(line.text, role=line.role)
            for program in paragraph.objects:
                self._attachment(program)

    def _table(self, table: Element, *, depth: int) -> None:
        rows = list(_through(table, f"{W}tr"))
        if depth >= _MAX_DEPTH:
            self.gaps.append(Gap(code="truncated", message="Tables nested too deeply are not read."))
        elif all(_is_frame_row(row) for row in rows):
            # One column is a frame around running text, not a table.
            for row in rows:
                for cell in _through(row, f"{W}tc"):
                    self._content(cell, depth=depth + 1)
        else:
            self._grid(table, rows, depth=depth)

    def _grid(self, table: Element, rows: list[Element], *, depth: int) -> None:
        grid: list[Row] = []
        hanging: list[list[Paragraph]] = []
        nested: list[list[Element]] = []
        bold: list[bool] = []
        for row in rows:
            cells, paragraphs, inner, weights = self._row(row)
            grid.append(cells)
            hanging.append(paragraphs)
            nested.append(inner)
            bold.append(bool(weights) and all(weights))
        headers = self._header_rows(table, rows, grid, bold)
        texts = row_texts(grid, header_rows=headers)
        for text, paragraphs, inner in zip(texts, hanging, nested, strict=True):
            self.flow.add(text, role=Role.TABLE_ROW)
            self._attached(paragraphs, depth=depth)
            for one in inner:
                self._table(one, depth=depth + 1)

    def _row(self, row: Element) -> tuple[list[Cell], list[Paragraph], list[Element], list[bool]]:
        """Its cells, their paragraphs and tables, and whether each cell stands out."""
        before = row.find(f"{W}trPr/{W}gridBefore")
        column = _span(before) if before is not None else 0
        cells, found, nested, weights = [], list[Paragraph](), list[Element](), []
        for cell in _through(row, f"{W}tc"):
            properties = cell.find(f"{W}tcPr")
            span = properties.find(f"{W}gridSpan") if properties is not None else None
            width = _span(span) if span is not None else 1
            if not _is_merged_away(properties):
                paragraphs = []
                for child in _blocks(cell):
                    if child.tag == f"{W}p":
                        paragraphs.append(self._text.read(child))
                    elif child.tag == f"{W}tbl":
                        nested.append(child)
                cells.append(Cell(cell_text([one.text for one in paragraphs]), column, width))
                found += paragraphs
                shaded = properties is not None and _is_shaded(properties.find(f"{W}shd"))
                weights.append(shaded or all(one.bold for one in paragraphs if one.text))
            column = min(column + width, MAX_COLUMNS)
        return cells, found, nested, weights

    def _header_rows(self, table: Element, rows: list[Element], grid: list[Row], bold: list[bool]) -> int:
        """How many rows are the header: those that repeat on every page, or a first row that
        is marked as one and looks different. Word marks the first row of every table."""
        repeated = 0
        for row in rows:
            if not is_on(row.find(f"{W}trPr/{W}tblHeader")):
                break
            repeated += 1
        if 0 < repeated < len(rows):
            return repeated if plausible_header([grid[repeated - 1], grid[repeated]]) else 0
        look = table.find(f"{W}tblPr/{W}tblLook")
        name = table.find(f"{W}tblPr/{W}tblStyle")
        styled = name is not None and self._styles.of(name.get(f"{W}val")).header_row
        stands_out = styled or (len(bold) > 1 and bold[0] and not bold[1])
        return 1 if _marks_first_row(look) and stands_out and plausible_header(grid) else 0

    def _paragraphs(self, root: Element) -> Iterator[Paragraph]:
        for element in root.iter(f"{W}p"):
            yield self._text.read(element)

    def _notes_of(self, kind: str) -> dict[str, str]:
        notes: dict[str, str] = {}
        for part in self._container.related(self._main, f"{kind}s"):
            root = self._container.xml(part)
            self._text = TextReader(root)
            for note in root.iterchildren(f"{W}{kind}"):
                texts = [paragraph.text for paragraph in self._paragraphs(note)]
                notes[note.get(f"{W}id", "")] = " ".join(text for text in texts if text)
        return notes

    def _attachment(self, what: str) -> None:
        self.gaps.append(Gap(code="attachment", message=f"An embedded object ({what}) is not read."))


def _blocks(parent: Element) -> Iterator[Element]:
    """Paragraphs and tables, also inside content controls, insertions and alternatives."""
    for child in chosen(parent):
        if child.tag in _WRAPPERS:
            yield from _blocks(child)
        elif child.tag == f"{W}sdt":
            if not is_prompt(child):
                yield from _blocks(child)
        else:
            yield child


def _through(parent: Element, tag: str) -> Iterable[Element]:
    return (child for child in _blocks(parent) if child.tag == tag)


def _style_id(paragraph: Element) -> str | None:
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    return style.get(f"{W}val") if style is not None else None


def _is_listed(paragraph: Element, style: Style) -> bool:
    number = paragraph.find(f"{W}pPr/{W}numPr/{W}numId")
    return style.listed if number is None else number.get(f"{W}val") != "0"


def _is_frame_row(row: Element) -> bool:
    return sum(1 for _ in _through(row, f"{W}tc")) == 1


def _is_merged_away(properties: Element | None) -> bool:
    """Whether the cell only continues the one above or to its left."""
    for tag in (f"{W}vMerge", f"{W}hMerge"):
        merge = properties.find(tag) if properties is not None else None
        if merge is not None and merge.get(f"{W}val", "continue") == "continue":
            return True
    return False


def _is_shaded(shade: Element | None) -> bool:
    return shade is not None and shade.get(f"{W}fill", "auto").lower() not in {"auto", "ffffff"}


def _marks_first_row(look: Element | None) -> bool:
    if look is None:
        return False
    if look.get(f"{W}firstRow") is not None:
        return look.get(f"{W}firstRow") in _ON
    return bool(int(look.get(f"{W}val", "0"), 16) & _FIRST_ROW_BIT)


def _span(element: Element) -> int:
    return min(max(whole(element.get(f"{W}val"), 1), 1), MAX_COLUMNS)
