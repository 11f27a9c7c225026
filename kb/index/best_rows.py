"""The best of some scores in the one order that rankings have, and of many without putting all in order."""

from __future__ import annotations

import numpy as np

from kb.index import Ranking, Rows, Scores

# Scores of which only the best is looked at first: some 4,000 blocks of a million passages.
_BLOCK = 256


def _floor(scores: Scores, k: int) -> float:
    """What the k best scores have at least: the k-th best of the best of some blocks of them."""
    blocks = len(scores) // _BLOCK
    if blocks <= k:
        return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) > k else 0.0
    best = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    return float(np.partition(best, blocks - k)[blocks - k])


def best_rows(scores: Scores, k: int) -> Rows:
    """The rows of the k best scores above 0, best first; equal scores by row, so that ties are stable."""
    if k < 1:
        return np.empty(0, np.int64)
    rows: Rows = np.flatnonzero((scores > 0) & (scores >= _floor(scores, k)))
    return best(rows, scores[rows], k).rows


def best(rows: Rows, scores: Scores, k: int) -> Ranking:
    """The k best of these rows, of which the scores have the same shape (n,): best first, and equal ones by
    row, so that ties are stable."""
    order = np.lexsort((rows, -scores))[:k]
    return Ranking(rows[order], scores[order])


def best_scored(rows: Rows, scores: Scores, k: int) -> Ranking:
    """The k best of these rows with a score above 0: the others have nothing of what is asked."""
    is_scored = scores > 0
    return best(rows[is_scored], scores[is_scored], k)
