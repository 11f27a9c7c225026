"""Whether the parts of an index agree with each other: what its checksums cannot tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from kb.chunking import sentences
from kb.documents import Access, Passage, stable_id
from kb.index import DocumentRecord
from kb.index.embedded import EmbeddedIndex
from kb.index.opening import open_database, open_postings, open_vectors
from kb.index.stored import embedded_hash
from kb.language import word_terms, words
from kb.language.terms import code_of

_AT_ONCE = 500
_MISCOUNTED = """
WITH counted AS (
    SELECT label, document, count(*) FROM labels JOIN passages ON passages.row = labels.row
    GROUP BY label, document
)
SELECT EXISTS (SELECT * FROM counted EXCEPT SELECT * FROM document_labels)
    OR (SELECT count(*) FROM counted) <> (SELECT count(*) FROM document_labels)
"""
# How far the length of a stored vector may be from 1: it is a sum of float32 or bfloat16 products.
_LENGTH = 0.01


def inspect(index: EmbeddedIndex) -> Iterator[str]:
    """What is wrong with the parts of an open index, one sentence each."""
    folder, manifest = index.folder, index.manifest
    database = open_database(folder)
    try:
        yield from _database(database)
        hashes = dict(database.execute("SELECT row, embedded FROM passages"))
    except sqlite3.Error as error:
        yield f"passages.sqlite cannot be read ({error})"
        return
    finally:
        database.close()
    yield from _vectors(index)
    holding = _Holding(index)
    seen: set[str] = set()
    for record in index.documents():
        rows = index.document_rows(record.id)
        if record.id != stable_id("document", record.source) or record.passages != len(rows):
            yield f"document {record.source} is not the one that its passages are of"
        passages = [found.passage for found in index.passages(rows)]
        yield from _document(record, passages)
        for row, passage in zip(rows, passages, strict=True):
            if passage.id in seen:
                yield f"passage {passage.id} occurs twice"
            seen.add(passage.id)
            if hashes.get(row) != embedded_hash(passage):
                yield f"passage {passage.id} of {record.source} is not what was embedded"
            if manifest.has_sentences and len(index.sentence_codes(row)) != len(sentences(passage.text)):
                yield f"passage {passage.id} of {record.source} has not one vector for each sentence"
            if not holding.agrees(row, passage, record):
                yield f"passage {passage.id} of {record.source} has the postings of other words"
    if len(seen) != manifest.passages:
        yield f"{len(seen)} passages are there where the manifest says {manifest.passages}"


def _database(database: sqlite3.Connection) -> Iterator[str]:
    found = [text for (text,) in database.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        yield f"passages.sqlite is damaged: {found[0]}"
    for table in ("documents", "passages"):
        query = f"SELECT count(*), min(row), max(row) FROM {table}"  # noqa: S608
        count, first, last = database.execute(query).fetchone()
        if count and (first, last) != (0, count - 1):
            yield f"the rows of {table} do not count from 0 to {count - 1}"
    (is_miscounted,) = database.execute(_MISCOUNTED).fetchone()
    if is_miscounted:
        yield "the labels of documents are not those of their passages"


def _vectors(index: EmbeddedIndex) -> Iterator[str]:
    total = index.manifest.passages
    vectors = open_vectors(index.folder, index.manifest)
    for start in range(0, total, _AT_ONCE):
        some = vectors.at(np.arange(start, min(start + _AT_ONCE, total)))
        lengths = np.linalg.norm(some, axis=1)
        # Not a number is not near to 1 either.
        for at in np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH)):
            yield f"the vector of passage {start + int(at)} has length {lengths[at]:.3f}, not 1"


def _document(record: DocumentRecord, passages: list[Passage]) -> Iterator[str]:
    turns: dict[str, int] = {}
    before = -1
    for ordinal, passage in enumerate(passages):
        name = f"passage {passage.id} of {record.source}"
        turn = turns[passage.text] = turns.get(passage.text, 0) + 1
        if passage.id != stable_id("passage", record.id, passage.text, str(turn)):
            yield f"{name} does not have the id of its words"
        if passage.ordinal != ordinal or passage.document_id != record.id:
            yield f"{name} is not in its place"
        if passage.end - passage.start != len(passage.text) or passage.start <= before:
            yield f"{name} is no slice of its document: {passage.start} to {passage.end}"
        before = passage.start


class _Holding:
    """Which terms the postings say that a passage holds, beside those that its words give."""

    def __init__(self, index: EmbeddedIndex) -> None:
        self._lexicons = {Access.OPEN: index.open_lexicon, Access.MEMBERS: index.lexicon}
        self._terms: dict[tuple[str, str, Access], frozenset[int | None]] = {}
        postings = open_postings(index.folder, passages=index.manifest.passages)
        self._vocabulary = postings.terms
        rows, starts = postings.rows, postings.starts
        order = np.argsort(rows, kind="stable")
        self._columns = np.repeat(np.arange(len(starts) - 1), np.diff(starts))[order]
        self._starts = np.searchsorted(rows[order], np.arange(index.manifest.passages + 1))

    def agrees(self, row: int, passage: Passage, record: DocumentRecord) -> bool:
        """Whether the postings of a row are those of a document's passage, no more and no fewer."""
        found = self._columns[self._starts[row] : self._starts[row + 1]].tolist()
        wanted: set[int | None] = set()
        for text in (passage.text, passage.context):
            for word in words(text):
                wanted |= self._of(word, code_of(record.language), record.access)
        return len(found) == len(wanted) and set(found) == wanted

    def _of(self, word: str, code: str, access: Access) -> frozenset[int | None]:
        key = (word, code, access)
        if key not in self._terms:
            terms = word_terms(word, code, self._lexicons[access])
            self._terms[key] = frozenset(self._vocabulary.get(term) for term in terms)
        return self._terms[key]
