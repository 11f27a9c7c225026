"""What OpenDocument texts and presentations share (OASIS OpenDocument 1.3, part 3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kb.documents import Metadata
from kb.errors import DamagedFile, EncryptedFile
from kb.parsing.cleaning import clean
from kb.parsing.containers import Container, Element, opened, whole
from kb.parsing.odf_styles import OASIS, OdfStyles
from kb.parsing.properties import property_metadata
from kb.parsing.reading import Limits
from kb.parsing.tables import MAX_COLUMNS, Cell, Row, cell_text, plausible_header, row_texts

DRAW = f"{{{OASIS}drawing:1.0}}"
OFFICE = f"{{{OASIS}office:1.0}}"
PRESENTATION = f"{{{OASIS}presentation:1.0}}"
SVG = f"{{{OASIS}svg-compatible:1.0}}"
TABLE = f"{{{OASIS}table:1.0}}"
TEXT = f"{{{OASIS}text:1.0}}"
_CHART = f"{{{OASIS}chart:1.0}}"
_MANIFEST = f"{{{OASIS}manifest:1.0}}"
XLINK = "{http://www.w3.org/1999/xlink}"

PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
# Comments, deleted text, how a ruby sounds, and numbers that depend on the printer.
_SKIPPED = frozenset(
    [f"{OFFICE}annotation", f"{OFFICE}annotation-end", f"{TEXT}ruby-text", f"{TEXT}tracked-changes"]
    + [
        f"{TEXT}{name}"
        for name in ("page-number", "page-count", "page-continuation", "note-ref", "note-citation", "number")
    ]
    + [f"{PRESENTATION}{name}" for name in ("header", "footer", "date-time")]
)
_MAX_SPACES = 100
_MAX_ROWS = 100_000


@dataclass(slots=True)
class Paragraph:
    """The text of a paragraph, whether all of it is bold, and what hangs on it."""

    text: str = ""
    bold: bool = False
    notes: list[Element] = field(default_factory=list)
    frames: list[Element] = field(default_factory=list)


@dataclass(slots=True)
class Objects:
    """The titles and data rows of embedded charts, and the names of what else is embedded."""

    titles: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


@contextmanager
def opened_odf(path: Path, *, limits: Limits) -> Iterator[Container]:
    """As `opened`, for OpenDocument. Raises EncryptedFile if its parts are encrypted."""
    with opened(path, limits=limits) as container:
        manifest = container.xml_if_there("META-INF/manifest.xml")
        if manifest is not None and next(manifest.iter(f"{_MANIFEST}encryption-data"), None) is not None:
            raise EncryptedFile(f"{path.name} is protected with a password; save a copy without one")
        yield container


def body_of(container: Container, kind: str, path: Path) -> tuple[Element, OdfStyles]:
    """The office:`kind` element of the content, and the styles. Raises DamagedFile."""
    content = container.xml("content.xml")
    for body in content.iter(f"{OFFICE}body"):
        for element in body.iterchildren(f"{OFFICE}{kind}"):
            return element, OdfStyles(container.xml_if_there("styles.xml"), content)
    raise DamagedFile(f"{path.name} holds no OpenDocument {kind}")


def odf_metadata(container: Container, path: Path) -> Metadata:
    """What meta.xml says of the document."""
    return property_metadata(container.xml_if_there("meta.xml"), stem=path.stem)


def read_paragraph(element: Element, styles: OdfStyles) -> Paragraph:
    """A text:p or text:h as it is shown."""
    paragraph = Paragraph()
    base = styles.is_bold(element.get(f"{TEXT}style-name"), family="paragraph") or False
    parts, weights = [], []
    for text, bold in _pieces(element, paragraph, styles, base):
        parts.append(text)
        if text.strip():
            weights.append(bold)
    paragraph.text = clean("".join(parts))
    paragraph.bold = bool(weights) and all(weights)
    return paragraph


def table_rows(
    table: Element, styles: OdfStyles
) -> tuple[list[Row], int, list[list[Paragraph]], list[list[Element]]]:
    """The rows, how many are header, and by row the paragraphs and the nested tables in it."""
    rows: list[Row] = []
    hanging: list[list[Paragraph]] = []
    nested: list[list[Element]] = []
    header = 0
    for row, in_header in _rows(table):
        cells, column, found, inner = [], 0, list[Paragraph](), list[Element]()
        for cell in row.iterchildren(f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            if cell.tag == f"{TABLE}table-cell":
                paragraphs = [read_paragraph(one, styles) for one in paragraphs_of(cell)]
                span = _count(cell, "number-columns-spanned")
                cells.append(Cell(cell_text([one.text for one in paragraphs]), column, span))
                found += paragraphs
                inner += list(_tables_of(cell))
            column = min(column + _count(cell, "number-columns-repeated"), MAX_COLUMNS)
        rows.append(cells)
        hanging.append(found)
        nested.append(inner)
        header += in_header
        if len(rows) >= _MAX_ROWS:
            break
    if not header and table.get(f"{TABLE}use-first-row-styles") == "true":
        header = 1
    plausible = 0 < header < len(rows) and plausible_header(rows[header - 1 :])
    return rows, header if plausible else 0, hanging, nested


def table_texts(table: Element, styles: OdfStyles) -> list[str]:
    """The rows of a table as text, without what hangs on them."""
    rows, header, _, _ = table_rows(table, styles)
    return [text for text in row_texts(rows, header_rows=header) if text]


def read_objects(frame: Element, container: Container) -> Objects:
    """The embedded objects right inside a frame: charts are read, other files are named."""
    found = Objects()
    for reference in frame.iterchildren(f"{DRAW}object", f"{DRAW}object-ole"):
        target = reference.get(f"{XLINK}href", "").removeprefix("./").strip("/")
        root = container.xml_if_there(f"{target}/content.xml") if target else None
        if root is None or next(root.iter(f"{_CHART}chart"), None) is None:
            found.unread.append(frame.get(f"{DRAW}name") or target)
            continue
        styles = OdfStyles(root)
        titles = [p for title in root.iter(f"{_CHART}title") for p in title.iter(f"{TEXT}p")]
        found.titles += [text for p in titles if (text := read_paragraph(p, styles).text)]
        found.rows += [text for table in root.iter(f"{TABLE}table") for text in table_texts(table, styles)]
    return found


def paragraphs_of(parent: Element) -> Iterator[Element]:
    """The paragraphs inside, through lists and sections, but not those of nested tables."""
    for child in parent.iterchildren("*"):
        if child.tag in PARAGRAPHS:
            yield child
        elif child.tag != f"{TABLE}table" and child.tag not in _SKIPPED:
            yield from paragraphs_of(child)


def _tables_of(parent: Element) -> Iterator[Element]:
    for child in parent.iterchildren("*"):
        if child.tag == f"{TABLE}table":
            yield child
        elif child.tag not in PARAGRAPHS:
            yield from _tables_of(child)


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """The rows of a table, and whether each belongs to its header."""
    for child in table.iterchildren("*"):
        if child.tag == f"{TABLE}table-row":
            yield child, False
        elif child.tag == f"{TABLE}table-header-rows":
            yield from ((row, True) for row in child.iter(f"{TABLE}table-row"))
        elif child.tag in (f"{TABLE}table-rows", f"{TABLE}table-row-group"):
            yield from _rows(child)


def _pieces(element: Element, found: Paragraph, styles: OdfStyles, bold: bool) -> Iterator[tuple[str, bool]]:
    yield element.text or "", bold
    for child in element.iterchildren("*"):
        tag = child.tag
        if tag == f"{TEXT}s":
            yield " " * min(whole(child.get(f"{TEXT}c"), 1), _MAX_SPACES), bold
        elif tag in (f"{TEXT}tab", f"{TEXT}line-break"):
            yield " ", bold
        elif tag == f"{TEXT}note":
            found.notes.append(child)
        elif tag.startswith(DRAW):
            found.frames.append(child)
        elif tag not in _SKIPPED:
            own = (
                styles.is_bold(child.get(f"{TEXT}style-name"), family="text")
                if tag == f"{TEXT}span"
                else None
            )
            yield from _pieces(child, found, styles, bold if own is None else own)
        yield child.tail or "", bold


def _count(cell: Element, name: str) -> int:
    return min(max(whole(cell.get(f"{TABLE}{name}"), 1), 1), MAX_COLUMNS)
