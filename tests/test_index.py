from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import math
import os
import random
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Kind
from kb.errors import CorruptIndex, IncompatibleIndex, NotFound
from kb.index import Filter, Outline
from kb.index.best_rows import best_rows
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import CHECKSUM, MANIFEST, write_manifest
from kb.index.posting_writing import BM25_B, BM25_K1
from kb.index.stored import StoredVectors, embedded_hash, embedded_text
from kb.index.vector_lists import quantise
from kb.index.writing import IndexWriter
from kb.language import Synonyms, analyse, analyse_query, expand_query
from tests.geometry import DIMENSION, WordEncoder
from tests.library import EVENING, record, write_index

REPORT = record("verslag.md", event=EVENING, date=dt.date(2023, 4, 13))
DECK = record("dia's.pptx", kind=Kind.PRESENTATIE, date=dt.date(2024, 1, 1))
PAPER = record("paper.pdf", kind=Kind.PAPER, language="en")
TEXTS = {
    REPORT: ["De gemeente kiest een zaaksysteem.", "De raad vraagt om een archief.", "Dank voor uw komst."],
    DECK: ["Het zaaksysteem kost geld; een zaaksysteem kost ook tijd.", "Dank voor uw komst!"],
    PAPER: ["Municipal archives matter to councils."],
}


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    write_index(tmp_path, TEXTS)
    return EmbeddedIndex.open(tmp_path)


def words(index: EmbeddedIndex, rows: np.ndarray) -> list[str]:
    return [found.passage.text for found in index.passages(rows)]


def test_dense_finds_the_passage_that_points_the_same_way(index: EmbeddedIndex) -> None:
    ranking = index.dense(WordEncoder().encode_query("raad vraagt archief").vector, k=2, filter=Filter())
    assert words(index, ranking.rows)[0] == "De raad vraagt om een archief."
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)


def test_dense_equals_the_inner_product_with_every_vector(index: EmbeddedIndex) -> None:
    query = WordEncoder().encode_query("zaaksysteem").vector
    ranking = index.dense(query, k=100, filter=Filter())
    found = [WordEncoder().encode_query(text).vector for text in words(index, ranking.rows)]
    expected = np.stack(found) @ query
    assert len(ranking) == 6
    np.testing.assert_allclose(ranking.scores, expected, atol=1e-5)
    np.testing.assert_allclose(index.scores(query, ranking.rows), ranking.scores, atol=1e-5)


def test_lexical_scores_are_bm25(index: EmbeddedIndex) -> None:
    """Against the formula of Robertson and Zaragoza (2009), worked out here by itself."""
    texts = [text for texts in TEXTS.values() for text in texts]
    languages = ["nl"] * 5 + ["en"]
    documents = [analyse(text, language) for text, language in zip(texts, languages, strict=True)]
    average = np.mean([len(terms) for terms in documents])
    (term,) = set(analyse_query("zaaksysteem")) & {term for terms in documents for term in terms}
    holding = sum(term in terms for terms in documents)
    idf = np.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
    expected = []
    for terms in documents:
        count = terms.count(term)
        length = 1 - BM25_B + BM25_B * len(terms) / average
        expected.append(idf * count / (count + BM25_K1 * length))
    ranking = index.lexical([term], k=10, filter=Filter())
    np.testing.assert_allclose(ranking.scores, sorted((s for s in expected if s), reverse=True), rtol=1e-5)
    assert words(index, ranking.rows)[0] == texts[int(np.argmax(expected))]


def test_lexical_finds_nothing_for_words_that_no_passage_holds(index: EmbeddedIndex) -> None:
    assert len(index.lexical(["xyzzy"], k=10, filter=Filter())) == 0
    assert len(index.lexical([], k=10, filter=Filter())) == 0


def test_lexical_scores_are_added_up_by_weight(index: EmbeddedIndex) -> None:
    one = index.lexical(["archief"], k=10, filter=Filter())
    half = index.lexical({"archief": 0.5}, k=10, filter=Filter())
    np.testing.assert_array_equal(half.rows, one.rows)
    np.testing.assert_allclose(half.scores, one.scores / 2)
    both = index.lexical({"archief": 0.5, "raad": 1.0}, k=10, filter=Filter())
    raad = index.lexical(["raad"], k=10, filter=Filter())
    np.testing.assert_allclose(both.scores, half.scores + raad.scores)


def test_a_phrase_finds_only_passages_that_hold_all_of_it(index: EmbeddedIndex) -> None:
    assert words(index, index.lexical({"raad archief": 1.0}, k=10, filter=Filter()).rows) == [
        "De raad vraagt om een archief."
    ]
    assert len(index.lexical({"gemeente archief": 1.0}, k=10, filter=Filter())) == 0
    phrase = index.lexical({"raad archief": 0.5}, k=10, filter=Filter())
    terms = index.lexical(["raad", "archief"], k=10, filter=Filter())
    np.testing.assert_allclose(phrase.scores, terms.scores[:1] / 2)


def test_compounds_and_their_parts_find_each_other(tmp_path: Path) -> None:
    texts = {
        REPORT: ["Het raadsinformatiesysteem werkt.", "De raad krijgt informatie uit een systeem."],
        DECK: ["Een raad wil informatie. Een systeem.", "De raad, de informatie en het systeem.", "De rest."],
    }
    write_index(tmp_path, texts)
    opened = EmbeddedIndex.open(tmp_path)
    for query in ("informatiesysteem raad", "raadsinformatiesysteem", "systemen"):
        terms = expand_query(query, lexicon=opened.lexicon, synonyms=Synonyms.of([])).terms
        found = words(opened, opened.lexical(terms, k=10, filter=Filter()).rows)
        assert sorted(found) == sorted(text for some in texts.values() for text in some if text != "De rest.")
    whole = expand_query("raadsinformatiesysteem", lexicon=opened.lexicon, synonyms=Synonyms.of([])).terms
    best = words(opened, opened.lexical(whole, k=1, filter=Filter()).rows)
    assert best == ["Het raadsinformatiesysteem werkt."]


def test_the_lexicon_does_not_depend_on_the_order_of_documents(tmp_path: Path) -> None:
    for name, texts in (("one", TEXTS), ("other", dict(reversed(TEXTS.items())))):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, texts)
    one, other = ((tmp_path / name / "lexical" / "lexicon.tsv").read_bytes() for name in ("one", "other"))
    assert one == other


@pytest.mark.parametrize(
    ("allowed", "documents"),
    [
        (Filter(kinds=frozenset({Kind.PRESENTATIE})), {DECK}),
        (Filter(events=frozenset({EVENING.id})), {REPORT}),
        (Filter(events=frozenset({EVENING.name})), {REPORT}),
        (Filter(languages=frozenset({"en"})), {PAPER}),
        (Filter(documents=frozenset({DECK.id, PAPER.id})), {DECK, PAPER}),
        (Filter(date_from=dt.date(2024, 1, 1)), {DECK}),
        (Filter(date_to=dt.date(2023, 12, 31)), {REPORT}),
        (Filter(date_from=dt.date(2023, 1, 1), date_to=dt.date(2024, 12, 31)), {REPORT, DECK}),
        (Filter(kinds=frozenset({Kind.PRESENTATIE}), languages=frozenset({"en"})), set()),
    ],
)
def test_filters_hold_before_the_top_is_taken_in_both_retrievers(
    index: EmbeddedIndex, allowed: Filter, documents: set[object]
) -> None:
    expected = {found.id for found in documents}  # type: ignore[attr-defined]
    dense = index.dense(WordEncoder().encode_query("zaaksysteem").vector, k=6, filter=allowed)
    assert {found.passage.document_id for found in index.passages(dense.rows)} == expected
    terms = [term for text in ("zaaksysteem archief", "archives", "dank") for term in analyse_query(text)]
    lexical = index.lexical(terms, k=6, filter=allowed)
    assert {found.passage.document_id for found in index.passages(lexical.rows)} == expected


def test_a_filter_reaches_the_best_of_what_it_allows_with_k_of_one(index: EmbeddedIndex) -> None:
    only = Filter(documents=frozenset({PAPER.id}))
    assert (
        words(index, index.dense(WordEncoder().encode_query("zaaksysteem").vector, k=1, filter=only).rows)
        == TEXTS[PAPER]
    )


def test_the_same_words_know_each_other_case_and_punctuation_aside(index: EmbeddedIndex) -> None:
    found = {record.passage.text: record for record in index.passages(range(6))}
    one, other = found["Dank voor uw komst."], found["Dank voor uw komst!"]
    assert one.twins == (other.row,)
    assert other.twins == (one.row,)
    assert found["De raad vraagt om een archief."].twins == ()


def test_outlines_tell_of_passages_what_their_records_do(index: EmbeddedIndex) -> None:
    rows = [5, 0, 3, 3, 1, 2, 4]
    told = [Outline(one.row, one.passage.document_id, one.twins) for one in index.passages(rows)]
    assert index.outlines(rows) == told
    assert any(one.twins for one in told)
    assert index.outlines([]) == []


def test_a_document_without_passages_has_no_outline(tmp_path: Path) -> None:
    write_index(tmp_path, {PAPER: [""], REPORT: ["De raad vraagt."], DECK: [""], record("z.md"): [""]})
    assert EmbeddedIndex.open(tmp_path).outlines([0]) == [Outline(0, REPORT.id)]


def test_near_identical_passages_know_each_other_by_the_first_of_them(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(6)]
    texts = [" ".join(words), " ".join([*words, "w6"]), " ".join([*words, "w6", "w7"])]
    write_index(tmp_path, {REPORT: texts[:1], DECK: texts[1:2], PAPER: texts[2:]})
    found = EmbeddedIndex.open(tmp_path).passages(range(3))
    # The third is near to the second, but not to the first.
    assert [record.twins for record in found] == [(1,), (0,), ()]


def test_of_many_alike_each_knows_all_others_in_order(tmp_path: Path) -> None:
    foot = "Dit verslag is opgesteld door de griffie."
    write_index(tmp_path, {REPORT: [foot, "De raad vraagt."], DECK: [foot, foot], PAPER: [foot]})
    found = EmbeddedIndex.open(tmp_path).passages(range(5))
    assert [record.twins for record in found] == [(2, 3, 4), (), (0, 3, 4), (0, 2, 4), (0, 2, 3)]


def test_records_come_back_as_they_were(index: EmbeddedIndex) -> None:
    assert index.documents() == list(TEXTS)
    assert index.documents([PAPER.id, REPORT.id]) == [PAPER, REPORT]
    assert index.document_rows(DECK.id) == range(3, 5)
    (found,) = index.passages([4])
    np.testing.assert_array_equal(
        index.vector(4), WordEncoder().encode_passages([embedded_text(found.passage)])[0].vector
    )
    assert index.passage_row(found.passage.id) == 4
    assert found.passage.locator.slide == 2
    assert index.facets().kinds == {"paper": 1, "presentatie": 1, "verslag": 1}
    assert index.facets().events == {EVENING: 1}
    assert index.facets().languages == {"nl": 2, "en": 1}


def idf(holders: int, passages: int = 6) -> float:
    return math.log(1 + (passages - holders + 0.5) / (holders + 0.5))


def test_words_are_known_by_their_share_weighted_by_rarity(index: EmbeddedIndex) -> None:
    """Worked out by hand: of six passages two hold "zaaksysteem", one "raad", and none "vliegtuig".

    The idf of a word in n of them is ln(1 + (6 - n + 0.5) / (n + 0.5)).
    """
    query = expand_query("zaaksysteem raad vliegtuig", lexicon=index.lexicon, synonyms=Synonyms.of([]))
    total = idf(2) + idf(1) + idf(0)
    assert index.known(query.words) == pytest.approx((idf(2) + idf(1)) / total)


def test_a_word_is_known_once_in_any_of_its_forms(index: EmbeddedIndex) -> None:
    # "archives" is one word that a Dutch and an English passage would hold in forms of their own.
    query = expand_query("archives archives", lexicon=index.lexicon, synonyms=Synonyms.of([]))
    assert len(query.words) == 1
    assert index.known(query.words) == 1


def test_single_letters_are_no_sign_that_a_subject_is_known(index: EmbeddedIndex) -> None:
    query = expand_query("a b 1 2 zaaksysteem", lexicon=index.lexicon, synonyms=Synonyms.of([]))
    assert query.words == expand_query("zaaksysteem", lexicon=index.lexicon, synonyms=Synonyms.of([])).words
    assert expand_query("b c 1", lexicon=index.lexicon, synonyms=Synonyms.of([])).words == ()


def test_a_passage_that_holds_two_forms_of_a_word_counts_once(index: EmbeddedIndex) -> None:
    """Two passages hold "zaaksysteem" and another "archives": taken for one word, three of six hold it."""
    query = expand_query("zaaksysteem archives vliegtuig", lexicon=index.lexicon, synonyms=Synonyms.of([]))
    system, archives, plane = query.words
    known = index.known([[*system, *system, *archives], plane])
    assert known == pytest.approx(idf(3) / (idf(3) + idf(0)))


def test_of_no_words_and_of_unknown_ones_none_is_known(index: EmbeddedIndex) -> None:
    assert index.known([]) == 0
    assert index.known([["vliegtuig"]]) == 0


def test_token_vectors_come_back_with_their_passage(index: EmbeddedIndex) -> None:
    encoder = WordEncoder()
    query = encoder.encode_query("archief van de raad").tokens
    rows = np.array([4, 1])
    found = index.late_interaction(query, rows)
    assert found is not None
    kept = [encoder.encode_passages([text])[0].tokens for text in words(index, rows)]
    np.testing.assert_allclose(found, [(query @ one.T).max(axis=1).mean() for one in kept], atol=0.02)
    similarities = index.token_similarities(query, 1)
    assert similarities is not None
    assert similarities.shape == (4, 6)
    key = embedded_hash(index.passages([1])[0].passage)
    np.testing.assert_array_equal(index.vectors_by_hash([key])[key].tokens, quantise(kept[1]))


def rewrite_manifest(folder: Path, **values: object) -> None:
    """Other values in a manifest, with a checksum that is right."""
    content = json.dumps({**json.loads((folder / MANIFEST).read_text()), **values}).encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / CHECKSUM).write_text(f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n")


def test_unknown_ids_are_not_found(index: EmbeddedIndex) -> None:
    for ask in (index.passage_row, index.document_rows, lambda name: index.documents([name])):
        with pytest.raises(NotFound, match="nope"):
            ask("nope")


def test_many_threads_read_the_same_answers(index: EmbeddedIndex) -> None:
    query = WordEncoder().encode_query("zaaksysteem archief").vector
    expected = words(index, index.dense(query, k=6, filter=Filter()).rows)
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: words(index, index.dense(query, k=6, filter=Filter()).rows), range(400))
        assert all(one == expected for one in found)


def test_vectors_and_passages_that_differ_in_number_are_refused(tmp_path: Path) -> None:
    one = StoredVectors.of(WordEncoder().encode_query("een"))
    with IndexWriter(tmp_path, dimension=DIMENSION) as writer:
        writer.add(REPORT, index_passages(tmp_path), [one, one])
        with pytest.raises(ValueError, match="1 passages"):
            writer.finish()


def test_sentences_and_their_vectors_that_differ_in_number_are_refused(tmp_path: Path) -> None:
    (passage,) = index_passages(tmp_path)
    encoder = WordEncoder()
    one, other = encoder.encode_queries(["een", "twee"])
    two = StoredVectors.of(one, [one.vector, other.vector])
    (tmp_path / "own").mkdir()
    with IndexWriter(tmp_path / "own", dimension=DIMENSION, has_sentences=True) as writer:
        writer.add(REPORT, [passage], [two])
        with pytest.raises(ValueError, match="1 sentences"):
            writer.finish()


def index_passages(tmp_path: Path) -> list:  # type: ignore[type-arg]
    (tmp_path / "other").mkdir()
    write_index(tmp_path / "other", {REPORT: ["Een passage."]})
    return [found.passage for found in EmbeddedIndex.open(tmp_path / "other").passages([0])]


@pytest.mark.parametrize(
    "name",
    [
        "vectors.faiss",
        "passages.sqlite",
        "lexical/weights.npy",
        "lexical/terms.txt",
        "lexical/lexicon.tsv",
        "tokens.i8",
        "tokens.npy",
        "sentences.i8",
        "sentences.npy",
    ],
)
def test_one_flipped_bit_is_detected_at_open(tmp_path: Path, name: str) -> None:
    write_index(tmp_path, TEXTS)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorruptIndex, match=name):
        EmbeddedIndex.open(tmp_path)


def test_a_missing_file_and_a_broken_manifest_are_detected(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    (tmp_path / "vectors.faiss").unlink()
    with pytest.raises(CorruptIndex, match="kb build"):
        EmbeddedIndex.open(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(CorruptIndex, match="manifest"):
        EmbeddedIndex.open(tmp_path)


def test_another_format_version_is_refused_with_the_command_that_rebuilds(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    rewrite_manifest(tmp_path, format_version=99)
    with pytest.raises(IncompatibleIndex, match="kb build"):
        EmbeddedIndex.open(tmp_path)


def test_a_flip_anywhere_in_any_file_is_detected_at_open(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    chance = random.Random(4)  # noqa: S311
    for file in [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]:
        content = file.read_bytes()
        places = {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(6))}
        for at in places:
            flipped = bytearray(content)
            flipped[at] ^= 1 << chance.randrange(8)
            file.write_bytes(flipped)
            with pytest.raises(CorruptIndex, match="kb build"):
                EmbeddedIndex.open(tmp_path)
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(CorruptIndex):
            EmbeddedIndex.open(tmp_path)
        file.write_bytes(content)
    EmbeddedIndex.open(tmp_path).close()


def test_the_manifests_own_checksum_can_be_checked_by_hand(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    done = subprocess.run(["sha256sum", "--check", "--strict", CHECKSUM], cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_extra_missing_and_irregular_files_are_detected(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    (tmp_path / "extra").write_text("")
    with pytest.raises(CorruptIndex, match="does not belong"):
        EmbeddedIndex.open(tmp_path)
    (tmp_path / "extra").unlink()
    (tmp_path / ".DS_Store").write_text("what a file manager leaves does no harm")
    EmbeddedIndex.open(tmp_path).close()
    tokens = tmp_path / "tokens.npy"
    tokens.rename(tmp_path.parent / "elsewhere")
    tokens.symlink_to(tmp_path.parent / "elsewhere")
    with pytest.raises(CorruptIndex, match="is no file"):
        EmbeddedIndex.open(tmp_path)
    tokens.unlink()
    os.mkfifo(tokens)
    with pytest.raises(CorruptIndex, match="is no file"):
        EmbeddedIndex.open(tmp_path)


def test_files_of_another_generation_are_detected(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    write_index(tmp_path / "one", TEXTS)
    write_index(tmp_path / "other", {PAPER: ["Something else."]})
    shutil.copytree(tmp_path / "one", tmp_path / "renamed")
    with pytest.raises(CorruptIndex, match="holds the files of generation one"):
        EmbeddedIndex.open(tmp_path / "renamed")
    shutil.copy(tmp_path / "other" / "vectors.faiss", tmp_path / "one" / "vectors.faiss")
    with pytest.raises(CorruptIndex, match="vectors"):
        EmbeddedIndex.open(tmp_path / "one")


@pytest.mark.parametrize(
    "values",
    [
        {"documents": "3"},
        {"passages": -1},
        {"created": "yesterday"},
        {"created": "2026-01-01T00:00:00"},
        {"encoder": None},
        {"encoder": {"model": "m"}},
        {"sources": {"a": 1}},
        {"files": {"../outside": "0" * 64}},
        {"files": {"/etc/passwd": "0" * 64}},
        {"files": {"vectors.faiss": "short"}},
        {"files": []},
        {"generation": 7},
        {"corpus": None},
        {"format_version": None},
        {"format_version": "5"},
    ],
)
def test_a_manifest_with_values_of_another_type_is_refused(tmp_path: Path, values: dict[str, object]) -> None:
    write_index(tmp_path, TEXTS)
    rewrite_manifest(tmp_path, **values)
    with pytest.raises(CorruptIndex):
        EmbeddedIndex.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"[" * 100_000, b"\xff", b"7"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    write_index(tmp_path, TEXTS)
    (tmp_path / MANIFEST).write_bytes(content)
    (tmp_path / CHECKSUM).write_text(f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n")
    with pytest.raises(CorruptIndex):
        EmbeddedIndex.open(tmp_path)


def test_the_format_before_has_no_checksum_of_its_manifest_and_must_be_built_again(tmp_path: Path) -> None:
    write_index(tmp_path, TEXTS)
    rewrite_manifest(tmp_path, format_version=3)
    (tmp_path / CHECKSUM).unlink()
    with pytest.raises(IncompatibleIndex, match="kb build"):
        EmbeddedIndex.open(tmp_path)


def _shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])


def _other_dimension(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4] ^= 1
    file.write_bytes(content)


def _changed(file: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)


def _far_label(file: Path) -> None:
    _changed(file, "INSERT INTO labels VALUES (0, 1000000)")


def _unknown_statement(file: Path) -> None:
    _changed(file, "INSERT INTO statements VALUES (0, 'roep', 0, 1, NULL, NULL, NULL, 0)")


def _no_theme(file: Path) -> None:
    _changed(file, "INSERT INTO themes (theme) VALUES ('[]')")


def _far_row(file: Path) -> None:
    values = np.load(file)
    values[0] = 10**6
    np.save(file, values)


def _no_rows(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("DELETE FROM passages WHERE row > 2")
        database.commit()


def _broken_record(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE documents SET record = '{}'")
        database.commit()


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("vectors.faiss", _shorten),
        ("vectors.faiss", _other_dimension),
        ("vectors.faiss", lambda file: file.write_bytes(b"")),
        ("passages.sqlite", _shorten),
        ("passages.sqlite", _no_rows),
        ("passages.sqlite", _broken_record),
        ("passages.sqlite", lambda file: file.write_bytes(b"no database" * 1000)),
        ("passages.sqlite", _far_label),
        ("passages.sqlite", _unknown_statement),
        ("passages.sqlite", _no_theme),
        ("tokens.i8", _shorten),
        ("tokens.npy", _shorten),
        ("tokens.npy", _far_row),
        ("sentences.i8", _shorten),
        ("sentences.i8", lambda file: file.unlink()),
        ("sentences.npy", _shorten),
        ("sentences.npy", _far_row),
        ("lexical/rows.npy", _far_row),
        ("lexical/rows.npy", _shorten),
        ("lexical/starts.npy", _far_row),
        ("lexical/starts.npy", _shorten),
        ("lexical/weights.npy", _shorten),
        ("lexical/weights.npy", lambda file: file.write_bytes(b"")),
        ("lexical/terms.txt", lambda file: file.write_text("raad\n")),
        ("lexical/terms.txt", lambda file: file.write_text(file.read_text() + "nog een\n")),
        ("lexical/terms.txt", lambda file: file.write_bytes(b"\xff" + file.read_bytes())),
        ("lexical/lexicon.tsv", lambda file: file.write_text("one column")),
        ("lexical/lexicon.tsv", lambda file: file.unlink()),
    ],
)
def test_files_of_another_shape_are_refused_and_never_end_the_process(
    tmp_path: Path, name: str, harm: object
) -> None:
    """Their checksums are right here, as in an archive that somebody made with ill intent."""
    manifest = write_index(tmp_path, TEXTS)
    harm(tmp_path / name)  # type: ignore[operator]
    write_manifest(tmp_path, manifest)
    script = "import sys\nfrom pathlib import Path\nfrom kb.index.embedded import EmbeddedIndex\n"
    script += "from kb.errors import CorruptIndex\n"
    with pytest.raises(CorruptIndex):
        EmbeddedIndex.open(tmp_path)


def test_on_a_full_disk_an_index_is_whole_or_its_writing_fails(tmp_path: Path) -> None:
    """FAISS and NumPy close a file without seeing that its end was not written: at each of these sizes
    another file meets the end of the disk."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=False).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    failed = 0
    try:
        for used in range(36, 256, 4):
            folder = disk / f"index-{used}"
            folder.mkdir()
            (disk / "rest").write_bytes(bytes(used * 1024))
            try:
                write_index(folder, TEXTS)
                EmbeddedIndex.open(folder).close()
            except (OSError, sqlite3.Error):
                failed += 1
            shutil.rmtree(folder)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
    assert 10 < failed < 55


@pytest.mark.parametrize("k", [0, 1, 7, 200, 10_000])
def test_the_best_scores_are_found_among_many(k: int) -> None:
    random = np.random.default_rng(6)
    for count in (0, 5, 300, 70_001):
        # Many are equal, and many are nothing.
        scores = np.floor(random.random(count) * 40).astype(np.float32) * (random.random(count) < 0.6)
        rows = [row for row in np.lexsort((np.arange(count), -scores)) if scores[row] > 0]
        assert best_rows(scores.astype(np.float32), k).tolist() == rows[:k]
