"""The pages of themes: which there are, what else could be one, and how much is said of one over years."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.pages.charts import Chart
from api.pages.frame import Base, Pages, Shown
from api.pages.listing import Listed, newest_first
from api.pages.quotes import QuoteView
from api.problems import Problem, ProblemError
from kb.history import FollowedTheme
from kb.history.meetings import meetings_of
from kb.history.timelines import FEW_OF_YEAR, FEW_PASSAGES
from kb.index import Filter
from kb.knowledge_base import KnowledgeBase
from kb.search_request import MAX_OFFSET
from kb.themes import Theme

# Passages of a year on a page.
_PER_PAGE = 25

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/themas", response_model=None)
def themes(request: Request, knowledge_base: Base, pages: Shown) -> Response:
    """All themes: those that are followed in the order of their file, and the others by name."""
    history = knowledge_base.history()
    every = history.themes()
    return pages.page(
        request,
        "themes.html",
        followed=[one for one in every if one.is_defined],
        others=sorted(
            (one for one in every if not one.is_defined), key=lambda one: one.theme.name.casefold()
        ),
        suggested=history.suggested_themes(),
        theme_address=theme_address,
        search_address=_search_address,
    )


@router.get("/themas/{name:path}", response_model=None)
def theme(
    request: Request,
    name: str,
    knowledge_base: Base,
    pages: Shown,
    jaar: Annotated[int | None, Query(ge=1000, le=9999)] = None,
    bladzijde: Annotated[int, Query(ge=1)] = 1,
) -> Response:
    """A theme over the years and its documents, or its passages of one year, however its name is written."""
    found = knowledge_base.history().theme(name)
    if jaar is not None:
        return _year(request, found, knowledge_base, pages, (jaar, bladzijde))
    told = knowledge_base.history().timeline(found.theme.id)
    address = theme_address(found.theme.name)
    records = newest_first(knowledge_base.documents(Filter(themes=frozenset({found.theme.key}))))
    return pages.page(
        request,
        "theme.html",
        found=found,
        name=found.theme.name,
        timeline=told,
        chart=Chart.of(told.years),
        few=(FEW_PASSAGES, FEW_OF_YEAR),
        events=meetings_of(records),
        listed=Listed.of(records, path=address, kind="", page=bladzijde),
        address=address,
    )


def _year(
    request: Request,
    found: FollowedTheme,
    knowledge_base: KnowledgeBase,
    pages: Pages,
    asked: tuple[int, int],
) -> Response:
    """The passages of a year about a theme: as many as the timeline counts."""
    year, page = asked
    filter = Filter(themes=frozenset({found.theme.key}), years=frozenset({year}))
    offset = (page - 1) * _PER_PAGE
    if offset > MAX_OFFSET:
        raise ProblemError(Problem(404, "There is no such page."))
    listed = knowledge_base.passages(filter, limit=_PER_PAGE, offset=offset)
    if not listed.passages:
        raise ProblemError(Problem(404, "There is no such page."))
    return pages.page(
        request,
        "theme_year.html",
        name=found.theme.name,
        address=theme_address(found.theme.name),
        year=year,
        total=listed.total,
        page=page,
        first=offset + 1,
        pages=-(-min(listed.total, MAX_OFFSET + _PER_PAGE) // _PER_PAGE),
        search=[("theme", found.theme.name), ("year", str(year))],
        quotes=[QuoteView.of(one.passage, one.document, one.told) for one in listed.passages],
    )


def theme_address(name: str) -> str:
    """The page of a theme."""
    return f"/themas/{quote(name, safe='')}"


def _search_address(found: Theme) -> str:
    """The address that searches for a subject."""
    return "/?" + urlencode({"q": " ".join(found.queries[:1]) or found.name})
