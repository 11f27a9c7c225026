"""The service with a door for assistants: the Model Context Protocol at /mcp, beside the API and the page.

Whatever guards the API guards this too: limits, keys, headers, logs. It keeps no sessions and answers with
JSON, so each request stands alone and any worker can answer it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import RequestBodyLimitMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.access import sees_members
from api.app import create_app
from api.bodies import MAX_BODY
from api.security import ASSISTANTS
from api.turns import Turns
from kb.assistants.answering import Reading
from kb.assistants.server import make_server
from kb.assistants.tools import Asking
from kb.errors import SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def from_environment() -> FastAPI:
    """The application with the settings of the environment, for `kb mcp --http`."""
    return create_assisted_app(KnowledgeBase(Settings.load(os.environ)))


def create_assisted_app(knowledge_base: KnowledgeBase) -> FastAPI:
    """The application of the service, with assistants. Raises `SettingsError`."""
    server = make_server(lambda asking: _reading(knowledge_base, asking))
    # Makes the server's own HTTP application too, of which only the manager is used.
    server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY,
        transport_security=_security(knowledge_base.settings),
    )
    door = Route(ASSISTANTS, endpoint=Door(server.session_manager), methods=["POST"])
    app = create_app(knowledge_base, others=[door])
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[Any]:
        async with inner(application) as state, server.session_manager.run():
            yield state

    app.router.lifespan_context = lifespan
    return app


class Door:
    """Lets assistants in, each with what its key may see, and in turn with all others that search."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager
        # Whoever still waits for a body holds no turn.
        self._whole = RequestBodyLimitMiddleware(self._answer, MAX_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises `ProblemError`."""
        request = Request(scope)
        request.state.sees_members = sees_members(request)
        await self._whole(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        turns: Turns = scope["app"].state.turns
        async with asynccontextmanager(turns.take)():
            await self._manager.handle_request(scope, receive, send)


def _reading(knowledge_base: KnowledgeBase, asking: Asking) -> Reading:
    request = cast(Request, asking.request_context.request)
    url = knowledge_base.settings.url or str(request.base_url)
    return Reading(
        knowledge_base=knowledge_base.pinned(members=request.state.sees_members), url=url.rstrip("/")
    )


def _security(settings: Settings) -> TransportSecuritySettings:
    """By which names the service may be called: a page elsewhere that makes a name of its own stand for this
    address (DNS rebinding) is refused."""
    own = urlsplit(settings.url).hostname
    is_any = settings.host in ("0.0.0.0", "::")  # noqa: S104 - it is compared
    if is_any and own is None:
        raise SettingsError(
            f"KB_URL: the service listens on {settings.host}, so say by which address assistants reach it, "
            "such as https://kennisbank.example.org"
        )
    names = {_in_header(name) for name in (*_LOOPBACK, own, None if is_any else settings.host) if name}
    hosts = sorted(names | {f"{name}:*" for name in names})
    return TransportSecuritySettings(
        allowed_hosts=hosts,
        allowed_origins=[f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts],
    )


def _in_header(name: str) -> str:
    return f"[{name}]" if ":" in name else name
