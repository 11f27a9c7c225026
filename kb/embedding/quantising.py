"""Weights in eight bits with a scale for each output, smoothed so that what they are multiplied with can be
rounded to eight bits as well.

A product of rounded numbers errs most where some channels of what it is given are many times larger than the
others: these set the step, and the others are rounded to a few values. SmoothQuant (Xiao et al., 2023,
equation 4) divides channel j by max|X_j|^a / max|W_j|^(1 - a) and multiplies its weights by that, which
leaves the product as it was. Where its authors measure the largest X_j over texts, `kb.embedding.bert_graph`
derives it from the weights, so that no text has a say in how others are encoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LARGEST = 127
# Of values with mean 0 and variance 1, few are further from 0.
_DEVIATIONS = np.float32(4)
_LEAST = 1e-5

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quantised:
    """Codes of shape (inputs, outputs), from -127 to 127, and a scale for each output: a weight is its code
    times that."""

    codes: npt.NDArray[np.int8]
    scales: Weights

    @property
    def restored(self) -> Weights:
        """The weights that are computed with, of shape (outputs, inputs)."""
        found: Weights = (self.codes * self.scales).T
        return found


def quantise_weights(weights: Weights) -> Quantised:
    """Weights of shape (outputs, inputs), each to the nearest of 255 values of its output."""
    scales = np.maximum(np.abs(weights).max(axis=1), _LEAST) / _LARGEST
    codes = np.rint(weights / scales[:, None]).astype(np.int8)
    return Quantised(np.ascontiguousarray(codes.T), scales.astype(np.float32))


def sizes_after_norm(gain: Weights, shift: Weights) -> Weights:
    """How large the channels get that a norm with this gain and shift gives, all of shape (channels,)."""
    found: Weights = _DEVIATIONS * np.abs(gain) + np.abs(shift)
    return found


def smoothing(weights: Weights, largest: Weights, strength: float) -> Weights:
    """What to divide each input by, and to multiply its weights by, of shape (inputs,).

    `weights` of shape (outputs, inputs); `largest` is how large each input gets. A `strength` of 1 leaves
    all inputs alike and the weights with all the differences; 0 the other way round.
    """
    heaviest = np.maximum(np.abs(weights).max(axis=0), _LEAST)
    factors = np.maximum(largest, _LEAST) ** strength / heaviest ** (1 - strength)
    found: Weights = (factors / factors.mean()).astype(np.float32)
    return found
