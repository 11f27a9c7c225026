"""Promises of publishing on Milvus when a build, or the server itself, is killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from kb.errors import EngineUnavailable
from kb.generations import Generations
from kb.index import Filter
from kb.index.manifests import STAGE
from tests.conftest import ROOT
from tests.geometry import WordEncoder
from tests.library import publish, record
from tests.milvus.conftest import generations
from tests.milvus.servers import Server

OLD, NEW = record("oud.pdf"), record("nieuw.pdf")
VECTOR = WordEncoder().encode_query("lantaarnpalen").vector
# Of some thousand passages, so that filling a collection takes a while.
BUILD = """
import sys
from pathlib import Path
from tests.library import publish, record
from tests.milvus.conftest import generations

index, folder, alias = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
texts = {record(f"{n}.pdf"): [f"Tekst {n} {m}." for m in range(12)] for n in range(300)}
publish(folder, texts, into=generations(index, folder, alias=alias))
"""


def _building(server: Server, folder: Path, alias: str) -> subprocess.Popen[str]:
    """A build in a process of its own that has come to its collection, the second one there."""
    command = [sys.executable, "-c", BUILD, server.index, str(folder), alias]
    build = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 240
    while len(server.collections(alias)) < 2:
        assert build.poll() is None, build.communicate()
        assert time.monotonic() < deadline, "the build never came to its collection"
        time.sleep(0.02)
    return build


def _found(made: Generations) -> list[int]:
    """The rows that the live generation finds, once a server that was started anew has it in memory."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return made.open_live().dense(VECTOR, k=1, filter=Filter()).rows.tolist()
        except EngineUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_a_build_that_is_killed_leaves_the_old_generation_and_is_tidied_up(
    server: Server, tmp_path: Path
) -> None:
    made = generations(server.index, tmp_path, alias="killed")
    first = publish(tmp_path, {OLD: ["Oud."]}, into=made)
    with _building(server, tmp_path, "killed") as build:
        build.send_signal(signal.SIGKILL)
    assert first in server.connection("killed").alias()
    assert made.current().name == first
    assert _found(made) == [0]
    third = publish(tmp_path, {NEW: ["Nieuw."]}, into=made)
    assert [name.split("_")[1] for name in server.collections("killed")] == [first, third]


def test_a_server_that_is_killed_during_a_build_comes_back_with_the_old_generation(
    mortal: Server, tmp_path: Path
) -> None:
    made = generations(mortal.index, tmp_path, alias="crashed")
    first = publish(tmp_path, {OLD: ["Oud."]}, into=made)
    with _building(mortal, tmp_path, "crashed") as build:
        mortal.stop(signal.SIGKILL)
        _, told = build.communicate(timeout=300)
    assert build.returncode == 1
    assert "kb.errors.EngineUnavailable: Milvus at 127.0.0.1" in told
    assert made.current().name == first
    assert not list(tmp_path.glob(f"{STAGE}*"))
    mortal.start()
    assert first in mortal.connection("crashed").alias()
    assert _found(made) == [0]
    third = publish(tmp_path, {NEW: ["Nieuw."]}, into=made)
    assert made.open_live().documents()[0].id == NEW.id
    assert third in mortal.connection("crashed").alias()
    assert [name.split("_")[1] for name in mortal.collections("crashed")] == [first, third]


def test_a_server_that_is_killed_is_told_of_and_found_again(mortal: Server, tmp_path: Path) -> None:
    made = generations(mortal.index, tmp_path, alias="away")
    publish(tmp_path, {OLD: ["Oud."]}, into=made)
    index = made.open_live()
    mortal.stop(signal.SIGKILL)
    with pytest.raises(EngineUnavailable, match="See that it runs"):
        index.dense(VECTOR, k=1, filter=Filter())
    with pytest.raises(EngineUnavailable):
        made.engine.check()
    with pytest.raises(EngineUnavailable):
        publish(tmp_path, {NEW: ["Nieuw."]}, into=made)
    mortal.start()
    assert _found(made) == [0]
    # The index that was open all the while finds it again too, over the connection that it had.
    assert index.dense(VECTOR, k=1, filter=Filter()).rows.tolist() == [0]
    made.engine.check()
