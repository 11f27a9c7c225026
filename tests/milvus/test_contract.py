"""One contract, whichever engine ranks: embedded, milvus-lite, the genuine server, and any URL given."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from kb.documents import Access, Event, Kind
from kb.index import Filter, Index
from kb.index.restricted import public_view
from tests.geometry import WordEncoder
from tests.library import publish, record
from tests.milvus.conftest import generations

EVENING = Event(name='Avond over "data" or 1 == 1', date=dt.date(2023, 4, 13), place="Waterrijk")
TEXTS = {
    record("a.pdf", event=EVENING, date=dt.date(2023, 4, 13), speakers=("Ann de Vries",)): [
        "De gemeente deelt sensordata over lantaarnpalen.",
        "Open data van de provincie staat in het register.",
    ],
    record("b.pdf", kind=Kind.PRESENTATIE, date=dt.date(2024, 1, 1), host="Zeeduin", language="en"): [
        "The city shares sensor data about street lights."
    ],
    record("c.pdf"): ["Notulen zonder datum over lantaarnpalen en open data.", "…"],
    record("leden.pdf", access=Access.MEMBERS, date=dt.date(2023, 5, 1)): [
        "Alleen voor leden: lantaarnpalen van de provincie."
    ],
    record("ünïcode 'x'.pdf", speakers=("O'Brien \\ \" }",)): [
        "Digitale tweeling van de stad met open data."
    ],
}
FILTERS = [
    Filter(),
    Filter(kinds=frozenset({Kind.PRESENTATIE})),
    Filter(languages=frozenset({"nl"})),
    Filter(languages=frozenset({'nl" or row >= 0'})),
    Filter(events=frozenset({EVENING.name})),
    Filter(events=frozenset({EVENING.id})),
    Filter(speakers=frozenset({"  ann DE vries"})),
    Filter(speakers=frozenset({"O'Brien \\ \" }"})),
    Filter(hosts=frozenset({"zeeduin"})),
    Filter(years=frozenset({2023})),
    Filter(years=frozenset({0})),
    Filter(years=frozenset({2023, 2024}), only_open=True),
    Filter(only_open=True),
    Filter(date_from=dt.date(2023, 4, 14)),
    Filter(date_to=dt.date(2023, 4, 13)),
    Filter(date_from=dt.date(2023, 4, 13), date_to=dt.date(2023, 5, 1)),
    Filter(documents=frozenset({"no such"})),
    Filter(documents=frozenset({next(iter(TEXTS)).id}), languages=frozenset({"nl"})),
    Filter(themes=frozenset({"no such theme"})),
    Filter(kinds=frozenset({Kind.PRESENTATIE}), languages=frozenset({"nl"})),
]
QUERIES = [
    {"lantaarnpal": 1.0, "data": 0.5},
    {"open data": 0.7, "provincie": 1.0},
    {"open data": 1.0},
    ["data"],
    {"geen woord": 1.0, "onbekend": 1.0},
]


@pytest.fixture
def index(engine: str, tmp_path: Path) -> Iterator[tuple[Index, Index]]:
    """One of the engine, and one of the same documents on disk."""
    made = generations(engine, tmp_path, alias=f"contract_{secrets.token_hex(4)}")
    publish(tmp_path, TEXTS, into=made)
    asked, plain = made.open_live(), generations("embedded", tmp_path, alias="").open_live()
    yield asked, plain
    asked.close()
    plain.close()


def test_both_rankings_are_those_of_the_folder_under_every_filter(index: tuple[Index, Index]) -> None:
    asked, plain = index
    vector = WordEncoder().encode_query("open data over lantaarnpalen").vector
    for filter in FILTERS:
        for k in (1, 3, 100):
            ours, theirs = (one.dense(vector, k=k, filter=filter) for one in (plain, asked))
            assert theirs.rows.tolist() == ours.rows.tolist(), filter
            np.testing.assert_allclose(theirs.scores, ours.scores, atol=1e-5)
            for query in QUERIES:
                ours, theirs = (one.lexical(query, k=k, filter=filter) for one in (plain, asked))
                assert theirs.rows.tolist() == ours.rows.tolist(), (filter, query)
                np.testing.assert_allclose(theirs.scores, ours.scores, rtol=1e-4)


def test_what_is_for_members_is_not_ranked_for_everybody(index: tuple[Index, Index]) -> None:
    asked, _ = index
    view = public_view(asked)
    vector = WordEncoder().encode_query("lantaarnpalen voor leden").vector
    hidden = asked.document_rows(record("leden.pdf").id)
    assert set(hidden) <= set(asked.dense(vector, k=100, filter=Filter()).rows.tolist())
    assert set(hidden).isdisjoint(view.dense(vector, k=100, filter=Filter()).rows.tolist())
    assert set(hidden).isdisjoint(view.lexical(["lid", "lantaarnpal"], k=100, filter=Filter()).rows.tolist())


def test_a_vector_that_is_no_number_finds_nothing(index: tuple[Index, Index]) -> None:
    asked, _ = index
    assert not len(asked.dense(np.full(64, np.nan, np.float32), k=5, filter=Filter()))


def test_the_rest_is_read_from_the_folder(index: tuple[Index, Index]) -> None:
    asked, plain = index
    assert asked.passages(range(3)) == plain.passages(range(3))
    assert asked.manifest == plain.manifest
    assert asked.facets() == plain.facets()
