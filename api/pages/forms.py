"""The search form as it was filled in, right or wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.pages.asked import Asked, address
from api.pages.words import KINDS, STATEMENTS, Words, message
from api.problems import Fault
from kb.index import DocumentRecord, Facets

_DATES = {"dateFrom": message("van"), "dateTo": message("tot en met")}
# Filters of which the value is its own name.
_NAMED = ("speaker", "host", "theme", "year", "saidBy", "municipality", "province")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a filter can take."""

    value: str
    label: str
    documents: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is on, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """The fields of the form. `kept` are filters that it has no field for, as (name, value)."""

    q: str
    kinds: list[Option]
    events: list[Option]
    languages: list[Option]
    date_from: str
    date_to: str
    kept: list[tuple[str, str]]
    chips: list[Chip]
    faults: list[tuple[str, str]]

    @classmethod
    def of(
        cls,
        asked: Asked,
        facets: Facets,
        *,
        words: Words,
        documents: Sequence[DocumentRecord] = (),
        faults: Sequence[Fault] = (),
    ) -> FormView:
        """The form for what was asked, with the values that `facets` offers."""
        chosen = {name: [value for key, value in asked if key == name] for name, _ in asked}
        given = {name: values[0] for name, values in chosen.items()}
        events = sorted(facets.events.items(), key=lambda item: item[0].name.casefold())

        def options(name: str, known: list[tuple[str, str, int]]) -> list[Option]:
            return [
                Option(value=value, label=label, documents=number, is_chosen=value in chosen.get(name, ()))
                for value, label, number in known
            ]

        return cls(
            q=given.get("q", ""),
            kinds=options(
                "kind", [(kind.value, words.kind(kind), facets.kinds.get(kind.value, 0)) for kind in KINDS]
            ),
            events=options(
                "event",
                [
                    (event.id, event.name + (f" ({words.date(event.date)})" if event.date else ""), number)
                    for event, number in events
                ],
            ),
            languages=options(
                "language",
                [(code, words.language(code), number) for code, number in facets.languages.items()],
            ),
            date_from=given.get("dateFrom", ""),
            date_to=given.get("dateTo", ""),
            kept=[item for item in asked if item[0] not in ("q", "dateFrom", "dateTo")],
            chips=list(_chips(asked, facets, documents, words)),
            faults=sorted(
                ((fault.location, words.fault(fault)) for fault in faults), key=lambda item: item[0] != "q"
            ),
        )

    @property
    def has_wrong_filter(self) -> bool:
        """True when something else than the query is wrong."""
        return any(location != "q" for location, _ in self.faults)

    def fault(self, name: str) -> str:
        """What is wrong with one field; "" when it is right."""
        return next((text for location, text in self.faults if location == name), "")


def _chips(asked: Asked, facets: Facets, documents: Sequence[DocumentRecord], words: Words) -> Iterator[Chip]:
    names = {("event", event.id): event.name for event in facets.events}
    names |= {("kind", kind.value): words.kind(kind) for kind in KINDS}
    names |= {("language", code): words.language(code) for code in facets.languages}
    names |= {("municipality", label.key): label.name for label in facets.municipalities}
    names |= {("province", label.key): label.name for label in facets.provinces}
    names |= {("statement", kind.value): words.statement(kind) for kind in STATEMENTS}
    names |= {("document", record.id): record.title for record in documents}
    for item in asked:
        name, value = item
        label = names.get(item, value if name in _NAMED else None)
        if name in _DATES:
            label = f"{words.gettext(_DATES[name])} {_written(value, words)}"
        if label:
            yield Chip(label=label, without=address([other for other in asked if other != item]))


def _written(day: str, words: Words) -> str:
    """A day in full; as it was typed where it is not one."""
    try:
        return words.date(dt.date.fromisoformat(day))
    except ValueError:
        return day
