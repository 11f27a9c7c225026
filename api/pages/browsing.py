"""What there is to read, without a query: documents, events, years, themes, and what came in last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.exports import links_of
from api.pages.events import EventView, event_views
from api.pages.frame import Base, Said, Shown
from api.pages.listing import UNDATED, Listed, kinds_of, newest_first, undated_of, year_of, years_of
from api.problems import Problem, ProblemError
from kb.arrivals import Arrival
from kb.index import DocumentRecord, name_key

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
        events=[view for view in event_views(every) if view.date and str(view.date.year) == year],
        years=years_of(every),
        undated=undated_of(every),
        path_of_list=f"/jaren/{year}",
    )


@router.get("/bijeenkomsten", response_model=None)
def events(request: Request, knowledge_base: Base, pages: Shown) -> Response:
    """All events, the latest first."""
    views = event_views(knowledge_base.documents())
    years: dict[int | None, list[EventView]] = {}
    for view in views:
        years.setdefault(view.date.year if view.date else None, []).append(view)
    return pages.page(request, "events.html", years=years, total=len(views))


@router.get("/bijeenkomsten/{event_id}", response_model=None)
def event(request: Request, event_id: str, knowledge_base: Base, pages: Shown, words: Said) -> Response:
    """An event with its documents. By the id that the API gives, the answer leads to its address."""
    views = event_views(knowledge_base.documents())
    for at, view in enumerate(views):
        if view.slug == event_id:
            address = links_of(request, knowledge_base.settings).address + view.address
            told = (view.name, words.date(view.date) if view.date else "", view.place or "")
            return pages.page(
                request,
                "event.html",
                event=view,
                filters=[("event", one) for one in view.ids],
                cited=", ".join(filter(None, told)),
                address=address,
                later=views[at - 1] if at else None,
                earlier=views[at + 1] if at + 1 < len(views) else None,
            )
        if event_id in view.ids:
            return RedirectResponse(view.address, status_code=308)
    raise ProblemError(Problem(404, "There is no such event."))


@router.get("/themas", response_model=None)
def themes(request: Request, knowledge_base: Base, pages: Shown) -> Response:
    """All themes, by name."""
    found = knowledge_base.facets().themes
    return pages.page(request, "themes.html", themes=_themes(dict(sorted(found.items(), key=_by_name))))


@router.get("/themas/{name:path}", response_model=None)
def theme(
    request: Request,
    name: str,
    knowledge_base: Base,
    pages: Shown,
    bladzijde: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """The documents of a theme, in whatever case it is written."""
    key = name_key(name)
    spelling = next((known for known in knowledge_base.facets().themes if name_key(known) == key), None)
    if spelling is None:
        raise ProblemError(Problem(404, "There is no such theme."))
    records = [
        record for record in knowledge_base.documents() if key in {name_key(own) for own in record.themes}
    ]
    return pages.page(
        request,
        "theme.html",
        name=spelling,
        events=event_views(records),
        listed=Listed.of(newest_first(records), path=_theme_address(spelling), kind="", page=bladzijde),
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
        events=event_views(records),
        first=_FIRST,
        languages=facets.languages,
        themes=_themes(_most(facets.themes)),
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


def _by_name(item: tuple[str, int]) -> str:
    return item[0].casefold()


def _themes(counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Each theme with its address and its number of documents."""
    return [(name, _theme_address(name), number) for name, number in counts.items()]


def _theme_address(name: str) -> str:
    return f"/themas/{quote(name, safe='')}"
