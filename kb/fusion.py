"""Scores of several retrievers into one order."""

from __future__ import annotations

import numpy as np

from kb.candidates import Candidates, Floats
from kb.weights import Weights


def first_stage(candidates: Candidates, weights: Weights) -> Floats:
    """A convex combination of both retrievers' standardised scores (Bruch, Gai and Ingber 2023) and the fit
    of the dates, of shape (passages,)."""
    return _combined(candidates, candidates.dense, candidates.lexical, 1 - weights.dense, weights)


def second_stage(candidates: Candidates, late: Floats, weights: Weights) -> Floats:
    """The same of `late`, the scores of the second stage, and the square roots of the lexical ones.

    Among the first passages a few that repeat the query's words would otherwise outweigh all others.
    """
    return _combined(candidates, late, np.sqrt(candidates.lexical), 1 - weights.late, weights)


def _combined(
    candidates: Candidates, semantic: Floats, lexical: Floats, lexical_share: float, weights: Weights
) -> Floats:
    # The lexical share follows the query. In another language than the documents' they know few of its
    # words, and those that they know mislead.
    share = lexical_share * (weights.foreign + (1 - weights.foreign) * candidates.known)
    fused: Floats = (
        (1 - share) * standardise(semantic) + share * standardise(lexical) + weights.period * candidates.fit
    )
    return fused


def standardise(scores: Floats) -> Floats:
    """Mean 0 and standard deviation 1; all zeros where the scores do not differ."""
    if not len(scores):
        return np.empty(0, np.float64)
    wide = scores.astype(np.float64)
    deviation = wide.std()
    return (wide - wide.mean()) / deviation if deviation > 0 else np.zeros_like(wide)
