"""`kb serve` as a process of its own, and what it logs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from kb.settings import Settings

_DEADLINE = 120.0


class Service:
    """A service that runs, at `address`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self._log = log

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return httpx2.get(self.address + path, timeout=60, **options)

    @property
    def log_folder(self) -> Path:
        """Where its log lies."""
        return self._log.parent

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was logged, in the format for machines."""
        return [json.loads(line) for line in self.log.splitlines()]

    @property
    def workers(self) -> list[int]:
        """The processes that answer: children of the one that was started, and not of another program."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if "spawn_main" in _command(pid)]

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + _DEADLINE
        while True:
            try:
                if is_so():
                    return
            except httpx2.TransportError:
                assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def is_ready(self) -> bool:
        return self.get("/v1/health/ready").status_code == 200

    def refuses(self) -> bool:
        """Whether nobody can connect any more."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return True
        return False

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_DEADLINE)


def run_serve(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    """`kb serve` that is to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "kb", "serve", *options],
        env=_environment(settings),
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
        check=False,
    )


@contextmanager
def serving(settings: Settings, folder: Path, *options: str) -> Iterator[Service]:
    """A service with these settings, ready to answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / f"serve-{port}.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(
            [sys.executable, "-m", "kb", "serve", "--port", str(port), *options],
            env=_environment(settings),
            stderr=stream,
            start_new_session=True,
        ) as process,
    ):
        service = Service(process, port, log)
        try:
            service.until(service.is_ready)
            yield service
        finally:
            if process.poll() is None:
                service.stop()


def _environment(settings: Settings) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return {**clean, **settings.environment()}


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
