"""Promises of publishing on Milvus: in one step, reversible, and to nobody else's harm."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from kb.errors import IncompatibleIndex, SettingsError
from kb.generations import CURRENT
from kb.index import Filter
from kb.index.manifests import read_manifest, write_manifest
from kb.live_index import LiveIndex
from kb.milvus import MARK
from tests.geometry import WordEncoder
from tests.library import publish, record
from tests.milvus.conftest import generations
from tests.milvus.servers import Server

OLD, NEW = record("oud.pdf"), record("nieuw.pdf")
VECTOR = WordEncoder().encode_query("lantaarnpalen").vector


def test_the_alias_leads_to_what_is_live_and_goes_back(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="back")
    first = publish(tmp_path, {OLD: ["Oud."]}, into=made)
    second = publish(tmp_path, {NEW: ["Nieuw."]}, into=made)
    connection = server.connection("back")
    assert second in connection.alias()
    assert made.rollback() == first
    assert first in connection.alias()
    assert made.open_live().documents()[0].id == OLD.id


def test_collections_go_with_their_generations(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="few")
    names = [publish(tmp_path, {OLD: [f"Tekst {n}."]}, into=made, keep=2) for n in range(4)]
    assert [name.split("_")[1] for name in server.collections("few")] == names[-2:]


def test_a_generation_without_its_collection_is_refused_and_taken_in_by_going_back(
    server: Server, tmp_path: Path
) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    made = generations(server.index, tmp_path, alias="later")
    with pytest.raises(IncompatibleIndex, match="kb build"):
        made.open_live()
    name = made.current().name
    assert made.rollback(name) == name
    assert made.open_live().dense(VECTOR, k=1, filter=Filter()).rows.tolist() == [0]


def test_a_collection_of_another_manifest_is_refused(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="other")
    publish(tmp_path, {OLD: ["Oud."]}, into=made)
    folder = made.current()
    manifest = read_manifest(folder)
    (folder / "manifest.json").unlink()
    (folder / "manifest.sha256").unlink()
    write_manifest(folder, type(manifest)(**{**_fields(manifest), "fingerprint": "another"}))
    with pytest.raises(IncompatibleIndex, match="another manifest"):
        made.open_live()


def test_two_folders_do_not_share_an_alias(server: Server, tmp_path: Path) -> None:
    one, two = (generations(server.index, tmp_path / name, alias="shared") for name in ("one", "two"))
    publish(tmp_path / "one", {OLD: ["Oud."]}, into=one)
    with pytest.raises(SettingsError, match="Choose another"):
        publish(tmp_path / "two", {NEW: ["Nieuw."]}, into=two)
    assert one.open_live().dense(VECTOR, k=1, filter=Filter()).rows.tolist() == [0]
    assert (tmp_path / "one" / MARK).read_text() != (tmp_path / "two" / MARK).read_text()


def test_an_alias_that_ran_ahead_of_the_pointer_is_put_back(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="ahead")
    first = publish(tmp_path, {OLD: ["Oud."]}, into=made)
    second = publish(tmp_path, {NEW: ["Nieuw."]}, into=made)
    # As it is when the process ends between the two.
    (tmp_path / CURRENT).write_text(first + "\n")
    made.prune(3)
    assert first in server.connection("ahead").alias()
    assert [name.split("_")[1] for name in server.collections("ahead")] == [first]
    assert second not in made.names()


def test_a_switch_under_load_fails_no_search_and_mixes_none(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="load")
    publish(tmp_path, {OLD: ["Lantaarnpalen."] * 2}, into=made)
    live, stop = LiveIndex(made), threading.Event()
    seen: list[tuple[str, int]] = []
    faults: list[BaseException] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                index = live.get()
                found = index.dense(VECTOR, k=100, filter=Filter())
                seen.append((index.manifest.generation, len(found)))
            except Exception as error:
                faults.append(error)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    sizes = {made.current().name: 2}
    for size in (3, 4, 5):
        sizes[publish(tmp_path, {OLD: [f"Lantaarnpalen {n}." for n in range(size)]}, into=made, keep=9)] = (
            size
        )
        time.sleep(0.5)
    stop.set()
    for asker in askers:
        asker.join()
    assert not faults
    assert {generation for generation, _ in seen} == set(sizes)
    assert all(sizes[generation] == size for generation, size in seen)


def test_rows_and_scores_do_not_depend_on_when_it_is_asked(server: Server, tmp_path: Path) -> None:
    made = generations(server.index, tmp_path, alias="stable")
    publish(tmp_path, {OLD: ["Lantaarnpalen."] * 5}, into=made)
    index = made.open_live()
    first = index.dense(VECTOR, k=5, filter=Filter())
    assert first.rows.tolist() == [0, 1, 2, 3, 4]
    for _ in range(3):
        again = index.dense(VECTOR, k=5, filter=Filter())
        assert np.array_equal(again.rows, first.rows)


def test_a_server_that_keeps_no_sparse_vectors_is_known_by_its_version(genuine: Server, lite: Server) -> None:
    assert not genuine.connection("kb").has_sparse
    assert lite.connection("kb").has_sparse


def _fields(manifest: object) -> dict[str, object]:
    return {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}  # type: ignore[attr-defined]
