"""What the service says of itself: how accessible it is, in the parts that the Dutch government's model asks
for, and what it keeps of who uses it."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.pages.frame import Shown
from kb.gaps import SHOWN_FROM
from kb.knowledge_base import KnowledgeBase

# When somebody last looked whether all that it says is still so.
_DRAWN_UP = dt.date(2026, 11, 25)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/toegankelijkheid")
def accessibility(request: Request, pages: Shown) -> HTMLResponse:
    """What is accessible, how that was tested, what is not, and whom to tell; for everybody to read."""
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    return pages.page(request, "accessibility.html", settings=knowledge_base.settings, drawn_up=_DRAWN_UP)


@router.get("/privacy")
def privacy(request: Request, pages: Shown) -> HTMLResponse:
    """What is kept of who searches, by the settings there are; for everybody to read."""
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    return pages.page(request, "privacy.html", settings=knowledge_base.settings, shown_from=SHOWN_FROM)
