"""What is shown of passages besides their text: what they state, and the places they name."""

from __future__ import annotations

from collections.abc import Sequence

from kb.documents import Passage
from kb.index import Index, PassageRecord
from kb.index.labels import PLACES, StatementsOfText, Told


def told_of(index: Index, records: Sequence[PassageRecord]) -> dict[int, Told]:
    """What is told of each of these passages, by its row."""
    places = index.labels_of([record.row for record in records], PLACES)
    documents = index.statements({record.passage.document_id for record in records})
    statements = {identifier: StatementsOfText(found) for identifier, found in documents.items()}
    return {
        record.row: Told(
            statements=statements[record.passage.document_id].clipped(
                record.passage.start, record.passage.end
            ),
            places=places.get(record.row, ()),
        )
        for record in records
    }


def told_by_id(index: Index, passages: Sequence[Passage]) -> dict[str, Told]:
    """What is told of each of these passages of an index, by its id. Raises `NotFound`."""
    # By their place in their documents: the whole of a document may be thousands.
    first = {one: index.document_rows(one).start for one in {passage.document_id for passage in passages}}
    records = [
        PassageRecord(row=first[passage.document_id] + passage.ordinal, passage=passage)
        for passage in passages
    ]
    told = told_of(index, records)
    return {record.passage.id: told[record.row] for record in records}
