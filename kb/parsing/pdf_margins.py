"""Headers, footers and page numbers of a PDF: what stands in the same place on page after page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from kb.parsing.pdf_lines import Line, rows_of

_MARGIN = 0.12
_SAME_HEIGHT = 6.0
_LEAST_PAGES = 3
# Seen on this share of the pages between its first and its last; odd and even pages may differ.
_LEAST_SHARE = 0.4
# A line this much larger than the page's text is a title, which decks repeat in one place.
_TITLE = 1.3
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")
_BARE_NUMBER = re.compile(r"[^\w]*#[^\w]*(?:(?:/|van|of)[^\w]*#[^\w]*)?|(?:pagina|page|p\.?|dia|slide)\s*#.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLines:
    """The pieces of line on one page, and the page's height in points."""

    height: float
    pieces: list[Line]


def without_running_lines(pages: Sequence[PageLines]) -> list[list[Line]]:
    """The pieces of each page that belong to that page alone.

    A row counts as running when the same text, numbers aside, stands at the same height in the
    margin of at least three pages, or of two where the file itself marks it as header or footer.
    Anything seen once stays.
    """
    rows = [_margin_rows(page) for page in pages]
    seen: dict[str, list[tuple[int, float, bool, bool]]] = defaultdict(list)
    for number, found in enumerate(rows):
        for text, row, title in found:
            seen[text].append((number, row[0].y, all(piece.running for piece in row), title))
    kept = []
    for number, page in enumerate(pages):
        running = {
            id(piece)
            for text, row, _ in rows[number]
            if _repeats(text, row[0].y, seen[text], len(pages))
            for piece in row
        }
        kept.append([piece for piece in page.pieces if id(piece) not in running])
    return kept


def _margin_rows(page: PageLines) -> list[tuple[str, list[Line], bool]]:
    """Rows near the top and bottom edge: their text without numbers, and whether it is a title."""
    if not page.pieces:
        return []
    size = median(piece.size for piece in page.pieces)
    edge = _MARGIN * page.height
    found = []
    for row in rows_of([piece for piece in page.pieces if piece.y <= page.height]):
        marked = all(piece.running for piece in row)
        if edge < row[0].y < page.height - edge and not marked:
            continue
        text = _NUMBER.sub("#", " ".join(piece.text for piece in row).lower())
        text = " ".join(sorted(text.split()))
        # Rows of figures only are rows of a table, unless it is one page number.
        if text and ("#" not in text or _BARE_NUMBER.fullmatch(text) or re.search(r"[^\W\d_]{2}", text)):
            found.append((text, row, max(piece.size for piece in row) > _TITLE * size))
    return found


def _repeats(text: str, y: float, places: list[tuple[int, float, bool, bool]], page_count: int) -> bool:
    same = [place for place in places if abs(place[1] - y) <= _SAME_HEIGHT]
    on = sorted({number for number, _, _, _ in same})
    if len(on) > 1 and sum(marked for _, _, marked, _ in same) > len(same) / 2:
        return True
    if len(on) > 1 and _BARE_NUMBER.fullmatch(text):
        return True
    if len(on) < _LEAST_PAGES:
        return False
    if sum(title for _, _, _, title in same) > len(same) / 2:
        return len(on) >= max(5, 0.8 * page_count)
    return len(on) >= _LEAST_SHARE * (on[-1] - on[0] + 1)
