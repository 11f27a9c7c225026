"""The promise that under attack by several clients at once a real service goes on answering the others."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from kb.settings import Settings
from tests.api.administrator import environment, until

IDLE = 1_000
WRONG = 10_000
HEAD = b"%s HTTP/1.1\r\nHost: a\r\n"
# Far beyond what a service that is not hindered takes.
PATIENCE = 30


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def room() -> Iterator[None]:
    """Room for the other ends of the connections in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = IDLE + 1_000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this user may open no {wanted} files at once")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def besieged(home: Settings, port: int, room: None, tmp_path: Path) -> Iterator[str]:  # noqa: ARG001
    """A service that starts with as few open files as many systems give, and counts wrong keys."""
    settings = home.model_copy(update={"port": port, "rate_wrong_keys": 30})

    def with_few_files() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, hard))

    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "kb", "serve"],
            env=environment(settings),
            preexec_fn=with_few_files,  # noqa: PLW1509 - nothing else runs in it before
            stderr=stream,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: httpx2.get(f"{address}/v1/health/ready").status_code == 200)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert "Traceback" not in log.read_text()


def connect(address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=PATIENCE)


def read_all(connection: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            found += part
    return bytes(found)


def rest(address: str, stop: threading.Event) -> str:
    """Connect and say nothing, a thousand times; the service closes them all."""
    with contextlib.ExitStack() as open_:
        connections = [open_.enter_context(connect(address)) for _ in range(IDLE)]
        closed = sum(read_all(connection) == b"" for connection in connections)
    assert not stop.is_set()
    return f"{closed} closed"


def stall(address: str, stop: threading.Event) -> str:
    """Say that a body comes, and send only the start of it."""
    with connect(address) as connection:
        head = HEAD % b"POST /v1/search" + b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n"
        connection.sendall(head + b'{"q": "')
        found = read_all(connection)
    assert not stop.is_set()
    return found[:12].decode()


def drip(address: str, stop: threading.Event) -> str:
    """Send the head of a request without end, a byte at a time."""
    with connect(address) as connection:
        connection.settimeout(0.2)
        deadline = time.monotonic() + PATIENCE
        connection.sendall(HEAD % b"GET /")
        while time.monotonic() < deadline and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"X")
                return connection.recv(12).decode()
    return "nothing"


def flood(address: str, stop: threading.Event) -> str:
    """Send a body of 100 MB, with and without its length."""
    found = []
    for fields in (b"Content-Length: 100000000\r\n", b"Transfer-Encoding: chunked\r\n"):
        with connect(address) as connection:
            head = HEAD % b"POST /v1/search" + b"Content-Type: application/json\r\n" + fields + b"\r\n"
            sent = 0
            with contextlib.suppress(ConnectionError):
                connection.sendall(head)
                while sent < 100_000_000:
                    part = b"x" * 65_536
                    connection.sendall(b"10000\r\n" + part + b"\r\n" if b"chunked" in fields else part)
                    sent += len(part)
            assert sent < 50_000_000
            found.append(read_all(connection)[:12].decode())
    assert not stop.is_set()
    return " and ".join(found)


def guess(address: str, stop: threading.Event) -> str:
    """Try wrong keys, all at once."""

    def some(number: int) -> set[int]:
        statuses = set()
        with httpx2.Client(base_url=address, timeout=PATIENCE) as client:
            for at in range(WRONG // 16):
                headers = {"authorization": f"Bearer kb_{number:03}{at:040}"}
                statuses.add(client.get("/v1/status", headers=headers).status_code)
        return statuses

    with ThreadPoolExecutor(16) as pool:
        found = set().union(*pool.map(some, range(16)))
    assert not stop.is_set()
    return str(sorted(found))


def test_others_are_answered_whatever_some_clients_do(besieged: str, secrets: Mapping[str, str]) -> None:
    attacks: list[tuple[Callable[[str, threading.Event], str], str]] = [
        (rest, f"{IDLE} closed"),
        (stall, "HTTP/1.1 408"),
        (drip, "HTTP/1.1 408"),
        (flood, "HTTP/1.1 413 and HTTP/1.1 413"),
        (guess, "[401, 429]"),
    ]
    stop = threading.Event()
    answered = 0
    with (
        ThreadPoolExecutor(len(attacks)) as pool,
        httpx2.Client(base_url=besieged, timeout=PATIENCE) as other,
    ):
        running = {pool.submit(attack, besieged, stop): (attack.__name__, end) for attack, end in attacks}
        try:
            while not all(future.done() for future in running) or answered < 10:
                key = {"authorization": f"Bearer {secrets['search']}"}
                for path, headers in (
                    ("/v1/search?q=lantaarnpalen", {}),
                    ("/v1/search?q=stuurgroep&mode=lexical", key),
                    ("/?q=besluit", {}),
                    ("/v1/health/live", {}),
                ):
                    answer = other.get(path, headers=headers)
                    assert answer.status_code == 200, (path, answer.text)
                    answered += 1
                # One that comes anew is let in too.
                assert httpx2.get(f"{besieged}/v1/health/live", timeout=PATIENCE).status_code == 200
        except BaseException:
            stop.set()
            raise
        assert {name: future.result() for future, (name, _) in running.items()} == dict(running.values())
