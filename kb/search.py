"""Ranks passages for a query."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kb.arranging import (
    MAX_PER_DOCUMENT,
    Ranked,
    arrange,
    collapse,
    documents_of,
    hit_of,
    other_places,
    ranked,
    records_of,
    spread,
)
from kb.best_sentence import best_sentence
from kb.candidates import DEPTH, Candidates, Floats, Query, gather
from kb.embedding import Encoded
from kb.faceting import facet_values, values_of
from kb.fusion import first_stage, second_stage
from kb.hits import Facet, FacetValue, FurtherPassage, Hit, Hits, Page, SecondStage, SimilarPassage, Sort
from kb.index import DocumentRecord, Filter, Index, PassageRecord, Ranking, Rows
from kb.index.telling import told_of
from kb.language import Matching, Synonyms, expand_query
from kb.models import Models
from kb.periods import find_period, without_period
from kb.relevance import Signals, relevance
from kb.search_request import Mode
from kb.weights import Weights

# Passages that the second stage orders again. Of the right ones 93 in 100 are among them (BENCHMARKS.md).
RERANKED = 100
# Passages that tell how well the documents cover a question (BENCHMARKS.md): some of those ordered again.
_JUDGED_BY = 50
# The best of these that count: one passage alone may fit by chance.
_BEST = 5
# Passages that an answer is chosen from: more of them hold it seldom, and mislead oftener.
ANSWERED_BY = MAX_PER_DOCUMENT

Rerank = Callable[[Candidates], tuple[Floats | None, SecondStage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that weights are applied to of one query, so that other weights can be tried without asking again.

    `second` are the scores of the second stage, which was `stage`, and `late` those of late interaction;
    both of shape (candidates,), None without them. `ids` are those of the candidates' passages.
    """

    candidates: Candidates
    second: Floats | None
    stage: SecondStage
    late: Floats | None
    ids: Sequence[str]

    def hits(self, weights: Weights, limit: int) -> list[tuple[str, Signals, Signals]]:
        """The ids of the first hits as `search` shows them with these weights, and what is known of each:
        with the token vectors of the index, if any, and without."""
        found, _ = order(self.candidates, weights, self._rerank)
        judging = _Judging(self.candidates, found, self._late)
        first = [one.outline for one in spread(found)[:limit]]
        at = np.searchsorted(self.candidates.rows, [one.row for one in first])
        return [
            (self.ids[place], judging.signals(one.row), judging.signals_without_tokens(one.row))
            for place, one in zip(at, first, strict=True)
        ]

    def _late(self, chosen: Candidates) -> Floats | None:
        return None if self.late is None else self.late[self._at(chosen)]

    def _rerank(self, chosen: Candidates) -> tuple[Floats | None, SecondStage]:
        return None if self.second is None else self.second[self._at(chosen)], self.stage

    def _at(self, chosen: Candidates) -> Rows:
        return np.searchsorted(self.candidates.rows, chosen.rows)


def read_query(text: str, *, index: Index, synonyms: Synonyms, today: dt.date | None) -> Query:
    """A query as `search` asks it. Without `today` no period is read from it."""
    expansion = expand_query(text, lexicon=index.lexicon, synonyms=synonyms)
    period = find_period(text, today=today) if today else None
    return Query(
        text=text,
        dense_text=without_period(text, period) if period else text,
        terms=expansion.terms,
        words=expansion.words,
        corrections=expansion.corrections,
        period=period,
    )


def search(
    index: Index, models: Models, query: Query, *, mode: Mode = Mode.HYBRID, filter: Filter, page: Page
) -> Hits:
    """The hits of `query` that `page` asks for, best first.

    Near-identical passages are one hit, which names the other places in `also_in`. A period in the query
    prefers documents of that time. A document has its next hits after every other had its turn. A single
    retriever is what it is compared as: without dates, second stage and relevance, so that no passage is
    too little relevant.
    """
    run = _Hybrid(index, models, query, filter) if mode is Mode.HYBRID else None
    found = run.found if run else collapse(ranked(index, _single(index, models, query, mode, filter)))
    best = run.relevance(found[0].row) if run and found else None
    if run and page.min_relevance is not None:
        found = [one for one in found if run.relevance(one.row) >= page.min_relevance]
    asks_documents = page.group_by or page.facets or page.sort is Sort.DATE
    documents = documents_of(index, found) if asks_documents else {}
    hits = arrange(found, page, documents)
    shown = hits[page.offset : page.offset + page.limit]
    return Hits(
        total=len(hits),
        second_stage=run.stage if run else SecondStage.OFF,
        best=best,
        facets=_facets(index, found, hits, page, documents) if page.facets else {},
        hits=_hits(index, query, shown, first=page.offset + 1, run=run),
        first=run.first if run else (),
    )


def _facets(
    index: Index,
    found: Sequence[Ranked],
    hits: Sequence[Ranked],
    page: Page,
    documents: Mapping[str, DocumentRecord],
) -> dict[Facet, tuple[FacetValue, ...]]:
    """The values of all hits, counted over the passages that they are made of."""
    key = hit_of(page, documents)
    kept = {key(one) for one in hits}
    counted = [one for one in found if key(one) in kept]
    values = values_of(index, page.facets, counted, documents)
    return {facet: facet_values(counted, values[facet], key) for facet in page.facets}


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
    records, documents = records_of(index, found), documents_of(index, found)
    places, told = other_places(index, list(records.values())), told_of(index, list(records.values()))
    return tuple(
        SimilarPassage(
            similarity=min(max(one.score, 0.0), 1.0),
            passage=records[one.row].passage,
            document=documents[one.document_id],
            told=told[one.row],
            also_in=places[one.row],
            also_in_total=len(one.outline.twins),
        )
        for one in found
    )


def observe(index: Index, models: Models, query: Query) -> Observed:
    """A query's candidates, all of them scored as `search` scores the first ones, however long it takes."""
    encoded = _encoded(models, query)
    candidates = gather(index, query, encoded, filter=Filter())
    patient = replace(models.reranking, seconds=math.inf)
    second, stage = patient.scores(index, query, encoded, candidates)
    is_late = stage is SecondStage.LATE_INTERACTION
    late = second if is_late else index.late_interaction(encoded.tokens, candidates.rows)
    ids = [record.passage.id for record in index.passages(candidates.rows)]
    return Observed(candidates=candidates, second=second, stage=stage, late=late, ids=ids)


def order(candidates: Candidates, weights: Weights, rerank: Rerank) -> tuple[list[Ranked], SecondStage]:
    """The candidates without near-identical ones, best first, and what ordered the first of them again.

    `rerank` gives the scores of the second stage for these first ones.
    """
    scores = first_stage(candidates, weights)
    found = collapse(
        Ranked(candidates.outlines[at], float(scores[at])) for at in np.argsort(-scores, kind="stable")
    )
    first, rest = found[:RERANKED], found[RERANKED:]
    chosen = candidates.among([one.outline for one in first])
    again, stage = rerank(chosen)
    if again is None:
        return found, stage
    scores = second_stage(chosen, again, weights)
    best = [Ranked(first[at].outline, float(scores[at])) for at in np.argsort(-scores, kind="stable")]
    # The rest stays below, its differences as they were.
    shift = best[-1].score - first[-1].score if best else 0.0
    return best + [Ranked(one.outline, one.score + shift) for one in rest], stage


class _Hybrid:
    """One query asked of both retrievers, fused, and its first passages ordered again.

    `found` is the ranking without near-identical passages, `stage` tells what the second stage was.
    """

    def __init__(self, index: Index, models: Models, query: Query, filter: Filter) -> None:
        self._index = index
        self._models = models
        self._query = query
        self._encoded = _encoded(models, query)
        self._candidates = gather(index, query, self._encoded, filter=filter)
        # MaxSim by row of the passages that the second stage ordered by it, so that it is computed once.
        self._maxsim: dict[int, float] = {}
        self.found, self.stage = order(self._candidates, models.weights, self._rerank)
        self._judging = _Judging(self._candidates, self.found, self._late)

    @property
    def first(self) -> tuple[PassageRecord, ...]:
        """The passages that an answer is chosen from, the best first."""
        # A document has as many in its first turn, so `spread` begins with these as well.
        return tuple(self._index.passages([one.row for one in self.found[:ANSWERED_BY]]))

    def relevance(self, row: int) -> float:
        """How likely it is that the passage in this row, which was found, answers the query."""
        return relevance(self._judging.signals(row), self._models.weights)

    def best_sentence(self, record: PassageRecord) -> tuple[int, int] | None:
        """Where the sentence of a passage stands that fits the query best."""
        return best_sentence(self._index, self._models.encoder, record, self._encoded)

    def _late(self, chosen: Candidates) -> Floats | None:
        if self._maxsim:
            return np.array([self._maxsim[row] for row in chosen.rows.tolist()])
        return self._index.late_interaction(self._encoded.tokens, chosen.rows)

    def _rerank(self, chosen: Candidates) -> tuple[Floats | None, SecondStage]:
        scores, stage = self._models.reranking.scores(self._index, self._query, self._encoded, chosen)
        if scores is not None and stage is SecondStage.LATE_INTERACTION:
            self._maxsim = dict(zip(chosen.rows.tolist(), scores.tolist(), strict=True))
        return scores, stage


class _Judging:
    """What is known of the passages that were found; `late` gives the MaxSim of some of them."""

    def __init__(
        self, candidates: Candidates, found: Sequence[Ranked], late: Callable[[Candidates], Floats | None]
    ) -> None:
        first = candidates.among([one.outline for one in found[:_JUDGED_BY]])
        scores = late(first)
        self._without_tokens = Signals(best=_best(first.dense), has_tokens=False, known=candidates.known)
        self._first = (
            self._without_tokens
            if scores is None
            else replace(self._without_tokens, best=_best(scores), has_tokens=True)
        )
        self._ranks = {one.row: rank for rank, one in enumerate(found, 1)}

    def signals(self, row: int) -> Signals:
        return replace(self._first, rank=self._ranks[row])

    def signals_without_tokens(self, row: int) -> Signals:
        return replace(self._without_tokens, rank=self._ranks[row])


def _best(scores: Floats) -> float:
    """The mean of the largest; 0 without any."""
    return float(np.sort(scores)[-_BEST:].mean()) if len(scores) else 0.0


def _single(index: Index, models: Models, query: Query, mode: Mode, filter: Filter) -> Ranking:
    if mode is Mode.LEXICAL:
        return index.lexical(query.terms, k=DEPTH, filter=filter)
    return index.dense(_encoded(models, query).vector, k=DEPTH, filter=filter)


def _encoded(models: Models, query: Query) -> Encoded:
    return query.encoded or models.encoder.encode_query(query.dense_text)


def _hits(
    index: Index, query: Query, found: Sequence[Ranked], *, first: int, run: _Hybrid | None
) -> tuple[Hit, ...]:
    every = [other for one in found for other in (one, *one.further)]
    records, documents = records_of(index, every), documents_of(index, every)
    places = other_places(index, [records[one.row] for one in found])
    told = told_of(index, list(records.values()))
    matching = Matching(query.terms, index.lexicon)
    return tuple(
        Hit(
            rank=number,
            score=one.score,
            relevance=run.relevance(one.row) if run else None,
            passage=records[one.row].passage,
            document=documents[one.document_id],
            highlights=_highlights(matching, records[one.row]),
            best_sentence=run.best_sentence(records[one.row]) if run else None,
            also_in=places[one.row],
            also_in_total=len(one.outline.twins),
            told=told[one.row],
            further=tuple(
                FurtherPassage(
                    score=other.score,
                    relevance=run.relevance(other.row) if run else None,
                    passage=records[other.row].passage,
                    document=documents[other.document_id],
                    highlights=_highlights(matching, records[other.row]),
                    told=told[other.row],
                )
                for other in one.further
            ),
        )
        for number, one in enumerate(found, first)
    )


def _highlights(matching: Matching, found: PassageRecord) -> tuple[tuple[int, int], ...]:
    return tuple(matching.spans(found.passage.text))
