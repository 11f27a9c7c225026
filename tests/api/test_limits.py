"""Promises about single requests: none is too large, too long or too many for the others."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from api.app import create_app
from api.limits import Bounds, charge
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.conftest import served

HEAD = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpus").mkdir()
    return Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", file_megabytes=1, uploads=2)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """A service with little patience, and an operation that takes as long as is asked."""
    bounds = Bounds(patience=0.4, seconds=0.5, running=3)
    app = create_app(KnowledgeBase(settings), bounds=bounds)

    @app.get("/v1/slow")
    def slow(seconds: float) -> str:
        time.sleep(seconds)
        return "done"

    return app


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with served(app) as address:
        yield address


def raw(address: str, *parts: bytes, pause: float = 0.0) -> bytes:
    """What comes of a request that is sent in parts."""
    host, port = address.removeprefix("http://").split(":")
    found = bytearray()
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65_536):
                found += part
    return bytes(found)


@pytest.mark.parametrize(
    ("request_line", "fields", "status"),
    [
        (f"GET /v1/search?q={'a' * 17_000}", "", 414),
        (f"GET /{'a' * 17_000}", "", 414),
        ("GET /v1/health/live", f"X: {'a' * 33_000}\r\n", 431),
        ("GET /v1/health/live", "".join(f"X{number}: a\r\n" for number in range(120)), 431),
        ("POST /v1/search", "Content-Length: 100000000\r\n", 413),
        ("GET /v1/health/live", "Content-Length: 99999999999999999999\r\n", 413),
        ("GET /v1/health/live", "", 200),
    ],
)
def test_what_is_too_large_is_refused_at_once(
    address: str, request_line: str, fields: str, status: int
) -> None:
    answer = raw(address, f"{request_line} {HEAD}{fields}\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
    assert (b"problem+json" in answer) is (status != 200 and "/v1/" in request_line)
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize("path", ["search", "documents"])
def test_a_body_that_stops_coming_is_given_up(address: str, settings: Settings, path: str) -> None:
    _, secret = Keys(settings.keys_file).create("a", [Scope.ADMIN])
    kind = "application/json" if path == "search" else "multipart/form-data; boundary=x"
    head = (
        f"POST /v1/{path} {HEAD}Content-Type: {kind}\r\nContent-Length: 1000\r\n"
        f"Authorization: Bearer {secret}\r\n\r\n"
    )
    answer = raw(address, head.encode(), b'{"q"' if path == "search" else b"--x\r\n")
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert b"too slowly" in answer


def test_a_body_that_drips_is_given_up(address: str) -> None:
    head = f"POST /v1/search {HEAD}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode()
    answer = raw(address, head, *[b" "] * 40, pause=0.1)
    assert answer.startswith(b"HTTP/1.1 408 "), answer


def test_an_answer_that_does_not_begin_in_time_is_given_up_and_others_are_answered(address: str) -> None:
    answer = httpx2.get(f"{address}/v1/slow?seconds=3", timeout=30)
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()
    assert "takes too long" in answer.json()["detail"]
    assert httpx2.get(f"{address}/v1/slow?seconds=0.1", timeout=30).json() == "done"


def test_an_administrator_may_wait_longer(address: str, settings: Settings) -> None:
    _, secret = Keys(settings.keys_file).create("a", [Scope.ADMIN])
    headers = {"authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{address}/v1/slow?seconds=1", timeout=30, headers=headers).json() == "done"


def test_no_more_requests_are_worked_on_than_the_service_can(settings: Settings) -> None:
    app = create_app(KnowledgeBase(settings), bounds=Bounds(running=3))
    finish = threading.Event()
    found: Queue[int] = Queue()

    @app.get("/v1/slow")
    def slow() -> str:
        finish.wait(60)
        return "done"

    with served(app) as address:

        def ask() -> None:
            found.put(httpx2.get(f"{address}/v1/slow", timeout=60).status_code)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        assert [found.get(timeout=60) for _ in range(9)] == [503] * 9
        # Who watches the service is answered also while it refuses others.
        assert httpx2.get(f"{address}/v1/health/live", timeout=30).status_code == 200
        finish.set()
        assert [found.get(timeout=60) for _ in range(3)] == [200] * 3
        for thread in threads:
            thread.join()
        assert httpx2.get(f"{address}/v1/slow", timeout=30).status_code == 200


def test_only_so_many_files_are_received_at_once(settings: Settings) -> None:
    _, secret = Keys(settings.keys_file).create("a", [Scope.ADMIN])
    app = create_app(KnowledgeBase(settings), bounds=Bounds(patience=3.0))
    head = (
        f"POST /v1/documents {HEAD}Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000\r\n"
        f"Authorization: Bearer {secret}\r\n\r\n"
    ).encode()
    found = []
    with served(app) as address:
        threads = [
            threading.Thread(target=lambda: found.append(raw(address, head, b"--x\r\n")[9:12]))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [b"408"] * 2 + [b"503"] * 3
        sent = httpx2.post(
            f"{address}/v1/documents",
            files={"file": ("a.md", b"hallo")},
            headers={"authorization": f"Bearer {secret}"},
        )
        assert sent.status_code == 201


@pytest.mark.parametrize(("trusted", "is_believed"), [("127.0.0.1", True), ("10.0.0.0/8", False)])
def test_a_proxy_tells_who_asks_where_it_is_trusted(
    settings: Settings, trusted: str, is_believed: bool
) -> None:
    app = create_app(KnowledgeBase(settings.model_copy(update={"rate_address": 3})))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", forwarded_allow_ips=trusted))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/health/live"

    def ask(client: str) -> int:
        return httpx2.get(address, headers={"x-forwarded-for": client}, timeout=30).status_code

    try:
        while not server.started:
            time.sleep(0.01)
        assert [ask("192.0.2.1") for _ in range(4)] == ([200, 200, 200, 429] if is_believed else [200] * 4)
        # What the client itself wrote before what the proxy added is not believed.
        assert ask("127.0.0.1, 192.0.2.1") == (429 if is_believed else 200)
        assert ask("192.0.2.2") == 200
        assert [ask("nonsense"), ask("other"), ask("more"), ask("a" * 500)][-1] == (
            429 if is_believed else 200
        )
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def test_a_request_may_count_for_as_many_as_it_asks(settings: Settings) -> None:
    app = create_app(KnowledgeBase(settings.model_copy(update={"rate_address": 10})))

    @app.get("/v1/several")
    def several(request: Request, number: int) -> str:
        charge(request, number)
        return "done"

    with TestClient(app, client=("192.0.2.1", 1)) as client:
        asked = [client.get(f"/v1/several?number={number}").status_code for number in (1, 6, 6)]
        assert asked == [200, 200, 429]
