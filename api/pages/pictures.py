"""Pages and slides as pictures: `kb.rendering` for a document of the live generation."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.conditional import refuse_if_known
from api.pages.frame import Base
from api.problems import Problem, ProblemError
from kb.documents import Access, Locator
from kb.errors import FileWithheld, NotFound, NoView, ParseError, ViewsBusy
from kb.formats import format_of
from kb.index import DocumentRecord
from kb.knowledge_base import KnowledgeBase
from kb.rendering import Drawable, Draws, Sheet
from kb.rendering.veiling import veil_of
from kb.rendering.views import Views

# What a page is wide, on an ordinary screen and on a sharp one.
WIDTHS = {1: 900, 2: 1_800}
# A page with a picture that is not there yet is shown without it; its text is what was asked for.
_PATIENCE_SECONDS = 4.0
# Under the time in which the service lets an answer begin.
_PICTURE_SECONDS = 45.0
# How long a browser may keep the picture of an open document: its address changes with the file.
_KEPT_SECONDS = 3_600

_T = TypeVar("_T")
Number = Annotated[int, Path(ge=1, le=1_000_000)]

router = APIRouter(include_in_schema=False, default_response_class=Response)


class NotShown(StrEnum):
    """Why a page is shown without its picture."""

    CHANGED = "changed"
    LATE = "late"
    NO_PROGRAM = "no-program"
    WITHHELD = "withheld"
    OTHER = "other"


_REASONS = {
    "changed": NotShown.CHANGED,
    "no-program": NotShown.NO_PROGRAM,
    "no-process": NotShown.LATE,
    "stopping": NotShown.LATE,
    "withheld": NotShown.WITHHELD,
}


def drawable(knowledge_base: KnowledgeBase, record: DocumentRecord, place: Locator) -> Drawable | None:
    """What can be drawn of a document with passages at places like this one; None for one without pages.

    Raises `NotFound` when its file is gone or is another than the one that was read, `FileWithheld` when it
    may not be seen at all.
    """
    if place.page is None and place.slide is None:
        return None
    file = knowledge_base.drawn_file(record.id)
    try:
        draws = Draws(format_of(file).name)
    except (ParseError, OSError, ValueError):
        return None
    veil = veil_of(knowledge_base.privacy.get(), record.masked)
    return Drawable(file=file, sha256=record.sha256, draws=draws, veil=veil)


async def sheet_of(views: Views, asked: Drawable, number: int) -> Sheet | NotShown:
    """What is on a page, or why it is not known now. Raises `ProblemError` for a page that is not there."""
    if asked.draws is not Draws.PDF and not views.draws_slides:
        return NotShown.NO_PROGRAM
    try:
        return await _within(_PATIENCE_SECONDS, await run_in_threadpool(views.sheet, asked, number))
    except (TimeoutError, ViewsBusy):
        return NotShown.LATE
    except NoView as error:
        if error.code == "no-page":
            raise ProblemError(Problem(404, "The document has no such page.")) from error
        return _REASONS.get(error.code, NotShown.OTHER)


@router.get("/documenten/{document_id}/bladen/{number}.png", response_model=None)
async def picture(
    request: Request,
    document_id: str,
    number: Number,
    knowledge_base: Base,
    scale: Annotated[int, Query(alias="schaal", ge=1, le=2)] = 1,
) -> Response:
    """A page or slide."""
    views, asked, headers = await _asked(request, knowledge_base, document_id, number, scale)
    found = await run_in_threadpool(views.picture, asked, number, width=WIDTHS[scale])
    return await _sent(found, headers)


@router.get("/documenten/{document_id}/miniaturen/{number}.png", response_model=None)
async def miniature(request: Request, document_id: str, number: Number, knowledge_base: Base) -> Response:
    """A page or slide, small."""
    views, asked, headers = await _asked(request, knowledge_base, document_id, number, 0)
    return await _sent(await run_in_threadpool(views.miniature, asked, number), headers)


async def _asked(
    request: Request, knowledge_base: KnowledgeBase, document_id: str, number: int, scale: int
) -> tuple[Views, Drawable, dict[str, str]]:
    """What is to be drawn, and the headers of its answer. Raises `NotModified` for who has it already."""
    views: Views = request.app.state.views

    def found() -> tuple[DocumentRecord, Drawable | None]:
        record = knowledge_base.document(document_id)
        passages = knowledge_base.passages_of(document_id)
        return record, drawable(knowledge_base, record, passages[0].locator) if passages else None

    try:
        record, asked = await run_in_threadpool(found)
    except (NotFound, FileWithheld) as error:
        raise _nothing(number) from error
    if asked is None:
        raise _nothing(number)
    is_open = record.access is Access.OPEN
    headers = {
        "Cache-Control": f"private, max-age={_KEPT_SECONDS}" if is_open else "no-store",
        "ETag": f'"{views.tag(asked, number, scale)}"',
    }
    refuse_if_known(request.headers, headers)
    return views, asked, headers


async def _sent(found: Future[bytes], headers: dict[str, str]) -> Response:
    try:
        data = await _within(_PICTURE_SECONDS, found)
    except TimeoutError:
        raise ViewsBusy("A picture took too long") from None
    return Response(data, media_type="image/png", headers=headers)


async def _within(seconds: float, found: Future[_T]) -> _T:
    """What was found, waited for no longer than so many seconds; it goes on for others and for next time."""
    waited = asyncio.wrap_future(found)
    # Nobody may be there any more to hear how it ended.
    waited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    return await asyncio.wait_for(asyncio.shield(waited), seconds)


def _nothing(number: int) -> ProblemError:
    return ProblemError(Problem(404, f"There is no picture of page {number}."))
