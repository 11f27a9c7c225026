"""The pages for secretaries: in Dutch, made on the server, without scripts."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import QueryParams
from starlette.responses import HTMLResponse, Response

from api import dutch as words
from api.access import sees_members
from api.parameters import SearchParameters, check
from api.problems import Fault, Problem, ProblemError
from api.quotes import HitView, QuoteView
from api.sources import source_file
from api.telemetry import note_answer, note_query
from api.texts import sections
from api.turns import Turn
from api.views import GROUP_BY, PER_PAGE, Asked, FormView, Grouping, Notes, Paging, Understood, address
from kb import __version__, dutch
from kb.hits import GroupBy
from kb.knowledge_base import Answered, KnowledgeBase
from kb.search_request import MAX_OFFSET

_HERE = Path(__file__).parent
# What a search form sends; anything else in the address is not ours and is left alone.
_FIELDS = ("q", "kind", "event", "language", "document", "dateFrom", "dateTo", "dates", GROUP_BY)


class Pages:
    """The templates, and what they all know."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["style"] = f"/static/style.css?v={_digest(_HERE / 'static' / 'style.css')}"
        self._templates.globals["version"] = __version__
        self._templates.filters.update(
            count=dutch.count,
            date=dutch.date,
            day=words.day,
            extension=words.extension,
            kind=words.kind,
            language=words.language,
            milliseconds=words.milliseconds,
            size=words.size,
            thousands=dutch.thousands,
        )

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page from a template."""
        return HTMLResponse(self._templates.get_template(template).render(values), status_code=status)

    def problem(self, problem: Problem) -> Response:
        """The page that tells of a problem."""
        heading, advice = words.problem(problem)
        # What the operator must do is said to whoever sees it: it is the operator who is asked.
        to_do = problem.detail if problem.status == 503 else ""
        page = self.page("problem.html", status=problem.status, heading=heading, advice=advice, to_do=to_do)
        page.headers.update(problem.headers)
        return page


def _knowledge_base(request: Request, members: Annotated[bool, Depends(sees_members)]) -> Any:
    return request.app.state.knowledge_base.pinned(members=members)


def _pages(request: Request) -> Any:
    return request.app.state.pages


Base = Annotated[KnowledgeBase, Depends(_knowledge_base)]
Shown = Annotated[Pages, Depends(_pages)]

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", response_model=None)
def search(request: Request, knowledge_base: Base, pages: Shown, _turn: Turn) -> Response:
    """The first page; with a query in its address, the hits."""
    asked = _asked(request.query_params)
    facets = knowledge_base.facets()
    if "q" not in request.query_params:
        form = FormView.of(asked, facets)
        return pages.page(
            "search.html", form=form, manifest=knowledge_base.manifest(), answered=None, hits=[]
        )
    documents = [record for record in knowledge_base.documents() if ("document", record.id) in asked]
    try:
        page, answered = _answer(knowledge_base, request.query_params, asked)
    except ProblemError as error:
        form = FormView.of(asked, facets, documents=documents, faults=error.problem.faults)
        return pages.page(
            "search.html", status=400, form=form, manifest=knowledge_base.manifest(), answered=None, hits=[]
        )
    return pages.page(
        "search.html",
        form=FormView.of(asked, facets, documents=documents),
        manifest=knowledge_base.manifest(),
        answered=answered,
        hits=[HitView.of(hit, asked) for hit in answered.found.hits],
        notes=Notes.of(answered),
        grouping=Grouping.of(asked, total=answered.found.total),
        paging=Paging.of(asked, page=page, total=answered.found.total),
        first_page=address(asked),
        understood=Understood.of(asked, answered),
        unfiltered=address([item for item in asked if item[0] == "q"]),
    )


@router.get("/passages/{passage_id}/vergelijkbaar", response_model=None)
def similar(passage_id: str, knowledge_base: Base, pages: Shown) -> Response:
    """The passages of other documents that are most like a passage."""
    found = knowledge_base.passage(passage_id)
    return pages.page(
        "similar.html",
        own=QuoteView.of(found.passage, found.document),
        hits=[
            HitView.of_similar(one, rank=rank)
            for rank, one in enumerate(knowledge_base.similar(passage_id), 1)
        ],
    )


@router.get("/documenten/{document_id}", response_model=None)
def document(document_id: str, knowledge_base: Base, pages: Shown) -> Response:
    """A document's text in reading order, every passage with an anchor."""
    record = knowledge_base.document(document_id)
    return pages.page(
        "document.html",
        document=record,
        file=f"/documenten/{record.id}/bestand",
        sections=sections(knowledge_base.passages_of(document_id)),
    )


@router.get("/documenten/{document_id}/bestand", response_model=None)
def file(document_id: str, knowledge_base: Base) -> Response:
    """A document's file; what the API gives, with pages for what goes wrong."""
    return source_file(knowledge_base, document_id)


def _asked(query: QueryParams) -> Asked:
    """What was filled in, as the form sends it: fields that were left empty are sent too."""
    given = [
        (name, value) for name, value in query.multi_items() if name in _FIELDS and (value or name == "q")
    ]
    # The page shows documents together, not events.
    given = [item for item in given if item != (GROUP_BY, GroupBy.EVENT.value)]
    once = set(_FIELDS) - SearchParameters.several
    return [item for at, item in enumerate(given) if item[0] not in once or item[0] not in dict(given[:at])]


def _answer(knowledge_base: KnowledgeBase, query: QueryParams, asked: Asked) -> tuple[int, Answered]:
    parameters, faults = SearchParameters.read_query(QueryParams(list(asked)))
    number = query.get("page", "1")
    is_page = number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= MAX_OFFSET // PER_PAGE + 1
    if not is_page:
        faults = [*faults, Fault("query", "page", "invalid", "There is no such page")]
    check(knowledge_base, parameters, faults)
    page = int(number)
    note_query(parameters.q)
    answered = knowledge_base.search(
        parameters.q,
        filter=parameters.filter(),
        limit=PER_PAGE,
        offset=(page - 1) * PER_PAGE,
        dates=parameters.dates,
        group_by=parameters.group_by,
    )
    return page, note_answer(answered)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
