"""What a filter asks, as an expression of Milvus: numbers alone, never a text of a user.

What a document has one of stands in the collection as a number; for the rest (names, events, ids) the
documents that the filter allows are named by their numbers, and for labels the rows of the passages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from kb.documents import Access
from kb.index import DocumentRecord, Filter, Index

# Year and day of what has no date.
UNDATED = 0


def numbers_of(record: DocumentRecord) -> dict[str, int]:
    """The fields of a document's passages that filters ask."""
    return {
        "kind": number_of(record.kind.value),
        "language": number_of(record.language or ""),
        "year": record.date.year if record.date else UNDATED,
        "day": record.date.toordinal() if record.date else UNDATED,
        "is_open": int(record.access is Access.OPEN),
    }


def number_of(text: str) -> int:
    """A number that stands for a text: the first 63 bits of its BLAKE2b."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def expression(filter: Filter, index: Index, records: Sequence[DocumentRecord]) -> str | None:
    """The expression that allows what `filter` does, "" for all; None when it can allow nothing.

    `records` are the index's documents in the order of the numbers by which the collection knows them.
    """
    parts: list[str | None] = []
    if filter.only_open:
        parts.append("is_open == 1")
    if filter.kinds:
        parts.append(_among("kind", (number_of(kind.value) for kind in filter.kinds)))
    if filter.languages:
        parts.append(_among("language", map(number_of, filter.languages)))
    if filter.years:
        parts.append(_among("year", (int(year) for year in filter.years if year > UNDATED)))
    if filter.date_from:
        parts.append(f"day >= {filter.date_from.toordinal()}")
    if filter.date_to:
        parts.append(f"day > {UNDATED} and day <= {filter.date_to.toordinal()}")
    named = Filter(
        events=filter.events, documents=filter.documents, speakers=filter.speakers, hosts=filter.hosts
    )
    if not named.is_open:
        allowed = (number for number, record in enumerate(records) if named.allows(record))
        parts.append(_among("document", allowed))
    labelled = [index.labelled(facet, values) for facet, values in filter.labels.items()]
    if labelled:
        rows = labelled[0]
        for others in labelled[1:]:
            rows = np.intersect1d(rows, others)
        parts.append(_among("row", rows.tolist()))
    return None if None in parts else " and ".join(f"({part})" for part in parts)


def _among(field: str, numbers: Iterable[int]) -> str | None:
    found = sorted(set(numbers))
    return f"{field} in [{','.join(map(str, found))}]" if found else None
