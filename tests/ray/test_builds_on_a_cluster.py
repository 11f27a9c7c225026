"""Promises of kb build --ray: the index of a local build, whatever becomes of a process of the cluster.

The cluster is two nodes on this machine, each with processes of its own. Run it by `make ray`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make ray")

from kb.documents import Source
from kb.embedding import load_encoder
from kb.errors import ClusterUnavailable
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing import build_index
from kb.indexing.cluster import Cluster, joined
from kb.indexing.cluster_work import Job, Told, Worker
from kb.reports import BuildReport
from kb.settings import Settings

# Ray's own, of its options that are to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

_SENTENCES = (
    "De gemeente deelt sensordata over lantaarnpalen met de provincie.",
    "De griffier vraagt de raad om rust tijdens de vergadering.",
    "Het archief verhuist naar een ander gebouw aan de rand van de stad.",
    "Wie het netwerk afsluit, overlegt eerst met de gemeentesecretaris.",
)


# In the environment of the nodes and of what they start.
_OURS, _MARK = "TEST_CLUSTER_OF", str(os.getpid())


def _is_ours(process: Path) -> bool:
    try:
        return f"{_OURS}={_MARK}".encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


@pytest.fixture(scope="module")
def address(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray = Path(sys.executable).with_name("ray")
    # Not a folder of pytest: the path of a socket may have 107 characters.
    folder = Path("/tmp") / f"kb-ray-{os.getpid()}"  # noqa: S108
    environment = os.environ | {"PYTHONPATH": str(root), "RAY_DISABLE_MEMORY_MONITOR": "1", _OURS: _MARK}
    common = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block"]
    head = [
        ray, "start", "--head", f"--port={port}", "--node-ip-address=127.0.0.1", f"--temp-dir={folder}",
        "--include-dashboard=false", *common,
    ]  # fmt: skip
    nodes = [_started(head, environment, tmp_path_factory.mktemp("head"))]
    try:
        _wait_for(port)
        other = [ray, "start", f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.1", *common]
        nodes.append(_started(other, environment, tmp_path_factory.mktemp("other")))
        yield f"127.0.0.1:{port}"
    finally:
        # All that a node started is of its group.
        for node in nodes:
            os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _started(command: list[object], environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    log = (folder / "log").open("wb")
    with log:
        return subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.fixture(scope="module")
def cluster(address: str) -> Iterator[Cluster]:
    end = time.monotonic() + 60
    with joined(address) as found:
        while found._ray.cluster_resources().get("CPU", 0) < 2:
            assert time.monotonic() < end
            time.sleep(0.2)
        yield found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of which some passages are alike, one with a name that must not be read, one damaged."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(20):
        own = [f"{_SENTENCES[(number + at) % 4]} Punt {number * 10 + at}." for at in range(8)]
        text = "\n\n".join([f"# Verslag {number}", "Dank voor uw komst.", *own])
        (folder / f"{number:02}.md").write_text(text, encoding="utf-8")
    (folder / "kapot.pdf").write_bytes(b"%PDF-1.7\nniets")
    (folder / "privacy.yaml").write_text(
        "mask:\n  - name: Xaviera Quibbelhorst\n    reason: proef\n    date: 2026-11-25\n", encoding="utf-8"
    )
    named = "Xaviera Quibbelhorst sprak over het gemaal van de polder.\n"
    (folder / "naam.txt").write_text(named, encoding="utf-8")
    return folder


def settings_in(folder: Path, corpus: Path) -> Settings:
    return Settings(corpus=corpus, indexes=folder)


def built(settings: Settings, cluster: Cluster | None) -> BuildReport:
    return build_index(settings, lambda: load_encoder(settings), cluster=cluster, allow_removals=True)


def live(settings: Settings) -> EmbeddedIndex:
    return Generations(settings.indexes).open_live()


@pytest.fixture(scope="module")
def local(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, BuildReport]:
    settings = settings_in(tmp_path_factory.mktemp("local"), corpus)
    return settings, built(settings, None)


def _files(settings: Settings) -> dict[str, bytes]:
    """The files of the live generation, but for what tells when it was made."""
    folder = live(settings).folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "manifest.sha256", "report.json")
    }


def assert_same(settings: Settings, local: Settings) -> None:
    mine, theirs = _files(settings), _files(local)
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if name != "passages.sqlite" and mine[name] != theirs[name]] == []
    one, other = live(settings), live(local)
    assert one.documents() == other.documents()
    rows = range(one.manifest.passages)
    assert one.passages(rows) == other.passages(rows)
    assert one.manifest.sources == other.manifest.sources


def test_a_cluster_builds_the_index_of_a_local_build(
    cluster: Cluster, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "indexes", corpus)
    settings.indexes.mkdir()
    report = built(settings, cluster)
    assert report.documents == 21
    assert report.passages > 20
    assert [file.path for file in report.left_out] == ["kapot.pdf"]
    before = dataclasses.replace(local[1], created=report.created)
    assert dataclasses.replace(report, generation="", seconds=0.0) == dataclasses.replace(
        before, generation="", seconds=0.0
    )
    assert_same(settings, local[0])
    # What was read is read: a local build finds all of it.
    readings = {path.name for path in (settings.indexes / ".readings").iterdir()}
    assert readings == {path.name for path in (local[0].indexes / ".readings").iterdir()}


def test_only_what_is_new_goes_to_the_cluster(cluster: Cluster, corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / "corpus"
    shutil.copytree(corpus, own)
    settings = settings_in(tmp_path / "indexes", own)
    settings.indexes.mkdir()
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


def test_a_process_that_is_killed_is_replaced(
    cluster: Cluster, corpus: Path, local: tuple[Settings, BuildReport], tmp_path: Path
) -> None:
    settings = settings_in(tmp_path / "indexes", corpus)
    settings.indexes.mkdir()
    killed: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 60
        while not killed and time.monotonic() < end:
            for status in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    command = status.read_bytes()
                except OSError:
                    continue
                if command.startswith(b"ray::") and b"MapBatches" in command and _is_ours(status.parent):
                    pid = int(status.parent.name)
                    time.sleep(0.5)
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    report = built(settings, cluster)
    killer.join()
    assert killed
    assert report.documents == 21
    assert_same(settings, local[0])


def test_another_program_or_model_on_the_cluster_is_refused(
    cluster: Cluster, corpus: Path, tmp_path: Path
) -> None:
    class Other(Cluster):
        def told(self, job: Job, sources: Sequence[Source]) -> Iterator[Told]:
            return super().told(dataclasses.replace(job, program="another"), sources)

    settings = settings_in(tmp_path / "indexes", corpus)
    settings.indexes.mkdir()
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


def test_the_command_builds_on_the_cluster(address: str, corpus: Path, root: Path, tmp_path: Path) -> None:
    done = run_build(root, corpus, tmp_path, address)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["documents"] == 21


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
    settings.indexes.mkdir()
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
