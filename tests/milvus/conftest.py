"""What the tests of an index on Milvus start from. Run them by `make milvus`."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.generations import Generations
from kb.milvus.address import Address
from kb.milvus.connection import Connection
from kb.settings import Settings
from tests.milvus.servers import Server


@pytest.fixture(scope="session")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """milvus-lite's server: the protocol of today, with sparse vectors."""
    yield from _running("lite", tmp_path_factory.mktemp("lite"))


@pytest.fixture(scope="session")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server in Go and C++, version 2.3.5: dense vectors alone."""
    yield from _running("genuine", tmp_path_factory.mktemp("genuine"))


@pytest.fixture(params=["lite", "genuine"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers that the tests start."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def mortal(server: Server) -> Iterator[Server]:
    """Each of them, for a test that stops it; it runs again for the next.

    Two of the genuine cannot run at a time, for its port 2380 is fixed.
    """
    yield server
    if not server.is_running:
        server.start()


@pytest.fixture(params=["embedded", "lite", "genuine", "url"])
def engine(request: pytest.FixtureRequest) -> str:
    """A value of KB_INDEX: each engine that there is."""
    if request.param == "embedded":
        return "embedded"
    if request.param == "url":
        url = os.environ.get("KB_TEST_MILVUS_URI")
        return url or pytest.skip("KB_TEST_MILVUS_URI names no server to test on")
    server: Server = request.getfixturevalue(request.param)
    return server.index


@pytest.fixture
def alias(engine: str) -> Iterator[str]:
    """An alias that is nobody's; it and its collections are gone afterwards, on a server of somebody too."""
    name = f"contract_{secrets.token_hex(4)}"
    yield name
    if engine != "embedded":
        forget(engine, name)


def generations(engine: str, folder: Path, *, alias: str) -> Generations:
    """Those in `folder`, ranked by `engine` and known there by an alias of their own."""
    return Generations.of(Settings(indexes=folder, index=known_as(engine, alias)))


def forget(engine: str, alias: str) -> None:
    """Drop an alias and what is named after it."""
    with contextlib.closing(Connection(Address.parse(known_as(engine, alias)))) as connection:
        if connection.alias():
            connection.call("drop_alias", alias)
        for name in connection.collections():
            if name.startswith(f"{alias}_"):
                connection.call("drop_collection", name)


def known_as(engine: str, alias: str) -> str:
    """The value of KB_INDEX with `alias` in place of its own."""
    return engine if engine == "embedded" else f"{engine.partition('?')[0]}?alias={alias}"


def _running(kind: str, folder: Path) -> Iterator[Server]:
    server = Server(kind, folder / "data")
    server.start()
    yield server
    server.stop()
