"""Weights in blocks of 32 with a scale each, as ONNX Runtime's MatMulNBits reads them.

Its contract (ContribOperators.md of ONNX Runtime, MatMulNBits): a weight of shape (outputs, inputs) is cut
into blocks along its inputs; a value is (code - zero point) · scale, with the zero point 8 for four bits, two
codes a byte and the lower nibble first, and 128 for eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK = 32
# Relative to a block's largest weight: how far a four-bit code may be from the weight it stands for.
_EXACT = 1e-3

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quantised:
    """Codes of shape (outputs, blocks, bytes a block) and scales of shape (outputs, blocks)."""

    bits: int
    codes: npt.NDArray[np.uint8]
    scales: Weights


def quantise_weights(weights: Weights) -> Quantised:
    """Weights of shape (outputs, inputs) in four bits where these hold them as they are, else in eight.

    A model that was published in four bits a weight (Q4_0 of llama.cpp) loses nothing in them and is read
    faster; to put others into four would change what they say.
    """
    blocks = weights.reshape(len(weights), -1, BLOCK)
    return _in_four_bits(blocks) or _in_eight_bits(blocks)


def _in_four_bits(blocks: Weights) -> Quantised | None:
    """None where they are no multiples from -8 to 7 of one scale a block."""
    # As Q4_0 has it: the weight with the largest magnitude has the code 0.
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    scales = _without_zeros(largest / -8)
    codes = np.clip(np.rint(blocks / scales[..., None]) + 8, 0, 15)
    differences = np.abs((codes - 8) * scales[..., None] - blocks).max(-1)
    if (differences > _EXACT * np.abs(largest)).any():
        return None
    whole = codes.astype(np.uint8)
    return Quantised(4, whole[..., 0::2] | (whole[..., 1::2] << 4), scales)


def _in_eight_bits(blocks: Weights) -> Quantised:
    scales = _without_zeros(np.abs(blocks).max(-1) / 127)
    return Quantised(8, (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8), scales)


def _without_zeros(scales: npt.NDArray[Any]) -> Weights:
    return np.where(scales == 0, 1, scales).astype(np.float32)
