"""An index as everybody may see it: as if the documents for members were not there.

What is learned from all passages together is learned from the open ones when an index is written
(`kb.index.writing`), so a score or a correction tells nothing of the others either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.documents import Access
from kb.index import (
    Facets,
    Filter,
    Index,
    PassageRecord,
    Ranking,
    Rows,
    Scores,
    Terms,
)
from kb.index.labels import Label, LabelCount, LabelFacet, StatementRecord
from kb.index.views import View
from kb.language import Lexicon
from kb.reports import open_report
from kb.themes import Theme


def public_view(index: Index) -> Index:
    """The index itself where nothing of it is for members alone, else a view that hides what is."""
    has_members = any(record.access is not Access.OPEN for record in index.documents())
    report = index.report()
    return PublicView(index) if has_members or open_report(report) != report else index


class PublicView(View):
    """The open documents of an index. What is not open is answered as what does not exist."""

    def __init__(self, index: Index) -> None:
        self._index = index
        records = index.documents()
        self._records = {record.id: record for record in records if record.access is Access.OPEN}
        self._facets = Facets.of(
            self._records.values(), {facet: self.label_counts(facet) for facet in LabelFacet}
        )
        spans = [index.document_rows(identifier) for identifier in self._records]
        # Rows, not passages: of an index that is a view itself, some are nobody's.
        last = max((index.document_rows(record.id).stop for record in records), default=0)
        self._visible = np.zeros(last, np.bool_)
        for rows in spans:
            self._visible[rows.start : rows.stop] = True
        self._passages = int(self._visible.sum())
        sources = {record.source for record in self._records.values()}
        self._manifest = dataclasses.replace(
            index.manifest,
            documents=len(self._records),
            passages=self._passages,
            open_documents=None,
            open_passages=None,
            sources={path: hashes for path, hashes in index.manifest.sources.items() if path in sources},
        )

    @property
    def lexicon(self) -> Lexicon:
        """The words of its open passages."""
        return self._index.open_lexicon

    @property
    def open_lexicon(self) -> Lexicon:
        """The words of its open passages."""
        return self._index.open_lexicon

    def dense(self, vector: npt.NDArray[np.float32], *, k: int, filter: Filter) -> Ranking:
        """The k nearest open passages."""
        return self._index.dense(vector, k=k, filter=_open(filter))

    def lexical(self, terms: Terms, *, k: int, filter: Filter) -> Ranking:
        """The k best open passages."""
        return self._index.lexical(terms, k=k, filter=_open(filter))

    def scores(self, vector: npt.NDArray[np.float32], rows: Rows) -> Scores:
        """The inner product of `vector` with each of `rows`."""
        return self._index.scores(vector, self._checked(rows))

    def lexical_scores(self, terms: Terms, rows: Rows) -> Scores:
        """The BM25 score of each of `rows`."""
        return self._index.lexical_scores(terms, self._checked(rows))

    def holders(self, term: str) -> Rows:
        """The rows of the open passages that hold a term."""
        rows = self._index.holders(term)
        return rows[self._visible[rows]]

    def late_interaction(self, tokens: npt.NDArray[np.float32], rows: Rows) -> Scores | None:
        """MaxSim of a query's tokens with each of `rows`."""
        return self._index.late_interaction(tokens, self._checked(rows))

    def token_similarities(self, tokens: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float32] | None:
        """The similarities of a query's tokens and a passage's."""
        return self._index.token_similarities(tokens, int(self._checked([row])[0]))

    def sentence_scores(self, vector: npt.NDArray[np.float32], row: int) -> Scores | None:
        """The inner product of `vector` with each sentence of a passage."""
        return self._index.sentence_scores(vector, int(self._checked([row])[0]))

    def passages(self, rows: Iterable[int]) -> list[PassageRecord]:
        """The open passages in these rows, without the twins that are not."""
        found = self._index.passages(self._checked([int(row) for row in rows]))
        return [
            dataclasses.replace(record, twins=tuple(row for row in record.twins if self._visible[row]))
            for record in found
        ]

    def rows(self, filter: Filter) -> Rows:
        """The rows of the open passages that the filter allows."""
        return self._index.rows(_open(filter))

    def labelled(self, facet: LabelFacet, values: Collection[str]) -> Rows:
        """The rows of the open passages with any of these labels."""
        rows = self._index.labelled(facet, values)
        return rows[self._visible[rows]]

    def labels_of(self, rows: Iterable[int], facets: Collection[LabelFacet]) -> dict[int, tuple[Label, ...]]:
        """The labels of each of `rows`, all of which must be open."""
        return self._index.labels_of(self._checked([int(row) for row in rows]), facets)

    def label_counts(
        self, facet: LabelFacet, *, documents: Collection[str] | None = None
    ) -> list[LabelCount]:
        """The labels of a facet in these of the open documents, or in all of them."""
        asked = self._records.keys() if documents is None else self._records.keys() & documents
        return self._index.label_counts(facet, documents=asked)

    def statements(self, document_ids: Iterable[str]) -> dict[str, tuple[StatementRecord, ...]]:
        """The statements of open documents. Raises `NotFound`, also for the id of one that is not."""
        return self._index.statements([self._known(identifier) for identifier in document_ids])

    def themes(self) -> tuple[Theme, ...]:
        """The themes of the themes file: an operator's choice, not the documents'."""
        return self._index.themes()

    def report(self) -> Mapping[str, Any]:
        """What the build told of open documents. Raises `CorruptIndex`."""
        report = self._index.report()
        found = open_report(report)
        # Without a part of its own for them, nothing of it is for everybody.
        return {} if found is report and not self._visible.all() else found


def _open(filter: Filter) -> Filter:
    return dataclasses.replace(filter, only_open=True)
