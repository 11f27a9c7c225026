"""How a service stops: it says so to who asks whether it is ready, answers for a while still, then ends."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from api.readiness import Readiness

_log = logging.getLogger("api")
# What has not ended by then never will: running requests have five seconds, and a build four.
_LAST_SECONDS = 30.0
_LOOK_SECONDS = 1.0


class Stopping:
    """Stands between the signal to stop and uvicorn, which refuses new connections as soon as it hears of it.

    Proxies and orchestrators look every few seconds whether a service is ready: for `drain_seconds` that
    probe says no while everything is still answered.
    """

    def __init__(self, readiness: Readiness, *, drain_seconds: float, workers: int) -> None:
        self._readiness = readiness
        self._drain_seconds = drain_seconds
        self._workers = workers
        self._is_stopping = False
        self._has_ended = threading.Event()

    def start(self) -> None:
        """Begin to listen for signals. Does nothing outside the main thread, where there are none."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            told = signal.getsignal(number)
            if callable(told):
                signal.signal(number, self._handler(loop, told))
        # Asking the system would tell who has adopted this process when its parent is gone already.
        parent = multiprocessing.parent_process()
        if self._workers > 1 and parent is not None:
            threading.Thread(target=self._follow_parent, args=(parent.pid,), daemon=True).start()

    def stop(self) -> None:
        """The application has ended; what ends the process by force stays until that has ended too."""
        self._has_ended.set()

    def _handler(
        self, loop: asyncio.AbstractEventLoop, told: Callable[[int, FrameType | None], Any]
    ) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            is_first, self._is_stopping = not self._is_stopping, True
            # Ctrl+C is somebody who waits; the second one does not wait for requests either.
            seconds = 0.0 if number == signal.SIGINT else self._drain_seconds
            if is_first:
                # A signal interrupts anything, also somebody who writes to the log.
                loop.call_soon_threadsafe(self._begin, seconds)
            if number == signal.SIGINT:
                told(number, frame)
            elif is_first:
                loop.call_soon_threadsafe(loop.call_later, seconds, told, number, frame)

        return handle

    def _begin(self, seconds: float) -> None:
        _log.info("stopping: not ready from now on, closed in %s seconds", seconds)
        self._readiness.end()
        threading.Thread(target=self._end_by_force, name="last resort", daemon=True).start()

    def _end_by_force(self) -> None:
        threading.Event().wait(_LAST_SECONDS + self._drain_seconds)
        _log.error("stopping takes too long: ended by force")
        os._exit(1)

    def _follow_parent(self, parent: int | None) -> None:
        """Stop when the process is gone that started this one: nobody else would stop or replace it."""
        while not self._has_ended.wait(_LOOK_SECONDS):
            if os.getppid() != parent:
                _log.error("the process that started this worker is gone: stopping")
                os.kill(os.getpid(), signal.SIGTERM)
                return
