"""Events as their documents tell of them, each under an address that can be cited."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.documents import Event, Kind
from kb.index import DocumentRecord
from kb.language import fold

_LONGEST = 80
_OTHER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """An event with all of its documents. `slug` is its date and its name, `ids` are those of the filter.

    The documents are in the order report, slides, papers, others, each sort by title.
    """

    slug: str
    ids: tuple[str, ...]
    name: str
    date: dt.date | None
    place: str | None
    host: str | None
    speakers: tuple[str, ...]
    documents: tuple[DocumentRecord, ...]

    @property
    def address(self) -> str:
        """The page of this event; the same for as long as name and date are."""
        return f"/bijeenkomsten/{self.slug}"

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many documents of each kind it has."""
        return {kind: len(documents) for kind, documents in self.by_kind.items()}

    @property
    def by_kind(self) -> Mapping[Kind, Sequence[DocumentRecord]]:
        """Its documents by kind, without the kinds of which it has none."""
        found = {kind: [one for one in self.documents if one.kind is kind] for kind in Kind}
        return {kind: documents for kind, documents in found.items() if documents}


def slug_of(event: Event) -> str:
    """The name of an event in an address: "2024-11-07-avond-over-verlichting".

    A name that cannot be written so, or is very long, is told apart by the event's id.
    """
    name = _OTHER.sub("-", fold(event.name.lower())).strip("-")
    day = event.date.isoformat() if event.date else ""
    if name and name.isascii() and len(name) <= _LONGEST:
        return "-".join(filter(None, (day, name)))
    written = "".join(letter for letter in name if letter.isascii())[:_LONGEST].strip("-")
    return "-".join(filter(None, (day, written, event.id)))


def event_views(records: Iterable[DocumentRecord]) -> list[EventView]:
    """The events of these documents, the latest first and those without a date last, by name.

    What several documents tell of one event is taken together: events of one day whose names differ in
    case and punctuation alone are the same.
    """
    grouped: dict[str, list[tuple[Event, DocumentRecord]]] = {}
    for record in records:
        if record.event:
            grouped.setdefault(slug_of(record.event), []).append((record.event, record))
    views = [_view(slug, found) for slug, found in grouped.items()]
    return sorted(views, key=lambda view: (-view.date.toordinal() if view.date else 0, view.name.casefold()))


def _view(slug: str, found: Sequence[tuple[Event, DocumentRecord]]) -> EventView:
    events = [event for event, _ in found]
    kinds = list(Kind)
    named = dict.fromkeys(name for event in events for name in event.speakers)
    speaking = dict.fromkeys(name for _, record in found for name in record.speakers)
    return EventView(
        slug=slug,
        ids=tuple(dict.fromkeys(event.id for event in events)),
        name=" ".join(events[0].name.split()),
        date=events[0].date,
        place=next((event.place for event in events if event.place), None),
        host=next((event.host for event in events if event.host), None),
        speakers=tuple(named | speaking),
        documents=tuple(
            sorted(
                (record for _, record in found),
                key=lambda record: (kinds.index(record.kind), record.title.casefold(), record.id),
            )
        ),
    )
