"""Meetings as their documents tell of them, each under a name that can be cited."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.documents import Event, Kind
from kb.errors import NotFound
from kb.index import DocumentRecord, Filter
from kb.language import fold

_LONGEST = 80
_OTHER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """An event with all of its documents.

    `slug` is its date and its name, `ids` are those that a filter takes. `date_text` is its date as a
    document has it where that is not certain. The documents are in the order report, slides, papers, others,
    each sort by title.
    """

    slug: str
    ids: tuple[str, ...]
    name: str
    date: dt.date | None
    date_text: str | None
    place: str | None
    host: str | None
    speakers: tuple[str, ...]
    documents: tuple[DocumentRecord, ...]

    @property
    def id(self) -> str:
        """The first of its ids: stable for as long as name and date are."""
        return self.ids[0]

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


def meetings_of(records: Iterable[DocumentRecord]) -> list[Meeting]:
    """The events of these documents, the latest first and those without a date last, by name.

    What several documents tell of one event is taken together: events of one day whose names differ in
    case and punctuation alone are the same.
    """
    grouped: dict[str, list[tuple[Event, DocumentRecord]]] = {}
    for record in records:
        if record.event:
            grouped.setdefault(slug_of(record.event), []).append((record.event, record))
    views = [_meeting(slug, found) for slug, found in grouped.items()]
    return sorted(views, key=lambda view: (-view.date.toordinal() if view.date else 0, view.name.casefold()))


def find_meeting(records: Iterable[DocumentRecord], name: str) -> Meeting:
    """The meeting with this id or slug. Raises `NotFound`."""
    for meeting in meetings_of(records):
        if name == meeting.slug or name in meeting.ids:
            return meeting
    raise NotFound(f"There is no event {name!r} in the live index")


def is_within(meeting: Meeting, filter: Filter) -> bool:
    """Whether a meeting's own date is in the years and the period of a filter; one without is in none."""
    day = meeting.date
    if day is None:
        return not filter.years and not filter.date_from and not filter.date_to
    return (
        (not filter.years or day.year in filter.years)
        and (not filter.date_from or day >= filter.date_from)
        and (not filter.date_to or day <= filter.date_to)
    )


def without_dates(filter: Filter) -> Filter:
    """A filter that asks nothing of dates."""
    return replace(filter, years=frozenset(), date_from=None, date_to=None)


def _meeting(slug: str, found: Sequence[tuple[Event, DocumentRecord]]) -> Meeting:
    events = [event for event, _ in found]
    kinds = list(Kind)
    named = dict.fromkeys(name for event in events for name in event.speakers)
    speaking = dict.fromkeys(name for _, record in found for name in record.speakers)
    documents = sorted(
        (record for _, record in found),
        key=lambda record: (kinds.index(record.kind), record.title.casefold(), record.id),
    )
    date = events[0].date
    written = (record.date_text for record in documents if record.date_text)
    return Meeting(
        slug=slug,
        ids=tuple(dict.fromkeys(event.id for event in events)),
        name=" ".join(events[0].name.split()),
        date=date,
        date_text=None if date else next(written, None),
        place=next((event.place for event in events if event.place), None),
        host=next((event.host for event in events if event.host), None),
        speakers=tuple(named | speaking),
        documents=tuple(documents),
    )
