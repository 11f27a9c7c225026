"""How likely it is that a question is answered by what was found."""

from __future__ import annotations

import math

# Relevance judges by the mean over a question's words, so a question that differs from the documents in one
# word ("the mayor of Rotterdam") passes for theirs. No passage has a word for that one. On the questions of
# BENCHMARKS.md the weakest token weighs as much as relevance: both in standard deviations, around its mean.
_MEAN_WEAKEST = 0.784
_PER_UNIT = 16.7


def confidence(relevance: float, weakest: float | None) -> float:
    """The estimate, of the relevance of the best passage and of the question's token that is covered least.

    `weakest` is its best similarity with a token of the best passages; None without token vectors.
    """
    if weakest is None:
        return relevance
    kept = min(max(relevance, 1e-9), 1 - 1e-9)
    logit = math.log(kept / (1 - kept)) + _PER_UNIT * (weakest - _MEAN_WEAKEST)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
