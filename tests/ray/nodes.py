"""Ray nodes on this machine, each with processes and a folder for temporary files of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

# In the environment of a node and of what it starts.
_OURS = "TEST_CLUSTER_NODE"
_SECONDS = 60.0
# A batch takes a process that reads to start, more than a hundred times as long.
_LOOK_SECONDS = 0.01


class Node:
    """A node with one processor, and so one process that reads and encodes at a time."""

    def __init__(self, name: str, command: list[object], root: Path, folder: Path) -> None:
        self.name = name
        self.temporary = folder / name
        self.temporary.mkdir()
        options = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block"]
        ours = {
            "PYTHONPATH": str(root), "RAY_DISABLE_MEMORY_MONITOR": "1", "TMPDIR": str(self.temporary),
            _OURS: name,
        }  # fmt: skip
        with (folder / f"{name}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in [*command, "--node-ip-address=127.0.0.1", *options]],
                env=os.environ | ours,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def batches(self) -> dict[str, set[str]]:
        """What it has in hand: the folder of each batch with the names of the readings made of it so far."""
        return {
            folder.name: {file.name for file in folder.glob("readings/*") if not file.name.endswith(".part")}
            for folder in self.temporary.glob("kb-cluster-*")
        }

    def workers(self) -> list[int]:
        """The processes of the cluster that read and encode here."""
        return [
            int(process.name)
            for process in Path("/proc").glob("[0-9]*")
            if _read(process / "cmdline").startswith(b"ray::")
            and b"MapBatches" in _read(process / "cmdline")
            and f"{_OURS}={self.name}".encode() in _read(process / "environ").split(b"\0")
        ]

    def kill(self) -> None:
        """End it and all that it started, which is of its group, as when a machine fails."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Nodes:
    """A head and another node, at `address`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        ray = Path(sys.executable).with_name("ray")
        # Of this process, for others may run these tests beside it.
        start, own = [ray, "start"], f"{os.getpid()}-{port}"
        at_head = [f"--port={port}", f"--temp-dir={folder / 'ray'}", "--include-dashboard=false"]
        self.head = Node(f"head-{own}", [*start, "--head", *at_head], root, folder)
        try:
            _wait_for(port)
            self.other = Node(f"other-{own}", [*start, f"--address={self.address}"], root, folder)
        except BaseException:
            self.head.kill()
            raise

    def __iter__(self) -> Iterator[Node]:
        return iter((self.head, self.other))


@contextmanager
def started(root: Path) -> Iterator[Nodes]:
    """Two nodes, ended afterwards."""
    # Not a folder of pytest: the path of a socket may have 107 characters.
    folder = Path("/tmp") / f"kb-ray-{os.getpid()}"  # noqa: S108
    folder.mkdir()
    try:
        nodes = Nodes(root, folder)
        try:
            yield nodes
        finally:
            for node in nodes:
                node.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Watching(ABC):
    """Looks again and again, by a thread of its own, while the block lasts."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS) and not self._look():
            pass

    @abstractmethod
    def _look(self) -> bool:
        """Look once; whether it has seen enough."""


class Batches(Watching):
    """Sees which batches each of some nodes begins, while the block lasts."""

    def __init__(self, *nodes: Node) -> None:
        super().__init__()
        self._nodes = nodes
        self._begun: dict[str, set[str]] = {node.name: set() for node in nodes}

    def of(self, node: Node) -> set[str]:
        """The folders of the batches that a node began."""
        return set(self._begun[node.name])

    @property
    def begun(self) -> int:
        """How many there were, of all nodes."""
        return sum(map(len, self._begun.values()))

    def _look(self) -> bool:
        for node in self._nodes:
            self._begun[node.name] |= node.batches.keys()
        return False


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _wait_for(port: int) -> None:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)
