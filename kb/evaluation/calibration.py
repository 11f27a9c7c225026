"""Fits the relevance of hits to what is known to be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.evaluation.logistic import fit_logistic
from kb.evaluation.refusal import auroc
from kb.evaluation.reliability import Reliability, reliability
from kb.relevance import Signals, relevance
from kb.weights import RelevanceWeights, Weights

_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedHit:
    """A hit of a question: what is known of it, also as if its index had no token vectors, and whether it
    holds the answer."""

    signals: Signals
    without_tokens: Signals
    is_right: bool
    is_answerable: bool

    def known(self, *, tokens: bool) -> Signals:
        """What is known of it with or without token vectors."""
        return self.signals if tokens else self.without_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How good the relevance of hits is: whether it means what it says, and what it tells apart.

    `auroc` is the chance that the top hit of a question with an answer has a higher relevance than that of
    one without; None where all questions are of one kind.
    """

    reliability: Reliability | None
    auroc: float | None

    def as_json(self) -> dict[str, Any]:
        """The measures for scripts."""
        return {
            "reliability": self.reliability.as_json() if self.reliability else None,
            "auroc": None if self.auroc is None else round(self.auroc, 4),
        }


def fit_relevance(
    hits: Sequence[JudgedHit], *, otherwise: RelevanceWeights, tokens: bool = True
) -> RelevanceWeights:
    """The logistic regression of the signals on whether a hit is right; `otherwise` where none or all are.

    A signal that would count against a passage is left out: it does so by chance, or in one corpus. Without
    `tokens` as if the index had none.
    """
    right = np.array([hit.is_right for hit in hits], bool)
    if not right.any() or right.all():
        return otherwise
    every = [hit.known(tokens=tokens).values() for hit in hits]
    names = list(every[0])
    values = np.array([list(own.values()) for own in every], np.float64)
    kept = list(range(len(names)))
    while True:
        intercept, found = fit_logistic(values[:, kept], right)
        against = [at for at, own in zip(kept, found, strict=True) if own < 0]
        if not against:
            break
        kept = [at for at in kept if at not in against]
    fitted = {names[at]: round(float(own), _DIGITS) for at, own in zip(kept, found, strict=True)}
    return RelevanceWeights(intercept=round(intercept, _DIGITS), **fitted)


def calibration(
    parts: Sequence[tuple[Weights, Sequence[Sequence[JudgedHit]]]], *, tokens: bool = True
) -> Calibration:
    """Judge the relevance of the hits of every question of each part, by the weights of that part.

    Only questions of one part are compared: two fits may differ by a constant, which would be taken for
    what the questions differ by (Parker, Guenter and Bedo 2007). Without `tokens` as if the index had none.
    """
    estimates: list[float] = []
    right: list[bool] = []
    pairs, in_order = 0, 0.0
    for weights, questions in parts:
        tops: dict[bool, list[float]] = {True: [], False: []}
        for hits in questions:
            own = [relevance(hit.known(tokens=tokens), weights) for hit in hits]
            estimates += own
            right += [hit.is_right for hit in hits]
            if hits:
                tops[hits[0].is_answerable].append(own[0])
        if all(tops.values()):
            number = len(tops[True]) * len(tops[False])
            pairs += number
            in_order += number * auroc(tops[True], tops[False])
    return Calibration(reliability=reliability(estimates, right), auroc=in_order / pairs if pairs else None)
