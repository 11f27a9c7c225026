"""Promises of kb build --ray: the index of a local build, made by others.

The cluster is two nodes on this machine, each with processes of its own. Run it by `make ray`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make ray")

from kb.documents import Source
from kb.embedding import load_encoder
from kb.errors import ClusterUnavailable
from kb.indexing.cluster import Cluster, joined
from kb.indexing.cluster_work import Job, Told, Worker
from kb.reports import BuildReport
from kb.settings import Settings
from tests.ray.builds import BATCHES, REPORTS, assert_same, built, readings, settings_in
from tests.ray.nodes import Batches, Nodes

# Ray's own, of its options that are to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_a_cluster_builds_the_index_of_a_local_build(
    cluster: Cluster, nodes: Nodes, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "indexes", corpus)
    with Batches(*nodes) as batches:
        report = built(settings, cluster)
    assert batches.begun == BATCHES
    assert report.documents == REPORTS + 1
    assert report.passages > 20
    assert [file.path for file in report.left_out] == ["kapot.pdf"]
    before = dataclasses.replace(local[1], created=report.created)
    assert dataclasses.replace(report, generation="", seconds=0.0) == dataclasses.replace(
        before, generation="", seconds=0.0
    )
    assert_same(settings, local[0])
    # What was read is read: a local build finds all of it.
    assert readings(settings) == readings(local[0])


def test_only_what_is_new_goes_to_the_cluster(cluster: Cluster, corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / "corpus"
    shutil.copytree(corpus, own)
    settings = settings_in(tmp_path / "indexes", own)
    built(settings, None)
    (own / "nieuw.md").write_text("# Nieuw\n\nHet gemaal van de polder draait op stroom.\n", encoding="utf-8")
    asked = _Asked(cluster)
    report = built(settings, asked)
    assert asked.paths == ["kapot.pdf", "nieuw.md"]
    assert report.passages - report.reused == 1


class _Asked(Cluster):
    """A cluster that knows what it was asked."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster._ray, cluster._address)
        self.paths: list[str] = []

    def told(self, job: Job, sources: Sequence[Source]) -> Iterator[Told]:
        self.paths += [source.path for source in sources]
        return super().told(job, sources)


def test_another_program_or_model_on_the_cluster_is_refused(
    cluster: Cluster, corpus: Path, tmp_path: Path
) -> None:
    class Other(Cluster):
        def told(self, job: Job, sources: Sequence[Source]) -> Iterator[Told]:
            return super().told(dataclasses.replace(job, program="another"), sources)

    settings = settings_in(tmp_path / "indexes", corpus)
    with pytest.raises(ClusterUnavailable, match="another version of this program"):
        built(settings, Other(cluster._ray, cluster._address))
    assert not (settings.indexes / "CURRENT").exists()


def test_a_worker_refuses_what_would_be_another_index(corpus: Path, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, corpus)
    identity = dataclasses.replace(load_encoder(settings).identity, revision="other")
    from kb.indexing.reuse import program_digest
    from kb.privacy.live import LivePrivacy

    job = Job(
        settings=settings, root=corpus, privacy=LivePrivacy(settings).get(), identity=identity,
        has_sentences=True, program=program_digest(), made_with="", known=np.empty(0, np.uint64),
    )  # fmt: skip
    (told,) = Worker(job).told([None])  # type: ignore[list-item]
    assert isinstance(told, Told)
    assert told.refusal is not None
    assert "another model" in told.refusal


def run_build(root: Path, corpus: Path, indexes: Path, address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kb", "build", "--corpus", corpus, "--indexes", indexes, "--json"]
    return subprocess.run(
        [str(part) for part in [*command, "--ray", address]],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_builds_on_the_cluster(nodes: Nodes, corpus: Path, root: Path, tmp_path: Path) -> None:
    done = run_build(root, corpus, tmp_path, nodes.address)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == REPORTS + 1


def test_an_address_where_something_else_listens_is_told(tmp_path: Path, corpus: Path, root: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        done = run_build(root, corpus, tmp_path, f"127.0.0.1:{mute.getsockname()[1]}")
    assert done.returncode not in (0, None)
    assert "no Ray that answers" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["foo", "ray://127.0.0.1:1", "http://127.0.0.1:80"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(ClusterUnavailable, match="host:port"), joined(address):
        pass


def test_a_node_without_the_model_is_told(cluster: Cluster, corpus: Path, tmp_path: Path) -> None:
    class Other(Cluster):
        def told(self, job: Job, sources: Sequence[Source]) -> Iterator[Told]:
            without = job.settings.model_copy(update={"model": str(tmp_path / "nowhere")})
            return super().told(dataclasses.replace(job, settings=without), sources)

    settings = settings_in(tmp_path / "indexes", corpus)
    with pytest.raises(ClusterUnavailable, match=f"{socket.gethostname()}: The model"):
        built(settings, Other(cluster._ray, cluster._address))


def test_an_address_where_nothing_answers_is_told_at_once(tmp_path: Path, corpus: Path, root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterUnavailable, match=nowhere), joined(nowhere):
        pass
    done = run_build(root, corpus, tmp_path, nowhere)
    assert done.returncode not in (0, None)
    assert nowhere in done.stderr
    assert "Traceback" not in done.stderr
