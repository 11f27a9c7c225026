"""OpenDocument texts: paragraphs, lists, tables, notes and frames under their headings."""

from __future__ import annotations

from pathlib import Path

from kb.documents import Gap, Metadata, Role
from kb.errors import NoTextLayer
from kb.parsing.containers import Container, Element, whole
from kb.parsing.flow import Flow
from kb.parsing.odf import (
    DRAW,
    OFFICE,
    TABLE,
    TEXT,
    Paragraph,
    body_of,
    odf_metadata,
    opened_odf,
    read_objects,
    read_paragraph,
    table_rows,
)
from kb.parsing.odf_styles import OdfStyles
from kb.parsing.properties import believable_title
from kb.parsing.reading import Limits, Reading, ReadOptions
from kb.parsing.tables import row_texts

# Contents and indexes repeat the headings and words of the text with page numbers.
_SKIPPED = frozenset(
    [
        f"{TEXT}{name}"
        for name in ("tracked-changes", "table-of-content", "alphabetical-index", "illustration-index")
    ]
    + [
        f"{TEXT}{name}"
        for name in ("table-index", "object-index", "user-index", "sequence-decls", "variable-decls")
    ]
    + [f"{OFFICE}forms", f"{OFFICE}annotation"]
)
_MAX_DEPTH = 60


def read_odt(path: Path, options: ReadOptions) -> Reading:
    """The text, with notes after the paragraph that refers to them.

    Raises NoTextLayer when there is no text, otherwise what `opened_odf` raises.
    """
    with opened_odf(path, limits=options.limits) as container:
        body, styles = body_of(container, "text", path)
        reader = _TextReader(container, styles, limits=options.limits)
        reader.content(body, depth=0)
        blocks = reader.flow.blocks()
        if not blocks:
            raise NoTextLayer(f"{path.name} holds no text")
        own = Metadata(title=believable_title(reader.title, stem=path.stem))
        metadata = odf_metadata(container, path).or_else(own)
        return Reading(blocks=blocks, metadata=metadata, gaps=tuple(reader.gaps))


class _TextReader:
    def __init__(self, container: Container, styles: OdfStyles, *, limits: Limits) -> None:
        self.flow = Flow(limits)
        self.title = ""
        self.gaps: list[Gap] = []
        self._container = container
        self._styles = styles

    def content(self, parent: Element, *, depth: int, listed: bool = False) -> None:
        """The blocks inside an element, in order."""
        if depth > _MAX_DEPTH:
            self.gaps.append(Gap(code="truncated", message="Text nested too deeply is not read."))
            return
        for child in parent.iterchildren("*"):
            tag = child.tag
            if tag == f"{TEXT}p":
                self._paragraph(child, depth=depth, listed=listed)
            elif tag == f"{TEXT}h":
                self._heading(child, depth=depth)
            elif tag == f"{TABLE}table":
                self._table(child, depth=depth)
            elif tag.startswith(DRAW):
                self._frame(child, depth=depth)
            elif tag not in _SKIPPED:
                self.content(child, depth=depth + 1, listed=listed or tag == f"{TEXT}list-item")

    def _heading(self, element: Element, *, depth: int) -> None:
        paragraph = read_paragraph(element, self._styles)
        self.flow.heading(paragraph.text, level=whole(element.get(f"{TEXT}outline-level"), 1))
        self._attached([paragraph], depth=depth)

    def _paragraph(self, element: Element, *, depth: int, listed: bool) -> None:
        paragraph = read_paragraph(element, self._styles)
        name = element.get(f"{TEXT}style-name")
        level = self._styles.heading_level(name)
        if level is not None:
            self.flow.heading(paragraph.text, level=level)
        elif self._styles.is_title(name):
            self.title = self.title or paragraph.text
            self.flow.heading(paragraph.text, level=1, title=True)
        else:
            role = Role.LIST_ITEM if listed else Role.PARAGRAPH
            self.flow.add(paragraph.text, role=role, bold=paragraph.bold)
        self._attached([paragraph], depth=depth)

    def _table(self, table: Element, *, depth: int) -> None:
        rows, header, hanging, nested = table_rows(table, self._styles)
        if all(len(row) <= 1 for row in rows):
            # One column is a frame around running text, not a table.
            for cell in table.iter(f"{TABLE}table-cell"):
                if next(cell.iterancestors(f"{TABLE}table")) is table:
                    self.content(cell, depth=depth + 1)
            return
        for text, paragraphs, inner in zip(row_texts(rows, header_rows=header), hanging, nested, strict=True):
            self.flow.add(text, role=Role.TABLE_ROW)
            self._attached(paragraphs, depth=depth)
            for one in inner:
                self._table(one, depth=depth + 1)

    def _attached(self, paragraphs: list[Paragraph], *, depth: int) -> None:
        """What hangs on paragraphs: first their notes, then their frames."""
        for paragraph in paragraphs:
            for note in paragraph.notes:
                texts = [read_paragraph(one, self._styles).text for one in note.iter(f"{TEXT}p", f"{TEXT}h")]
                self.flow.add(" ".join(text for text in texts if text), role=Role.FOOTNOTE)
        for paragraph in paragraphs:
            for frame in paragraph.frames:
                self._frame(frame, depth=depth)

    def _frame(self, frame: Element, *, depth: int) -> None:
        objects = read_objects(frame, self._container)
        for title in objects.titles:
            self.flow.add(title)
        for row in objects.rows:
            self.flow.add(row, role=Role.TABLE_ROW)
        for name in objects.unread:
            self.gaps.append(Gap(code="attachment", message=f"An embedded object ({name}) is not read."))
        self.content(frame, depth=depth + 1)
