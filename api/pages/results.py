"""What a page of search shows around its hits: counts, filters, notes and neighbours, ready to lay out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.pages.asked import GROUP_BY, SORT, Asked, address, without
from api.pages.words import KINDS, Words, message
from kb.answers import Answer
from kb.hits import Facet, FacetValue, GroupBy, SecondStage, Sort
from kb.index import DocumentRecord
from kb.knowledge_base import Answered
from kb.minutes import StatementKind
from kb.search_request import MAX_OFFSET

PER_PAGE = 10
# Values of a filter that are shown at once, and those that a click shows: a page of hits must stay light.
_SHOWN, _MOST = 6, 20
_TITLES = {
    Facet.YEAR: message("Jaar"),
    Facet.KIND: message("Soort"),
    Facet.EVENT: message("Bijeenkomst"),
    Facet.THEME: message("Thema"),
    Facet.SPEAKER: message("Spreker"),
    Facet.LANGUAGE: message("Taal"),
    Facet.STATEMENT: message("Wat er staat"),
    Facet.SAID_BY: message("Wie het zei"),
    Facet.MUNICIPALITY: message("Gemeente"),
    Facet.PROVINCE: message("Provincie"),
}
FACETS = tuple(_TITLES)
_GROUPS = {
    None: message("Passages"),
    GroupBy.DOCUMENT: message("Documenten"),
    GroupBy.EVENT: message("Bijeenkomsten"),
}
_SORTS = {Sort.RELEVANCE: message("Relevantie"), Sort.DATE: message("Datum, nieuwste eerst")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several ways to see the hits; `address` shows them so, "" where they are shown so already."""

    label: str
    address: str
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetView:
    """A filter: its values with their hits. A value that is chosen leads to the hits without it."""

    name: str
    title: str
    chosen: tuple[Choice, ...]
    first: tuple[Choice, ...]
    more: tuple[Choice, ...]


def facet_views(asked: Asked, facets: Mapping[Facet, Sequence[FacetValue]], words: Words) -> list[FacetView]:
    """The filters that would narrow these hits, or do already."""
    views = []
    for facet, title in _TITLES.items():
        chosen: list[Choice] = []
        others: list[Choice] = []
        for value in _arranged(facet, facets.get(facet, ())):
            item = (facet.value, value.value)
            is_chosen = _is_chosen(item, asked)
            rest = [other for other in asked if not _is_chosen(other, [item])]
            link = address(rest if is_chosen else [*asked, item])
            choice = Choice(label=_label(facet, value, words), address=link, hits=value.hits)
            (chosen if is_chosen else others).append(choice)
        if chosen or len(others) > 1:
            views.append(
                FacetView(
                    name=facet.value,
                    title=words.gettext(title),
                    chosen=tuple(chosen),
                    first=tuple(others[:_SHOWN]),
                    more=tuple(others[_SHOWN:_MOST]),
                )
            )
    return views


def _arranged(facet: Facet, values: Sequence[FacetValue]) -> Sequence[FacetValue]:
    return sorted(values, key=lambda one: one.value, reverse=True) if facet is Facet.YEAR else values


def _is_chosen(item: tuple[str, str], asked: Asked) -> bool:
    """Names are compared as filters compare them, without their capitals."""
    return any(name == item[0] and value.casefold() == item[1].casefold() for name, value in asked)


def _label(facet: Facet, value: FacetValue, words: Words) -> str:
    match facet:
        case Facet.KIND:
            return next((words.kind(kind) for kind in KINDS if kind.value == value.value), value.name)
        case Facet.LANGUAGE:
            return words.language(value.value)
        case Facet.STATEMENT:
            return words.statement(StatementKind(value.value))
    return value.name


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
        others = without(asked, "dates")
        return cls(
            period=answered.asked.period.text if answered.asked.period else None,
            without_period=address([*others, ("dates", "false")]),
            ignores_dates=("dates", "false") in asked,
            with_dates=address(others),
            corrections=tuple(
                (
                    suggestion,
                    address([("q", _replaced(answered.query, word, suggestion)), *without(asked, "q")]),
                )
                for word, suggestion in answered.asked.corrections
            ),
        )


def _replaced(query: str, word: str, suggestion: str) -> str:
    return re.sub(rf"\b{re.escape(word)}\b", lambda _: suggestion, query, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What was searched: how many documents, and of which years ("2017–2026", "" when none has a date)."""

    documents: int
    years: str

    @classmethod
    def of(cls, records: Sequence[DocumentRecord]) -> Searched:
        """What these documents are."""
        years = sorted({record.date.year for record in records if record.date})
        span = f"{years[0]}–{years[-1]}" if len(years) > 1 else "".join(map(str, years))
        return cls(documents=len(records), years=span)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What a reader should know before the hits.

    `has_no_answer` is said on the first page only, with what was `searched`.
    """

    has_no_answer: bool
    timed_out: bool
    newest_of: bool

    @classmethod
    def of(cls, asked: Asked, answered: Answered, answer: Answer | None) -> Notes:
        """What is to be said of a query, with the answer on its first page."""
        found = answered.found
        return cls(
            has_no_answer=answer is not None and not answer.is_answered,
            timed_out=found.second_stage is SecondStage.TIMED_OUT,
            newest_of=(SORT, Sort.DATE.value) in asked,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """How the hits are taken together and in what order they stand, with the other ways."""

    total: str
    groups: tuple[Choice, ...]
    sorts: tuple[Choice, ...]

    @classmethod
    def of(cls, asked: Asked, *, total: int, words: Words) -> Arrangement:
        """The arrangement of a search with `total` hits."""
        given = dict(asked)
        grouped = given.get(GROUP_BY)
        sorted_by = given.get(SORT, Sort.RELEVANCE.value)
        match grouped:
            case GroupBy.DOCUMENT.value:
                told = words.count(total, "document", "documenten")
            case GroupBy.EVENT.value:
                told = words.count(total, "bijeenkomst of los stuk", "bijeenkomsten en losse stukken")
            case _:
                told = words.count(total, "passage", "passages")
        return cls(
            total=told,
            groups=tuple(
                _choice(asked, (GROUP_BY, group), words.gettext(label), is_on=group == grouped)
                for group, label in _GROUPS.items()
            ),
            sorts=tuple(
                _choice(
                    asked,
                    (SORT, None if order is Sort.RELEVANCE else order.value),
                    words.gettext(label),
                    is_on=order == sorted_by,
                )
                for order, label in _SORTS.items()
            ),
        )


def _choice(asked: Asked, item: tuple[str, str | None], label: str, *, is_on: bool) -> Choice:
    name, value = item
    others = without(asked, name)
    link = address([*others, (name, value)] if value else others)
    return Choice(label=label, address="" if is_on else link)


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
