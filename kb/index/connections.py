"""Connections to the database of an open index, lent to one thread at a time."""

from __future__ import annotations

import queue
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.index.opening import open_database

_NUMBER = 4


class Connections:
    """Read-only connections to passages.sqlite; who asks for one waits until there is one."""

    def __init__(self, folder: Path) -> None:
        """Open the database of the index in `folder`."""
        self._is_closed = False
        self._free: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        # A connection that is only forgotten keeps its file open until cycles are collected.
        self._forgotten = weakref.finalize(self, _close_all, self._free)
        try:
            for _ in range(_NUMBER):
                self._free.put(open_database(folder))
        except BaseException:
            self._forgotten()
            raise

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """One of them, for as long as the block takes."""
        connection = self._free.get()
        try:
            yield connection
        finally:
            self._free.put(connection)

    def close(self) -> None:
        """Close all, once whoever is still reading is done."""
        if not self._is_closed:
            self._is_closed = True
            for _ in range(_NUMBER):
                self._free.get().close()


def _close_all(connections: queue.SimpleQueue[sqlite3.Connection]) -> None:
    while not connections.empty():
        connections.get().close()
