"""Searches take turns: no more at once than there are processors for.

A search is work for the processor from beginning to end. Thirty at once would each take as long as all of
them, past the time of the second stage, and wait for Python's lock all the while; in turn each has the
machine, and the last one is answered no later.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Depends, Request


class Turns:
    """At most so many at once, in the order in which they came."""

    def __init__(self, *, workers: int = 1) -> None:
        """The turns of one of several workers, which share the processors."""
        self._free = anyio.Semaphore(max(1, processors() // workers))

    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the caller has ended."""
        async with self._free:
            yield


async def turn(request: Request) -> AsyncIterator[None]:
    """A turn for one request, until its route has done its work."""
    turns: Turns = request.app.state.turns
    async for _ in turns.take():
        yield


def processors() -> int:
    """How many processors this process may use."""
    # Not every system can tell which are ours.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


# The last of a route's parameters: whoever still waits for a body holds no turn.
Turn = Annotated[None, Depends(turn, scope="function")]
