"""Tables of comma-separated values (RFC 4180), safe to open in a spreadsheet.

There are two: one to the letter of the RFC, for programs, and one that Excel with Dutch settings opens by a
double click: a semicolon between values, a comma in numbers, Dutch headings, and the mark by which it
knows UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb import dutch
from kb.exporting.citing import Links
from kb.hits import Hit, Place
from kb.index import DocumentRecord
from kb.relevance import label

Value = str | int | float | None

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection), also in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARK = "\ufeff"
# Each column's name, which is that of the field in the API where there is one, and its heading in Dutch.
_OF_DOCUMENTS = {
    "title": "Titel",
    "kind": "Soort",
    "date": "Datum",
    "dateText": "Datum zoals vermeld",
    "event": "Bijeenkomst",
    "eventDate": "Datum bijeenkomst",
    "place": "Plaats",
    "host": "Gastheer",
    "speakers": "Sprekers",
    "themes": "Thema's",
    "language": "Taal",
    "source": "Bestand",
    "documentId": "Document-id",
}
_OF_HITS = {
    "rank": "Nummer",
    "relevance": "Relevantie",
    "relevanceLabel": "Relevantie in woorden",
    "text": "Tekst",
    "where": "Vindplaats",
    "page": "Bladzijde",
    "slide": "Dia",
    "headings": "Koppen",
    "line": "Regel",
    "part": "Deel",
    **_OF_DOCUMENTS,
    "statements": "Uitspraken",
    "saidBy": "Gezegd door",
    "places": "Gemeenten en provincies",
    "alsoIn": "Staat ook in",
    "passageId": "Passage-id",
    "link": "Adres",
}
# Passages that somebody chose have their place and source alone.
_OF_CHOICES = {
    name: heading
    for name, heading in _OF_HITS.items()
    if name not in ("relevance", "relevanceLabel", "alsoIn")
}
_OF_LISTS = {**_OF_DOCUMENTS, "size": "Bytes", "passages": "Passages", "link": "Adres"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table is written. `is_dutch`: for a Dutch spreadsheet rather than for a program."""

    separator: str
    is_dutch: bool


COMMA = Dialect(separator=",", is_dutch=False)
EXCEL = Dialect(separator=";", is_dutch=True)


def hit_table(hits: Sequence[Hit], links: Links, dialect: Dialect) -> str:
    """A row for each hit, under a row of headings."""
    return _table(_OF_HITS, (_of_hit(hit, links) for hit in hits), dialect)


def choice_table(hits: Sequence[Hit], links: Links, dialect: Dialect) -> str:
    """A row for each passage that was chosen, as in `hit_table`, without what a search says of it."""
    return _table(_OF_CHOICES, (_of_hit(hit, links) for hit in hits), dialect)


def document_table(records: Sequence[DocumentRecord], links: Links, dialect: Dialect) -> str:
    """A row for each document, under a row of headings."""
    return _table(_OF_LISTS, (_of_list(record, links) for record in records), dialect)


def _table(columns: dict[str, str], rows: Iterable[dict[str, Value]], dialect: Dialect) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.separator, lineterminator="\r\n")
    writer.writerow(columns.values() if dialect.is_dutch else columns)
    for row in rows:
        writer.writerow([_written(row[name], dialect) for name in columns])
    return (_MARK if dialect.is_dutch else "") + text.getvalue()


def _written(value: Value, dialect: Dialect) -> str:
    """A value as a cell. A text that begins as a formula does gets an apostrophe before it, which makes it
    text again."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value).replace(".", ",") if dialect.is_dutch else str(value)


def _of_hit(hit: Hit, links: Links) -> dict[str, Value]:
    place = hit.passage.locator
    return {
        **_of_document(hit.document),
        "rank": hit.rank,
        "relevance": None if hit.relevance is None else round(hit.relevance, 3),
        "relevanceLabel": None if hit.relevance is None else label(hit.relevance).value,
        "text": hit.passage.text,
        "where": dutch.place(place),
        "page": place.page,
        "slide": place.slide,
        "headings": " > ".join(place.headings),
        "line": place.line,
        "part": place.part.value,
        "statements": _listed(one.kind.value for one in hit.told.statements),
        "saidBy": _listed(one.speaker for one in hit.told.statements if one.speaker),
        "places": _listed(label.name for label in hit.told.places),
        "alsoIn": "; ".join(map(_told, hit.also_in)),
        "passageId": hit.passage.id,
        "link": links.passage(hit.passage),
    }


def _listed(names: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(names))


def _told(other: Place) -> str:
    return ", ".join(filter(None, (other.document.title, dutch.place(other.passage.locator))))


def _of_list(record: DocumentRecord, links: Links) -> dict[str, Value]:
    return {
        **_of_document(record),
        "size": record.size,
        "passages": record.passages,
        "link": links.document(record.id),
    }


def _of_document(record: DocumentRecord) -> dict[str, Value]:
    event = record.event
    return {
        "title": record.title,
        "kind": record.kind.value,
        "date": record.date.isoformat() if record.date else None,
        "dateText": record.date_text,
        "event": event.name if event else None,
        "eventDate": event.date.isoformat() if event and event.date else None,
        "place": record.place,
        "host": record.host,
        "speakers": "; ".join(record.speakers),
        "themes": "; ".join(record.themes),
        "language": record.language,
        "source": record.source,
        "documentId": record.id,
    }
