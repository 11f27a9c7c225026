"""Logging in with a key, for what is not open to everybody, and logging out."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.limits import charge_wrong
from api.pages.frame import Shown
from api.pages.language import local
from api.pages.posted import Posted
from api.sessions import Sessions
from kb.keys import Key, Keys, Scope

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
# What is longer is no key of ours, and is not hashed.
_SECRET = re.compile(r"[!-~]{1,200}")


@router.get("/inloggen")
def login(request: Request, pages: Shown, terug: str = "/") -> HTMLResponse:
    """The form; for who has logged in, with which key and how to log out."""
    return pages.page(request, "login.html", back=local(terug), fault="")


@router.post("/inloggen", response_model=None)
def log_in(request: Request, pages: Shown, form: Posted) -> Response:
    """Begin a session with a key, and go back to where it was asked for."""
    back = local(form.get("terug", "/"))
    secret = form.get("sleutel", "").strip()
    if not secret:
        return pages.page(request, "login.html", status=400, back=back, fault="empty")
    keys: Keys = request.app.state.keys
    key = keys.identify(secret) if _SECRET.fullmatch(secret) else None
    if key is None:
        charge_wrong(request)
        return pages.page(request, "login.html", status=403, back=back, fault="wrong")
    answer = RedirectResponse(_next(key, back), status_code=303)
    sessions: Sessions = request.app.state.sessions
    sessions.begin(answer, key, secure=request.url.scheme == "https")
    return answer


@router.post("/uitloggen", response_model=None)
def log_out(request: Request) -> Response:
    """End the session."""
    answer = RedirectResponse("/", status_code=303)
    sessions: Sessions = request.app.state.sessions
    sessions.end(answer, secure=request.url.scheme == "https")
    return answer


def _next(key: Key, back: str) -> str:
    """Where a reader goes on: one who may only administer has nothing to search."""
    return "/beheer" if back == "/" and key.scopes == {Scope.ADMIN} else back
