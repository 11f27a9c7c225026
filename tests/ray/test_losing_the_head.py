"""The promise that a build whose whole cluster is gone ends, and leaves the index in use."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make ray")

from kb.reports import BuildReport
from kb.settings import Settings
from tests.api.administrator import environment
from tests.ray.builds import assert_same, settings_in
from tests.ray.nodes import Nodes


def test_a_build_whose_cluster_is_gone_ends_and_leaves_the_index_in_use(
    nodes: Nodes, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "indexes", corpus)
    (first := tmp_path / "first").mkdir()
    (first / "oud.md").write_text("# Oud\n\nDe raad besluit.\n", encoding="utf-8")
    assert _ended(_build(settings.model_copy(update={"corpus": first}))) == 0
    before = (settings.indexes / "CURRENT").read_text()
    build = _build(settings, "--ray", nodes.address, "--allow-removals")
    deadline = time.monotonic() + 300
    while not any(any(node.batches.values()) for node in nodes):
        assert build.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for node in nodes:
        node.kill()
    assert _ended(build) == 1
    assert (settings.indexes / "CURRENT").read_text() == before
    # Ray ends the process itself; what that left is removed by the next build, which needs no cluster.
    assert _ended(_build(settings, "--allow-removals")) == 0
    assert not list(settings.indexes.glob(".stage-*"))
    assert_same(settings, local[0])


def _build(settings: Settings, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kb", "build", *options],
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(build: subprocess.Popen[str]) -> int:
    try:
        build.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        build.kill()
        build.communicate()
        raise
    return build.returncode
