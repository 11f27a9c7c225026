"""The web application: API and pages over one knowledge base."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from api import administration, answering, events, gaps, metrics, pages, passages, routes, searching, themes
from api.access import Caller
from api.conditional import NotModified, answering_version
from api.description import describe
from api.limits import Bounds, Limits, Toll
from api.pages.assets import Assets
from api.problems import INTERNAL, Problem, ProblemError, problem_of
from api.readiness import Readiness
from api.security import Guard, is_api
from api.sessions import Sessions
from api.stopping import Stopping
from api.streaming import Writing
from api.telemetry import Telemetry
from api.turns import Turns
from api.uploads import FORM_BYTES, Uploads
from kb import __version__
from kb.binding import reading_asks_key
from kb.errors import KBError
from kb.gaps.keeping import Gaps
from kb.keys import Keys
from kb.knowledge_base import KnowledgeBase
from kb.launcher import Launcher
from kb.rendering.views import Views
from kb.settings import Settings
from kb.watching import Watcher

_METHODS = ("GET", "HEAD", "POST", "PUT")


class Service(FastAPI):
    """FastAPI with our own OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if not self.openapi_schema:
            self.openapi_schema = describe(self, self.state.knowledge_base.settings)
        return self.openapi_schema


def create_app(
    knowledge_base: KnowledgeBase, *, bounds: Bounds | None = None, others: Sequence[BaseRoute] = ()
) -> FastAPI:
    """The application over `knowledge_base`, which it warms in the background once it is served.

    `others` are further routes that it is to guard as its own.
    Raises `SettingsError` when it is to listen on what is no address.
    """
    readiness = Readiness(knowledge_base)
    app = Service(
        title="Kennisbank",
        version=__version__,
        # The usual pages load scripts from elsewhere; the document itself is one of our routes.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.knowledge_base = knowledge_base
    app.state.readiness = readiness
    settings = knowledge_base.settings
    app.state.pages = pages.Pages(settings)
    app.state.answering = answering_version(settings)
    app.state.keys = Keys(settings.keys_file)
    app.state.sessions = Sessions(app.state.keys, settings.keys_file.parent)
    app.state.launcher = Launcher(settings)
    app.state.gaps = Gaps(settings, knowledge_base.privacy)
    app.state.reading_asks_key = reading_asks_key(settings)
    app.state.toll = Toll(settings, workers=settings.workers)
    app.state.turns = Turns(workers=settings.workers)
    app.state.writing = Writing(settings.llm_requests)
    app.state.metrics = metrics.Metrics(knowledge_base)
    app.state.stopping = Stopping(readiness, drain_seconds=settings.drain_seconds, workers=settings.workers)
    max_bytes = settings.file_megabytes * 1_000_000
    app.state.views = Views(settings, knowledge_base.privacy)
    app.state.uploads = Uploads(settings.corpus, max_bytes=max_bytes, most=settings.uploads)
    app.state.watcher = Watcher(settings, app.state.launcher) if settings.watch != "off" else None
    routers = (
        routes.router, passages.router, routes.lists, routes.files, searching.router, answering.router,
        events.router, themes.router, administration.router, gaps.router, *pages.routers, metrics.router,
    )  # fmt: skip
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(others)
    app.mount("/static", Assets())
    for kind in (NotModified, ProblemError, KBError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _tell)
    # The last one added is the first one asked.
    app.add_middleware(
        Limits,
        identify=lambda scope, headers: _caller(app, scope, headers),
        toll=app.state.toll,
        bounds=bounds or Bounds(),
        most_bytes=max_bytes + FORM_BYTES,
        show=lambda request, problem: _show(app, request, problem),
    )
    app.add_middleware(Guard, on_crash=lambda request: _show(app, request, INTERNAL))
    app.add_middleware(
        Telemetry,
        routes=[*app.router.routes, *(route for router in routers for route in router.routes)],
        metrics=app.state.metrics,
        logs_queries=settings.log_queries == "on",
        privacy=knowledge_base.privacy,
    )
    return app


def from_environment() -> FastAPI:
    """The application with the settings of the environment; `uvicorn --factory api.app:from_environment`."""
    logging.captureWarnings(True)
    return create_app(KnowledgeBase(Settings.load(os.environ)))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    watcher: Watcher | None = app.state.watcher
    app.state.readiness.start()
    app.state.gaps.tidy()
    app.state.stopping.start()
    if watcher:
        watcher.start()
    yield
    if watcher:
        watcher.stop()
    app.state.launcher.stop()
    app.state.views.close()
    app.state.readiness.stop()
    app.state.stopping.stop()


def _caller(app: FastAPI, scope: Scope, headers: Headers) -> Caller:
    # A session is for pages: else any site could have a browser ask the API with it.
    return Caller.of(headers, app.state.keys, None if is_api(scope["path"]) else app.state.sessions)


def _tell(request: Request, error: Exception) -> Response:
    if isinstance(error, NotModified):
        return error.response()
    problem = problem_of(error)
    if problem.status == 405:
        allowed = [method for method in _METHODS if _is_taken(request, "GET" if method == "HEAD" else method)]
        problem = Problem(405, problem.detail, headers={"Allow": ", ".join(allowed)})
    return _show(request.app, request, problem)


def _show(app: FastAPI, request: Request, problem: Problem) -> Response:
    if is_api(request.url.path):
        return problem.response()
    found: pages.Pages = app.state.pages
    return found.problem(request, problem)


def _is_taken(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)
