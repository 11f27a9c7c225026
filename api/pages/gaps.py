"""What was asked and not answered, for who puts the next meeting's agenda together."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from api.access import requires
from api.gaps import gaps_of
from api.pages.frame import Said, Shown
from kb.gaps import SHOWN_FROM
from kb.keys import Scope

router = APIRouter(
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[Depends(requires(Scope.ADMIN))],
)


@router.get("/beheer/vragen")
def questions(request: Request, pages: Shown, words: Said) -> HTMLResponse:
    """What three or more asked in a month and the documents do not answer, the last month first."""
    kept = gaps_of(request)
    months = {month: list(found) for month, found in groupby(kept.all(), key=lambda gap: gap.month)}
    return pages.page(
        request,
        "gaps.html",
        gaps=kept,
        shown_from=SHOWN_FROM,
        months={words.month(month): found for month, found in months.items()},
    )
