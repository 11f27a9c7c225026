"""What there is to read, without a query: documents, years, and what came in last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.pages.frame import Base, Shown
from api.pages.listing import UNDATED, Listed, kinds_of, newest_first, undated_of, year_of, years_of
from api.pages.themes import theme_address
from api.problems import Problem, ProblemError
from kb.arrivals import Arrival
from kb.history.meetings import meetings_of
from kb.index import DocumentRecord

# Documents that are named of one build, and builds that are told of.
_NEWEST = 10
_BUILDS = 5
_FIRST = 12

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/documenten", response_model=None)
def documents(
    request: Request,
    knowledge_base: Base,
    pages: Shown,
    soort: Annotated[str, Query()] = "",
    bladzijde: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """All documents, the newest first."""
    records = newest_first(knowledge_base.documents())
    return pages.page(
        request,
        "documents.html",
        listed=Listed.of(records, path="/documenten", kind=soort, page=bladzijde),
        kind=soort,
        kinds=kinds_of(records),
        years=years_of(records),
        undated=undated_of(records),
        path_of_list="/documenten",
    )


@router.get("/jaren/{year}", response_model=None)
def year(
    request: Request,
    year: str,
    knowledge_base: Base,
    pages: Shown,
    soort: Annotated[str, Query()] = "",
    bladzijde: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The documents and events of a year, or those of which the date is not known."""
    every = knowledge_base.documents()
    records = newest_first([record for record in every if year_of(record) == year])
    if not records:
        raise ProblemError(Problem(404, "There are no documents of this year."))
    return pages.page(
        request,
        "year.html",
        year="" if year == UNDATED else year,
        listed=Listed.of(records, path=f"/jaren/{year}", kind=soort, page=bladzijde),
        kind=soort,
        kinds=kinds_of(records),
        events=[view for view in meetings_of(every) if view.date and str(view.date.year) == year],
        years=years_of(every),
        undated=undated_of(every),
        path_of_list=f"/jaren/{year}",
    )


@router.get("/overzicht", response_model=None)
def overview(request: Request, knowledge_base: Base, pages: Shown) -> Response:
    """What the knowledge base holds, and what came in last."""
    records = knowledge_base.documents()
    facets = knowledge_base.facets()
    years = years_of(records)
    return pages.page(
        request,
        "overview.html",
        manifest=knowledge_base.manifest(),
        kinds=kinds_of(records),
        years=years,
        most=max(years.values(), default=0),
        undated=undated_of(records),
        events=meetings_of(records),
        first=_FIRST,
        languages=facets.languages,
        themes=[(name, theme_address(name), number) for name, number in _most(facets.themes).items()],
        arrivals=[_shortened(arrival) for arrival in knowledge_base.arrivals()[:_BUILDS]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalView:
    """What a build brought: how many documents are new or changed, and the first of them."""

    at: dt.datetime
    added: int
    changed: int
    documents: Sequence[DocumentRecord]
    others: int


def _shortened(arrival: Arrival) -> ArrivalView:
    every = [*arrival.added, *arrival.changed]
    return ArrivalView(
        at=arrival.at,
        added=len(arrival.added),
        changed=len(arrival.changed),
        documents=every[:_NEWEST],
        others=max(0, len(every) - _NEWEST),
    )


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(list(counts.items())[:_FIRST])
