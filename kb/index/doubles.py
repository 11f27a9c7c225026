"""Whole documents of an index that have the same words or nearly."""

from __future__ import annotations

from kb.index.embedded import EmbeddedIndex
from kb.near_duplicates import first_near_identical, pairs_of, words_of


def near_identical_documents(index: EmbeddedIndex) -> list[tuple[str, str]]:
    """Pairs of paths: a document, and the first one, by path, that it is near-identical to."""
    records = index.documents()
    firsts = first_near_identical(words_of("\n".join(index.texts(record.id))) for record in records)
    return pairs_of([record.source for record in records], firsts)
