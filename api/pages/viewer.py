"""A document at the place of a passage, its whole text, its file, and what is like one of its passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, Response

from api.pages.frame import Base, Shown
from api.pages.pictures import NotShown, drawable, sheet_of
from api.pages.quotes import HitView, PlaceView, QuoteView
from api.pages.sheets import SheetView, sheet_view, with_picture
from api.pages.texts import sections
from api.pages.within import Within, number_of
from api.problems import Problem, ProblemError
from api.sources import source_file
from api.turns import Turn
from kb.documents import Passage
from kb.errors import FileWithheld, NotFound
from kb.index import DocumentRecord
from kb.knowledge_base import KnowledgeBase
from kb.rendering import Drawable, Sheet

_SIMILAR = 3

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document as it was asked for: at a passage or a page, with the query by which it was found.

    `number` is that of the page or slide to show, from 1; None in a document that has none.
    `passage_is_gone`: the address names a passage that the document does not have.
    """

    record: DocumentRecord
    passages: Sequence[Passage]
    passage: Passage | None
    passage_is_gone: bool
    number: int | None
    query: str
    drawable: Drawable | None
    not_drawable: NotShown | None

    @property
    def is_slide(self) -> bool:
        """Whether what it has are slides."""
        return self.passages[0].locator.slide is not None

    @property
    def last(self) -> int:
        """The last page or slide with text."""
        return max(number_of(passage.locator) or 1 for passage in self.passages)

    @property
    def here(self) -> list[Passage]:
        """The passages of the page that is shown."""
        return [passage for passage in self.passages if number_of(passage.locator) == self.number]

    @property
    def marked(self) -> Passage | None:
        """The passage to mark, if it stands on the page that is shown."""
        return self.passage if self.passage and number_of(self.passage.locator) == self.number else None


def _opened(
    document_id: str,
    knowledge_base: Base,
    passage: Annotated[str, Query(max_length=100)] = "",
    p: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    q: str = "",
) -> Opened:
    record = knowledge_base.document(document_id)
    passages = knowledge_base.passages_of(document_id)
    found = next((one for one in passages if one.id == passage), None)
    has_pages = bool(passages) and number_of(passages[0].locator) is not None
    asked, why = None, NotShown.OTHER if has_pages else None
    if has_pages:
        try:
            asked = drawable(knowledge_base, record, passages[0].locator)
        except NotFound:
            why = NotShown.CHANGED
        except FileWithheld:
            why = NotShown.WITHHELD
    return Opened(
        record=record,
        passages=passages,
        passage=found,
        passage_is_gone=bool(passage) and found is None,
        number=(p or (number_of(found.locator) if found else None) or 1) if has_pages else None,
        query=q.strip(),
        drawable=asked,
        not_drawable=None if asked else why,
    )


async def _drawn(request: Request, opened: Annotated[Opened, Depends(_opened)]) -> Sheet | NotShown | None:
    if opened.drawable is None or opened.number is None:
        return opened.not_drawable
    return await sheet_of(request.app.state.views, opened.drawable, opened.number)


@router.get("/documenten/{document_id}", response_model=None)
def document(
    request: Request,
    opened: Annotated[Opened, Depends(_opened)],
    drawn: Annotated[Sheet | NotShown | None, Depends(_drawn)],
    knowledge_base: Base,
    pages: Shown,
    _turn: Turn,
) -> Response:
    """A document at a passage, a page or its beginning: pages and slides as pictures beside their text."""
    within = None
    if opened.query:
        shown = opened.passage or opened.number
        within = Within.of(knowledge_base, opened.record, opened.query, shown)
    if within and within.here:
        opened = replace(opened, passage=within.here)
    highlights = within.highlights if within else {}
    sheet = None
    if opened.number is not None:
        sheet = _sheet_view(opened, drawn, within)
    read = opened.here if sheet else opened.passages
    return pages.page(
        request,
        "viewer.html" if sheet else "document.html",
        document=opened.record,
        at=PlaceView.of(opened.passage, opened.record, opened.query) if opened.passage else None,
        passage_is_gone=opened.passage_is_gone,
        sheet=sheet,
        within=within,
        similar=_similar(knowledge_base, opened.passage),
        sections=sections(read, pages.words(request), highlights=highlights, told=knowledge_base.told(read)),
        is_whole=False,
    )


@router.get("/documenten/{document_id}/tekst", response_model=None)
def text(request: Request, document_id: str, knowledge_base: Base, pages: Shown) -> Response:
    """A document's whole text in reading order, every passage with an anchor."""
    record = knowledge_base.document(document_id)
    passages = knowledge_base.passages_of(document_id)
    return pages.page(
        request,
        "document.html",
        document=record,
        at=None,
        passage_is_gone=False,
        sheet=None,
        within=None,
        similar=(),
        sections=sections(passages, pages.words(request), told=knowledge_base.told(passages)),
        is_whole=True,
    )


@router.get("/documenten/{document_id}/bestand", response_model=None)
def file(document_id: str, knowledge_base: Base) -> Response:
    """A document's file; what the API gives, with pages for what goes wrong."""
    return source_file(knowledge_base, document_id)


@router.get("/passages/{passage_id}/vergelijkbaar", response_model=None)
def similar(request: Request, passage_id: str, knowledge_base: Base, pages: Shown) -> Response:
    """The passages of other documents that are most like a passage."""
    found = knowledge_base.passage(passage_id)
    return pages.page(
        request,
        "similar.html",
        own=QuoteView.of(found.passage, found.document, found.told),
        hits=[
            HitView.of_similar(one, rank=rank)
            for rank, one in enumerate(knowledge_base.similar(passage_id), 1)
        ],
    )


def _similar(knowledge_base: KnowledgeBase, passage: Passage | None) -> list[QuoteView]:
    """What other documents say most nearly the same, in few."""
    found = knowledge_base.similar(passage.id, limit=_SIMILAR) if passage else ()
    return [QuoteView.of(one.passage, one.document) for one in found]


def _sheet_view(opened: Opened, drawn: Sheet | NotShown | None, within: Within | None) -> SheetView:
    """The page that is shown. Raises `ProblemError` where there is no such page."""
    number = opened.number or 1
    of = drawn.of if isinstance(drawn, Sheet) else opened.last
    if number > of:
        raise ProblemError(Problem(404, "The document has no such page."))
    view = sheet_view(
        opened.record,
        number,
        of,
        query=opened.query,
        hits=within.places if within else frozenset(),
        is_slide=opened.is_slide,
    )
    if not isinstance(drawn, Sheet):
        return replace(view, not_shown=drawn, miniatures=())
    marked = opened.marked
    highlights = within.highlights.get(marked.id, ()) if marked and within else ()
    return with_picture(view, opened.record, drawn, marked, highlights)
