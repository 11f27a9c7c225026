"""Bounds on connections, so that clients that are slow, silent or many keep the service from nobody.

uvicorn bounds how long a connection may rest between two requests, and no other time. This is its protocol
with the other bounds: on the time for a request's head, on an answer that is not read, on what is sent after
an answer, and on the number of connections. Bounds on requests are in `api.limits`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import sys
import termios
from array import array
from collections.abc import Hashable, Iterator
from typing import Any, ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.problems import MEDIA_TYPE, Problem
from api.rates import address_of

# What a client must have read of its answer each time that it is looked at.
_STALL_BYTES = 20_000
# What is still read of a client that sends on after its answer.
_LINGER_BYTES = 1_000_000
_MOST = 2_000
# The share of the connections that one address may hold, this machine's left out.
_SHARE = 4


class Connection(H11Protocol):
    """One connection. `limit_concurrency` of the configuration is how many there may be.

    `head_seconds` are those for the head of a request: from the connection on, or from its first byte on a
    later one. After each `stall_seconds` a client must have read some of its answer. For `linger_seconds` a
    client that sends on after its answer is still read: a connection that is closed at once may take the
    answer with it (RFC 9112, 9.6).
    """

    head_seconds: ClassVar[float] = 10.0
    stall_seconds: ClassVar[float] = 20.0
    linger_seconds: ClassVar[float] = 2.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._most = config.limit_concurrency or _MOST
        # uvicorn would refuse requests at that number: all of them, for the sake of idle connections.
        self.limit_concurrency = None
        self._out: _Transport | None = None
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._unread = 0
        self.since = self.loop.time()
        self.address: Hashable | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered on it, and no answer is being read."""
        return not self._is_answering and not (self._out and self._out.unsent)

    @property
    def _is_answering(self) -> bool:
        # uvicorn's own types pass over the time before a first request.
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it when there are too many."""
        super().connection_made(transport)
        self._out = self.transport = _Transport(transport, self)
        self._head = self.loop.call_later(self.head_seconds, self._head_is_late)
        if not self._has_room():
            detail = "The service holds too many connections. Try again in some seconds."
            self._refuse(Problem(503, detail, headers={"Retry-After": "5"}))

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every timer."""
        if self._out:
            self._out.lost()
        super().connection_lost(exc)
        for timer in (self._head, self._stall):
            if timer:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on; after the answer nothing of it counts any more."""
        if self.transport.is_closing():
            if self._out:
                self._out.discard(len(data))
            return
        super().data_received(data)
        if self._is_answering:
            self._stop_head()
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(self.head_seconds, self._head_is_late)

    def on_response_complete(self) -> None:
        """Go on to the next request, unless this one is still being sent."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def pause_writing(self) -> None:
        """Look from now on whether the client reads its answer."""
        super().pause_writing()
        self.watch_reader()

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        if self._stall and not self.transport.is_closing():
            self._stall.cancel()
            self._stall = None

    def watch_reader(self) -> None:
        """Break the connection off when the client does not read what it was sent."""
        if self._stall is None and self._out:
            self._unread = self._out.unread
            self._stall = self.loop.call_later(self.stall_seconds, self._look_at_reader)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request in HTTP, or one whose head is too large."""
        fault = sys.exc_info()[1]
        status = fault.error_status_hint if isinstance(fault, h11.RemoteProtocolError) else 400
        if status == 431 and b"\n" not in self.conn.trailing_data[0]:
            status = 414
        details = {414: "The address is too long.", 431: "The headers of the request are too large."}
        self._refuse(Problem(status, details.get(status, msg)))

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever asks for another protocol would fill the log."""

    def _look_at_reader(self) -> None:
        self._stall = None
        if self._out and self._unread - self._out.unread < _STALL_BYTES:
            self._out.abort()
        else:
            self.watch_reader()

    def _head_is_late(self) -> None:
        self._head = None
        if not self._is_answering and not self.transport.is_closing():
            if self.conn.trailing_data[0]:
                self._refuse(Problem(408, "The request comes too slowly."))
            else:
                self.transport.close()

    def _stop_head(self) -> None:
        if self._head:
            self._head.cancel()
            self._head = None

    def _has_room(self) -> bool:
        """Whether it may stay; another one that rests has to go for it."""
        self.address = address_of({"client": self.client})
        share = self._most // _SHARE
        if self.address is not None and len(self.connections) > share:
            others = sum(other.address == self.address for other in self._others())
            if others >= share and not self._is_of_a_proxy():
                return False
        if len(self.connections) <= self._most:
            return True
        idle = [other for other in self._others() if other.is_idle and not other.transport.is_closing()]
        if idle:
            min(idle, key=lambda other: other.since).transport.close()
        return bool(idle)

    def _is_of_a_proxy(self) -> bool:
        """Whether it comes from a proxy that is trusted: that one holds the connections of many."""
        trusted = self.config.forwarded_allow_ips
        names = trusted.split(",") if isinstance(trusted, str) else trusted
        address = ipaddress.ip_address(self.client[0]) if self.client else None
        return address is not None and any(
            address in ipaddress.ip_network(name.strip(), strict=False) for name in names if name.strip()
        )

    def _others(self) -> Iterator[Connection]:
        return (other for other in self.connections if isinstance(other, Connection) and other is not self)

    def _refuse(self, problem: Problem) -> None:
        """Answer without a request, and close."""
        self._stop_head()
        body = bytes(problem.response().body)
        lines = [
            f"HTTP/1.1 {problem.status} {problem.title}",
            f"content-type: {MEDIA_TYPE}",
            f"content-length: {len(body)}",
            "connection: close",
            *(f"{name}: {value}" for name, value in problem.headers.items()),
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


class _Transport(asyncio.Transport):
    """The transport of a connection, which closes it so that the client still gets its answer."""

    def __init__(self, inner: asyncio.Transport, connection: Connection) -> None:
        super().__init__()
        self._inner = inner
        self._connection = connection
        self._is_closing = False
        self._discarded = 0
        self._linger: asyncio.TimerHandle | None = None

    @property
    def unsent(self) -> int:
        """How many bytes wait here until the system takes them."""
        return self._inner.get_write_buffer_size()

    @property
    def unread(self) -> int:
        """How many bytes the client has not received; where the system does not tell, those that wait here.

        The system takes them in lumps of megabytes, so those alone would make a slow reader look like none.
        """
        held = array("i", [0])
        with contextlib.suppress(OSError, ValueError):
            fcntl.ioctl(self._inner.get_extra_info("socket").fileno(), termios.TIOCOUTQ, held)
        return self.unsent + held[0]

    def write(self, data: Any) -> None:
        """Send bytes."""
        if not self._is_closing:
            self._inner.write(data)

    def close(self) -> None:
        """Close once all was sent; what still comes is read for a while, and given up."""
        if self._is_closing:
            return
        self._is_closing = True
        self._connection.watch_reader()
        if self._connection.conn.their_state is not h11.SEND_BODY or not self._inner.can_write_eof():
            self._inner.close()
            return
        self._inner.write_eof()
        self._inner.resume_reading()
        self._linger = self._connection.loop.call_later(self._connection.linger_seconds, self._inner.close)

    def abort(self) -> None:
        """Close at once."""
        self._is_closing = True
        self._inner.abort()

    def is_closing(self) -> bool:
        """Whether nothing more is sent on it."""
        return self._is_closing or self._inner.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._inner.resume_reading()

    def discard(self, size: int) -> None:
        """Give up bytes that came after the answer; of a client that goes on, no more are read."""
        self._discarded += size
        if self._discarded > _LINGER_BYTES:
            self._inner.pause_reading()

    def lost(self) -> None:
        """The connection is gone."""
        self._is_closing = True
        if self._linger:
            self._linger.cancel()
