"""How long a body may take to come."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from api.problems import Problem, ProblemError

_BYTES_A_SECOND = 1_000


class Patience:
    """Receives a request's body for as long as it comes.

    A client that sends nothing for `seconds` is left, and so is one that sends less than 1 kB a second
    beyond twice that time.
    """

    def __init__(self, receive: Receive, headers: Headers, *, seconds: float) -> None:
        self._receive = receive
        self._seconds = seconds
        self._comes = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._started = time.monotonic()
        self._bytes = 0
        self._until_answer = 0.0
        self.timeout: asyncio.Timeout | None = None

    def wait(self, seconds: float) -> None:
        """Give the answer so many seconds to begin, from now or from the end of the body."""
        self._until_answer = seconds
        if self.timeout:
            self.timeout.reschedule(asyncio.get_running_loop().time() + seconds)

    async def receive(self) -> Message:
        """The next part of the body. Raises `ProblemError` when it comes too slowly."""
        if not self._comes:
            return await self._receive()
        now = time.monotonic()
        ends = self._started + 2 * self._seconds + self._bytes / _BYTES_A_SECOND
        try:
            async with asyncio.timeout(max(0.0, min(self._seconds, ends - now))):
                message = await self._receive()
        except TimeoutError:
            detail = "The body comes too slowly. Send it over a faster connection."
            raise ProblemError(Problem(408, detail, headers={"Connection": "close"})) from None
        self._bytes += len(message.get("body", b""))
        self._comes = bool(message.get("more_body", False))
        self.wait(self._until_answer)
        return message
