"""What is true of every answer: its security headers, its API-Version, and no inside on the outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kb import __version__

API = "/v1"
# Where assistants ask, when `api.assistants` serves.
ASSISTANTS = "/mcp"
_log = logging.getLogger("api")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": "80", "https": "443"}

_EVERYWHERE = {
    "API-Version": __version__,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# For the OpenAPI document alone. What the others answer is for who may reach this service: a page of another
# origin would read it with the reader's own access to the network.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "API-Version, ETag"}
CORS_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Accept, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_SECURE = "max-age=31536000"
# With no-referrer a form would tell that it comes from `null` (Fetch, 3.2), also one of our own.
_REFERRER = {True: "no-referrer", False: "same-origin"}
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def is_api(path: str) -> bool:
    """True for what programs ask, false for pages."""
    return path in (API, ASSISTANTS) or path.startswith(f"{API}/")


def is_of_another_site(method: str, headers: Headers) -> bool:
    """Whether a request that changes something is not known to come from a page of this service.

    Browsers tell it in Sec-Fetch-Site (W3C Fetch Metadata); over plain HTTP, where they do not, in Origin.
    The scheme is left out of account: behind a proxy that speaks TLS it is not known. Whoever sends neither
    is no browser of these days.
    """
    if method in _SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    scheme, _, place = headers.get("origin", "").lower().partition("://")
    host = headers.get("host", "").lower()
    port = _PORTS.get(scheme, "")
    return not host or place.removesuffix(f":{port}") != host.removesuffix(f":{port}")


class Guard:
    """Wraps the whole application; pure ASGI, so that a file is streamed and not gathered first.

    It also answers HEAD as GET without its body, and a crash with what `on_crash` makes of it.
    """

    def __init__(self, app: ASGIApp, on_crash: Callable[[Request], Response]) -> None:
        self._app = app
        self._on_crash = on_crash

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET", "is_head": True} if is_head else scope
        has_started = False

        async def guarded(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                _add_headers(MutableHeaders(scope=message), scope)
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(inner, receive, guarded)
        except (ClientDisconnect, asyncio.CancelledError):
            # Nobody is left to answer, or the service stops and waits no longer for this client.
            return
        except Exception:
            # Neither query nor parameters: they may name persons.
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if has_started:
                raise
            await self._on_crash(Request(scope))(scope, receive, guarded)


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in _EVERYWHERE.items():
        headers[name] = value
    of_api = is_api(scope["path"])
    headers.setdefault("Content-Security-Policy", API_POLICY if of_api else _PAGE_POLICY)
    headers.setdefault("Referrer-Policy", _REFERRER[of_api])
    headers.setdefault("Cache-Control", "no-store")
    headers.add_vary_header("Authorization")
    headers.add_vary_header("Accept" if of_api else "Cookie")
    if scope.get("scheme") == "https":
        # RFC 6797, 7.2: not over plain HTTP. Behind a proxy the scheme is the one that it tells.
        headers["Strict-Transport-Security"] = _SECURE
