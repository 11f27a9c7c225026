"""Ranks passages for a query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kb.documents import Passage
from kb.embedding import Encoder
from kb.index import DocumentRecord, Filter, Index, PassageRecord, Ranking, Rows, Scores
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Another place where a hit's words stand."""

    document: DocumentRecord
    passage: Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage in the answer to a query.

    `rank` counts from 1 over all hits of the query, `score` orders them within it and means nothing
    beyond. `highlights` are [start, end) offsets of matching words in the passage's text.
    """

    rank: int
    score: float
    passage: Passage
    document: DocumentRecord
    highlights: tuple[tuple[int, int], ...] = ()
    also_in: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits and how many there are of the query in all."""

    total: int
    hits: tuple[Hit, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Group:
    """Passages with the same words: the best ranked one, and its score."""

    record: PassageRecord
    score: float


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
    index: Index, encoder: Encoder, query: Query, *, mode: Mode = Mode.HYBRID, filter: Filter, page: slice
) -> Hits:
    """The hits of `query` that `page` (start and stop) selects, best first.

    Passages with the same words are one hit, which names the other places in `also_in`. A period in
    the query prefers documents of that time.
    """
    ranking = rank(index, encoder, query, mode=mode, filter=filter)
    groups = _collapse(index.passages(ranking.rows), ranking)
    if query.period:
        groups = _prefer(query.period, groups, index)
    return Hits(total=len(groups), hits=_hits(index, query, groups[page], first=(page.start or 0) + 1))


def rank(index: Index, encoder: Encoder, query: Query, *, mode: Mode, filter: Filter) -> Ranking:
    """The ranking of passages for a query by their words, before the same words are collapsed."""
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


def _collapse(records: Sequence[PassageRecord], ranking: Ranking) -> list[_Group]:
    groups: dict[int, _Group] = {}
    for record, score in zip(records, ranking.scores, strict=True):
        groups.setdefault(min((record.row, *record.twins)), _Group(record, float(score)))
    return list(groups.values())


def _prefer(period: Period, groups: Sequence[_Group], index: Index) -> list[_Group]:
    """The groups with the date of their documents counted in, best first."""
    days = {document.id: document.date for document in index.documents()}
    twins = {found.row: found.passage.document_id for found in index.passages(_twins(groups))}

    def score(group: _Group) -> float:
        documents = [group.record.passage.document_id, *(twins[row] for row in group.record.twins)]
        return group.score + PERIOD_WEIGHT * max(_fit(period, days[document]) for document in documents)

    # Sorting is stable: equals keep the order of their words.
    return sorted((_Group(group.record, score(group)) for group in groups), key=lambda group: -group.score)


def _fit(period: Period, day: dt.date | None) -> float:
    return fit(period, day) if day else UNDATED_FIT


def _twins(groups: Sequence[_Group]) -> list[int]:
    return sorted({row for group in groups for row in group.record.twins})


def _hits(index: Index, query: Query, groups: Sequence[_Group], *, first: int) -> tuple[Hit, ...]:
    places = {found.row: found.passage for found in index.passages(_twins(groups))}
    passages = [group.record.passage for group in groups] + list(places.values())
    identifiers = sorted({passage.document_id for passage in passages})
    documents = {document.id: document for document in index.documents(identifiers)}
    return tuple(
        Hit(
            rank=number,
            score=group.score,
            passage=group.record.passage,
            document=documents[group.record.passage.document_id],
            highlights=tuple(matching_spans(group.record.passage.text, query.terms, index.lexicon)),
            also_in=tuple(
                Place(document=documents[places[row].document_id], passage=places[row])
                for row in group.record.twins
            ),
        )
        for number, group in enumerate(groups, first)
    )
