"""What the search page shows around its hits: form and paging, ready so that the template only lays out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api import dutch as words
from api.problems import Fault
from kb import dutch
from kb.hits import GroupBy, SecondStage
from kb.index import DocumentRecord, Facets
from kb.knowledge_base import Answered
from kb.search_request import MAX_OFFSET

PER_PAGE = 10
GROUP_BY = "groupBy"

Asked = Sequence[tuple[str, str]]


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
    """The search form as it was filled in, right or wrong."""

    q: str
    kinds: list[Option]
    events: list[Option]
    languages: list[Option]
    date_from: str
    date_to: str
    documents: tuple[str, ...]
    chips: list[Chip]
    faults: list[tuple[str, str]]

    @classmethod
    def of(
        cls,
        asked: Asked,
        facets: Facets,
        *,
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
                "kind",
                [(kind.value, label, facets.kinds.get(kind.value, 0)) for kind, label in words.KINDS.items()],
            ),
            events=options(
                "event",
                [
                    (event.id, event.name + (f" ({dutch.date(event.date)})" if event.date else ""), number)
                    for event, number in events
                ],
            ),
            languages=options(
                "language",
                [(code, words.language(code), number) for code, number in facets.languages.items()],
            ),
            date_from=given.get("dateFrom", ""),
            date_to=given.get("dateTo", ""),
            documents=tuple(chosen.get("document", ())),
            chips=list(_chips(asked, facets, documents)),
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


def _chips(asked: Asked, facets: Facets, documents: Sequence[DocumentRecord]) -> Iterator[Chip]:
    names = {("event", event.id): event.name for event in facets.events}
    names |= {("kind", kind.value): label for kind, label in words.KINDS.items()}
    names |= {("language", code): words.language(code) for code in facets.languages}
    names |= {("document", record.id): record.title for record in documents}
    for item in asked:
        name, value = item
        label = names.get(item)
        if name in ("dateFrom", "dateTo"):
            label = f"{'van' if name == 'dateFrom' else 'tot en met'} {_written(value)}"
        if label:
            yield Chip(label=label, without=address([other for other in asked if other != item]))


def _written(day: str) -> str:
    """A day in full; as it was typed where it is not one."""
    try:
        return dutch.date(dt.date.fromisoformat(day))
    except ValueError:
        return day


def address(asked: Asked, page: int = 1) -> str:
    """The address of a search."""
    return "/?" + urlencode([*asked, *([("page", str(page))] if page > 1 else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was read in a query beyond its words, and the addresses that ask otherwise.

    `period` is in the words of the query. `corrections` are words that were searched as well, each with
    the address of the query in which it takes the place of the word as typed.
    """

    period: str | None
    without_period: str
    ignores_dates: bool
    with_dates: str
    corrections: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, asked: Asked, answered: Answered) -> Understood:
        """What was read in an answered query."""
        others = [item for item in asked if item[0] != "dates"]
        return cls(
            period=answered.asked.period.text if answered.asked.period else None,
            without_period=address([*others, ("dates", "false")]),
            ignores_dates=("dates", "false") in asked,
            with_dates=address(others),
            corrections=tuple(
                (
                    suggestion,
                    address([("q", _replaced(answered.query, word, suggestion)), *_but_query(asked)]),
                )
                for word, suggestion in answered.asked.corrections
            ),
        )


def _but_query(asked: Asked) -> list[tuple[str, str]]:
    return [item for item in asked if item[0] != "q"]


def _replaced(query: str, word: str, suggestion: str) -> str:
    return re.sub(rf"\b{re.escape(word)}\b", lambda _: suggestion, query, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What a reader should know before the hits; "" where there is nothing to say."""

    no_answer: str
    timed_out: str

    @classmethod
    def of(cls, answered: Answered) -> Notes:
        """What is to be said of an answered query: whether it has an answer only on its first page."""
        found = answered.found
        has_none = bool(found.hits) and not answered.offset and not answered.is_answered
        return cls(
            no_answer=dutch.NO_ANSWER if has_none else "",
            timed_out=dutch.TIMED_OUT if found.second_stage is SecondStage.TIMED_OUT else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Whether each document is one hit, how many hits there are so, and the address of the other way."""

    is_by_document: bool
    total: str
    other: str

    @classmethod
    def of(cls, asked: Asked, *, total: int) -> Grouping:
        """The grouping of a search with `total` hits."""
        others = [item for item in asked if item[0] != GROUP_BY]
        if len(others) < len(asked):
            return cls(
                is_by_document=True,
                total=dutch.count(total, "document", "documenten"),
                other=address(others),
            )
        return cls(
            is_by_document=False,
            total=dutch.count(total, "passage", "passages"),
            other=address([*asked, (GROUP_BY, GroupBy.DOCUMENT.value)]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where this page of hits stands among the others, and the addresses of its neighbours."""

    page: int
    pages: int
    previous: str | None
    next: str | None

    @classmethod
    def of(cls, asked: Asked, *, page: int, total: int) -> Paging:
        """The paging of a search with `total` hits."""
        pages = min(-(-total // PER_PAGE), MAX_OFFSET // PER_PAGE + 1)
        return cls(
            page=page,
            pages=pages,
            previous=address(asked, page - 1) if 1 < page <= pages else None,
            next=address(asked, page + 1) if page < pages else None,
        )
