"""Real Milvus servers on this machine, as children of the tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kb.errors import EngineUnavailable
from kb.milvus.address import Address
from kb.milvus.connection import Connection

# After a crash the genuine server takes half a minute and more before it answers.
_START_SECONDS = 150.0
_BIN = Path(sys.executable).parent


class Server:
    """One process group that serves what lies in `folder`; it can be killed and started again."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def index(self) -> str:
        """The value of KB_INDEX for it."""
        return f"milvus://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._process is not None

    def connection(self, alias: str) -> Connection:
        """A connection of a test's own, for what is known there by `alias`."""
        return Connection(Address.parse(f"{self.index}?alias={alias}"))

    def collections(self, alias: str) -> list[str]:
        """The names of the collections of the generations that are known by `alias`, oldest first."""
        return sorted(name for name in self.connection(alias).collections() if name.startswith(f"{alias}_2"))

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._folder.mkdir(exist_ok=True)
        with (self._folder.parent / f"{self.kind}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self._folder,
                env=self._environment(),
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            connection = Connection(Address.parse(self.index))
            try:
                connection.collections()
                return
            except EngineUnavailable:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.5)
            finally:
                connection.close()

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it, at once unless it is asked `how`."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        self._process.wait()
        self._process = None

    def _command(self) -> Sequence[str | Path]:
        if self.kind == "lite":
            places = ["--data-dir", self._folder, "--port", str(self.port)]
            return [_BIN / "milvus-lite", "server", "--host", "127.0.0.1", *places]
        if self._unpacked.exists():
            return [self._unpacked, "run", "standalone"]
        return [_BIN / "milvus-server", "--data", self._folder, "--proxy-port", str(self.port)]

    @property
    def _unpacked(self) -> Path:
        """The server that milvus-server unpacks and configures at its first start, and then runs.

        Later it is run as it is: milvus-server would choose another port, for that of a server which was
        killed lingers with its connections.
        """
        return self._folder / "bin" / "milvus"

    def _environment(self) -> Mapping[str, str]:
        """As milvus-server gives it to what it runs."""
        own = {
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(free_port()),
            "MILVUS_RUN_DIR": str(self._folder / "run"),
            "LD_LIBRARY_PATH": str(self._unpacked.parent),
        }
        return {**os.environ, **own} if self._unpacked.exists() else os.environ


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
