"""Bounds on requests, so that no client keeps the service from others: how many, how large, how long.

Bounds on connections, which come before there is a request, are in `api.connections`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Caller
from api.patience import Patience
from api.problems import Problem, ProblemError, problem_of
from api.rates import Rates, Taken, address_of
from api.security import API, is_api, is_of_another_site
from kb.errors import KBError
from kb.keys import Scope as KeyScope
from kb.settings import Settings

_CLOSE = {"Connection": "close"}
_SECONDS_UNTIL_ROOM = 2
# To verify a large index before it goes live takes minutes.
_ADMIN_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one request may take. `patience` is how long a client may send nothing of a body, in seconds;
    `seconds` how long an answer may take to begin once the body is there; `running` how many requests are
    worked on at once."""

    address: int = 16_000
    headers: int = 100
    header_bytes: int = 32_000
    patience: float = 15.0
    seconds: float = 60.0
    running: int = 200


class Toll:
    """What a request takes of its client's rate."""

    def __init__(self, settings: Settings, *, workers: int = 1) -> None:
        """The clients of one of several workers; each has its share, for they know nothing of each other."""

        def shared(quota: int) -> int:
            return math.ceil(quota / workers)

        self._keys = Rates("key", shared(settings.rate_key))
        self._addresses = Rates("address", shared(settings.rate_address))
        self._wrong = Rates("wrong-keys", shared(settings.rate_wrong_keys))

    def take(self, scope: Scope, caller: Caller, requests: int = 1) -> Taken | None:
        """Count requests: those with a key of ours by the key, all others by their address. A right key is
        never refused for the wrong ones that others send from the same address."""
        address = address_of(scope)
        if caller.is_wrong:
            taken = self.take_wrong(scope)
            if taken and taken.wait:
                return taken
        if caller.key:
            return self._keys.take(caller.key.id, requests)
        return None if address is None else self._addresses.take(address, requests)

    def take_wrong(self, scope: Scope) -> Taken | None:
        """Count a wrong key."""
        return self._wrong.take(address_of(scope))


def charge_wrong(request: Request) -> None:
    """Count a request for one with a wrong key. Raises `ProblemError` when there were too many."""
    toll: Toll = request.app.state.toll
    taken = toll.take_wrong(request.scope)
    if taken and taken.wait:
        raise ProblemError(_too_many(taken))


def charge(request: Request, requests: int) -> None:
    """Count a request for more than one, when it asks as much as that. Raises `ProblemError`."""
    toll: Toll = request.app.state.toll
    taken = toll.take(request.scope, request.state.caller, requests - 1) if requests > 1 else None
    if taken and taken.wait:
        raise ProblemError(_too_many(taken))


class Limits:
    """Wraps the application; finds out who calls and refuses what goes beyond the bounds.

    `identify` tells who sends a request, or raises `KeysUnavailable`; `show` makes an answer of a problem.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Callable[[Scope, Headers], Caller],
        toll: Toll,
        bounds: Bounds,
        most_bytes: int,
        show: Callable[[Request, Problem], Response],
    ) -> None:
        self._app = app
        self._identify = identify
        self._toll = toll
        self._bounds = bounds
        self._most_bytes = most_bytes
        self._show = show
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = self._too_large(scope, headers) or _from_elsewhere(scope, headers)
        taken: Taken | None = None
        if problem is None:
            try:
                caller = self._identify(scope, headers)
            except KBError as error:
                problem = problem_of(error)
            else:
                scope.setdefault("state", {})["caller"] = caller
                taken = self._toll.take(scope, caller)
                problem = _too_many(taken) if taken and taken.wait else self._too_busy(scope)
        answer = _Answer(send, taken.headers if taken else {})
        if problem:
            await self._show(Request(scope), problem)(scope, receive, answer.send)
            return
        self._running += 1
        try:
            await self._run(scope, Patience(receive, headers, seconds=self._bounds.patience), answer)
        finally:
            self._running -= 1

    async def _run(self, scope: Scope, patience: Patience, answer: _Answer) -> None:
        """Let the application answer, if it begins to in time."""
        try:
            async with asyncio.timeout(None) as timeout:
                answer.timeout = patience.timeout = timeout
                is_admin = scope["state"]["caller"].has(KeyScope.ADMIN)
                patience.wait(_ADMIN_SECONDS if is_admin else self._bounds.seconds)
                await self._app(scope, patience.receive, answer.send)
        except TimeoutError:
            if not timeout.expired() or answer.has_started:
                raise
            answer.timeout = patience.timeout = None
            detail = "The answer takes too long. Ask for less, or try again later."
            problem = Problem(503, detail, headers={"Retry-After": str(_SECONDS_UNTIL_ROOM), **_CLOSE})
            await self._show(Request(scope), problem)(scope, patience.receive, answer.send)

    def _too_large(self, scope: Scope, headers: Headers) -> Problem | None:
        bounds = self._bounds
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > bounds.address:
            detail = f"The address is longer than {bounds.address} bytes. Send the search with POST."
            return Problem(414, detail, headers=_CLOSE)
        size = sum(len(name) + len(value) for name, value in headers.raw)
        if size > bounds.header_bytes or len(headers.raw) > bounds.headers:
            detail = f"The headers are more than {bounds.headers}, or {bounds.header_bytes} bytes together."
            return Problem(431, detail, headers=_CLOSE)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self._most_bytes:
            return Problem(413, f"The body is larger than {self._most_bytes} bytes.", headers=_CLOSE)
        return None

    def _too_busy(self, scope: Scope) -> Problem | None:
        # Whoever watches the service would take one that is busy for one that is dead.
        if self._running < self._bounds.running or scope["path"].startswith(f"{API}/health/"):
            return None
        detail = "The service answers too many others at the moment. Try again in some seconds."
        return Problem(503, detail, headers={"Retry-After": str(_SECONDS_UNTIL_ROOM)})


class _Answer:
    """Sends an answer with the headers that all have; once it has begun it is not timed any more."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.has_started = False
        self.timeout: asyncio.Timeout | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            if self.timeout:
                self.timeout.reschedule(None)
            MutableHeaders(scope=message).update(self._headers)
        await self._send(message)


def _from_elsewhere(scope: Scope, headers: Headers) -> Problem | None:
    """A browser sends a page's form with the reader's session, whichever site has it do so."""
    if is_api(scope["path"]) or not is_of_another_site(scope["method"], headers):
        return None
    detail = "This form was not sent by a page of this service. Open the page and send it from there."
    return Problem(403, detail, headers=_CLOSE)


def _too_many(taken: Taken) -> Problem:
    detail = f"That were too many requests. Try again in {taken.wait} seconds."
    if taken.policy == "wrong-keys":
        detail = f"That were too many wrong keys. Look at the key and try again in {taken.wait} seconds."
    return Problem(429, detail, headers={"Retry-After": str(taken.wait)})
