"""The passages and documents that a filter allows, all of them and without a query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kb.documents import Passage
from kb.index import DocumentRecord, Filter, Index, Rows
from kb.index.labels import Told
from kb.index.telling import told_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A passage of a list, its document, and what it states and names."""

    passage: Passage
    document: DocumentRecord
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageList:
    """One page of the passages that a filter allows, and how many there are in all."""

    total: int
    passages: tuple[Listed, ...]


def list_passages(index: Index, filter: Filter, *, limit: int, offset: int = 0) -> PassageList:
    """The passages that a filter allows: those of the newest documents first and of undated ones last, then
    by the document's path and their place in it.
    """
    rows = index.rows(filter)
    # Stable, and documents come by path.
    documents = sorted(_holding(index, rows), key=lambda found: found[0].date or dt.date.min, reverse=True)
    page: list[tuple[int, DocumentRecord]] = []
    before = 0
    for record, own in documents:
        if before + len(own) > offset:
            some = own[max(0, offset - before) : offset + limit - before]
            page += [(int(row), record) for row in some]
        before += len(own)
        if before >= offset + limit:
            break
    records = index.passages(row for row, _ in page)
    told = told_of(index, records)
    return PassageList(
        total=len(rows),
        passages=tuple(
            Listed(passage=found.passage, document=record, told=told[found.row])
            for found, (_, record) in zip(records, page, strict=True)
        ),
    )


def list_documents(index: Index, filter: Filter) -> list[DocumentRecord]:
    """The documents with passages that a filter allows, by path.

    Without a filter by labels, those that have no passages as well.
    """
    if filter.labels:
        return [record for record, _ in _holding(index, index.rows(filter))]
    return [record for record in index.documents() if filter.allows(record)]


def _holding(index: Index, rows: Rows) -> Iterator[tuple[DocumentRecord, Rows]]:
    """The documents that any of these rows, in order, stand in, by path, each with its own."""
    for record in index.documents():
        span = index.document_rows(record.id)
        first, last = np.searchsorted(rows, [span.start, span.stop])
        if first < last:
            yield record, rows[first:last]
