"""Services for clients to ask: ours as a process that can be stopped, and one that does as it is told."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx2

from kb.indexing import build_index
from kb.settings import Settings
from tests.api.administrator import environment
from tests.conftest import ROOT
from tests.geometry import WordEncoder


def make_place(folder: Path) -> Settings:
    """Settings with a corpus of real files and an index of it by the test encoder, on a free port."""
    shutil.copytree(ROOT / "tests" / "files" / "api", folder / "corpus")
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", port=free_port())
    build_index(settings, WordEncoder)
    return settings


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Service:
    """A process that serves, on one port however often it is started."""

    def __init__(
        self,
        settings: Settings,
        *,
        command: Sequence[str] = ("serve",),
        program: str = "tests.clients.command",
    ) -> None:
        self.settings = settings
        self.url = f"http://127.0.0.1:{settings.port}"
        self._command = [sys.executable, "-m", program, *command]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; it may not listen yet."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=environment(self.settings))

    def wait(self) -> None:
        """Wait until it is ready."""
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{self.url}/v1/health/ready").is_success:
                    return
            assert self._process is not None
            assert self._process.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "the service was not ready in time"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a machine that falls over would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a scripted service does with one request. With `status` 0 it breaks the connection.

    `after` seconds pass first; `every` seconds pass between two bytes of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    every: float = 0.0

    @classmethod
    def json(cls, value: Any, **others: Any) -> Self:
        return cls(body=json.dumps(value).encode(), **others)

    @classmethod
    def problem(cls, status: int, headers: Mapping[str, str] | None = None, **members: Any) -> Self:
        body = {"type": "about:blank", "title": "No", "status": status, "detail": "Not now.", **members}
        kind = {"Content-Type": "application/problem+json; charset=utf-8"}
        return cls.json(body, status=status, headers={**kind, **(headers or {})})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as a scripted service got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    moment: float


@dataclass
class Script:
    """A scripted service: where it is, and what it was asked."""

    url: str
    asked: list[Asked]


@contextlib.contextmanager
def scripted(replies: Sequence[Reply]) -> Iterator[Script]:
    """A real server that gives each request the next reply, and the last one ever after."""
    script = Script(url="", asked=[])
    left = list(replies)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.asked.append(
                Asked(
                    method=self.command, path=self.path, headers=headers, body=body, moment=time.monotonic()
                )
            )
            reply = left.pop(0) if len(left) > 1 else left[0]
            time.sleep(reply.after)
            self.close_connection = reply.status == 0
            if reply.status == 0:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                for step in [reply.body] if not reply.every else (bytes([one]) for one in reply.body):
                    self.wfile.write(step)
                    self.wfile.flush()
                    time.sleep(reply.every)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
