"""Promises about many passages: the nearest are found without a look at all, and it is known how many."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.documents import Access, Event, Kind, Locator, Passage
from kb.embedding import Encoded, EncoderIdentity
from kb.errors import CorruptIndex, IncompatibleIndex
from kb.index import DocumentRecord, Filter, Manifest
from kb.index.approximating import (
    COUNTED,
    LEAST_RECALL,
    SAMPLE,
    approximate,
    least_scores,
    query_of,
    recall_of,
)
from kb.index.columns import DocumentColumns
from kb.index.embedded import EmbeddedIndex
from kb.index.flat_file import FlatFileWriter
from kb.index.manifests import read_manifest, write_manifest
from kb.index.opening import open_vectors
from kb.index.stored import StoredVectors
from kb.index.vectors import ApproximateVectors, ExactVectors, Floats, VectorRows, Vectors
from kb.index.writing import IndexWriter
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.models import LoadedModels
from kb.printing.status import status_json, status_text
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import record

WIDTH = 32
MANY = 24_000
MADE_BY = EncoderIdentity(model="test", revision="1", dimension=WIDTH, query_prompt="", passage_prompt="")


def unit(vectors: Floats) -> Floats:
    scaled: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def clustered(count: int, seed: int = 1) -> Floats:
    """Vectors that lie as those of texts do: in groups."""
    random = np.random.default_rng(seed)
    middles = unit(random.standard_normal((120, WIDTH), np.float32))
    of_each = middles[random.integers(0, len(middles), count)]
    return unit(of_each + 0.1 * random.standard_normal((count, WIDTH), np.float32))


def asked(vectors: Floats) -> Floats:
    """Queries near to some of the vectors."""
    return unit(vectors[:300] + 0.05 * clustered(300, seed=2))


def write_vectors(folder: Path, vectors: Floats) -> Manifest:
    """The vectors alone, with what finds the nearest of them."""
    writer = FlatFileWriter(folder / "vectors.faiss", dimension=WIDTH)
    for start in range(0, len(vectors), 7_000):
        writer.add(vectors[start : start + 7_000])
    writer.finish()
    rows = VectorRows(folder / "vectors.faiss", dimension=WIDTH, passages=len(vectors))
    return Manifest(
        generation="one",
        created=dt.datetime.now(dt.UTC),
        encoder=MADE_BY,
        corpus="",
        documents=1,
        passages=len(vectors),
        sources={},
        fingerprint="",
        approximation=approximate(folder, rows, asked(vectors)),
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Floats, Vectors, Manifest]:
    folder, vectors = tmp_path_factory.mktemp("many"), clustered(MANY)
    manifest = write_vectors(folder, vectors)
    return vectors, open_vectors(folder, manifest), manifest


def test_a_flat_file_is_what_faiss_writes(tmp_path: Path) -> None:
    vectors = clustered(500)
    write_vectors(tmp_path, vectors)
    flat = faiss.IndexFlatIP(WIDTH)
    flat.add(vectors)
    faiss.write_index(flat, str(tmp_path / "own"))
    assert (tmp_path / "own").read_bytes() == (tmp_path / "vectors.faiss").read_bytes()


def test_nearest_are_found_as_often_as_the_manifest_says(many: tuple[Floats, Vectors, Manifest]) -> None:
    vectors, opened, manifest = many
    way = manifest.approximation
    assert way is not None
    assert (way.kind, way.lists) == ("ivf-sq8", 620)
    assert way.nprobe < way.lists / 2
    assert way.recall >= LEAST_RECALL
    queries = asked(vectors)
    found = [opened.nearest(query, k=10, mask=None) for query in queries]
    true = np.argsort(-(queries @ vectors.T), axis=1)[:, :10]
    shared = sum(len(np.intersect1d(one.rows, other)) for one, other in zip(found, true, strict=True))
    assert shared / true.size >= LEAST_RECALL
    for one, query in zip(found, queries, strict=True):
        np.testing.assert_allclose(one.scores, vectors[one.rows] @ query, atol=1e-6)
        assert list(one.scores) == sorted(one.scores, reverse=True)


def test_a_filter_that_leaves_another_subject_finds_all_it_asks_of_it(
    many: tuple[Floats, Vectors, Manifest],
) -> None:
    """What is left lies in other lists than the query does, and is more than is compared one by one."""
    vectors, opened, _ = many
    far = vectors @ vectors[3]
    mask = far <= np.quantile(far, 0.5)
    allowed = np.flatnonzero(mask)
    assert len(allowed) > 10_000
    shared = 0
    for query in asked(vectors)[:60]:
        found = opened.nearest(query, k=200, mask=mask)
        assert len(found) == 200
        assert mask[found.rows].all()
        true = allowed[np.argsort(-(vectors[allowed] @ query))[:10]]
        shared += len(np.intersect1d(found.rows[:10], true))
    assert shared / 600 >= 0.9


def _rewritten(folder: Path, change: Callable[[Any], object]) -> None:
    """The lists with something else in them, as an archive of somebody else may hold."""
    file = folder / "nearest.faiss"
    lists = faiss.read_index(str(file))
    change(lists)
    faiss.write_index(lists, str(file))


@pytest.mark.parametrize("kind", ["strange", "twice", "shorter", "other-metric"])
def test_lists_that_do_not_hold_each_passage_once_are_refused(tmp_path: Path, kind: str) -> None:
    vectors = clustered(3_000)
    manifest = write_vectors(tmp_path, vectors)

    def change(lists: Any) -> None:
        if kind == "other-metric":
            lists.metric_type = faiss.METRIC_L2
            return
        lists.reset()
        rows = np.arange(3_000)
        if kind == "strange":
            rows[7] = 10**9
        elif kind == "twice":
            rows[7] = 8
        end = 2_999 if kind == "shorter" else 3_000
        lists.add_with_ids(vectors[:end], rows[:end])

    _rewritten(tmp_path, change)
    with pytest.raises(ValueError, match=r"nearest\.faiss"):
        open_vectors(tmp_path, manifest)


def test_the_lists_are_learned_of_what_everybody_may_see(tmp_path: Path) -> None:
    vectors, open_rows = clustered(3_000), np.arange(0, 3_000, 2)
    other = vectors.copy()
    other[1::2] = clustered(1_500, seed=9)
    middles = []
    for name, own in (("one", vectors), ("other", other)):
        folder = tmp_path / name
        folder.mkdir()
        write_vectors(folder, own)
        rows = VectorRows(folder / "vectors.faiss", dimension=WIDTH, passages=3_000)
        assert approximate(folder, rows, asked(vectors), open_rows)
        lists = faiss.read_index(str(folder / "nearest.faiss"))
        middles.append(lists.quantizer.reconstruct_n(0, lists.nlist))
    np.testing.assert_array_equal(*middles)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.3, 0.6, 0.99])
def test_under_a_filter_the_nearest_of_what_it_allows_are_found(
    many: tuple[Floats, Vectors, Manifest], share: float
) -> None:
    vectors, opened, _ = many
    random = np.random.default_rng(3)
    # What a filter allows lies together, as the passages of one meeting do, or anywhere.
    anywhere = random.random(MANY) < share
    together = vectors @ vectors[5] >= np.quantile(vectors @ vectors[5], 1 - share)
    for mask in (anywhere, together):
        allowed = np.flatnonzero(mask)
        shared = 0
        for query in asked(vectors)[:100]:
            found = opened.nearest(query, k=10, mask=mask).rows
            assert mask[found].all()
            true = allowed[np.argsort(-(vectors[allowed] @ query))[:10]]
            shared += len(np.intersect1d(found, true))
        assert shared / (100 * min(10, len(allowed))) >= 0.95


_SEARCHED = """
import os, sys
from pathlib import Path
import faiss
import kb
from kb.index import Approximation
from kb.index.vectors import ApproximateVectors, ExactVectors, VectorRows
folder, passages, width, lists = Path(sys.argv[1]), *map(int, sys.argv[2:])
rows = VectorRows(folder / "vectors.faiss", dimension=width, passages=passages)
way = Approximation(kind="ivf-sq8", lists=lists, nprobe=lists // 2, recall=1.0, sample=1)
assert faiss.omp_get_max_threads() == 4
before = len(os.listdir("/proc/self/task"))
for vectors in (
    ExactVectors(faiss.read_index(str(folder / "vectors.faiss"))),
    ApproximateVectors(faiss.read_index(str(folder / "nearest.faiss")), rows, way),
):
    for query in rows.at([0, 9, 4_000]):
        assert len(vectors.nearest(query, k=200, mask=None)) == 200
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="takes a system that lists threads")
def test_a_search_is_the_work_of_the_thread_that_asks(tmp_path: Path, root: Path) -> None:
    """Several searches at once would wait for each other's threads otherwise."""
    manifest = write_vectors(tmp_path, clustered(9_000))
    assert manifest.approximation is not None
    arguments = (str(tmp_path), "9000", str(WIDTH), str(manifest.approximation.lists))
    done = subprocess.run(
        [sys.executable, "-c", _SEARCHED, *arguments],
        cwd=root,
        env=os.environ | {"OMP_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "0"


def test_more_are_asked_than_there_are_and_nothing_is_allowed(many: tuple[Floats, Vectors, Manifest]) -> None:
    vectors, opened, _ = many
    some = np.zeros(MANY, np.bool_)
    assert not len(opened.nearest(vectors[0], k=10, mask=some))
    some[[7, 9_000]] = True
    assert sorted(opened.nearest(vectors[0], k=10, mask=some).rows) == [7, 9_000]
    assert len(opened.nearest(vectors[0], k=0, mask=None)) == 0


def test_rows_are_read_in_any_order_and_more_than_once(many: tuple[Floats, Vectors, Manifest]) -> None:
    vectors, opened, _ = many
    rows = np.array([9, 3, 4, 5, 3, MANY - 1, 0])
    np.testing.assert_array_equal(opened.at(rows), vectors[rows])
    assert opened.at(rows[:0]).shape == (0, WIDTH)


def test_vectors_without_groups_are_all_compared(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No list holds more of the nearest than another: only a look at all finds them."""
    random = unit(np.random.default_rng(4).standard_normal((3_000, WIDTH), np.float32))
    manifest = write_vectors(tmp_path, random)
    assert manifest.approximation is None
    assert "all are compared" in caplog.text
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.faiss"]
    opened = open_vectors(tmp_path, manifest)
    assert isinstance(opened, ExactVectors)
    true = np.argsort(-(random @ random[0]))[:10]
    assert list(opened.nearest(random[0], k=10, mask=None).rows) == list(true)


def test_lists_of_another_index_are_refused(tmp_path: Path) -> None:
    for name, count in (("one", 3_000), ("other", 3_100)):
        (tmp_path / name).mkdir()
        manifest = write_vectors(tmp_path / name, clustered(count))
    shutil.copy(tmp_path / "one" / "nearest.faiss", tmp_path / "other" / "nearest.faiss")
    with pytest.raises(ValueError, match=r"nearest\.faiss"):
        open_vectors(tmp_path / "other", manifest)
    shutil.copy(tmp_path / "other" / "vectors.faiss", tmp_path / "other" / "nearest.faiss")
    with pytest.raises(ValueError, match=r"nearest\.faiss"):
        open_vectors(tmp_path / "other", manifest)


def passages_of(document: DocumentRecord, texts: Sequence[str]) -> list[Passage]:
    return [
        Passage(
            id=f"{document.id}-{at}", document_id=document.id, ordinal=at, start=0, end=len(text), text=text,
            context="", locator=Locator(line=at + 1),
        )
        for at, text in enumerate(texts)
    ]  # fmt: skip


def write(
    folder: Path, documents: int, *, exact_passages: int, token_passages: int | None = None
) -> Manifest:
    """An index of documents of ten passages, with token vectors where they are kept."""
    folder.mkdir()
    encoder = WordEncoder()
    identity = encoder.identity
    with IndexWriter(
        folder,
        dimension=identity.dimension,
        token_dimension=identity.token_dimension,
        exact_passages=exact_passages,
        token_passages=token_passages,
    ) as writer:
        for number in range(documents):
            document = record(f"{number}.md", date=dt.date(2000 + number % 20, 1, 1))
            texts = [f"Het archief van groep {number % 7} staat op plaats {at}." for at in range(10)]
            stored = [StoredVectors.of(one) for one in encoder.encode_passages(texts)]
            writer.add(document, passages_of(document, texts), stored)
        writer.finish(encoder.encode_queries)
        if not writer.has_tokens:
            identity = dataclasses.replace(identity, token_dimension=0)
        manifest = Manifest(
            generation=folder.name,
            created=dt.datetime.now(dt.UTC),
            encoder=identity,
            corpus="",
            documents=documents,
            passages=writer.passages,
            sources={},
            fingerprint="",
            approximation=writer.approximation,
        )
    write_manifest(folder, manifest)
    return read_manifest(folder)


def test_a_small_index_has_no_lists_and_a_larger_one_has(tmp_path: Path) -> None:
    small = write(tmp_path / "small", 30, exact_passages=300)
    assert small.approximation is None
    assert "nearest.faiss" not in small.files
    large = write(tmp_path / "large", 31, exact_passages=300)
    assert large.approximation is not None
    assert "nearest.faiss" in large.files
    assert not list((tmp_path / "large").glob(".*"))
    exact, found = (EmbeddedIndex.open(tmp_path / name) for name in ("small", "large"))
    query = WordEncoder().encode_query("archief groep 3 plaats 4").vector
    only = Filter(years=frozenset({2003}))
    for filter in (Filter(), only):
        best = found.dense(query, k=3, filter=filter)
        true = exact.dense(query, k=3, filter=filter)
        np.testing.assert_allclose(best.scores, true.scores, atol=1e-6)
        np.testing.assert_allclose(found.scores(query, best.rows), best.scores, atol=1e-6)


def test_one_flipped_bit_of_the_lists_is_detected_at_open(tmp_path: Path) -> None:
    write(tmp_path / "one", 31, exact_passages=300)
    file = tmp_path / "one" / "nearest.faiss"
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(content)
    with pytest.raises(CorruptIndex, match=r"nearest\.faiss"):
        EmbeddedIndex.open(tmp_path / "one")


def test_a_manifest_of_a_way_there_is_not_is_refused(tmp_path: Path) -> None:
    manifest = write(tmp_path / "one", 31, exact_passages=300)
    assert manifest.approximation is not None
    for values in ({"kind": "hnsw"}, {"nprobe": 0}, {"nprobe": 10**9}, {"recall": 2.0}):
        other = dataclasses.replace(manifest.approximation, **values)  # type: ignore[arg-type]
        write_manifest(tmp_path / "one", dataclasses.replace(manifest, approximation=other))
        with pytest.raises(CorruptIndex, match="manifest"):
            EmbeddedIndex.open(tmp_path / "one")


def test_of_many_passages_no_token_vectors_are_kept_unless_they_are_asked(tmp_path: Path) -> None:
    without = write(tmp_path / "auto", 31, exact_passages=300, token_passages=300)
    assert without.encoder.token_dimension == 0
    assert not any(name.startswith("tokens") for name in without.files)
    assert write(tmp_path / "on", 31, exact_passages=300).encoder.token_dimension
    few = write(tmp_path / "few", 30, exact_passages=300, token_passages=300)
    assert few.encoder.token_dimension


def test_as_many_lists_are_looked_into_as_are_needed(tmp_path: Path) -> None:
    """Wider groups: what is nearest lies in more lists than the few that are tried first."""
    random = np.random.default_rng(6)
    middles = unit(random.standard_normal((120, WIDTH), np.float32))
    of_each = middles[random.integers(0, len(middles), 9_000)]
    vectors = unit(of_each + 0.25 * random.standard_normal((9_000, WIDTH), np.float32))
    way = write_vectors(tmp_path, vectors).approximation
    assert way is not None
    assert way.nprobe > 8
    assert way.recall >= LEAST_RECALL
    rows = VectorRows(tmp_path / "vectors.faiss", dimension=WIDTH, passages=len(vectors))
    queries = asked(vectors)
    fewer = dataclasses.replace(way, nprobe=way.nprobe // 2)
    few = ApproximateVectors(faiss.read_index(str(tmp_path / "nearest.faiss")), rows, fewer)
    found = [few.nearest(query, k=COUNTED, mask=None).scores for query in queries]
    assert recall_of(found, least_scores(rows, queries), passages=len(vectors)) < LEAST_RECALL


def test_queries_to_measure_with_are_of_the_whole_corpus(tmp_path: Path) -> None:
    asked: list[str] = []

    def encode(queries: Sequence[str]) -> list[Encoded]:
        asked.extend(queries)
        return WordEncoder().encode_queries(queries)

    with IndexWriter(tmp_path, dimension=WordEncoder().identity.dimension, exact_passages=1) as writer:
        for number in range(400):
            texts = [f"Het archief van nummer {number} verhuist vandaag."]
            stored = [StoredVectors.of(one) for one in WordEncoder().encode_passages(texts)]
            document = record(f"{number:03}.md")
            writer.add(document, passages_of(document, texts), stored)
        writer.finish(encode)
    numbers = [int(query.split()[4]) for query in asked]
    assert len(numbers) == SAMPLE
    assert (numbers[0], numbers[-1]) == (0, 399)
    assert np.diff(numbers).max() <= 2


def test_a_query_is_the_beginning_of_a_sentence_in_the_middle() -> None:
    assert query_of("Welkom. De griffier opent de vergadering van de raad. Er is koffie. Tot straks.") == (
        "De griffier opent de vergadering van"
    )
    assert query_of("Welkom. Er is koffie.") is None


def test_without_queries_to_measure_with_all_are_compared(tmp_path: Path) -> None:
    with IndexWriter(tmp_path, dimension=WordEncoder().identity.dimension, exact_passages=1) as writer:
        texts = ["Het archief van de gemeente verhuist.", "De raad vraagt de griffier om rust."]
        stored = [StoredVectors.of(one) for one in WordEncoder().encode_passages(texts)]
        document = record("a.md")
        writer.add(document, passages_of(document, texts), stored)
        writer.finish()
        assert writer.approximation is None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(12):
        (corpus / f"{number}.txt").write_text(
            f"Het archief van groep {number} verhuist naar plaats {number}.\n"
        )
    few = Settings.load({}).model_copy(update={"exact_passages": 10})
    return few.model_copy(update={"corpus": corpus, "indexes": tmp_path / "indexes"})


def live(settings: Settings) -> EmbeddedIndex:
    name = (settings.indexes / "CURRENT").read_text().strip()
    return EmbeddedIndex.open(settings.indexes / name)


def test_a_build_without_token_vectors_is_searched_and_copied_by_the_next(settings: Settings) -> None:
    encoder = WordEncoder()
    build_index(settings, lambda: encoder)
    manifest = live(settings).manifest
    assert manifest.encoder.token_dimension == 0
    models = LoadedModels(settings, encoder)
    assert models.fitting(manifest).encoder.identity.token_dimension > 0
    (settings.corpus / "nieuw.txt").write_text("De griffier vraagt om rust.\n")
    encoder.encoded.clear()
    assert build_index(settings, lambda: encoder).reused == 12
    assert live(settings).manifest.encoder.token_dimension == 0
    # Asked for, they are made.
    on = settings.model_copy(update={"late_interaction": "on"})
    with pytest.raises(IncompatibleIndex, match="KB_LATE_INTERACTION"):
        LoadedModels(on, encoder).fitting(manifest)
    assert build_index(on, lambda: encoder).reused == 0
    assert live(settings).manifest.encoder.token_dimension > 0
    # And kept no longer than that, without the passages being encoded again.
    assert build_index(settings, lambda: encoder).reused == 13
    assert live(settings).manifest.encoder.token_dimension == 0


def test_how_the_nearest_are_found_is_told_of_an_index(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    way = live(settings).manifest.approximation
    assert way is not None
    knowledge_base = KnowledgeBase(settings)
    assert f"{way.nprobe} van {way.lists} lijsten" in status_text(knowledge_base)
    assert status_json(knowledge_base)["approximation"]["recall"] == way.recall


def test_few_passages_have_their_token_vectors_again(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    for number in range(4):
        (settings.corpus / f"{number}.txt").unlink()
    build_index(settings, WordEncoder, allow_removals=True)
    assert live(settings).manifest.encoder.token_dimension > 0


def test_a_corpus_that_shrinks_to_about_the_limit_is_not_encoded_anew(settings: Settings) -> None:
    build_index(settings, WordEncoder)
    for number in range(2):
        (settings.corpus / f"{number}.txt").unlink()
    assert build_index(settings, WordEncoder, allow_removals=True).reused == 10
    assert live(settings).manifest.encoder.token_dimension == 0


records = st.builds(
    lambda number, **values: record(f"{number}.md", **values),
    st.integers(0, 5),
    kind=st.sampled_from(Kind),
    language=st.sampled_from([None, "nl", "en"]),
    event=st.sampled_from([None, Event(name="Avond"), Event(name="Middag", date=dt.date(2020, 1, 1))]),
    speakers=st.sampled_from([(), ("Jan  de Wit",), ("jan de wit", "Piet")]),
    host=st.sampled_from([None, "Gemeente  Oss", "gemeente oss"]),
    date=st.none() | st.dates(dt.date(2019, 12, 30), dt.date(2020, 1, 3)),
    access=st.sampled_from(Access),
)


def some(*values: object) -> st.SearchStrategy[frozenset[object]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


filters = st.builds(
    Filter,
    kinds=some(*Kind),
    languages=some("nl", "en", "fr"),
    events=some("Avond", Event(name="Middag", date=dt.date(2020, 1, 1)).id, "Nergens"),
    documents=some(*(record(f"{number}.md").id for number in range(4)), ""),
    speakers=some("JAN DE WIT", "Piet ", "Niemand"),
    hosts=some("Gemeente Oss", "Oss"),
    years=some(2019, 2020),
    only_open=st.booleans(),
    date_from=st.none() | st.dates(dt.date(2019, 12, 30), dt.date(2020, 1, 3)),
    date_to=st.none() | st.dates(dt.date(2019, 12, 30), dt.date(2020, 1, 3)),
)


@given(st.lists(records, max_size=8, unique_by=lambda one: one.id), filters)
def test_columns_allow_what_a_filter_allows(found: list[DocumentRecord], filter: Filter) -> None:
    allowed = DocumentColumns(found).allowed(filter)
    assert allowed.tolist() == [filter.allows(one) for one in found]
