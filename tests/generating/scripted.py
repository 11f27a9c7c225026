"""A real HTTP server in the place of a language model, whose every byte a test writes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Write = Callable[[bytes], None]
Script = Callable[["Replying"], None]


@dataclass
class Replying:
    """What a script can do with one request."""

    handler: BaseHTTPRequestHandler
    asked: Mapping[str, Any]
    stopped: threading.Event

    def start(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def write(self, raw: bytes) -> None:
        self.handler.wfile.write(raw)
        self.handler.wfile.flush()

    def say(self, words: str, *, pieces: int = 7) -> None:
        """Some words of the model, in pieces of so many characters."""
        for at in range(0, len(words), pieces):
            self.event({"choices": [{"index": 0, "delta": {"content": words[at : at + pieces]}}]})

    def event(self, data: Any) -> None:
        self.write(f"data: {json.dumps(data)}\n\n".encode())

    def finish(self, reason: str = "stop") -> None:
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        self.write(b"data: [DONE]\n\n")

    def wait(self, seconds: float = 60.0) -> None:
        """Say nothing until the test is over."""
        self.stopped.wait(seconds)


@dataclass
class Model:
    """The server: where it is, what it is to do, and what it was asked."""

    url: str
    script: Script
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def says(self, words: str) -> None:
        """Have it answer with these words, as servers do."""

        def script(reply: Replying) -> None:
            reply.start()
            reply.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
            reply.say(words)
            reply.finish()

        self.script = script


@contextmanager
def model() -> Iterator[Model]:
    """A language model that does as it is told by the test."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            served.bodies.append(body)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            served.paths.append(self.path)
            try:
                served.script(Replying(self, body, stopped))
            except OSError:  # it was hung up on
                return

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = Model(f"http://127.0.0.1:{server.server_port}/v1", lambda reply: reply.start(500))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
