"""The passages that both retrievers propose for a query, with what is known of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb.embedding import Encoded
from kb.index import Filter, Index, Outline, Rows, Words
from kb.periods import Period, fit

Floats = npt.NDArray[np.floating]

# Passages that each retriever proposes. More of them changes nothing that can be told from noise.
DEPTH = 200
# What a document without a certain date gets for its date: it may well be of the period.
UNDATED_FIT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as the retrievers are asked it.

    `terms` are weighted (`kb.language.expand_query`), `words` the terms of each of its own words;
    `corrections` are (word as typed, word probably meant). With a `period`, `dense_text` is the query
    without its words: a vector of "najaar 2018" lies near every text that names a year, while the date
    itself says which documents are meant. `encoded` is `dense_text` where it was encoded beforehand.
    """

    text: str
    dense_text: str
    terms: Mapping[str, float]
    words: Words = ()
    corrections: tuple[tuple[str, str], ...] = ()
    period: Period | None = None
    encoded: Encoded | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Passages in the order of their rows, and of each its true scores of both retrievers, also where only
    one of them proposed it, and the fit of its date.

    All are of shape (passages,). `known` is the share of the query's words that any passage holds.
    """

    outlines: Sequence[Outline]
    rows: Rows
    dense: Floats
    lexical: Floats
    fit: Floats
    known: float

    def among(self, outlines: Sequence[Outline]) -> Candidates:
        """Those alone, in their order. All must be candidates."""
        at = np.searchsorted(self.rows, [one.row for one in outlines])
        return Candidates(
            outlines=outlines,
            rows=self.rows[at],
            dense=self.dense[at],
            lexical=self.lexical[at],
            fit=self.fit[at],
            known=self.known,
        )


def gather(index: Index, query: Query, encoded: Encoded, *, filter: Filter) -> Candidates:
    """The candidates for a query that was encoded without the words of its period."""
    dense = index.dense(encoded.vector, k=DEPTH, filter=filter)
    lexical = index.lexical(query.terms, k=DEPTH, filter=filter)
    rows: Rows = np.union1d(dense.rows, lexical.rows)
    outlines = index.outlines(rows)
    return Candidates(
        outlines=outlines,
        rows=rows,
        dense=index.scores(encoded.vector, rows),
        lexical=index.lexical_scores(query.terms, rows),
        fit=_fits(query.period, outlines, index),
        known=index.known(query.words),
    )


def _fits(period: Period | None, outlines: Sequence[Outline], index: Index) -> Floats:
    if not period:
        return np.zeros(len(outlines))
    ids = {one.document_id for one in outlines}
    days = {document.id: document.date for document in index.documents(ids)}
    return np.array([_fit(period, days[one.document_id]) for one in outlines])


def _fit(period: Period, day: dt.date | None) -> float:
    return fit(period, day) if day else UNDATED_FIT
