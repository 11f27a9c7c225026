"""Promises of KB_INDEX where Milvus is not asked for, or its client is not installed."""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path

import pytest

from kb.errors import EngineUnavailable, SettingsError
from kb.extras import install_line
from kb.generations import Generations
from kb.index import Filter
from kb.index.embedded import EmbeddedIndex
from kb.index.opening import open_postings
from kb.milvus.address import Address
from kb.milvus.collections import term_weights
from kb.milvus.filters import expression
from kb.settings import Settings
from tests.library import publish, record, write_index

DOCUMENT = record("a.pdf")


@pytest.mark.skipif(bool(importlib.util.find_spec("pymilvus")), reason="the client of Milvus is installed")
def test_without_its_client_the_line_that_installs_it_is_told(tmp_path: Path) -> None:
    publish(tmp_path, {DOCUMENT: ["Tekst."]})
    made = Generations.of(Settings(indexes=tmp_path, index="milvus://127.0.0.1:19530"))
    line = re.escape(install_line("milvus"))
    with pytest.raises(EngineUnavailable, match=line):
        made.open_live()
    with pytest.raises(EngineUnavailable, match=line), made.building():
        pass


@pytest.mark.parametrize(
    "text",
    [
        "milvus://",
        "milvus://host",
        "milvus://user:secret@host:1",
        "http://host:1",
        "milvus://host:1?alias=a b",
    ],
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Address.parse(text)
    assert "secret" not in str(refused.value)
    with pytest.raises(SettingsError) as refused:
        Settings.load({"KB_INDEX": text})
    assert "secret" not in str(refused.value)


def test_an_address_names_server_database_and_alias() -> None:
    found = Address.parse("milvus+tls://milvus.intern:19530/kennis?alias=proef")
    assert (found.uri, found.database, found.alias) == ("https://milvus.intern:19530", "kennis", "proef")
    assert Address.parse("milvus://127.0.0.1:1").alias == "kb"


def test_no_text_of_a_user_stands_in_an_expression(tmp_path: Path) -> None:
    publish(tmp_path, {record("a.pdf", speakers=('" or 1 == 1 --',), language="nl"): ["Tekst."]})
    index = Generations(tmp_path).open_live()
    asked = Filter(
        speakers=frozenset({'" or 1 == 1 --'}),
        languages=frozenset({'nl" or row >= 0'}),
        years=frozenset({2023}),
        only_open=True,
    )
    found = expression(asked, index, index.documents())
    assert found is not None
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz_0123456789[](),=<> ")
    assert "or" not in found.split()
    assert "document in [0]" in found
    assert expression(Filter(hosts=frozenset({"niemand"})), index, index.documents()) is None
    assert not expression(Filter(), index, index.documents())


@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_postings_are_told_by_passage_however_few_are_looked_at_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("kb.milvus.collections._POSTINGS", at_once)
    texts = {
        DOCUMENT: ["De raad vraagt om een archief.", ""],
        record("b.md"): ["Een archief vraagt rust.", ""],
    }
    write_index(tmp_path, texts)
    index = EmbeddedIndex.open(tmp_path)
    passages = index.manifest.passages
    postings = open_postings(tmp_path, passages=passages)
    wanted: list[dict[int, float]] = [{} for _ in range(passages)]
    for term, (start, end) in enumerate(itertools.pairwise(postings.starts.tolist())):
        for at in range(start, end):
            wanted[postings.rows[at]][term] = float(postings.weights[at])
    found = [
        dict(zip(terms.tolist(), scores.tolist(), strict=True))
        for terms, scores in term_weights(tmp_path, passages)
    ]
    assert found == wanted
    assert any(wanted)
