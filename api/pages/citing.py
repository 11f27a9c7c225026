"""Links to passages that hold, and passages with their source, ready to be pasted."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.exports import links_of
from api.pages.frame import Base, Said, Shown
from api.pages.quotes import PlaceView, QuoteView
from kb.exporting.quoting import Quotation, markdown, plain
from kb.permalinks import BEGINS, DOCUMENT, Finding, Permalink

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/passages/{passage_id}", response_model=None)
def permanent(
    request: Request,
    passage_id: str,
    knowledge_base: Base,
    pages: Shown,
    document_id: Annotated[str, Query(alias=DOCUMENT)] = "",
    begins: Annotated[str, Query(alias=BEGINS)] = "",
) -> Response:
    """A passage by its permanent link: the document at its place, or else what became of it."""
    link = Permalink(passage_id=passage_id, document_id=document_id, begins=begins.replace("-", " "))
    found = knowledge_base.find_again(link)
    if found.finding is Finding.KEPT and found.document:
        (passage,) = found.passages
        return RedirectResponse(PlaceView.of(passage, found.document).reads, status_code=302)
    told = knowledge_base.told(found.passages)
    return pages.page(
        request,
        "found_again.html",
        status=404 if found.finding is Finding.GONE else 200,
        finding=found.finding.value,
        places=[
            QuoteView.of(passage, knowledge_base.document(passage.document_id), told[passage.id])
            for passage in found.passages
        ],
        document=found.document,
        begins=link.told_words,
        search="/?" + urlencode({"q": link.told_words}),
    )


@router.get("/passages/{passage_id}/citaat", response_model=None)
def citation(request: Request, passage_id: str, knowledge_base: Base, pages: Shown, words: Said) -> Response:
    """A passage with its source in the forms in which it is pasted elsewhere."""
    found = knowledge_base.passage(passage_id)
    links = links_of(request, knowledge_base.settings)
    quotation = Quotation.of(found.passage, found.document, links, words)
    return pages.page(
        request,
        "citation.html",
        at=PlaceView.of(found.passage, found.document),
        quotation=quotation,
        plain=plain(quotation),
        markdown=markdown(quotation),
    )
