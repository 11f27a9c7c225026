"""The first page, and the hits of a query."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.gaps import count_gap
from api.pages.answers import AnswerView
from api.pages.asked import Asked, address, asked_in
from api.pages.current import sentences_of
from api.pages.forms import FormView
from api.pages.frame import Base, Said, Shown
from api.pages.quotes import HitView
from api.pages.results import FACETS, PER_PAGE, Arrangement, Notes, Paging, Searched, Understood, facet_views
from api.parameters import SearchParameters, check
from api.problems import Fault, ProblemError
from api.telemetry import note_answer, note_query
from api.turns import Turn
from kb.answers import Answer
from kb.knowledge_base import Answered, KnowledgeBase
from kb.search_request import MAX_OFFSET

_SUGGESTIONS = 8

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", response_model=None)
def search(request: Request, knowledge_base: Base, pages: Shown, words: Said, _turn: Turn) -> Response:
    """The first page; with a query in its address, the hits."""
    asked = asked_in(request.query_params)
    facets = knowledge_base.facets()
    if "q" not in request.query_params:
        form = FormView.of(asked, facets, words=words)
        return pages.page(request, "start.html", form=form, manifest=knowledge_base.manifest())
    records = knowledge_base.documents()
    documents = [record for record in records if ("document", record.id) in asked]
    try:
        page, answered, answer = _answer(request, knowledge_base, asked)
    except ProblemError as error:
        form = FormView.of(asked, facets, words=words, documents=documents, faults=error.problem.faults)
        return pages.page(request, "start.html", status=400, form=form, manifest=knowledge_base.manifest())
    total = answered.found.total
    return pages.page(
        request,
        "results.html",
        form=FormView.of(asked, facets, words=words, documents=documents),
        searched=Searched.of(records),
        answered=answered,
        hits=[HitView.of(hit, asked) for hit in answered.found.hits],
        answer=AnswerView.of(answer, answered.query) if answer else None,
        notes=Notes.of(asked, answered, answer),
        current=sentences_of(answered.timeliness, words)
        if answered.timeliness and answer and answer.is_answered
        else (),
        facets=facet_views(asked, answered.found.facets, words),
        arrangement=Arrangement.of(asked, total=total, words=words),
        paging=Paging.of(asked, page=page, total=total),
        first_page=address(asked),
        understood=Understood.of(asked, answered),
        unfiltered=address([item for item in asked if item[0] == "q"]),
    )


@router.get("/suggesties", response_model=None)
def suggestions(knowledge_base: Base, words: Said, q: Annotated[str, Query()] = "") -> Response:
    """What may be meant by what was typed, for the field of the form; nothing for what cannot be asked."""
    if knowledge_base.suggestion_faults(q, limit=_SUGGESTIONS):
        return JSONResponse([])
    found = knowledge_base.suggestions(q, limit=_SUGGESTIONS)
    return JSONResponse([{"text": one.text, "kind": words.suggestion(one.kind)} for one in found.suggestions])


def _answer(
    request: Request, knowledge_base: KnowledgeBase, asked: Asked
) -> tuple[int, Answered, Answer | None]:
    """The page that is asked for, its hits, and on the first page the answer."""
    parameters, faults = SearchParameters.read_query(QueryParams(list(asked)))
    number = request.query_params.get("page", "1")
    is_page = number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= MAX_OFFSET // PER_PAGE + 1
    if not is_page:
        faults = [*faults, Fault("query", "page", "invalid", "There is no such page")]
    check(knowledge_base, parameters, faults)
    page = int(number)
    note_query(parameters.q)
    wanted = parameters.request()
    part = dataclasses.replace(wanted.page, limit=PER_PAGE, offset=(page - 1) * PER_PAGE, facets=FACETS)
    wanted = dataclasses.replace(wanted, page=part)
    if page > 1:
        return page, note_answer(knowledge_base.ask(wanted)), None
    found = knowledge_base.answer(wanted)
    note_answer(found.answered, is_answered=found.answer.is_answered)
    count_gap(request, found)
    return page, found.answered, found.answer
