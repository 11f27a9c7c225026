"""A real `kb serve` over a place, and what its clients do."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.torture.asking import ROOT
from tests.torture.place import Place

_START_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the service answered; status 0 when the connection broke. `text` is the body as it came."""

    status: int
    text: str
    started: float
    seconds: float

    @property
    def body(self) -> dict[str, Any]:
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service."""

    port: int
    process: int
    told: Path

    def get(self, address: str) -> Reply:
        """One request on a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", address)
            response = connection.getresponse()
            status, text = response.status, response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            status, text = 0, f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return Reply(status=status, text=text, started=started, seconds=time.monotonic() - started)

    def search(self, query: str) -> Reply:
        """A search through the API."""
        return self.get(f"/v1/search?q={quote(query)}")

    def anonymous_memory(self) -> int:
        """Resident bytes that are no mapped files."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        return 0

    def open_files(self) -> int:
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.process}/fd"))  # noqa: PTH208 - names are enough


@contextmanager
def served(place: Place) -> Iterator[Service]:
    """`kb serve` over the index of `place`, once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = place.folder / "service.log"
    with told.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            place.command("serve", "--port", str(port)),
            cwd=ROOT,
            env=place.environment(uuid.uuid4().hex),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        service = Service(port=port, process=process.pid, told=told)
        try:
            _wait_until_ready(service, process)
            yield service
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(service: Service, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while service.get("/v1/health/ready").status != 200:
        told = service.told.read_text(encoding="utf-8")
        assert process.poll() is None, f"kb serve ended: {told}"
        assert time.monotonic() < deadline, f"kb serve was not ready in {_START_SECONDS} s: {told}"
        time.sleep(0.1)
