"""Two evaluations side by side, so that nobody takes noise for progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from kb.evaluation.measures import Scores

RESAMPLES = 10_000
CONFIDENCE = 0.95
# With fewer queries than this a bootstrap finds too narrow an interval; of a single one it has no width.
FEWEST = 10
COMPARED = ("ndcgAt10", "recallAt5")
_SEED = 20_240_607
_AT_ONCE = 1_000_000


class Verdict(StrEnum):
    """What a difference says of the first of two."""

    BETTER = "better"
    WORSE = "worse"
    NOISE = "noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean of one minus that of the other, with its 95 % interval over the same queries."""

    queries: int
    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Better or worse where zero lies outside the interval, over enough queries to tell."""
        if self.queries < FEWEST:
            return Verdict.NOISE
        if self.low > 0:
            return Verdict.BETTER
        return Verdict.WORSE if self.high < 0 else Verdict.NOISE

    def as_json(self) -> dict[str, Any]:
        """The difference for scripts."""
        return {
            "difference": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "verdict": self.verdict.value,
        }


def compare(one: Scores, other: Scores, measures: Iterable[str] = COMPARED) -> dict[str, Difference]:
    """The difference of each measure between two ways of answering the same queries."""
    return {name: _difference(one[name], other[name]) for name in measures}


def _difference(one: Mapping[str, float], other: Mapping[str, float]) -> Difference:
    if one.keys() != other.keys():
        raise ValueError("Only evaluations of the same queries can be compared")
    return paired_bootstrap([one[query] - other[query] for query in sorted(one)])


def paired_bootstrap(differences: Sequence[float]) -> Difference:
    """The mean of paired differences and its percentile interval (Efron and Tibshirani 1993, chapter 13).

    The queries are drawn anew 10,000 times; the draw is the same at every call.
    """
    values = np.asarray(differences, np.float64)
    if not len(values):
        return Difference(queries=0, value=0.0, low=0.0, high=0.0)
    generator = np.random.default_rng(_SEED)
    resampled = np.empty(RESAMPLES, np.float64)
    step = max(1, _AT_ONCE // len(values))
    for start in range(0, RESAMPLES, step):
        stop = min(start + step, RESAMPLES)
        drawn = generator.integers(len(values), size=(stop - start, len(values)))
        resampled[start:stop] = values[drawn].mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Difference(queries=len(values), value=float(values.mean()), low=float(low), high=float(high))
