"""How likely it is that a passage answers a query: an estimate within 0 and 1, and what it is called.

A logistic regression on signals that mean the same in every corpus: a similarity, a share of the query's
words, and the rank. Standardised scores would not do: they tell which passage is the best, not whether it
is any good.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from kb.weights import Weights


class Label(StrEnum):
    """Relevance in words, for readers."""

    STRONG = "sterk"
    MODERATE = "matig"
    WEAK = "zwak"
    NONE = "geen"


# From this relevance of the best passage on a question counts as answered.
ANSWERED_FROM = 0.30
# Where each label starts.
_FROM = ((0.5, Label.STRONG), (ANSWERED_FROM, Label.MODERATE), (0.05, Label.WEAK))


# Others (a passage's own cosine and MaxSim, the words that it holds) gain nothing on held-out questions.
@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is known of a passage for a query.

    `best` is the mean of the five largest MaxSim values, or cosines where the index has no token vectors
    (`has_tokens`), among the first fifty passages: how well the documents cover the question at all. `known`
    is the share of the query's words, weighted by rarity, that any passage holds. `rank` counts from 1 over
    all passages that were ranked.
    """

    best: float
    has_tokens: bool
    known: float
    rank: int = 1

    def values(self) -> dict[str, float]:
        """What the coefficient of each signal is multiplied by: of a rank, less its logarithm."""
        return {"best": self.best, "known": self.known, "rank": -math.log(self.rank)}


def relevance(signals: Signals, weights: Weights) -> float:
    """The estimate for one passage."""
    own = weights.relevance if signals.has_tokens else weights.relevance_without_tokens
    logit = own.intercept + sum(getattr(own, name) * value for name, value in signals.values().items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def label(estimate: float) -> Label:
    """What an estimate is called."""
    return next((name for start, name in _FROM if estimate >= start), Label.NONE)


def is_answered(best: float | None) -> bool:
    """True when a question counts as answered by the relevance of the best passage, None where not judged."""
    return best is None or best >= ANSWERED_FROM
