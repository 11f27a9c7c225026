"""One contract, whichever engine ranks: embedded, milvus-lite, the genuine server, and any URL given."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from kb.documents import Access, Event, Kind
from kb.embedding import Vectors
from kb.index import Filter, Index, Terms
from kb.index.restricted import public_view
from kb.minutes import StatementKind
from tests.geometry import WordEncoder
from tests.library import publish, record
from tests.milvus.conftest import generations, known_as
from tests.test_labels import MINUTES, QUESTIONS, THEMES, built

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
QUERIES: list[Terms] = [
    {"lantaarnpal": 1.0, "data": 0.5},
    {"open data": 0.7, "provincie": 1.0},
    {"open data": 1.0},
    ["data"],
    {"geen woord": 1.0, "onbekend": 1.0},
]


LABELLED = {
    "overleg/2024-03-05/verslag.md": MINUTES,
    "overleg/2024-03-05/vragen.md": QUESTIONS,
    "overleg/2024-03-05/vragen.md.yaml": "themes: [Inkoop]\n",
    "overleg/2022-01-11/ouder.md": "# Vooraf\n\nIn de gemeente Zwolle en in Overijssel loopt de proef al.\n",
    "los/notitie.md": "# Notitie\n\nHet weer was mooi in het bos, en de vogels zongen.\n",
}
# Each allows some of the passages with labels, and not all.
LABELS = [
    Filter(municipalities=frozenset({"Zwolle"})),
    Filter(municipalities=frozenset({"GM0344", "maarssen"})),
    Filter(provinces=frozenset({"PV26"})),
    Filter(statements=frozenset({StatementKind.BESLUIT})),
    Filter(statements=frozenset({StatementKind.VRAAG, StatementKind.CITAAT})),
    Filter(said_by=frozenset({"JAN  de wit"})),
    Filter(themes=frozenset({"Zaakgericht werken"})),
    Filter(themes=frozenset({"Inkoop"})),
    Filter(provinces=frozenset({"Overijssel"}), statements=frozenset({StatementKind.VRAAG})),
    Filter(themes=frozenset({"Zaakgericht werken"}), said_by=frozenset({"Noor Bakker"})),
    Filter(municipalities=frozenset({"Zwolle"}), date_to=dt.date(2023, 12, 31)),
    Filter(municipalities=frozenset({"Zwolle"}), years=frozenset({2024}), only_open=True),
]
# As many as a candidate list may be long, and more than some servers give by themselves.
MANY = 200


@pytest.fixture
def index(engine: str, alias: str, tmp_path: Path) -> Iterator[tuple[Index, Index]]:
    """One of the engine, and one of the same documents on disk."""
    publish(tmp_path, TEXTS, into=generations(engine, tmp_path, alias=alias))
    yield from _both(engine, alias, tmp_path)


@pytest.fixture
def labelled(engine: str, alias: str, tmp_path: Path) -> Iterator[tuple[Index, Index]]:
    """The same of files that a build found labels in."""
    (tmp_path / "themes.yaml").write_text(THEMES, encoding="utf-8")
    settings = built(tmp_path, LABELLED, themes=tmp_path / "themes.yaml", index=known_as(engine, alias))
    yield from _both(engine, alias, settings.indexes)


@pytest.fixture
def large(engine: str, alias: str, tmp_path: Path) -> Iterator[tuple[Index, Index]]:
    """The same of 2,000 passages, of which a server makes a graph."""
    dice = random.Random(7)  # noqa: S311 - words for a test
    words = [f"{start}{end}" for start in ("lan", "dat", "gem", "wat", "sto", "bur") for end in range(40)]
    texts = {
        record(f"{number}.txt", date=dt.date(2000 + number % 20, 1, 1)): [
            " ".join(dice.choices(words, k=dice.randint(6, 30))) for _ in range(20)
        ]
        for number in range(100)
    }
    publish(tmp_path, texts, into=generations(engine, tmp_path, alias=alias))
    yield from _both(engine, alias, tmp_path)


def _both(engine: str, alias: str, indexes: Path) -> Iterator[tuple[Index, Index]]:
    asked = generations(engine, indexes, alias=alias).open_live()
    plain = generations("embedded", indexes, alias=alias).open_live()
    yield asked, plain
    asked.close()
    plain.close()


def _same(asked: Index, plain: Index, filter: Filter, *, vector: Vectors, queries: list[Terms]) -> None:
    """Hold both rankings of one index against those of another, whatever number of passages is asked."""
    for k in (1, 3, 100):
        ours, theirs = (one.dense(vector, k=k, filter=filter) for one in (plain, asked))
        assert theirs.rows.tolist() == ours.rows.tolist(), filter
        np.testing.assert_allclose(theirs.scores, ours.scores, atol=1e-5)
        for query in queries:
            ours, theirs = (one.lexical(query, k=k, filter=filter) for one in (plain, asked))
            assert theirs.rows.tolist() == ours.rows.tolist(), (filter, query)
            np.testing.assert_allclose(theirs.scores, ours.scores, rtol=1e-4)


def test_both_rankings_are_those_of_the_folder_under_every_filter(index: tuple[Index, Index]) -> None:
    vector = WordEncoder().encode_query("open data over lantaarnpalen").vector
    for filter in FILTERS:
        _same(*index, filter, vector=vector, queries=QUERIES)


def test_a_filter_on_labels_allows_the_passages_that_have_them(labelled: tuple[Index, Index]) -> None:
    asked, plain = labelled
    vector = WordEncoder().encode_query("de proef met het zaaksysteem in de gemeente").vector
    for filter in LABELS:
        allowed = plain.rows(filter).tolist()
        assert 0 < len(allowed) < plain.manifest.passages, filter
        assert sorted(asked.dense(vector, k=100, filter=filter).rows.tolist()) == allowed, filter
        _same(asked, plain, filter, vector=vector, queries=[{"proef": 1.0, "gemeente": 0.5}, ["zaaksysteem"]])


def test_many_of_thousands_are_found_as_the_folder_finds_them(large: tuple[Index, Index]) -> None:
    asked, plain = large
    texts = ("lan1 dat2 gem3", "wat10 sto11 bur12 lan13", "lan39", "dat20 wat21 bur22 sto23 gem24 lan25")
    filters = (
        Filter(),
        Filter(years=frozenset({2003, 2004, 2005})),
        Filter(date_from=dt.date(2018, 1, 1)),
        Filter(documents=frozenset({record("3.txt").id})),
    )
    shares = []
    for text, filter in itertools.product(texts, filters):
        many = min(MANY, len(plain.rows(filter)))
        vector = WordEncoder().encode_query(text).vector
        ours, theirs = (one.dense(vector, k=MANY, filter=filter) for one in (plain, asked))
        assert len(theirs) == len(set(theirs.rows.tolist())) == many, filter
        assert (np.diff(theirs.scores) <= 0).all()
        np.testing.assert_allclose(theirs.scores, plain.scores(vector, theirs.rows), atol=1e-5)
        shares.append(len(np.intersect1d(ours.rows, theirs.rows)) / many)
        terms = dict.fromkeys(text.split(), 1.0)
        ours, theirs = (one.lexical(terms, k=MANY, filter=filter) for one in (plain, asked))
        assert len(ours) == len(theirs)
        np.testing.assert_allclose(theirs.scores, ours.scores, rtol=1e-4)
        # Of equal scores at the end any may be the last.
        certain = ours.rows[ours.scores > ours.scores.min(initial=np.inf) * 1.001]
        assert set(certain.tolist()) <= set(theirs.rows.tolist())
    assert np.mean(shares) >= 0.98
    assert min(shares) >= 0.95


def test_more_than_there_are_gives_all(large: tuple[Index, Index]) -> None:
    asked, plain = large
    vector = WordEncoder().encode_query("lan1 dat2").vector
    found = asked.dense(vector, k=20_000, filter=Filter())
    assert sorted(found.rows.tolist()) == list(range(plain.manifest.passages))


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
