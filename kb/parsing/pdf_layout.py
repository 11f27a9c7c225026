"""The reading order of one PDF page: lines become columns and tables.

Columns are told by the white gutter between them (a recursive X-Y cut, Nagy & Seth 1984), bands
of lines being cut from each other where their gutters differ. A group with gutters is a table
when its cells were drawn row by row, and columns when each was drawn whole, unless the lines
are full prose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from kb.parsing.pdf_lines import Line, join_pieces, rows_of

_MAX_DEPTH = 6
_FEW_LINES = 4
_PROSE_LENGTH = 25
# Lines further apart, in units of their size, are no longer one box.
_LINE_STEP = 2.2
_FULL_ROWS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Lines that are read one under the other."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells; a cell is its lines."""

    rows: tuple[tuple[tuple[Line, ...], ...], ...]


Region = Column | Table
_Span = tuple[float, float]


def regions_of(pieces: Sequence[Line]) -> list[Region]:
    """The columns and tables of a page in reading order."""
    merged: list[Region] = []
    for region in _cut(list(pieces), 0):
        last = merged[-1] if merged else None
        if isinstance(region, Column) and isinstance(last, Column) and _continues(last, region):
            merged[-1] = Column(lines=last.lines + region.lines)
        else:
            merged.append(region)
    return merged


def _cut(pieces: list[Line], depth: int) -> list[Region]:
    regions: list[Region] = []
    for group in _groups(_bands(pieces)):
        gutters = _gutters(group)
        if not gutters or depth >= _MAX_DEPTH:
            regions.append(_column(group))
            continue
        columns = _split(group, gutters)
        table = _table(group, columns)
        if table is not None:
            regions.append(table)
        else:
            for column in columns:
                regions += _cut(column, depth + 1)
    return regions


def _column(group: list[Line]) -> Column:
    """Lines from top to bottom; boxes that stand side by side without a gutter one by one."""
    boxes = _side_by_side(group)
    taken = {id(piece) for box in boxes for piece in box}
    parts = [_lines(box) for box in boxes]
    parts += [(line,) for line in _lines([piece for piece in group if id(piece) not in taken])]
    parts.sort(key=lambda part: (part[0].y, part[0].x0))
    return Column(lines=tuple(line for part in parts for line in part))


def _side_by_side(group: list[Line]) -> list[list[Line]]:
    """The boxes of several lines, as they were drawn, that have other text beside them."""
    boxes: list[list[Line]] = []
    for piece in sorted(group, key=lambda piece: piece.order):
        if boxes and _goes_on(boxes[-1], piece):
            boxes[-1].append(piece)
        else:
            boxes.append([piece])
    return [box for box in boxes if box[-1].y > box[0].y and _stands_alone(box, group)]


def _goes_on(box: list[Line], piece: Line) -> bool:
    step = piece.y - box[-1].y
    if abs(step) <= 0.3 * piece.size:
        return 0 <= piece.x0 - box[-1].x1 < 2 * piece.size
    overlaps = piece.x0 < max(line.x1 for line in box) and piece.x1 > min(line.x0 for line in box)
    return 0 < step < _LINE_STEP * max(piece.size, box[-1].size) and overlaps


def _stands_alone(box: list[Line], group: list[Line]) -> bool:
    """Whether other text stands at the height of the box, and all of it to the left or the right."""
    inside = {id(piece) for piece in box}
    left, right = min(piece.x0 for piece in box), max(piece.x1 for piece in box)
    top, bottom = box[0].top, box[-1].bottom
    beside = [
        piece for piece in group if id(piece) not in inside and piece.bottom > top and piece.top < bottom
    ]
    return bool(beside) and all(piece.x0 >= right or piece.x1 <= left for piece in beside)


def _lines(pieces: list[Line]) -> tuple[Line, ...]:
    return tuple(join_pieces(row) for row in rows_of(pieces))


def _continues(above: Column, below: Column) -> bool:
    """Whether two stacked columns are one: cut apart only by a line with a chance gap."""
    last, first = above.lines[-1], below.lines[0]
    return first.y > last.y and min(last.x1, first.x1) > max(last.x0, first.x0)


def _bands(pieces: list[Line]) -> list[list[Line]]:
    """Pieces whose heights overlap, from top to bottom."""
    bands: list[list[Line]] = []
    bottom = 0.0
    for piece in sorted(pieces, key=lambda piece: piece.top):
        if bands and piece.top < bottom:
            bands[-1].append(piece)
            bottom = max(bottom, piece.bottom)
        else:
            bands.append([piece])
            bottom = piece.bottom
    return bands


def _groups(bands: list[list[Line]]) -> list[list[Line]]:
    """Stacked bands that share their gutters, or that have none."""
    groups: list[list[list[Line]]] = []
    covered: list[_Span] = []
    for band in bands:
        spans = _union([(piece.x0, piece.x1) for piece in band], _least_gap(band))
        gap = _least_gap(band)
        if groups and _near(groups[-1][-1], band) and _fits(covered, spans, len(groups[-1]), gap):
            groups[-1].append(band)
            covered = _union(covered + spans, gap)
        else:
            groups.append([band])
            covered = spans
    return [[piece for band in group for piece in band] for group in groups]


def _fits(covered: list[_Span], spans: list[_Span], height: int, least_gap: float) -> bool:
    """Whether a band goes on with the columns of the `height` bands above it, or with their
    single column."""
    together = _gaps(_union(covered + spans, least_gap))
    if len(covered) == len(spans) == 1:
        return True
    if len(covered) == 1:
        # A narrow heading above columns belongs to one of them only if it is aligned with it.
        aligned = any(abs(covered[0][0] - left) < 2 * least_gap for left, _ in spans)
        return bool(together) and aligned and len(spans) == 2  # two columns, no table
    kept = [any(left < end and start < right for start, end in together) for left, right in _gaps(covered)]
    # The first rows may be headings that span columns; after those, a gutter that closes is an end.
    return any(kept) if height < _FEW_LINES else all(kept)


def _near(above: list[Line], band: list[Line]) -> bool:
    """Not so far below that it is another part of the page."""
    gap = min(piece.top for piece in band) - max(piece.bottom for piece in above)
    return gap < 8 * median(piece.size for piece in band)


def _least_gap(pieces: list[Line]) -> float:
    return 0.75 * median(piece.size for piece in pieces)


def _gutters(group: list[Line]) -> list[_Span]:
    """The white strips through a whole group that have enough lines on both sides."""
    size = median(piece.size for piece in group)
    spans = _union([(piece.x0, piece.x1) for piece in group], 0.75 * size)
    gutters = []
    for left, right in _gaps(spans):
        lines = min(
            len(rows_of([piece for piece in group if piece.x1 <= left])),
            len(rows_of([piece for piece in group if piece.x0 >= right])),
        )
        least = 0.75 if lines >= _FEW_LINES else 1.5
        if lines > 1 and right - left >= least * size:
            gutters.append((left, right))
    return gutters


def _split(group: list[Line], gutters: list[_Span]) -> list[list[Line]]:
    edges = [right for _, right in gutters]
    columns: list[list[Line]] = [[] for _ in range(len(edges) + 1)]
    for piece in group:
        columns[sum(piece.x0 >= edge for edge in edges)].append(piece)
    return columns


def _table(group: list[Line], columns: list[list[Line]]) -> Table | None:
    """The group as a table; None when it is columns of text, or boxes that happen to have a gutter."""
    place = {id(piece): number for number, column in enumerate(columns) for piece in column}
    drawn = [place[id(piece)] for piece in sorted(group, key=lambda piece: piece.order)]
    changes = sum(one != other for one, other in pairwise(drawn))
    if changes <= 2 * (len(columns) - 1) or all(_is_prose(column) for column in columns):
        return None
    rows = []
    for row in _drawn_rows(group, place) or _seen_rows(group, place):
        cells: dict[int, list[Line]] = {}
        for piece in row:
            cells.setdefault(place[id(piece)], []).append(piece)
        rows.append(tuple(_lines(cell) for _, cell in sorted(cells.items())))
    full = sum(len(row) > 1 for row in rows)
    return Table(rows=tuple(rows)) if full >= _FULL_ROWS * len(rows) else None


def _is_prose(column: list[Line]) -> bool:
    """Many full lines of words: a column of running text, however it was drawn."""
    lines = _lines(column)
    width = max(line.x1 for line in lines) - min(line.x0 for line in lines)
    full = sum(line.x1 - line.x0 > 0.8 * width for line in lines)
    long = median(len(line.text) for line in lines) > _PROSE_LENGTH
    return long and full > 0.6 * len(lines) and len(lines) > 2 * _FEW_LINES


def _seen_rows(group: list[Line], place: dict[int, int]) -> list[list[Line]]:
    """The rows as they are seen: a line with nothing in the first column goes on with the row above."""
    rows: list[list[Line]] = []
    for band in _bands(group):
        goes_on = (
            bool(rows)
            and all(place[id(piece)] > 0 for piece in band)
            and {place[id(piece)] for piece in band} <= {place[id(piece)] for piece in rows[-1]}
            and band[0].y - max(piece.y for piece in rows[-1]) < 1.4 * band[0].size
        )
        if goes_on:
            rows[-1] += band
        else:
            rows.append(band)
    return rows


def _drawn_rows(group: list[Line], place: dict[int, int]) -> list[list[Line]] | None:
    """The rows as they were drawn, cell by cell, which keeps cells of several lines whole.

    None when that order does not run down the page.
    """
    rows: list[list[Line]] = []
    for piece in sorted(group, key=lambda piece: piece.order):
        last = rows[-1][-1] if rows else None
        same_row = last is not None and (
            place[id(piece)] > place[id(last)]
            or (place[id(piece)] == place[id(last)] and piece.y - last.y < 2.2 * piece.size)
        )
        if same_row:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    wrong = sum(
        min(piece.y for piece in below) < max(piece.y for piece in above) - 0.3 * above[0].size
        for above, below in pairwise(rows)
    )
    return rows if wrong <= 0.1 * len(rows) else None


def _gaps(spans: list[_Span]) -> list[_Span]:
    return [(left, right) for (_, left), (right, _) in pairwise(spans)]


def _union(spans: list[_Span], least_gap: float) -> list[_Span]:
    """The spans joined where they overlap or come closer than `least_gap`."""
    joined: list[_Span] = []
    for left, right in sorted(spans):
        if joined and left - joined[-1][1] < least_gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], right))
        else:
            joined.append((left, right))
    return joined
