"""Logistic regression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEPS = 100
_CONVERGED = 1e-9
# Keeps the curvature positive where the labels leave the intercept free.
_LEAST_CURVATURE = 1e-6


def fit_logistic(
    signals: Floats, labels: npt.NDArray[np.bool_], *, l2: float = 1.0, weights: Floats | None = None
) -> tuple[float, Floats]:
    """The intercept and coefficients, of shape (signals,), that make the labels likeliest.

    `signals` is of shape (samples, signals); `weights` say how often each sample counts. The squares of
    the coefficients of the standardised signals are held down by `l2` / 2, that of the intercept is not.
    By Newton's method with halved steps (Hastie, Tibshirani and Friedman 2009, section 4.4.1).
    """
    counts = np.ones(len(labels)) if weights is None else weights
    mean, deviation = signals.mean(axis=0), signals.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    design = np.column_stack([np.ones(len(labels)), (signals - mean) / deviation])
    penalty = np.array([_LEAST_CURVATURE, *[l2] * signals.shape[1]])
    own = np.zeros(design.shape[1])
    loss = _loss(design, labels, counts, penalty, own)
    for _ in range(_STEPS):
        chances = probability(design @ own)
        gradient = design.T @ (counts * (chances - labels)) + penalty * own
        curvature = (design.T * (counts * chances * (1 - chances))) @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        while (found := _loss(design, labels, counts, penalty, own - step)) > loss:
            step /= 2
        own, gain, loss = own - step, loss - found, found
        if gain < _CONVERGED * max(1.0, loss):
            break
    coefficients = own[1:] / deviation
    return float(own[0] - coefficients @ mean), coefficients


def probability(logits: Floats) -> Floats:
    """The logistic function."""
    chances: Floats = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return chances


def _loss(
    design: Floats, labels: npt.NDArray[np.bool_], counts: Floats, penalty: Floats, own: Floats
) -> float:
    logits = design @ own
    fit = counts @ (np.logaddexp(0, logits) - labels * logits)
    return float(fit + (penalty @ own**2) / 2)
