"""Whole documents of an index that have the same words or nearly."""

from __future__ import annotations

from kb.index import Index
from kb.near_duplicates import first_near_identical, words_of


def near_identical_documents(index: Index) -> list[tuple[str, str]]:
    """Pairs of paths: a document, and the first one, by path, that it is near-identical to."""
    records = index.documents()
    firsts = first_near_identical(
        words_of("\n".join(found.passage.text for found in index.passages(index.document_rows(record.id))))
        for record in records
    )
    return [(records[at].source, records[first].source) for at, first in enumerate(firsts) if first != at]
