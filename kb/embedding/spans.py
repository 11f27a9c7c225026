"""What both engines do beside the arithmetic: tokens of the text alone, and unit length."""

from __future__ import annotations

import numpy as np

from kb.embedding import Spans, Vectors


def of_text(offsets: Spans, prompt: str) -> tuple[list[int], Spans]:
    """The numbers of the tokens that are of the text behind the prompt, and where each token stands in it."""
    # Tokenizers that put the space before a word into its token begin the first word within the prompt.
    spans = [(max(0, start - len(prompt)), end - len(prompt)) for start, end in offsets]
    return [number for number, (start, end) in enumerate(spans) if start < end], spans


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the space before its word."""
    while start < end - 1 and text[start].isspace():
        start += 1
    return start, end


def unit(rows: Vectors) -> Vectors:
    """Each row at length 1."""
    # Arithmetic in fewer bits leaves lengths that differ from 1 in the fourth digit, and not every model ends
    # in a layer that normalises.
    scaled: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return scaled
