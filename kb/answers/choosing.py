"""Which sentences of the best passages answer a question.

A sentence fits as its tokens and its own vector do, and as its passage was found; what stands beside it
counts too, since an answer is often spread over sentences that follow each other. How the weights were found
stands in BENCHMARKS.md; others near them choose as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.answers import MAX_SENTENCES
from kb.index import PassageRecord
from kb.near_duplicates import Words, words_of

_RANK = 2.0
_NEIGHBOURS = 0.6
_ADJACENT = 2.0
# Headings and list marks: they name a subject and say nothing of it.
_FEW_WORDS = 4
_FEW = 2.0

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sentence of a passage that was found, in place `rank` from 1.

    `fit` is the mean over the question's tokens of the best token of the sentence, `similarity` the cosine of
    their vectors; 0 for all where the index does not keep what they are computed from.
    """

    record: PassageRecord
    rank: int
    start: int
    end: int
    fit: float = 0.0
    similarity: float = 0.0

    @property
    def text(self) -> str:
        """Its words."""
        return self.record.passage.text[self.start : self.end]


def choose(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The sentences that answer best, at most `MAX_SENTENCES`, the best first.

    `candidates` are all sentences of some passages, those of a passage together and in reading order.
    """
    scores = _scores(candidates)
    chosen: list[int] = []
    words = [words_of(one.text) for one in candidates]
    said: set[Words] = set()
    while len(chosen) < MAX_SENTENCES:
        left = [at for at in range(len(candidates)) if at not in chosen and words[at] not in said]
        if not left:
            break
        best = max(left, key=lambda at: scores[at] + _ADJACENT * _is_beside(at, chosen, candidates))
        chosen.append(best)
        said.add(words[best])
    return [candidates[at] for at in chosen]


def _scores(candidates: Sequence[Candidate]) -> Floats:
    """How well each sentence fits, of shape (candidates,)."""
    own = (
        _standardised([one.fit for one in candidates])
        + _standardised([one.similarity for one in candidates])
        - _RANK * np.log([one.rank for one in candidates])
    )
    near = [[own[other] for other in _beside(at, candidates)] for at in range(len(candidates))]
    around = np.array([float(np.mean(some)) if some else 0.0 for some in near])
    few = np.array([len(one.text.split()) < _FEW_WORDS for one in candidates], np.bool_)
    scores: Floats = own + _NEIGHBOURS * around - _FEW * few
    return scores


def _standardised(values: Sequence[float]) -> Floats:
    """Less their mean, in standard deviations; 0 where all are alike."""
    found = np.array(values, np.float64)
    deviation = found.std() if len(found) else 0.0
    standardised: Floats = (found - found.mean()) / deviation if deviation > 1e-9 else np.zeros(len(found))
    return standardised


def _beside(at: int, candidates: Sequence[Candidate]) -> Iterator[int]:
    """The sentences before and after one in its passage."""
    for other in (at - 1, at + 1):
        if 0 <= other < len(candidates) and candidates[other].rank == candidates[at].rank:
            yield other


def _is_beside(at: int, chosen: Sequence[int], candidates: Sequence[Candidate]) -> bool:
    return any(other in chosen for other in _beside(at, candidates))
