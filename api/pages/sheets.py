"""One page or slide of a document as the viewer shows it: its picture, with what is marked on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from api.pages.pictures import WIDTHS, NotShown
from api.pages.quotes import Spans
from kb.documents import Part, Passage
from kb.index import DocumentRecord
from kb.rendering import PAGE_WIDTH, Box, Sheet
from kb.rendering.marking import mark
from kb.rendering.views import MINIATURE_WIDTH

# What stands lower on a page is not in sight when its top is.
_LOW = 0.4
# Of how many pages there are miniatures, around the one that is shown.
_MINIATURES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """The picture of a page: its addresses for ordinary and sharp screens, its size in pixels, its marks.

    `passage` and `words` are boxes on a page of `across` by `down`. `is_found`: whether the passage that the
    address names was found on it; None when it names none of this page.
    """

    address: str
    sharp: str
    width: int
    height: int
    across: int
    down: int
    passage: tuple[Box, ...] = ()
    words: tuple[Box, ...] = ()
    is_found: bool | None = None
    is_scan: bool = False

    @classmethod
    def of(cls, record: DocumentRecord, sheet: Sheet, passage: Passage | None, highlights: Spans) -> Self:
        """The picture of a sheet on which a passage is to be marked, with its words at `highlights`."""
        address = _picture(record, sheet.number)
        marked = mark(passage.text, sheet.words) if passage else None
        return cls(
            address=address,
            sharp=f"{address}&schaal=2",
            width=WIDTHS[1],
            height=max(1, round(WIDTHS[1] * sheet.height / PAGE_WIDTH)),
            across=PAGE_WIDTH,
            down=sheet.height,
            passage=tuple(marked.boxes((0, len(passage.text)))) if passage and marked else (),
            words=tuple(marked.boxes(*highlights)) if marked else (),
            is_found=marked.is_found if marked else None,
            is_scan=not sheet.words,
        )


@dataclass(frozen=True, slots=True)
class MiniatureView:
    """A page to go to. `has_hit`: whether the query has a hit on it."""

    number: int
    address: str
    picture: str
    is_current: bool
    has_hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetView:
    """Page or slide `number` of `of`, with its picture or why there is none.

    `anchored` is the passage whose place is on the picture, `is_low` when that is in its lower part;
    `in_notes` when the passage is among the notes of the slide. `awaited` is the address of the picture, also
    where it is not there yet.
    """

    number: int
    of: int
    is_slide: bool
    picture: PictureView | None
    not_shown: NotShown | None
    previous: str
    next: str
    miniatures: tuple[MiniatureView, ...]
    miniature_width: int = MINIATURE_WIDTH // 2
    awaited: str = ""
    anchored: str = ""
    is_low: bool = False
    in_notes: bool = False


def with_picture(
    view: SheetView, record: DocumentRecord, sheet: Sheet, passage: Passage | None, highlights: Spans
) -> SheetView:
    """The view of a page with its picture, and on it a passage with its words at `highlights`."""
    in_notes = passage is not None and passage.locator.part is Part.NOTES
    picture = PictureView.of(record, sheet, None if in_notes else passage, highlights)
    is_marked = passage is not None and bool(picture.passage)
    return replace(
        view,
        picture=picture,
        anchored=passage.id if passage and is_marked else "",
        is_low=is_marked and not view.is_slide and picture.passage[0].y > _LOW * sheet.height,
        in_notes=in_notes,
    )


def page_address(record: DocumentRecord, number: int, query: str) -> str:
    """Where a page of a document is shown."""
    asks = urlencode([("p", number), *([("q", query)] if query else [])])
    return f"/documenten/{record.id}?{asks}"


def sheet_view(
    record: DocumentRecord, number: int, of: int, *, query: str, hits: frozenset[int], is_slide: bool
) -> SheetView:
    """The view of a page without its picture."""
    first = max(1, min(number - _MINIATURES // 2, of - _MINIATURES + 1))
    return SheetView(
        number=number,
        of=of,
        is_slide=is_slide,
        picture=None,
        not_shown=None,
        previous=page_address(record, number - 1, query) if number > 1 else "",
        next=page_address(record, number + 1, query) if number < of else "",
        awaited=_picture(record, number),
        miniatures=tuple(
            MiniatureView(
                number=one,
                address=page_address(record, one, query),
                picture=f"/documenten/{record.id}/miniaturen/{one}.png?v={record.sha256[:8]}",
                is_current=one == number,
                has_hit=one in hits,
            )
            for one in range(first, min(of, first + _MINIATURES - 1) + 1)
        ),
    )


def _picture(record: DocumentRecord, number: int) -> str:
    # With its content in its address: a browser may keep it.
    return f"/documenten/{record.id}/bladen/{number}.png?v={record.sha256[:8]}"
