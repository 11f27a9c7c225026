"""Fragments of a PDF page become lines: by baseline, and cut into pieces at wide gaps."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kb.parsing.pdf_fragments import PIECE_GAP, WORD_GAP, Fragment

# A sign or number that opens a list item or a heading; the gap after it is no gutter.
BULLETS = "•‣◦\u2043∙▪▫■□●○◆◇➢➤►▶✓✔❖→·\uf000-\uf0ff"
MARKER = re.compile(
    rf"(?:[{BULLETS}*\u2013\u2014\-]|[oO§]"
    r"|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.):]|(?:\d{1,2}\.){1,4}\d{0,2}|\d{1,2})"
)
_MARKER_GAP = 6.0
_INDEX_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Text on one baseline, or a piece of it between wide gaps. Points, from the top left."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    order: int
    running: bool = False

    @property
    def top(self) -> float:
        """The height of its small letters, so that close lines do not touch."""
        return self.y - 0.6 * self.size

    @property
    def bottom(self) -> float:
        """Just under the baseline."""
        return self.y + 0.15 * self.size


def pieces_of(fragments: Iterable[Fragment]) -> list[Line]:
    """The pieces of line on a page: upright ones first where they are most, then turned ones."""
    turns: dict[int, list[Fragment]] = {}
    for part in fragments:
        turns.setdefault(part.turn, []).append(part)
    by_weight = sorted(turns.values(), key=lambda parts: -sum(len(part.text) for part in parts))
    pieces: list[Line] = []
    shift = 0.0
    for parts in by_weight:
        found = [piece for row in _rows(parts) for piece in _pieces(row)]
        # Turned text is read after the rest: it is put under it.
        pieces += [replace(piece, y=piece.y + shift) for piece in found]
        shift = max((piece.y for piece in pieces), default=0.0) + 1_000.0
    return pieces


def rows_of(pieces: Sequence[Line]) -> list[list[Line]]:
    """Pieces that stand on one baseline together, from top to bottom, left to right."""
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: piece.y):
        if rows and piece.y - rows[-1][0].y <= 0.3 * min(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda piece: piece.x0) for row in rows]


def join_pieces(pieces: Sequence[Line]) -> Line:
    """One line from the pieces on its baseline, from left to right."""
    if len(pieces) == 1:
        return pieces[0]
    longest = max(pieces, key=lambda piece: len(piece.text))
    return replace(
        longest,
        text=" ".join(piece.text for piece in pieces),
        x0=min(piece.x0 for piece in pieces),
        x1=max(piece.x1 for piece in pieces),
        bold=all(piece.bold for piece in pieces if len(piece.text) > 1),
        order=min(piece.order for piece in pieces),
    )


def _rows(parts: list[Fragment]) -> list[list[Fragment]]:
    """Fragments by baseline. Larger ones lay the baselines, so that indices join their line."""
    baselines: list[float] = []
    rows: dict[float, list[Fragment]] = {}
    sizes: dict[float, float] = {}
    for part in sorted(parts, key=lambda part: (-round(part.size), part.order)):
        at = bisect_left(baselines, part.y)
        near = [y for y in baselines[max(0, at - 2) : at + 2] if _on_baseline(part, y, sizes[y], rows[y])]
        if near:
            # A raised number may stand level with a line of the next column.
            rows[min(near, key=lambda y: (not _touches(part, rows[y]), abs(y - part.y)))].append(part)
        elif part.y in rows:
            rows[part.y].append(part)
        else:
            insort(baselines, part.y)
            rows[part.y] = [part]
            sizes[part.y] = part.size
    return [sorted(rows[y], key=lambda part: (part.x0, part.order)) for y in baselines]


def _on_baseline(part: Fragment, y: float, size: float, row: list[Fragment]) -> bool:
    distance = abs(part.y - y)
    if distance <= 0.25 * min(size, part.size):
        return True
    small = part.size < 0.95 * size and distance < 0.55 * size and len(part.text) <= _INDEX_LENGTH
    return small and _touches(part, row)


def _touches(part: Fragment, row: list[Fragment]) -> bool:
    """Whether the part goes on from, or into, another one in the row."""
    return any(
        -0.3 * other.size < gap < 0.8 * other.size
        for other in row
        for gap in (part.x0 - other.x1, other.x0 - part.x1)
    )


def _pieces(row: list[Fragment]) -> list[Line]:
    pieces: list[list[Fragment]] = []
    for part in row:
        if pieces and _doubled(pieces[-1], part):
            continue
        last = pieces[-1][-1] if pieces else None
        if last is not None and _adjoins(pieces[-1], last, part):
            pieces[-1].append(part)
        else:
            pieces.append([part])
    return [_piece(parts) for parts in pieces]


def _adjoins(piece: list[Fragment], last: Fragment, part: Fragment) -> bool:
    size = min(last.size, part.size)
    gap = part.x0 - last.x1
    if gap < -size:
        return False
    if len(piece) == 1 and MARKER.fullmatch(last.text):
        return gap <= _MARKER_GAP * size
    return gap <= PIECE_GAP * size


def _doubled(piece: list[Fragment], part: Fragment) -> bool:
    """The same text drawn again on the spot, to look bold or to throw a shadow."""
    return any(
        other.text == part.text and abs(other.x0 - part.x0) < 0.15 * part.size and len(part.text) > 1
        for other in piece[-4:]
    )


def _piece(parts: list[Fragment]) -> Line:
    text = parts[0].text
    for last, part in pairwise(parts):
        apart = part.space_before or part.x0 - last.x1 > WORD_GAP * max(last.size, part.size)
        text += (" " if apart or _is_reference(last, part) else "") + part.text
    longest = max(parts, key=lambda part: len(part.text))
    return Line(
        text=text,
        x0=parts[0].x0,
        x1=max(part.x1 for part in parts),
        y=longest.y,
        size=longest.size,
        bold=all(part.bold for part in parts if len(part.text) > 1 or len(parts) == 1),
        order=min(part.order for part in parts),
        running=all(part.running for part in parts),
    )


def _is_reference(last: Fragment, part: Fragment) -> bool:
    """A raised number after a word refers to a note and is no part of the word."""
    raised = part.size < 0.8 * last.size and part.y < last.y - 0.15 * last.size
    return raised and part.text.isdigit() and last.text[-3:].isalpha() and len(last.text[-3:]) == len("xyz")
