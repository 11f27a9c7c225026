"""What is kept of passages, encoded in this process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError
from itertools import chain
from typing import Protocol

from kb.documents import Passage
from kb.embedding import Encoder, Vectors
from kb.index.stored import StoredVectors, embedded_text, sentence_texts

# Passages that are encoded with their sentences before it is asked whether to go on: a second or a few.
_AT_ONCE = 16


class PassageEncoding(Protocol):
    """Finds what an index keeps of passages."""

    def of(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of each."""
        ...


class LocalEncoding:
    """By an encoder of this process."""

    def __init__(
        self, encoder: Encoder, *, has_sentences: bool, given_up: threading.Event | None = None
    ) -> None:
        """With `has_sentences` the vectors of sentences are kept as well. Once it is `given_up`, no more is
        encoded than what is being encoded."""
        self._encoder = encoder
        self._has_sentences = has_sentences
        self._given_up = given_up or threading.Event()

    def of(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of each. Raises `CancelledError` once it is given up."""
        # Those of sentences: what stands on every page of a document is encoded once.
        known: dict[str, Vectors] = {}
        found: list[StoredVectors] = []
        for start in range(0, len(passages), _AT_ONCE):
            if self._given_up.is_set():
                raise CancelledError
            found += self._some(passages[start : start + _AT_ONCE], known)
        return found

    def _some(self, passages: Sequence[Passage], known: dict[str, Vectors]) -> list[StoredVectors]:
        texts = [embedded_text(passage) for passage in passages]
        sentences = [sentence_texts(one) if self._has_sentences else [] for one in passages]
        new = (text for text in chain.from_iterable(sentences) if text not in known)
        # Together, so that no processor waits while another is at the last passage.
        together = list(dict.fromkeys(chain(texts, new)))
        encoded = dict(zip(together, self._encoder.encode_passages(together), strict=True))
        known.update((text, one.vector) for text, one in encoded.items())
        return [
            StoredVectors.of(encoded[text], [known[sentence] for sentence in own])
            for text, own in zip(texts, sentences, strict=True)
        ]
