"""Promises of the client to who keeps the knowledge base going."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kb.client import Client, Conflict, InvalidRequest, NotFound
from tests.api.administrator import until


@pytest.fixture
def keeper(service: str, secrets: Mapping[str, str]) -> Iterator[Client]:
    with Client(service, key=secrets["admin"], timeout=60) as client:
        yield client


def test_a_file_is_added_built_and_found(keeper: Client, tmp_path: Path) -> None:
    file = tmp_path / "kabelbaan.md"
    file.write_text("# Kabelbaan\n\nDe kabelbaan over het Wijdmeer gaat in mei open.\n", encoding="utf-8")
    added = keeper.add_document(file, folder="kabels")
    assert (added.path, added.size) == ("kabels/kabelbaan.md", file.stat().st_size)
    with pytest.raises(Conflict):
        keeper.add_document(file, folder="kabels")
    started = keeper.start_build()
    assert started.is_running
    until(lambda: not keeper.build(started.id).is_running)
    done = keeper.build(started.id)
    assert done.state == "published", done.error
    assert any("1 document" in line for line in done.summary)
    assert started.id in [build.id for build in keeper.builds()]
    (hit,) = keeper.search("kabelbaan Wijdmeer", limit=1).hits
    assert hit.document.id == added.document_id
    assert keeper.download(added.document_id, tmp_path / "terug.md").read_bytes() == file.read_bytes()


def test_an_older_index_is_made_the_live_one_and_back(keeper: Client) -> None:
    newest, older, *_ = keeper.generations()
    assert newest.live
    assert keeper.make_live(older.name).live
    assert keeper.status().generation == older.name
    assert keeper.make_live(newest.name).name == newest.name
    assert keeper.report()["generation"] == keeper.report(newest.name)["generation"] == newest.name
    with pytest.raises(InvalidRequest):
        keeper.make_live("20000101T000000000Z")
    with pytest.raises(NotFound):
        keeper.report("20000101T000000000Z")
