"""An encoder for tests that need no model: texts that share words point the same way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from kb.embedding import Encoded, EncoderIdentity, Spans, Vectors

DIMENSION = 64

_WORD = re.compile(r"\w+")


class WordEncoder:
    """Each word has a fixed random direction; a text points where its words do together."""

    def __init__(self, model: str = "words", *, token_dimension: int = DIMENSION) -> None:
        self.encoded: list[str] = []
        self._identity = EncoderIdentity(
            model=model,
            revision="1",
            dimension=DIMENSION,
            query_prompt="query: ",
            passage_prompt="passage: ",
            token_dimension=token_dimension,
        )

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def window(self) -> int:
        return 500

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        self.encoded.extend(texts)
        return [_encoded(text) for text in texts]

    def encode_query(self, text: str) -> Encoded:
        return _encoded(text)

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        return [self.encode_query(text) for text in texts]

    def passage_tokens(self, text: str) -> Spans:
        return [found.span() for found in _WORD.finditer(text)]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) * 2 for text in texts]


def _encoded(text: str) -> Encoded:
    words = [_direction(found.group()) for found in _WORD.finditer(text)]
    return Encoded(_direction(text), np.stack(words) if words else np.empty((0, DIMENSION), np.float32))


def _direction(text: str) -> Vectors:
    total = np.zeros(DIMENSION, np.float32)
    for word in _WORD.findall(text.lower()):
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    length = np.linalg.norm(total)
    return total / length if length else np.full(DIMENSION, DIMENSION**-0.5, np.float32)
