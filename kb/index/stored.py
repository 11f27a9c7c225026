"""What an index keeps: the names of its files, and of a passage what is encoded and what that leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from kb.chunking import sentences
from kb.documents import Passage
from kb.embedding import Encoded
from kb.index.vector_lists import Codes, quantise

VECTORS = "vectors.faiss"
# Only of many passages (`kb.index.approximating`).
NEAREST = "nearest.faiss"
PASSAGES = "passages.sqlite"
# A folder with the postings and these.
LEXICAL = "lexical"
LEXICON = "lexicon.tsv"
# The words of the open passages alone; only in an index with others.
OPEN_LEXICON = "lexicon-open.tsv"


def embedded_text(passage: Passage) -> str:
    """What is encoded for a passage: its context, then its words."""
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def embedded_hash(passage: Passage) -> str:
    """The key by which the vectors of an unchanged passage are found again.

    Where its context ends is part of it: the same words divided otherwise are other sentences.
    """
    return hashlib.sha256(f"{passage.context}\0{passage.text}".encode()).hexdigest()


def sentence_texts(passage: Passage) -> list[str]:
    """What is encoded for its sentences, each by itself, in reading order."""
    return [passage.text[start:end] for start, end in sentences(passage.text)]


def _no_codes() -> Codes:
    return np.empty((0, 0), np.int8)


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """What an index keeps of an encoded passage: its vector, of shape (dimension,), and the codes
    (`kb.index.vector_lists.quantise`) of its tokens, of shape (tokens, token dimension), and of its
    sentences, of shape (sentences, dimension)."""

    vector: npt.NDArray[np.float32]
    tokens: Codes
    sentences: Codes = field(default_factory=_no_codes)

    @classmethod
    def of(cls, encoded: Encoded, sentences: Sequence[npt.NDArray[np.float32]] = ()) -> Self:
        """What is kept of a passage that was just encoded, and of the vectors of its sentences, each encoded
        by itself."""
        own = quantise(np.stack(sentences)) if sentences else _no_codes()
        return cls(encoded.vector, quantise(encoded.tokens), own)
