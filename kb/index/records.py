"""The rows of passages.sqlite, and the JSON that stands in them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
import sys
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from kb.documents import Access, Event, Kind, Locator, Part, Passage
from kb.index import DocumentRecord, PassageRecord

SCHEMA = """
CREATE TABLE documents (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    first_passage INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE passages (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (row),
    ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT NOT NULL,
    context TEXT NOT NULL,
    locator TEXT NOT NULL,
    embedded TEXT NOT NULL,
    twin INTEGER
) STRICT;
CREATE TABLE prepared (
    document INTEGER PRIMARY KEY REFERENCES documents (row),
    work TEXT NOT NULL,
    metadata TEXT NOT NULL,
    gaps TEXT NOT NULL
) STRICT;
"""
# Made after the rows are in: faster, and the file is not fragmented.
INDICES = """
CREATE INDEX passages_by_embedded ON passages (embedded);
CREATE INDEX passages_by_twin ON passages (twin) WHERE twin IS NOT NULL;
"""
# What stands in a row of `passages` between its numbers, whichever row it is.
STORED_COLUMNS = 'id, ordinal, start, "end", text, context, locator, embedded'
PASSAGE_COLUMNS = 'passages.id, documents.id, ordinal, start, "end", text, context, locator'


def to_json(value: Any) -> str:
    """A dataclass as compact JSON; dates in ISO 8601, fields that are None left out."""

    def encode(item: Any) -> Any:
        if isinstance(item, dt.date):
            return item.isoformat()
        raise TypeError(f"{type(item).__name__} has no place in a record")

    fields = dataclasses.asdict(value)
    present = {name: item for name, item in fields.items() if item is not None}
    return json.dumps(present, ensure_ascii=False, separators=(",", ":"), default=encode)


def document_record(text: str) -> DocumentRecord:
    """The reverse of `to_json` for a document. What many documents have in common is there once for all."""
    fields = json.loads(text)
    event = fields.get("event")
    if event:
        event = {name: _shared(value) for name, value in event.items()}
        fields["event"] = Event(
            **{**event, "date": _date(event.get("date")), "speakers": tuple(map(_shared, event["speakers"]))}
        )
    for name in ("date_text", "place", "host", "language"):
        if name in fields:
            fields[name] = _shared(fields[name])
    fields["kind"] = Kind(fields["kind"])
    fields["date"] = _date(fields.get("date"))
    fields["speakers"] = tuple(map(_shared, fields["speakers"]))
    fields["themes"] = tuple(map(_shared, fields["themes"]))
    fields["access"] = Access(fields["access"])
    if "masked" in fields:
        fields["masked"] = tuple(fields["masked"])
    return DocumentRecord(**fields)


def locator(text: str) -> Locator:
    """The reverse of `to_json` for a locator."""
    fields = json.loads(text)
    return Locator(**{**fields, "part": Part(fields["part"]), "headings": tuple(fields["headings"])})


def passage(row: tuple[Any, ...]) -> Passage:
    """A passage from `PASSAGE_COLUMNS`."""
    identifier, document_id, ordinal, start, end, text, context, place = row
    return Passage(
        id=identifier,
        document_id=document_id,
        ordinal=ordinal,
        start=start,
        end=end,
        text=text,
        context=context,
        locator=locator(place),
    )


def fetch(database: sqlite3.Connection, rows: list[int], twins: Twins) -> Iterator[tuple[int, PassageRecord]]:
    """The passages in these rows, at most 500, in any order."""
    marks = ",".join("?" * len(rows))
    found = database.execute(
        f"SELECT passages.row, {PASSAGE_COLUMNS} FROM passages "  # noqa: S608
        f"JOIN documents ON documents.row = document WHERE passages.row IN ({marks})",
        rows,
    )
    for row, *columns in found:
        yield row, PassageRecord(row=row, passage=passage(tuple(columns)), twins=twins.of(row))


class Twins:
    """Which passages are near-identical. A group is kept once for all that are in it: what stands in the foot
    of every page makes groups of thousands."""

    def __init__(self, database: sqlite3.Connection) -> None:
        groups: dict[int, list[int]] = {}
        found = database.execute("SELECT twin, row FROM passages WHERE twin IS NOT NULL ORDER BY row")
        for first, row in found:
            groups.setdefault(first, []).append(row)
        self._groups = {row: group for group in map(tuple, groups.values()) for row in group}

    def of(self, row: int) -> tuple[int, ...]:
        """The rows of the others in a passage's group, in order."""
        group = self._groups.get(row, ())
        at = bisect_left(group, row)
        return group[:at] + group[at + 1 :]


def _shared(value: Any) -> Any:
    """The one string that all have that are equal to it; anything else as it is."""
    return sys.intern(value) if type(value) is str else value


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
