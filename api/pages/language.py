"""The language of the pages: as it was chosen, else as the browser asks, else Dutch."""

from __future__ import annotations

from collections.abc import Collection

from babel.core import negotiate_locale
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse

from api.pages.posted import Posted
from api.pages.words import DUTCH

COOKIE = "taal"
_A_YEAR = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


def language_of(request: Request, known: Collection[str]) -> str:
    """The language to answer a request in, one of `known`."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in known:
        return chosen
    return negotiate_locale(_preferred(request.headers.get("accept-language", "")), known, sep="-") or DUTCH


def _preferred(header: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), the most wanted first."""
    wanted = []
    for item in header[:500].split(","):
        tag, _, parameters = item.partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if weight > 0 and tag.strip():
            wanted.append((weight, tag.strip().partition("-")[0].lower()))
    return [tag for _, tag in sorted(wanted, key=lambda one: -one[0])]


def local(address: str) -> str:
    """An address of this service to go back to; "/" for any other."""
    is_local = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_local else "/"


@router.post("/taal", response_model=None)
def choose(request: Request, form: Posted) -> RedirectResponse:
    """Remember a language, and go back to where it was chosen."""
    answer = RedirectResponse(local(form.get("terug", "/")), status_code=303)
    taal = form.get("taal", "")
    if taal in request.app.state.pages.languages:
        is_secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, taal, max_age=_A_YEAR, httponly=True, samesite="lax", secure=is_secure)
    return answer
