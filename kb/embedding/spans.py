"""What both engines do beside the arithmetic: tokens of the text alone, unit length, even batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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


def batches(counts: Sequence[int], *, tokens: int, padding: int = 0) -> Iterator[list[int]]:
    """The numbers of texts to encode together: alike in length, and at most so many `tokens` with padding.

    A text that is longer than that is a batch of its own. `padding` is what lengths may be rounded up by.
    """
    batch: list[int] = []
    for number in sorted(range(len(counts)), key=lambda number: -counts[number]):
        if batch and (len(batch) + 1) * (counts[batch[0]] + padding) > tokens:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
