"""The second stage: scores of the first passages by what reads query and passage together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kb.candidates import Candidates, Floats, Query
from kb.embedding import Encoded
from kb.hits import SecondStage
from kb.index import Index

# Passages of which late interaction is computed between two looks at the clock.
_AT_ONCE = 25


class Reranker(Protocol):
    """A model that scores pairs of texts: a cross-encoder."""

    def scores(self, query: str, texts: Sequence[str], *, deadline: float) -> Floats | None:
        """One score a text, of shape (texts,), higher is better; None when `deadline` passes first.

        `deadline` is a reading of `time.perf_counter`.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranking:
    """How the second stage is done: by a model, or without one by the index's own token vectors.

    `seconds` bounds its time.
    """

    reranker: Reranker | None = None
    seconds: float = 1.0

    def scores(
        self, index: Index, query: Query, encoded: Encoded, candidates: Candidates
    ) -> tuple[Floats | None, SecondStage]:
        """The scores of these candidates, of shape (passages,), and what gave them; None without any."""
        deadline = time.perf_counter() + self.seconds
        if self.reranker:
            texts = [record.passage.text for record in index.passages(candidates.rows)]
            scores = self.reranker.scores(query.text, texts, deadline=deadline)
            return scores, SecondStage.TIMED_OUT if scores is None else SecondStage.CROSS_ENCODER
        parts: list[Floats] = [np.empty(0)]
        for at in range(0, len(candidates.rows), _AT_ONCE):
            late = index.late_interaction(encoded.tokens, candidates.rows[at : at + _AT_ONCE])
            if late is None:
                return None, SecondStage.OFF
            if time.perf_counter() >= deadline:
                return None, SecondStage.TIMED_OUT
            parts.append(late)
        return np.concatenate(parts), SecondStage.LATE_INTERACTION
