"""DrawingML as the Office formats share it: paragraphs, charts and SmartArt (ECMA-376, part 1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kb.documents import Part, Role
from kb.parsing.cleaning import clean
from kb.parsing.containers import Container, Element, whole
from kb.parsing.slides import Line
from kb.parsing.tables import Cell, Row, row_texts

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

# Days are counted from here, because the first spreadsheets took 1900 for a leap year.
_FIRST_DAY = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - a day in a table has no time zone
_LAST_DAY = 200_000
_MAX_POINTS = 20_000
_PAGE_FIELDS = ("slidenum", "datetime")
# Transitions and presentation points repeat or decorate what the nodes say.
_TEXT_POINTS = ("node", "asst", "doc", None)


def paragraph_text(paragraph: Element) -> str:
    """The text of an a:p as it is shown, without slide numbers and dates of today."""
    parts: list[str] = []
    for child in paragraph:
        if child.tag == f"{A}br":
            parts.append(" ")
        elif child.tag == f"{A}r" or (
            child.tag == f"{A}fld" and not child.get("type", "").startswith(_PAGE_FIELDS)
        ):
            parts += [text.text or "" for text in child.iterchildren(f"{A}t")]
        else:
            # A formula (a14:m) holds its letters in m:t.
            parts += [text.text or "" for text in child.iter("{*}t") if not text.tag.startswith(A)]
    return clean("".join(parts))


def chosen(element: Element) -> Iterator[Element]:
    """The children of an element, where alternatives are given only the one to use: the
    first choice, or what is there for programs that know none of them."""
    for child in element.iterchildren("*"):
        if child.tag != f"{MC}AlternateContent":
            yield child
            continue
        for option in child:
            if len(option):
                yield from chosen(option)
                break


def chart_lines(root: Element) -> list[Line]:
    """The titles of a chart, then one row for each category with the value of each series."""
    titles = [
        paragraph_text(p) for title in root.iter(f"{C}title", f"{CX}title") for p in title.iter(f"{A}p")
    ]
    lines = [Line(text) for text in titles if text]
    for plot in root.iter(f"{C}plotArea"):
        for kind in plot:
            series = list(kind.iterchildren(f"{C}ser"))
            if series:
                lines += _table_lines(_series_rows(series))
    lines += _table_lines(_extended_rows(root))
    return lines


def diagram_lines(root: Element) -> list[Line]:
    """The texts of a SmartArt data part, a branch of its tree at a time."""
    points = {point.get("modelId"): point for point in root.iter(f"{DGM}pt")}
    children: dict[str | None, list[tuple[int, str | None]]] = {}
    for link in root.iter(f"{DGM}cxn"):
        if link.get("type", "parOf") == "parOf":
            order = whole(link.get("srcOrd"), 0)
            children.setdefault(link.get("srcId"), []).append((order, link.get("destId")))
    roots = [key for key, point in points.items() if point.get("type") == "doc"]
    pending, seen, lines = [*reversed(points), *roots], set(), []
    while pending:
        key = pending.pop()
        if key in seen or key not in points:
            continue
        seen.add(key)
        pending += [child for _, child in sorted(children.get(key, []), key=lambda pair: -pair[0])]
        if points[key].get("type") in _TEXT_POINTS and not _is_prompt(points[key]):
            texts = [paragraph_text(p) for t in points[key].iterchildren(f"{DGM}t") for p in t.iter(f"{A}p")]
            lines += [Line(text, Role.LIST_ITEM) for text in texts if text]
    return lines


def graphic_lines(graphic: Element, *, container: Container, part: str) -> list[Line]:
    """The text of the chart or SmartArt that an a:graphicData of `part` refers to."""
    links = container.relationships(part)
    lines: list[Line] = []
    for reference in graphic.iter(f"{C}chart", f"{CX}chart", f"{DGM}relIds"):
        diagram = reference.tag == f"{DGM}relIds"
        link = links.get(reference.get(f"{R}dm" if diagram else f"{R}id", ""))
        root = container.linked(link)
        if root is not None:
            lines += diagram_lines(root) if diagram else chart_lines(root)
    return lines


def _is_prompt(point: Element) -> bool:
    return any(item.get("phldr") in {"1", "true"} for item in point.iterchildren(f"{DGM}prSet"))


def _table_lines(rows: list[Row]) -> list[Line]:
    texts = row_texts(rows, header_rows=1) if rows else []
    return [Line(text, Role.TABLE_ROW, Part.TABLE) for text in texts if text]


def _series_rows(series: list[Element]) -> list[Row]:
    header, categories, values = [Cell("", 0)], dict[int, str](), dict[int, list[Cell]]()
    for column, one in enumerate(series, start=1):
        header.append(Cell(_name(one), column))
        for source in one.iterchildren(f"{C}cat", f"{C}xVal"):
            for index, text in _points(source):
                categories.setdefault(index, text)
        for source in one.iterchildren(f"{C}val", f"{C}yVal"):
            for index, text in _points(source):
                values.setdefault(index, []).append(Cell(text, column))
    indexes = sorted(categories.keys() | values.keys())[:_MAX_POINTS]
    return [header, *([Cell(categories.get(index, ""), 0), *values.get(index, [])] for index in indexes)]


def _name(series: Element) -> str:
    return clean(" ".join(v.text or "" for tx in series.iterchildren(f"{C}tx") for v in tx.iter(f"{C}v")))


def _points(source: Element) -> list[tuple[int, str]]:
    """Index and text; the levels of grouped categories are read from the outside in."""
    default = next((code.text or "" for code in source.iter(f"{C}formatCode")), "")
    found: dict[int, list[str]] = {}
    for point in source.iter(f"{C}pt"):
        value = clean("".join(v.text or "" for v in point.iterchildren(f"{C}v")))
        if value:
            numeric = point.getparent().tag != f"{C}strCache" and point.getparent().tag != f"{C}lvl"
            text = _shown(value, point.get("formatCode") or default) if numeric else value
            found.setdefault(whole(point.get("idx"), 0), []).insert(0, text)
    return [(index, " ".join(texts)) for index, texts in found.items()]


def _shown(value: str, code: str) -> str:
    """A number as its format shows it, as far as percentages, dates and rounding go."""
    try:
        number = float(value)
    except ValueError:
        return value
    if "%" in code:
        return f"{number * 100:.6g}%"
    if "yy" in code.lower() and 0 < number < _LAST_DAY:
        return (_FIRST_DAY + dt.timedelta(days=int(number))).date().isoformat()
    return f"{number:.10g}"


def _extended_rows(root: Element) -> list[Row]:
    """Charts of Office 2016 and later (waterfall, funnel, treemap) keep their data apart."""
    rows: list[Row] = []
    names = [
        clean(" ".join(v.text or "" for v in tx.iter(f"{CX}v")))
        for tx in root.iter(f"{CX}tx")
        if tx.getparent().tag == f"{CX}series"
    ]
    for number, data in enumerate(root.iter(f"{CX}data")):
        columns = [
            [clean(pt.text or "") for pt in lvl.iterchildren(f"{CX}pt")]
            for dim in data
            for lvl in dim.iterchildren(f"{CX}lvl")
        ]
        length = min(max((len(column) for column in columns), default=0), _MAX_POINTS)
        name = names[number] if number < len(names) else ""
        rows.append(
            [
                Cell(name if len(columns) and index == len(columns) - 1 else "", index)
                for index in range(len(columns))
            ]
        )
        rows += [
            [Cell(column[i] if i < len(column) else "", index) for index, column in enumerate(columns)]
            for i in range(length)
        ]
    return rows if len(rows) > 1 else []
