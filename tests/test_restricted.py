"""Promises about documents for members: to everybody else an index is as if they were not there."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Access, Event, Kind
from kb.errors import NotFound
from kb.index import DocumentRecord, Filter, Index, Outline
from kb.index.embedded import EmbeddedIndex
from kb.index.inspecting import inspect
from kb.index.restricted import public_view
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.language import Synonyms, expand_query
from kb.reports import read_report
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record, write_index

Texts = Mapping[DocumentRecord, Sequence[str]]

# "kluis" and "kluismap" teach, among members, what "kluismapregel" is made of.
OPEN_WORDS = "raad gemeente archief lantaarnpaal besluit zaaksysteem kluismapregel bijlage notulen".split()  # noqa: SIM905
CLOSED_WORDS = "kluis mapregel kroonjuwelen smaragden lantaarn paal raad archief besluit".split()  # noqa: SIM905
QUERIES = [
    "raad archief", "lantaarn", "paal", "lantaarnpaal", "kluis", "mapregel", "kluismapregel", "kroonjuwelen",
    "smaragden besluit", "smaragdn", "archieff", "kroonjuwelem raad", "notulen van de bijlage",
]  # fmt: skip


def documents(*, seed: int = 3) -> dict[DocumentRecord, list[str]]:
    """Open documents and ones for members in turn, with copies on both sides of the border."""
    dice = random.Random(seed)  # noqa: S311 - texts for a test
    found: dict[DocumentRecord, list[str]] = {}
    for number in range(16):
        is_open = number % 2 == 1
        words = OPEN_WORDS if is_open else CLOSED_WORDS
        texts = [" ".join(dice.choices(words, k=dice.randint(12, 60))) for _ in range(3)]
        document = record(
            f"{number:02}-{'open' if is_open else 'dicht'}.txt",
            access=Access.OPEN if is_open else Access.MEMBERS,
            kind=dice.choice(list(Kind)),
            event=Event(name="Avond" if is_open else "Kring"),
            language=dice.choice(["nl", "en"]),
            speakers=("A. Open",) if is_open else ("G. Heim",),
        )
        found[document] = texts
    groups = list(found.values())
    copied = "de raad nam een besluit over het archief van de gemeente en over een nieuw zaaksysteem daarvoor"
    for at, ending in ((0, "nu"), (3, "straks"), (5, "straks ook nog eens"), (8, "straks"), (9, "nu")):
        groups[at].append(f"{copied} {ending}")
    return found


@pytest.fixture(scope="module", params=[3, 4])
def views(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[Index, Index]:
    """An index without documents for members, and the view of one that has them."""
    everything = documents(seed=request.param)
    only_open = {key: texts for key, texts in everything.items() if key.access is Access.OPEN}
    opened = []
    for texts in (only_open, everything):
        folder = tmp_path_factory.mktemp("index")
        write_index(folder, texts)
        opened.append(EmbeddedIndex.open(folder))
    assert not [fault for fault in inspect(opened[1]) if "postings" in fault]
    return opened[0], public_view(opened[1])


def ids(index: Index, rows: np.ndarray) -> list[str]:
    return [found.passage.id for found in index.passages(rows)]


def test_a_view_ranks_as_an_index_without_those_documents(views: tuple[Index, Index]) -> None:
    encoder = WordEncoder()
    filters = [Filter(), Filter(kinds=frozenset({Kind.VERSLAG})), Filter(events=frozenset({"Kring"}))]
    for query, filter, k in itertools.product(QUERIES, filters, (1, 5, 100)):
        encoded, found = encoder.encode_query(query), []
        for index in views:
            terms = expand_query(query, lexicon=index.lexicon, synonyms=Synonyms.of([]))
            lexical = index.lexical(terms.terms, k=k, filter=filter)
            dense = index.dense(encoded.vector, k=k, filter=filter)
            late = index.late_interaction(encoded.tokens, dense.rows)
            found.append(
                (ids(index, lexical.rows), ids(index, dense.rows), terms, index.known(terms.words)),
            )
            found.append((lexical.scores, dense.scores, index.lexical_scores(terms.terms, dense.rows), late))
        assert found[0] == found[2], query
        for one, other in zip(found[1], found[3], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_view_answers_as_an_index_without_those_documents(views: tuple[Index, Index]) -> None:
    said = 0
    for query in QUERIES:
        found = [
            KnowledgeBase.over(index, Settings(answer_from=0), WordEncoder()).answer(
                SearchRequest(query=query)
            )
            for index in views
        ]
        one, other = (asked.answer for asked in found)
        assert [sentence.text for sentence in one.sentences] == [
            sentence.text for sentence in other.sentences
        ], query
        assert one.confidence == pytest.approx(other.confidence)
        assert one.why is other.why
        said += len(one.sentences)
    assert said > 10


def test_a_view_knows_the_same_words_copies_and_values(views: tuple[Index, Index]) -> None:
    one, other = views
    for word in (*OPEN_WORDS, *CLOSED_WORDS, "smaragde", "kroonjuwele", "archif"):
        assert one.lexicon.knows(word) == other.lexicon.knows(word)
        assert one.lexicon.parts(word) == other.lexicon.parts(word)
        assert one.lexicon.correction(word) == other.lexicon.correction(word)
        assert len(one.holders(word)) == len(other.holders(word))
    assert one.facets() == other.facets()
    assert one.documents() == other.documents()
    assert (one.manifest.documents, one.manifest.passages) == (
        other.manifest.documents,
        other.manifest.passages,
    )
    twins = []
    for index in views:
        rows = [row for found in index.documents() for row in index.document_rows(found.id)]
        for row in rows[:2]:
            assert index.vector(row).shape == index.vector(rows[-1]).shape
            assert index.token_similarities(np.zeros((2, 64), np.float32), row) is not None
            assert index.sentence_scores(index.vector(row), row) is not None
        told = [Outline(one.row, one.passage.document_id, one.twins) for one in index.passages(rows)]
        assert index.outlines(rows) == told
        twins.append(
            {found.passage.id: ids(index, np.array(found.twins, np.int64)) for found in index.passages(rows)}
        )
    assert twins[0] == twins[1]
    assert any(twins[0].values())


def test_what_is_for_members_is_answered_as_what_does_not_exist(views: tuple[Index, Index]) -> None:
    _, view = views
    closed = next(found for found in documents() if found.access is Access.MEMBERS)
    for ask in (view.documents, lambda ids: view.document_rows(ids[0]), lambda ids: view.passage_row(ids[0])):
        told = []
        for identifier in (closed.id, "f" * 16):
            with pytest.raises(NotFound) as error:
                ask([identifier])
            told.append(str(error.value).replace(identifier, ""))
        assert told[0] == told[1]
    for row in (0, -1000):
        with pytest.raises((NotFound, IndexError)):
            view.passages([row])
        with pytest.raises((NotFound, IndexError)):
            view.outlines([row])
        with pytest.raises((NotFound, IndexError)):
            view.sentence_scores(np.zeros(64, np.float32), row)


def test_members_find_what_others_do_not(tmp_path: Path) -> None:
    publish(tmp_path, documents())
    knowledge_base = KnowledgeBase.over(
        EmbeddedIndex.open(tmp_path / (tmp_path / "CURRENT").read_text().strip()),
        Settings(indexes=tmp_path),
        WordEncoder(),
    )
    everybody, members = knowledge_base.pinned(members=False), knowledge_base.pinned(members=True)
    assert members.search("smaragden").found.hits
    assert all(hit.document.access is Access.OPEN for hit in everybody.search("smaragden").found.hits)
    assert members.search("smaragdn").asked.corrections == (("smaragdn", "smaragden"),)
    assert everybody.search("smaragdn").asked.corrections == ()
    assert len(members.documents()) == 2 * len(everybody.documents())


def test_without_documents_for_members_the_view_is_the_index_itself(tmp_path: Path) -> None:
    write_index(tmp_path, {record("a.txt"): ["raad"]})
    index = EmbeddedIndex.open(tmp_path)
    assert public_view(index) is index
    assert index.open_lexicon is index.lexicon


def test_an_index_for_members_alone_answers_everybody_nothing(tmp_path: Path) -> None:
    write_index(tmp_path, {record("a.txt", access=Access.MEMBERS): ["raad raad raad"]})
    view = public_view(EmbeddedIndex.open(tmp_path))
    vector = WordEncoder().encode_query("raad").vector
    assert len(view.dense(vector, k=5, filter=Filter())) == 0
    assert len(view.lexical(["raad"], k=5, filter=Filter())) == 0
    assert (view.documents(), view.known([["raad"]]), view.manifest.passages) == ([], 0.0, 0)


def test_the_report_of_a_build_has_a_part_that_everybody_may_know(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    settings.corpus.mkdir()
    for name in ("open-1", "open-2", "geheim-1", "geheim-2"):
        (settings.corpus / f"{name}.txt").write_text(f"Dit is het verslag van {name}.")
    for name in ("geheim-1", "geheim-2", "geheim-stuk"):
        (settings.corpus / f"{name}.txt.yaml").write_text("access: members")
    (settings.corpus / "geheim-stuk.txt").write_bytes(b"\x00\x01\x02" * 50)
    told = read_report(build_index(settings, WordEncoder).as_json())
    assert told
    assert told.open
    assert (told.documents, told.open.documents, told.open.passages) == (4, 2, 2)
    assert "geheim" not in str(told.open)
    assert told.open.changes.added == ("open-1.txt", "open-2.txt")
    for name in ("geheim-1.txt", "geheim-1.txt.yaml", "geheim-2.txt.yaml"):
        (settings.corpus / name).unlink()
    told = build_index(settings, WordEncoder, allow_removals=True)
    assert told.open
    assert told.changes.removed == ("geheim-1.txt",)
    assert told.open.changes.removed == ()
    assert told.open.changes.added == ("geheim-2.txt",)
    assert (told.reused, told.open.reused) == (3, 3)
    view = KnowledgeBase.over(
        EmbeddedIndex.open(settings.indexes / told.generation), settings, WordEncoder()
    ).pinned(members=False)
    assert "geheim-1" not in str(view.report())
    (settings.corpus / "geheim-stuk.txt").unlink()
    (settings.corpus / "geheim-stuk.txt.yaml").unlink()
    assert build_index(settings, WordEncoder, allow_removals=True).open is None
