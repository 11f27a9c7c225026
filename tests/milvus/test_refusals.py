"""Promises of a collection that is not what the manifest of its generation says: it is refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from pymilvus import DataType, MilvusClient

from kb.errors import IncompatibleIndex
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import read_manifest
from kb.milvus import MilvusEngine
from kb.milvus.address import Address
from kb.milvus.collections import DENSE, NUMBERS, count, fill
from kb.milvus.connection import Connection
from tests.library import publish, record
from tests.milvus.conftest import forget, generations
from tests.milvus.servers import Server

TEXTS = {record("oud.pdf"): ["Oud.", "Ouder."]}


class Believing(Connection):
    """A connection that takes any server for one that keeps sparse vectors."""

    @property
    def has_sparse(self) -> bool:
        return True


@pytest.fixture
def published(server: Server, tmp_path: Path) -> Iterator[tuple[Generations, Connection, str]]:
    """Generations with a live one, and the connection and name by which its collection is reached."""
    made = generations(server.index, tmp_path, alias="refused")
    publish(tmp_path, TEXTS, into=made)
    connection = server.connection("refused")
    (name,) = server.collections("refused")
    yield made, connection, name
    forget(server.index, "refused")


Published = tuple[Generations, Connection, str]


def _drop(connection: Connection, name: str) -> None:
    # A collection that an alias leads to is not dropped.
    connection.call("drop_alias", connection.address.alias)
    connection.call("drop_collection", name)


def test_another_number_of_passages_is_refused(published: Published) -> None:
    made, connection, name = published
    connection.call("delete", name, ids=[1])
    assert count(connection, name, consistency="Strong") == 1
    with pytest.raises(IncompatibleIndex, match="holds 1 passages where the manifest says 2"):
        made.open_live()


def test_going_back_fills_what_was_left_half_filled(published: Published, tmp_path: Path) -> None:
    made, connection, name = published
    before = made.current().name
    publish(tmp_path, TEXTS, into=made)
    connection.call("delete", name, ids=[1])
    assert count(connection, name, consistency="Strong") == 1
    made.rollback(before)
    assert count(connection, name, consistency="Strong") == 2
    made.open_live().close()


def test_vectors_of_another_length_are_refused(published: Published) -> None:
    made, connection, name = published
    _drop(connection, name)
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    for field in NUMBERS:
        schema.add_field(field, DataType.INT64)
    schema.add_field(DENSE, DataType.FLOAT_VECTOR, dim=32)
    connection.call("create_collection", name, schema=schema)
    with pytest.raises(IncompatibleIndex, match="vectors of 32"):
        made.open_live()


def test_a_collection_carries_the_manifest_where_the_server_keeps_what_it_says(
    published: Published, server: Server
) -> None:
    made, connection, name = published
    said = connection.call("describe_collection", name).get("description")
    if server.kind == "lite":
        assert not said, "it keeps descriptions by now: what says that it does not is out of date"
        return
    told, manifest = json.loads(said), made.manifest()
    assert told["encoder"]["model"] == manifest.encoder.model
    assert (told["generation"], told["passages"]) == (manifest.generation, 2)
    assert told["manifest"].startswith(name.rpartition("_")[2])


def test_a_collection_that_says_another_manifest_is_refused(genuine: Server, tmp_path: Path) -> None:
    made = generations(genuine.index, tmp_path, alias="says")
    publish(tmp_path, TEXTS, into=made)
    connection, (name,) = genuine.connection("says"), genuine.collections("says")
    connection.call("drop_alias", "says")
    manifest = read_manifest(made.current())
    others = (
        replace(manifest, encoder=replace(manifest.encoder, revision="2")),
        replace(manifest, fingerprint="another"),
        replace(manifest, sources={"oud.pdf": ("1" * 64, "")}),
    )
    for other in others:
        with contextlib.closing(EmbeddedIndex(made.current(), other)) as index:
            fill(connection, name, index)
        with pytest.raises(IncompatibleIndex, match="filled by another manifest"):
            made.open_live()
    made.engine.fill(made.current())
    made.open_live().close()


def test_a_server_that_takes_a_sparse_field_and_no_index_on_it_is_refused(
    genuine: Server, tmp_path: Path
) -> None:
    address = Address.parse(f"{genuine.index}?alias=believed")
    believing = Generations(tmp_path, MilvusEngine(tmp_path, Believing(address)))
    with pytest.raises(IncompatibleIndex, match="keeps no sparse vectors"):
        publish(tmp_path, TEXTS, into=believing)
    assert not believing.names()
    name = publish(tmp_path, TEXTS, into=generations(genuine.index, tmp_path, alias="believed"))
    assert [one.split("_")[1] for one in genuine.collections("believed")] == [name]
