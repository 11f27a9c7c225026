"""Promises of kb build --ray when a process or a whole machine is lost while it works: it is done again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make ray")

import ray

from kb.indexing.cluster import Cluster
from kb.reports import BuildReport
from kb.settings import Settings
from tests.ray.builds import BATCHES, REPORTS, assert_same, built, readings, settings_in
from tests.ray.nodes import Batches, Node, Nodes, Watching

# Ray's own, of its options that are to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

# How a process of a node is lost, by its number.
_End = Callable[[Node, int], None]


class Losing(Watching):
    """Ends what works on one of some nodes, once it has handed in a batch and is halfway through another."""

    def __init__(self, among: Iterable[Node], batches: Batches, end: _End) -> None:
        super().__init__()
        self._among = tuple(among)
        self._batches = batches
        self._end = end
        # The readings that were made of the batch that it had in hand.
        self.in_hand: set[str] = set()

    def _look(self) -> bool:
        return any(
            len(self._batches.of(node)) > 1 and any(node.batches.values()) and self._lose(node)
            for node in self._among
        )

    def _lose(self, node: Node) -> bool:
        """Whether it was at work still when it was stopped, and so was ended."""
        for worker in node.workers():
            if not _stopped(worker):
                continue
            # A batch's folder goes before the batch is handed in, so this one was not.
            if found := set().union(*node.batches.values()):
                self.in_hand = found
                self._end(node, worker)
                return True
            os.kill(worker, signal.SIGCONT)
        return False


def _stopped(worker: int) -> bool:
    """Whether a process was there to be stopped."""
    try:
        os.kill(worker, signal.SIGSTOP)
        while (state := Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0]) not in "TZX":
            time.sleep(0.001)
    except OSError:
        return False
    return state == "T"


def _build_and_lose(
    cluster: Cluster, settings: Settings, nodes: Nodes, among: Iterable[Node], end: _End
) -> BuildReport:
    """Build, with something lost on the way; what it had in hand is in the index all the same."""
    with Batches(*nodes) as batches, Losing(among, batches, end) as losing:
        report = built(settings, cluster)
    assert losing.in_hand
    assert losing.in_hand <= readings(settings)
    assert batches.begun > BATCHES
    return report


def test_a_process_that_is_killed_in_the_middle_of_a_batch_is_replaced(
    cluster: Cluster, nodes: Nodes, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "indexes", corpus)
    report = _build_and_lose(
        cluster, settings, nodes, list(nodes), lambda _, worker: os.kill(worker, signal.SIGKILL)
    )
    assert report.documents == REPORTS + 1
    assert_same(settings, local[0])


def test_what_a_machine_that_fails_had_done_and_had_in_hand_is_done_by_another(
    cluster: Cluster, nodes: Nodes, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    head = next(node for node in ray.nodes() if "node:__internal_head__" in node["Resources"])
    assert ray.get_runtime_context().get_node_id() == head["NodeID"]
    settings = settings_in(tmp_path / "indexes", corpus)
    report = _build_and_lose(cluster, settings, nodes, [nodes.other], lambda node, _: node.kill())
    assert report.documents == REPORTS + 1
    assert_same(settings, local[0])
