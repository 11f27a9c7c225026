"""How well the top hit tells questions that can be answered from those that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.relevance import ANSWERED_FROM

# The share of answerable questions that the third of the shares below keeps.
KEPT_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Answerable against unanswerable questions, by the relevance of the top hit.

    `auroc` is the chance that an answerable question's top hit has the higher relevance of a random
    pair. `wrongly_answered` is the share of unanswerable questions whose top hit is taken for an answer,
    `wrongly_refused` that of answerable ones whose top hit is not. `wrongly_answered_keeping` is the
    first share where the threshold keeps 90 % of the answerable questions. Where hits carry no
    relevance, `by_score` is true: the top hit's score takes its place, and every hit is taken for an
    answer.
    """

    answerable: int
    unanswerable: int
    by_score: bool
    auroc: float
    wrongly_answered: float
    wrongly_refused: float
    wrongly_answered_keeping: float

    def as_json(self) -> dict[str, Any]:
        """The shares for scripts."""
        return {
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "judgedBy": "score" if self.by_score else "relevance",
            "auroc": round(self.auroc, 4),
            "wronglyAnswered": round(self.wrongly_answered, 4),
            "wronglyRefused": round(self.wrongly_refused, 4),
            "wronglyAnsweredKeeping90": round(self.wrongly_answered_keeping, 4),
        }


def refusal(
    answerable: Sequence[float | None], unanswerable: Sequence[float | None], *, by_score: bool
) -> Refusal | None:
    """Judge the top relevance, or score, of each question; None for a question without hits.

    None when there are no questions of one of both kinds.
    """
    if not answerable or not unanswerable:
        return None
    right, wrong = (
        np.array([-np.inf if value is None else value for value in values], np.float64)
        for values in (answerable, unanswerable)
    )
    threshold = -np.inf if by_score else ANSWERED_FROM
    keeping = np.sort(right)[int((1 - KEPT_SHARE) * len(right))]
    return Refusal(
        answerable=len(right),
        unanswerable=len(wrong),
        by_score=by_score,
        auroc=auroc(right, wrong),
        wrongly_answered=float(np.mean(np.isfinite(wrong) & (wrong >= threshold))),
        wrongly_refused=float(np.mean(~(np.isfinite(right) & (right >= threshold)))),
        wrongly_answered_keeping=float(np.mean(np.isfinite(wrong) & (wrong >= keeping))),
    )


def auroc(positive: Sequence[float] | np.ndarray, negative: Sequence[float] | np.ndarray) -> float:
    """The area under the ROC curve, as Mann and Whitney's U over all pairs; a tie counts half."""
    ordered = np.sort(np.asarray(negative, np.float64))
    values = np.asarray(positive, np.float64)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return float(np.mean(below + up_to) / (2 * len(ordered)))
