"""Whether an estimated relevance means what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The hits whose estimates lie in one tenth of the scale: their mean, and the share that is right."""

    hits: int
    estimate: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Estimates beside what came of them.

    `bins` are those with hits, from low to high. `error` is the expected calibration error: the mean over
    all hits of the distance between a bin's two shares (Guo, Pleiss, Sun and Weinberger 2017). `brier` is
    the mean squared distance of an estimate from 1 where the hit is right, and from 0 where it is not.
    """

    hits: int
    bins: tuple[Bin, ...]
    error: float
    brier: float

    def as_json(self) -> dict[str, Any]:
        """The table for scripts."""
        return {
            "hits": self.hits,
            "expectedCalibrationError": round(self.error, 4),
            "brier": round(self.brier, 4),
            "bins": [
                {"hits": found.hits, "estimate": round(found.estimate, 4), "right": round(found.right, 4)}
                for found in self.bins
            ],
        }


def reliability(estimates: Sequence[float], right: Sequence[bool]) -> Reliability | None:
    """Judge the estimate of each hit, within 0 and 1, by whether it is right; None without hits."""
    if not len(estimates):
        return None
    values, labels = np.asarray(estimates, np.float64), np.asarray(right, np.float64)
    tenths = np.minimum((values * _BINS).astype(np.int64), _BINS - 1)
    bins = tuple(
        Bin(hits=int(own.sum()), estimate=float(values[own].mean()), right=float(labels[own].mean()))
        for own in (tenths == number for number in np.unique(tenths))
    )
    return Reliability(
        hits=len(values),
        bins=bins,
        error=sum(found.hits * abs(found.estimate - found.right) for found in bins) / len(values),
        brier=float(np.mean((values - labels) ** 2)),
    )
