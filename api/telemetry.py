"""What is told of each request: its id in every answer and every line of the log, one line at its end, and
what is counted of it.

A line names the route, never the address or the query, for these may name persons; and the name of the key,
never the key. The address of the client is not logged.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from kb.hits import SecondStage
from kb.knowledge_base import Answered
from kb.logs import CURRENT, RequestContext
from kb.privacy.live import LivePrivacy

REQUEST_ID = "X-Request-ID"
# What we log and send back must be harmless in both.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+/=-]{7,127}")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_OTHER = "other"
# Where a request that is not answered is a query that was not.
_SEARCHES = frozenset(("/", "/v1/search", "/v1/searches", "/v1/answers"))
_log = logging.getLogger("api.access")


class Trace(RequestContext):
    """What becomes of one request. The application adds to it by `note_query` and `note_answer`."""

    def __init__(self, request_id: str, mask: Callable[[str], str]) -> None:
        super().__init__(request_id, mask)
        self.asked: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.timeouts = 0
        self.status: int | None = None
        self.sent = 0
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.perf_counter() - self._started


def note_query(query: str) -> None:
    """Tell the log what is being asked, so that it can leave it out, or name it if that is wanted."""
    trace = CURRENT.get()
    if isinstance(trace, Trace):
        trace.asked.append(query)
        trace.hide(query)


def note_answer(answered: Answered, *, is_answered: bool | None = None) -> Answered:
    """Count an answered query by whether it has a good answer, which its hits tell unless it is given.

    A further page of one is not counted again.
    """
    trace = CURRENT.get()
    if isinstance(trace, Trace) and not answered.offset:
        is_good = answered.is_answered if is_answered is None else is_answered
        trace.outcomes["answered" if is_good else "no-good-answer"] += 1
        trace.timeouts += answered.found.second_stage is SecondStage.TIMED_OUT
    return answered


class Telemetry:
    """Wraps the whole application, also what answers when that fails; pure ASGI, so nothing is gathered."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: Sequence[BaseRoute],
        metrics: Metrics,
        logs_queries: bool,
        privacy: LivePrivacy,
    ) -> None:
        self._app = app
        self._routes = [route for route in routes if hasattr(route, "path")]
        self._metrics = metrics
        self._logs_queries = logs_queries
        self._privacy = privacy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = Trace(_id_of(scope), self._privacy.get().names.masked)
        for name, value in parse_qsl(scope["query_string"].decode("latin-1")):
            if name == "q":
                trace.hide(value)
        # One for all copies that are made of the scope on the way in.
        scope.setdefault("state", {})
        # As it came: a mount writes into it how far the address was followed.
        asked = dict(scope)
        token = CURRENT.set(trace)

        async def traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                trace.status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = trace.id
            elif message["type"] == "http.response.body":
                trace.sent += len(message.get("body", b""))
            await send(message)

        try:
            with self._metrics.running.track_inprogress():
                await self._app(scope, receive, traced)
        finally:
            self._tell(scope, trace, self._route_of(scope, asked))
            CURRENT.reset(token)

    def _tell(self, scope: Scope, trace: Trace, route: str) -> None:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        # Without a status nobody was left to be answered.
        status = str(trace.status or "none")
        self._metrics.duration.labels(method, route, status).observe(trace.seconds)
        if trace.status == 429:
            self._metrics.rate_limited.inc()
        for outcome, number in _outcomes(trace, route, scope).items():
            self._metrics.queries.labels(outcome).inc(number)
        self._metrics.second_stage_timeouts.inc(trace.timeouts)
        milliseconds = round(trace.seconds * 1000, 1)
        caller = scope["state"].get("caller")
        fields: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": trace.status,
            "milliseconds": milliseconds,
            "bytes": trace.sent,
            "key": caller.key.name if caller and caller.key else None,
        }
        told = f"{method} {route} {status} {milliseconds} ms {trace.sent} bytes, key {fields['key'] or '-'}"
        if self._logs_queries and trace.asked:
            asked = list(map(trace.mask, trace.asked))
            fields["queries"] = asked
            told += f", asked {asked}"
        _log.info("%s, request %s", told, trace.id, extra={"fields": fields})

    def _route_of(self, scope: Scope, asked: Scope) -> str:
        """The template of the route that answered, or would have; "none" for an address that leads nowhere.

        A request that is refused on its way in, and a copy of the scope that is made there, leave none.
        """
        found = getattr(scope.get("route"), "path", None)
        if found is not None:
            return str(found)
        partly = "none"
        wanted = {**asked, "method": "GET" if asked["method"] == "HEAD" else asked["method"]}
        for route in self._routes:
            match, _ = route.matches(wanted)
            template = str(vars(route)["path"])
            if match is Match.FULL:
                return template
            if match is Match.PARTIAL and partly == "none":
                partly = template
        return partly


def _outcomes(trace: Trace, route: str, scope: Scope) -> Counter[str]:
    """Queries of a request by what became of them."""
    status = trace.status or 0
    is_query = route in _SEARCHES and (scope["method"] == "POST" or b"q=" in scope["query_string"])
    if not is_query or status < 400:
        return trace.outcomes
    return Counter(["failed" if status >= 500 else "refused"])


def _id_of(scope: Scope) -> str:
    """The id that a client or a proxy gave, where it is well-formed, else a new one of 128 bits."""
    given = Headers(scope=scope).getlist(REQUEST_ID)
    if len(given) == 1 and _WELL_FORMED.fullmatch(given[0]):
        return given[0]
    return secrets.token_hex(16)
