"""An index in a folder on this machine: FAISS for vectors, mapped postings, SQLite for the rest."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kb.documents import Access
from kb.errors import CorruptIndex, NotFound
from kb.index import (
    DocumentRecord,
    Facets,
    Filter,
    Manifest,
    Mask,
    Outline,
    PassageRecord,
    Ranking,
    Rows,
    Scores,
    Terms,
    Words,
)
from kb.index.best_rows import best_rows
from kb.index.columns import DocumentColumns
from kb.index.connections import Connections
from kb.index.copying import KeptDocument, Prepared, read_prepared, read_rows, read_works
from kb.index.holds import hold
from kb.index.idf import known_share
from kb.index.label_queries import LabelTables
from kb.index.labels import Label, LabelCount, LabelFacet, StatementRecord
from kb.index.manifests import MANIFEST, read_manifest, verify
from kb.index.opening import (
    UNREADABLE,
    check_database,
    open_lexicon,
    open_postings,
    open_sentence_vectors,
    open_token_vectors,
    open_vectors,
)
from kb.index.records import Twins, document_record, fetch
from kb.index.stored import StoredVectors
from kb.index.vector_lists import Codes
from kb.language import Lexicon
from kb.themes import Theme

# What the disk, SQLite and FAISS raise when an index cannot be written.
NOT_WRITTEN = (OSError, sqlite3.Error, RuntimeError)

# What a build tells of itself, beside what is searched.
REPORT = "report.json"

# SQLite's bound on variables in one statement is far above this in every build of it.
_VARIABLES = 500


class EmbeddedIndex:
    """The files of one generation, opened for reading. Safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Open a generation whose checksums have been verified; see `open`."""
        self._folder = folder
        self._manifest = manifest
        self._passages = manifest.passages
        self._last_mask: tuple[Filter, Mask] | None = None
        self._held: weakref.finalize[..., EmbeddedIndex] | None = None
        check_database(folder)
        self._connections = Connections(folder)
        try:
            self._read(manifest)
        except BaseException:
            self._connections.close()
            raise

    def _read(self, manifest: Manifest) -> None:
        folder = self._folder
        with self._connections.lent() as database:
            rows = database.execute(
                "SELECT record, first_passage, passages FROM documents ORDER BY row"
            ).fetchall()
            (passages,) = database.execute("SELECT count(*) FROM passages").fetchone()
            self._twins = Twins(database)
        self._records = [document_record(record) for record, _, _ in rows]
        self._spans = [range(first, first + count) for _, first, count in rows]
        self._counts = [count for _, _, count in rows]
        self._columns = DocumentColumns(self._records)
        self._starts = np.array([span.start for span in self._spans], np.int64)
        told = (manifest.passages, manifest.passages, manifest.documents)
        if (passages, _length(self._spans), len(rows)) != told:
            raise ValueError(
                f"it holds {len(rows)} documents and {passages} passages where {MANIFEST} says "
                f"{manifest.documents} and {self._passages}"
            )
        self._labels = LabelTables(self._connections, passages=self._passages, documents=len(rows))
        self._facets = Facets.of(
            self._records, {facet: self._labels.counts(facet, None) for facet in LabelFacet}
        )
        self._vectors = open_vectors(folder, manifest)
        self._postings = open_postings(folder, passages=self._passages)
        self._lexicon = self._open_lexicon = open_lexicon(folder, self._postings)
        if any(record.access is not Access.OPEN for record in self._records):
            is_open = self._mask(Filter(only_open=True))
            self._open_lexicon = open_lexicon(folder, self._postings, is_open=is_open)
        self._tokens = open_token_vectors(folder, manifest)
        self._sentences = open_sentence_vectors(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the generation in `folder` after every checksum has been verified.

        It is held until it is closed or forgotten: `Generations.prune` leaves it alone. FAISS has no checksum
        of its own: a damaged file loads and answers wrongly. Raises `CorruptIndex` or `IncompatibleIndex`.
        """
        descriptor = hold(folder)
        try:
            manifest = read_manifest(folder)
            verify(folder, manifest)
            index = cls(folder, manifest)
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, UNREADABLE):
                raise CorruptIndex(
                    f"{folder} cannot be read ({error}). Build the index again: kb build"
                ) from error
            raise
        index._held = weakref.finalize(index, os.close, descriptor)
        return index

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    @property
    def lexicon(self) -> Lexicon:
        return self._lexicon

    @property
    def open_lexicon(self) -> Lexicon:
        return self._open_lexicon

    @property
    def folder(self) -> Path:
        """Where its files lie."""
        return self._folder

    def report(self) -> dict[str, Any]:
        """What the build that made it told; empty for an index without. Raises `CorruptIndex`."""
        if REPORT not in self._manifest.files:
            return {}
        file = self._folder / REPORT
        try:
            report = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise CorruptIndex(f"{file} cannot be read ({error}). Build the index again: kb build") from error
        return report if isinstance(report, dict) else {}

    def dense(self, vector: npt.NDArray[np.float32], *, k: int, filter: Filter) -> Ranking:
        return self._vectors.nearest(vector, k=k, mask=None if filter.is_open else self._mask(filter))

    def lexical(self, terms: Terms, *, k: int, filter: Filter) -> Ranking:
        scores = self._postings.scores(terms, self._passages)
        if not filter.is_open:
            scores = scores * self._mask(filter)
        rows = best_rows(scores, k)
        return Ranking(rows, scores[rows])

    def scores(self, vector: npt.NDArray[np.float32], rows: Rows) -> Scores:
        products: Scores = self._vectors.at(rows) @ np.asarray(vector, np.float32)
        return products

    def lexical_scores(self, terms: Terms, rows: Rows) -> Scores:
        scores: Scores = self._postings.scores(terms, self._passages)[np.asarray(rows, np.int64)]
        return scores

    def vector(self, row: int) -> npt.NDArray[np.float32]:
        vector: npt.NDArray[np.float32] = self._vectors.at(np.array([row]))[0]
        return vector

    def holders(self, term: str) -> Rows:
        return self._postings.holders(term)

    def known(self, words: Words) -> float:
        column = self._postings.column
        return known_share([[column(term) for term in terms] for terms in words], self._passages)

    def late_interaction(self, tokens: npt.NDArray[np.float32], rows: Rows) -> Scores | None:
        return self._tokens.maxsim(tokens, rows) if self._tokens else None

    def token_similarities(self, tokens: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float32] | None:
        return self._tokens.similarities(tokens, row) if self._tokens else None

    def sentence_scores(self, vector: npt.NDArray[np.float32], row: int) -> Scores | None:
        if not self._sentences:
            return None
        scores: Scores = self._sentences.similarities(np.atleast_2d(vector).astype(np.float32), row)[0]
        return scores

    def outlines(self, rows: Iterable[int]) -> list[Outline]:
        wanted = np.fromiter(rows, np.int64)
        # The last document that begins there or before: one without passages begins where the next does.
        documents = np.searchsorted(self._starts, wanted, side="right") - 1
        return [
            Outline(row, self._records[document].id, self._twins.of(row))
            for row, document in zip(wanted.tolist(), documents.tolist(), strict=True)
        ]

    def passages(self, rows: Iterable[int]) -> list[PassageRecord]:
        wanted = [int(row) for row in rows]
        found: dict[int, PassageRecord] = {}
        with self._connections.lent() as database:
            for at in range(0, len(wanted), _VARIABLES):
                found.update(fetch(database, wanted[at : at + _VARIABLES], self._twins))
        return [found[row] for row in wanted]

    def documents(self, ids: Iterable[str] | None = None) -> list[DocumentRecord]:
        if ids is None:
            return list(self._records)
        return [self._records[self._document_row(identifier)] for identifier in ids]

    def passage_row(self, passage_id: str) -> int:
        with self._connections.lent() as database:
            found = database.execute("SELECT row FROM passages WHERE id = ?", (passage_id,)).fetchone()
        if not found:
            raise NotFound(f"There is no passage {passage_id} in generation {self._manifest.generation}")
        return int(found[0])

    def document_rows(self, document_id: str) -> range:
        return self._spans[self._document_row(document_id)]

    def rows(self, filter: Filter) -> Rows:
        rows: Rows = np.flatnonzero(self._mask(filter)).astype(np.int64)
        return rows

    def labelled(self, facet: LabelFacet, values: Collection[str]) -> Rows:
        return self._labels.labelled(facet, values)

    def labels_of(self, rows: Iterable[int], facets: Collection[LabelFacet]) -> dict[int, tuple[Label, ...]]:
        return self._labels.labels_of(rows, facets)

    def label_counts(
        self, facet: LabelFacet, *, documents: Collection[str] | None = None
    ) -> list[LabelCount]:
        row_of = self._columns.row_of
        within = None if documents is None else {row_of[one] for one in documents if one in row_of}
        return self._labels.counts(facet, within)

    def statements(self, document_ids: Iterable[str]) -> dict[str, tuple[StatementRecord, ...]]:
        rows = {self._document_row(identifier): identifier for identifier in document_ids}
        return {rows[row]: found for row, found in self._labels.statements(rows).items()}

    def themes(self) -> tuple[Theme, ...]:
        return self._labels.themes

    def facets(self) -> Facets:
        return self._facets

    def vectors_by_hash(self, hashes: Iterable[str]) -> dict[str, StoredVectors]:
        """What is kept of passages with these hashes
        (`kb.index.stored.embedded_hash`), as far as there are any."""
        wanted = list(hashes)
        found: dict[str, int] = {}
        with self._connections.lent() as database:
            for at in range(0, len(wanted), _VARIABLES):
                some = wanted[at : at + _VARIABLES]
                marks = ",".join("?" * len(some))
                query = f"SELECT embedded, row FROM passages WHERE embedded IN ({marks})"  # noqa: S608
                found.update(database.execute(query, some).fetchall())
        return {
            key: StoredVectors(self.vector(row), self.codes(row), self.sentence_codes(row))
            for key, row in found.items()
        }

    def hashes(self) -> list[str]:
        """The hash of what was embedded of each passage, in no order."""
        with self._connections.lent() as database:
            return [found for (found,) in database.execute("SELECT embedded FROM passages")]

    def texts(self, document_id: str) -> list[str]:
        """The texts of a document's passages, in reading order. Raises `NotFound`."""
        rows = self.document_rows(document_id)
        query = "SELECT text FROM passages WHERE row >= ? AND row < ? ORDER BY row"
        with self._connections.lent() as database:
            return [text for (text,) in database.execute(query, (rows.start, rows.stop))]

    def works(self) -> Mapping[str, int]:
        """The row of each document that may be copied, by its `kb.index.copying.Prepared.work`."""
        with self._connections.lent() as database:
            return read_works(database)

    def prepared(self, document: int) -> tuple[DocumentRecord, Prepared]:
        """The document in this row of `works`, and what is known of it besides."""
        with self._connections.lent() as database:
            return self._records[document], read_prepared(database, document)

    def kept(self, document: int) -> KeptDocument:
        """All that is stored of the document in this row."""
        rows = self._spans[document]
        with self._connections.lent() as database:
            passages, labels, statements = read_rows(database, document, rows)
        vectors = self._vectors.at(np.arange(rows.start, rows.stop))
        return KeptDocument(
            passages=passages, labels=labels, statements=statements, vectors=vectors,
            tokens=self._tokens.run(rows) if self._tokens else None,
            sentences=self._sentences.run(rows) if self._sentences else None,
        )  # fmt: skip

    def close(self) -> None:
        self._connections.close()
        if self._held:
            self._held()

    def codes(self, row: int) -> Codes:
        """The codes of one passage's tokens, of shape (tokens, token dimension); none in an index without."""
        return self._tokens.codes(row) if self._tokens else np.empty((0, 0), np.int8)

    def sentence_codes(self, row: int) -> Codes:
        """The codes of one passage's sentences, of shape (sentences, dimension); none in an index without."""
        return self._sentences.codes(row) if self._sentences else np.empty((0, 0), np.int8)

    def _document_row(self, document_id: str) -> int:
        row = self._columns.row_of.get(document_id)
        if row is None:
            raise NotFound(f"There is no document {document_id} in generation {self._manifest.generation}")
        return row

    def _mask(self, filter: Filter) -> Mask:
        """Which passages the filter allows, of shape (passages,).

        The last one is kept: both retrievers ask it, and every query of whoever may not see all.
        """
        last = self._last_mask
        if last and last[0] == filter:
            return last[1]
        mask: Mask = np.repeat(self._columns.allowed(filter), self._counts)
        for facet, values in filter.labels.items():
            having = np.zeros_like(mask)
            having[self._labels.labelled(facet, values)] = True
            mask &= having
        self._last_mask = (filter, mask)
        return mask


def _length(spans: list[range]) -> int:
    """How many rows documents have together. Raises `ValueError` unless each follows the one before."""
    end = 0
    for span in spans:
        if span.start != end or span.stop < span.start:
            raise ValueError("the passages of its documents do not follow each other")
        end = span.stop
    return end
