"""Ranks passages for a query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kb.arranging import Ranked, by_document, collapse, documents_of, other_places, ranked, spread
from kb.embedding import Encoder
from kb.hits import FurtherPassage, GroupBy, Hit, Hits, Page, SimilarPassage
from kb.index import Filter, Index, Ranking, Rows, Scores
from kb.language import Synonyms, expand_query, matching_spans
from kb.periods import Period, find_period, fit, without_period

# Passages that each retriever proposes. More of them changes nothing that can be told from noise.
DEPTH = 200
# Weight of the dense retriever in the fusion, and of a document's date where the query names a period, in
# standard deviations of the score; both in BENCHMARKS.md.
DENSE_WEIGHT = 0.65
PERIOD_WEIGHT = 1.5
# What a document without a certain date gets for its date: it may well be of the period.
UNDATED_FIT = 0.5


class Mode(StrEnum):
    """Which retrievers are asked."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as the retrievers are asked it.

    `terms` are weighted (`kb.language.expand_query`); `corrections` are (word as typed, word probably
    meant). With a `period`, `dense_text` is the query without its words: a vector of "najaar 2018" lies
    near every text that names a year, while the date itself says which documents are meant.
    """

    text: str
    dense_text: str
    terms: Mapping[str, float]
    corrections: tuple[tuple[str, str], ...] = ()
    period: Period | None = None


def read_query(text: str, *, index: Index, synonyms: Synonyms, today: dt.date | None) -> Query:
    """A query as `search` asks it. Without `today` no period is read from it."""
    expansion = expand_query(text, lexicon=index.lexicon, synonyms=synonyms)
    period = find_period(text, today=today) if today else None
    return Query(
        text=text,
        dense_text=without_period(text, period) if period else text,
        terms=expansion.terms,
        corrections=expansion.corrections,
        period=period,
    )


def search(
    index: Index, encoder: Encoder, query: Query, *, mode: Mode = Mode.HYBRID, filter: Filter, page: Page
) -> Hits:
    """The hits of `query` that `page` asks for, best first.

    Near-identical passages are one hit, which names the other places in `also_in`. A period in the query
    prefers documents of that time. A document has its next hits after every other had its turn.
    """
    found = ranked(index, rank(index, encoder, query, mode=mode, filter=filter))
    if query.period:
        found = _prefer(query.period, found, index)
    found = collapse(found)
    found = by_document(found) if page.group_by is GroupBy.DOCUMENT else spread(found)
    shown = found[page.offset : page.offset + page.limit]
    return Hits(total=len(found), hits=_hits(index, query, shown, first=page.offset + 1))


def similar(index: Index, passage_id: str, *, filter: Filter, limit: int) -> tuple[SimilarPassage, ...]:
    """The passages whose vectors lie nearest to that of a passage, nearest first.

    Left out are those of its own document and those that are near-identical to it. Raises `NotFound`.
    """
    row = index.passage_row(passage_id)
    (own,) = index.passages([row])
    left_out = {*index.document_rows(own.passage.document_id), *own.twins}
    nearest = index.dense(index.vector(row), k=DEPTH + len(left_out), filter=filter)
    kept = [at for at, other in enumerate(nearest.rows) if int(other) not in left_out]
    found = collapse(ranked(index, Ranking(nearest.rows[kept], nearest.scores[kept])))[:limit]
    places, documents = other_places(index, found), documents_of(index, found)
    return tuple(
        SimilarPassage(
            similarity=min(max(one.score, 0.0), 1.0),
            passage=one.record.passage,
            document=documents[one.document_id],
            also_in=places[one.record.row],
        )
        for one in found
    )


def rank(index: Index, encoder: Encoder, query: Query, *, mode: Mode, filter: Filter) -> Ranking:
    """The ranking of passages for a query by their words, before near-identical ones are collapsed."""
    if mode is Mode.LEXICAL:
        return index.lexical(query.terms, k=DEPTH, filter=filter)
    vector = encoder.encode_query(query.dense_text)
    dense = index.dense(vector, k=DEPTH, filter=filter)
    if mode is Mode.DENSE:
        return dense
    lexical = index.lexical(query.terms, k=DEPTH, filter=filter)
    rows: Rows = np.union1d(dense.rows, lexical.rows)
    return fuse(rows, index.scores(vector, rows), index.lexical_scores(query.terms, rows))


def fuse(rows: Rows, dense: Scores, lexical: Scores) -> Ranking:
    """A convex combination of both retrievers' standardised scores (Bruch, Gai and Ingber 2023).

    Each row has its true score of both retrievers, also where only one of them proposed it.
    """
    scores = DENSE_WEIGHT * _standardise(dense) + (1 - DENSE_WEIGHT) * _standardise(lexical)
    order = np.lexsort((rows, -scores))
    return Ranking(rows[order], scores[order].astype(np.float32))


def _standardise(scores: Scores) -> npt.NDArray[np.float64]:
    """Mean 0 and standard deviation 1; all zeros where the scores do not differ."""
    if not len(scores):
        return np.empty(0, np.float64)
    wide = scores.astype(np.float64)
    deviation = wide.std()
    return (wide - wide.mean()) / deviation if deviation > 0 else np.zeros_like(wide)


def _prefer(period: Period, found: Sequence[Ranked], index: Index) -> list[Ranked]:
    """The same passages with the date of their documents counted in, best first."""
    days = {document.id: document.date for document in index.documents()}
    dated = [
        Ranked(one.record, one.score + PERIOD_WEIGHT * _fit(period, days[one.document_id])) for one in found
    ]
    # Sorting is stable: equals keep the order of their words.
    return sorted(dated, key=lambda one: -one.score)


def _fit(period: Period, day: dt.date | None) -> float:
    return fit(period, day) if day else UNDATED_FIT


def _hits(index: Index, query: Query, found: Sequence[Ranked], *, first: int) -> tuple[Hit, ...]:
    places, documents = other_places(index, found), documents_of(index, found)
    return tuple(
        Hit(
            rank=number,
            score=one.score,
            passage=one.record.passage,
            document=documents[one.document_id],
            highlights=_highlights(index, query, one),
            also_in=places[one.record.row],
            further=tuple(
                FurtherPassage(
                    score=other.score,
                    passage=other.record.passage,
                    highlights=_highlights(index, query, other),
                )
                for other in one.further
            ),
        )
        for number, one in enumerate(found, first)
    )


def _highlights(index: Index, query: Query, found: Ranked) -> tuple[tuple[int, int], ...]:
    return tuple(matching_spans(found.record.passage.text, query.terms, index.lexicon))
