"""HTML elements as texts in reading order. Nothing is fetched and no entity is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree, html

from kb.documents import Role
from kb.errors import DamagedFile, TooLarge
from kb.parsing.cleaning import clean
from kb.parsing.tables import MAX_COLUMNS, Cell, Row, cell_text, plausible_header, row_texts

# lxml has no type information of its own.
Element: TypeAlias = Any

# Where libxml2 stops when huge_tree is off.
MAX_DEPTH = 256
# It compares each attribute with all of its element.
_MAX_ATTRIBUTES = 10_000
_ENDS = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
_LONG_TAG = re.compile(r"<[^<>]{20000,}")
_HEADING = re.compile(r"h([1-6])")
_BLOCK_TAGS = """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p
    pre search section summary table tbody td tfoot th thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_ITEMS = frozenset(("li", "dt", "dd"))
_SILENT_TAGS = """
    applet area audio base button canvas datalist embed frame frameset head iframe img input link map meta
    noembed noframes noscript object param picture progress script select source style svg template textarea
    title track video
"""
_SILENT = frozenset(_SILENT_TAGS.split())
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
# A table with longer cells, headings or tables in it lays out a page.
_MAX_CELL = 1_500
_MAX_SPAN = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A text with its role and the element that it stands in. `level` is that of a heading."""

    text: str
    role: Role
    element: Element
    level: int | None = None
    bold: bool = False


def parse_markup(text: str) -> Element | None:
    """The root element of a page or fragment; None when there is none.

    Raises DamagedFile when elements are nested so deeply that the parser gives up on the rest, and TooLarge
    when one has so many attributes that the parser would take quadratic time.
    """
    if any(tag[0].count("=") > _MAX_ATTRIBUTES for tag in _LONG_TAG.finditer(text)):
        raise TooLarge(f"One of its elements has more than {_MAX_ATTRIBUTES:,} attributes")
    # libxml2 drops what stands after them, which browsers show; it ends both by itself.
    text = _ENDS.sub("", text).replace("\0", " ")  # at which it stops reading
    parser = html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False
    )
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace") or b" ", parser=parser)
    except etree.ParserError:
        return None
    if any("depth" in entry.message for entry in parser.error_log.filter_from_fatals()):
        raise DamagedFile(f"Its elements are nested more than {MAX_DEPTH} deep")
    return root


def pieces(root: Element) -> Iterator[Piece]:
    """The texts of an element in reading order, each clean and not empty."""
    walk = _Walk()
    walk.into(root, Role.PARAGRAPH)
    walk.flush(root, Role.PARAGRAPH)
    yield from walk.found


def is_hidden(element: Element) -> bool:
    """Whether a browser shows nothing of it."""
    return (
        not isinstance(element.tag, str)
        or element.tag in _SILENT
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN_STYLE.search(element.get("style") or "") is not None
    )


class _Walk:
    """Gathers running text until an element ends the line."""

    def __init__(self) -> None:
        self.found: list[Piece] = []
        self._parts: list[str] = []
        self._bold_characters = 0

    def into(self, element: Element, role: Role) -> None:
        if is_hidden(element):
            return
        tag = element.tag
        if tag == "br":
            self._break(element, role)
        elif tag == "table" and not _is_layout(element):
            self.flush(element, role)
            self._table(element)
        elif heading := _HEADING.fullmatch(tag):
            self.flush(element, role)
            self._inside(element, role)
            self.flush(element, Role.HEADING, level=int(heading[1]))
        elif tag in _BLOCKS:
            self.flush(element.getparent() if element.getparent() is not None else element, role)
            inner = Role.LIST_ITEM if tag in _ITEMS else role
            self._inside(element, inner)
            self.flush(element, inner)
        else:
            self._inside(element, role, is_bold=tag in ("b", "strong"))

    def flush(self, element: Element, role: Role, *, level: int | None = None) -> None:
        joined = "".join(self._parts)
        text = clean(joined)
        if text:
            is_bold = self._bold_characters >= len("".join(joined.split()))
            self.found.append(Piece(text, role, element, level, is_bold))
        self._parts, self._bold_characters = [], 0

    def _inside(self, element: Element, role: Role, *, is_bold: bool = False) -> None:
        before = len(self._parts)
        self._add(element.text)
        for child in element:
            self.into(child, role)
            self._add(child.tail)
        if is_bold:
            self._bold_characters += len("".join("".join(self._parts[before:]).split()))

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(text)

    def _break(self, element: Element, role: Role) -> None:
        """One line break is a space; two are how old pages end a paragraph."""
        following = element.getnext()
        if following is not None and following.tag == "br" and not (element.tail or "").strip():
            self.flush(element.getparent(), role)
        else:
            self._parts.append(" ")

    def _table(self, table: Element) -> None:
        for caption in table.iterchildren("caption"):
            self.into(caption, Role.PARAGRAPH)
        elements = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
        rows = [_row(element) for element in elements]
        headed = 0
        while headed < len(rows) and _is_header(elements[headed]):
            headed += 1
        if headed == len(rows) or (headed == 1 and not plausible_header(rows)):
            headed = 0
        for element, text in zip(elements, row_texts(rows, header_rows=headed), strict=True):
            if text:
                self.found.append(Piece(text, Role.TABLE_ROW, element))


def _is_layout(table: Element) -> bool:
    if table.get("role") in ("presentation", "none") or next(table.iterdescendants("tr"), None) is None:
        return True
    if next(table.iterdescendants("table", "h1", "h2", "h3", "h4", "h5", "h6"), None) is not None:
        return True
    return any(len(clean("".join(cell.itertext()))) > _MAX_CELL for cell in table.iterdescendants("td", "th"))


def _is_header(row: Element) -> bool:
    if row.getparent().tag == "thead":
        return True
    tags = {cell.tag for cell in row.iterchildren("td", "th")}
    return tags == {"th"}


def _row(row: Element) -> Row:
    cells, column = [], 0
    for cell in row.iterchildren("td", "th"):
        span = re.match(r"\s*(\d{1,4})", cell.get("colspan") or "1")
        columns = min(max(1, int(span[1]) if span else 1), _MAX_SPAN)
        text = cell_text([piece.text for piece in pieces(cell)])
        cells.append(Cell(text, column, columns))
        column = min(column + columns, MAX_COLUMNS)
    return cells
