"""Ranks passages for a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kb.documents import Passage
from kb.embedding import Encoder
from kb.index import DocumentRecord, Filter, Index, PassageRecord, Ranking, Rows, Scores
from kb.language import analyse_query, matching_spans

# Passages that each retriever proposes. Of a question's right passages that either finds among its
# first thousand, all but a few stand among the first 200.
DEPTH = 200
# Weight of the dense retriever in the fusion; see BENCHMARKS.md.
DENSE_WEIGHT = 0.65


class Mode(StrEnum):
    """Which retrievers are asked."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


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


def search(
    index: Index, encoder: Encoder, query: str, *, mode: Mode = Mode.HYBRID, filter: Filter, page: slice
) -> Hits:
    """The hits of `query` that `page` (start and stop) selects, best first.

    Passages with the same words are one hit, which names the other places in `also_in`.
    """
    terms = analyse_query(query)
    ranking = rank(index, encoder, query, terms=terms, mode=mode, filter=filter)
    groups = _collapse(index.passages(ranking.rows), ranking)
    chosen = groups[page]
    twins = {row for record, _ in chosen for row in record.twins}
    places = {record.row: record.passage for record in index.passages(sorted(twins))}
    identifiers = {record.passage.document_id for record, _ in chosen} | {
        passage.document_id for passage in places.values()
    }
    documents = {document.id: document for document in index.documents(sorted(identifiers))}
    hits = tuple(
        Hit(
            rank=rank_number,
            score=score,
            passage=record.passage,
            document=documents[record.passage.document_id],
            highlights=tuple(matching_spans(record.passage.text, terms)),
            also_in=tuple(
                Place(document=documents[places[row].document_id], passage=places[row])
                for row in record.twins
            ),
        )
        for rank_number, (record, score) in enumerate(chosen, (page.start or 0) + 1)
    )
    return Hits(total=len(groups), hits=hits)


def rank(
    index: Index, encoder: Encoder, query: str, *, terms: Sequence[str], mode: Mode, filter: Filter
) -> Ranking:
    """The ranking of passages for a query, before the same words are collapsed."""
    if mode is Mode.LEXICAL:
        return index.lexical(terms, k=DEPTH, filter=filter)
    vector = encoder.encode_query(query)
    dense = index.dense(vector, k=DEPTH, filter=filter)
    if mode is Mode.DENSE:
        return dense
    lexical = index.lexical(terms, k=DEPTH, filter=filter)
    return fuse(dense, lexical, dense_scores=index.scores(vector, lexical.rows))


def fuse(dense: Ranking, lexical: Ranking, *, dense_scores: Scores) -> Ranking:
    """A convex combination of both retrievers' standardised scores (Bruch, Gai and Ingber 2023).

    `dense_scores` holds the dense score of each lexical row, so that no passage is judged by a score
    that was never computed; a passage that the lexical retriever does not propose scores 0 there.
    """
    rows: Rows = np.union1d(dense.rows, lexical.rows)
    by_dense = np.zeros(len(rows), np.float32)
    by_dense[np.searchsorted(rows, lexical.rows)] = dense_scores
    by_dense[np.searchsorted(rows, dense.rows)] = dense.scores
    by_lexical = np.zeros(len(rows), np.float32)
    by_lexical[np.searchsorted(rows, lexical.rows)] = lexical.scores
    scores = DENSE_WEIGHT * _standardise(by_dense) + (1 - DENSE_WEIGHT) * _standardise(by_lexical)
    order = np.lexsort((rows, -scores))
    return Ranking(rows[order], scores[order].astype(np.float32))


def _standardise(scores: Scores) -> npt.NDArray[np.float64]:
    """Mean 0 and standard deviation 1; all zeros where the scores do not differ."""
    if not len(scores):
        return np.empty(0, np.float64)
    wide = scores.astype(np.float64)
    deviation = wide.std()
    return (wide - wide.mean()) / deviation if deviation > 0 else np.zeros_like(wide)


def _collapse(records: Sequence[PassageRecord], ranking: Ranking) -> list[tuple[PassageRecord, float]]:
    """One record, the best ranked, for each set of passages with the same words."""
    groups: dict[int, tuple[PassageRecord, float]] = {}
    for record, score in zip(records, ranking.scores, strict=True):
        groups.setdefault(min((record.row, *record.twins)), (record, float(score)))
    return list(groups.values())
