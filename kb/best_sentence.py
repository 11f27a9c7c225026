"""The sentence of a passage that fits a query best, by late interaction over its tokens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kb.chunking import sentences
from kb.documents import Passage
from kb.embedding import Encoded, Encoder, Spans
from kb.index import Index, PassageRecord
from kb.index.stored import embedded_text

Similarities = npt.NDArray[np.float32]

# Sentences with fewer words are headings and list marks: they name a subject and say nothing of it.
_MIN_WORDS = 4


def best_sentence(
    index: Index, encoder: Encoder, record: PassageRecord, encoded: Encoded
) -> tuple[int, int] | None:
    """The [start, end) offsets of that sentence in the passage's text.

    None where there is no choice: a single sentence, or an index without token vectors.
    """
    similarities = index.token_similarities(encoded.tokens, record.row)
    if similarities is None or not similarities.size:
        return None
    passage = record.passage
    spans = [
        (start, end)
        for start, end in sentences(passage.text)
        if len(passage.text[start:end].split()) >= _MIN_WORDS
    ]
    if len(spans) < 2:
        return None
    return spans[int(np.argmax(fits_of(encoder, passage, spans, similarities)))]


def fits_of(encoder: Encoder, passage: Passage, spans: Spans, similarities: Similarities) -> list[float]:
    """How well each of the spans of a passage's text fits a query.

    `similarities` are those of the query's tokens and the passage's, of shape (query tokens, passage tokens).
    """
    text = embedded_text(passage)
    context = len(text) - len(passage.text)
    starts = np.array([start for start, _ in encoder.passage_tokens(text)]) - context
    return [_fit(similarities[:, (starts >= start) & (starts < end)]) for start, end in spans]


def _fit(similarities: Similarities) -> float:
    """The mean over the query's tokens of the best token of a sentence."""
    return float(similarities.max(axis=1).mean()) if similarities.size else -1.0
