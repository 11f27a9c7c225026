"""What is kept of passages, encoded in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Protocol

from kb.documents import Passage
from kb.embedding import Encoder, Vectors
from kb.index.writing import StoredVectors, embedded_text, sentence_texts

_SENTENCES_AT_ONCE = 1_024


class PassageEncoding(Protocol):
    """Finds what an index keeps of passages."""

    def of(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of each."""
        ...


class LocalEncoding:
    """By an encoder of this process."""

    def __init__(self, encoder: Encoder, *, has_sentences: bool) -> None:
        """With `has_sentences` the vectors of sentences are kept as well."""
        self._encoder = encoder
        self._has_sentences = has_sentences

    def of(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of each."""
        if not passages:
            return []
        texts = [embedded_text(passage) for passage in passages]
        encoded = self._encoder.encode_passages(texts)
        known = {text: one.vector for text, one in zip(texts, encoded, strict=True)}
        sentences = [sentence_texts(one) if self._has_sentences else [] for one in passages]
        vectors = self._vectors(known, chain.from_iterable(sentences))
        return [
            StoredVectors.of(one, [vectors[text] for text in own])
            for one, own in zip(encoded, sentences, strict=True)
        ]

    def _vectors(self, known: Mapping[str, Vectors], texts: Iterable[str]) -> dict[str, Vectors]:
        """The vectors of texts, each encoded once unless it is known; their tokens are let go."""
        found = dict(known)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        for start in range(0, len(new), _SENTENCES_AT_ONCE):
            some = new[start : start + _SENTENCES_AT_ONCE]
            encoded = self._encoder.encode_passages(some)
            found.update((text, one.vector) for text, one in zip(some, encoded, strict=True))
        return found
