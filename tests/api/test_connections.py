"""Promises about connections: slow, silent and many clients go, and all others are answered."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.connections import Connection

BIG = b"x" * 20_000_000
HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


class Hasty(Connection):
    """The same, with less patience."""

    head_seconds = 0.6
    stall_seconds = 0.5
    linger_seconds = 0.5


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers /big with a large body, /read with how much it was sent, all else with a word."""
    if scope["type"] != "http":
        return
    body = BIG if scope["path"] == "/big" else b"hello"
    if scope["path"] == "/read":
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    if scope["path"] == "/close":
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def serving(connections: int = 2_000, protocol: type[Connection] = Hasty) -> Iterator[int]:
    config = uvicorn.Config(
        app, http=protocol, limit_concurrency=connections, log_level="critical", lifespan="off",
        timeout_keep_alive=5,
    )  # fmt: skip
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def read_all(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = bytearray()
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            found += part
    return bytes(found)


def ends(connection: socket.socket, ending: bytes) -> bool:
    """Whether the answer that comes ends so."""
    found = b""
    while not found.endswith(ending):
        part = connection.recv(4_096)
        if not part:
            return False
        found += part
    return True


def test_a_request_is_answered_and_the_next_one_too(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(HELLO)
            assert ends(connection, b"hello")
        connection.sendall(HELLO + HELLO)
        found = b""
        while found.count(b"hello") < 2:
            found += connection.recv(4_096)


def test_who_says_nothing_is_left(port: int) -> None:
    with connected(port) as connection:
        assert read_all(connection) == b""


@pytest.mark.parametrize("is_first", [True, False])
def test_who_sends_a_head_slowly_is_told_and_left(port: int, is_first: bool) -> None:
    with connected(port) as connection:
        if not is_first:
            connection.sendall(HELLO)
            assert ends(connection, b"hello")
        answer = b""
        connection.settimeout(0.1)
        deadline = time.monotonic() + 20
        for letter in HELLO * 20:
            assert time.monotonic() < deadline
            with contextlib.suppress(TimeoutError, ConnectionError):
                connection.sendall(bytes([letter]))
                if answer := connection.recv(4_096):
                    break
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"problem+json" in answer


def test_a_slow_head_that_is_whole_in_time_is_answered(port: int) -> None:
    with connected(port) as connection:
        for part in (HELLO[:10], HELLO[10:20], HELLO[20:]):
            time.sleep(0.05)
            connection.sendall(part)
        assert ends(connection, b"hello")


def test_who_does_not_read_a_large_answer_is_left(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HELLO.replace(b"hello", b"big"))
        time.sleep(3)
        assert len(read_all(connection)) < len(BIG)


def test_who_reads_slowly_but_reads_gets_all_of_it(port: int) -> None:
    with connected(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(HELLO.replace(b"hello", b"big"))
        size = 0
        started = time.monotonic()
        while size < len(BIG):
            part = connection.recv(400_000)
            assert part
            size += len(part)
            # Longer than it takes to be left.
            if time.monotonic() - started < 2:
                time.sleep(0.05)


@pytest.mark.parametrize("path", [b"hello", b"close"])
def test_who_sends_on_after_the_answer_gets_it_and_is_left(port: int, path: bytes) -> None:
    with connected(port) as connection:
        head = HELLO.replace(b"hello", path).replace(b"\r\n\r\n", b"\r\nContent-Length: 100000000\r\n\r\n")
        connection.sendall(head)
        sent = 0
        connection.settimeout(1)
        deadline = time.monotonic() + 20
        with contextlib.suppress(ConnectionError, TimeoutError):
            while sent < 100_000_000:
                assert time.monotonic() < deadline
                sent += connection.send(b"x" * 100_000)
        assert sent < 50_000_000
        assert read_all(connection).endswith(b"hello")


def test_a_body_that_is_read_keeps_the_connection(port: int) -> None:
    with connected(port) as connection:
        head = HELLO.replace(b"GET /hello", b"POST /read").replace(
            b"\r\n\r\n", b"\r\nContent-Length: 3000000\r\n\r\n"
        )
        connection.sendall(head + b"x" * 3_000_000)
        assert ends(connection, b"3000000")
        connection.sendall(HELLO)
        assert ends(connection, b"hello")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"a" * 100_000, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000, 431),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"\x16\x03\x01 not HTTP\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_told_as_a_problem(port: int, request_head: bytes, status: int) -> None:
    with connected(port) as connection:
        connection.sendall(request_head)
        answer = read_all(connection)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"application/problem+json" in answer
        assert answer.endswith(b"}")


def test_a_new_connection_takes_the_place_of_one_that_rests() -> None:
    class Patient(Connection):
        head_seconds = 60

    with serving(20, Patient) as port, contextlib.ExitStack() as open_:
        idle = [open_.enter_context(connected(port)) for _ in range(60)]
        for _ in range(5):
            with connected(port) as connection:
                connection.sendall(HELLO)
                assert ends(connection, b"hello")
        # The oldest have gone.
        assert read_all(idle[0]) == b""


def test_when_all_are_at_work_a_new_connection_is_told_to_wait() -> None:
    class Patient(Connection):
        stall_seconds = 60

    with serving(20, Patient) as port, contextlib.ExitStack() as open_:
        for _ in range(20):
            busy = open_.enter_context(connected(port))
            busy.sendall(HELLO.replace(b"hello", b"big"))
            assert busy.recv(10)
        with connected(port) as connection:
            connection.sendall(HELLO)
            answer = read_all(connection)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after" in answer.lower()
