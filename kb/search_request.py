"""What a search is asked, and everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from kb.documents import name_key
from kb.errors import InvalidQuery
from kb.hits import Page
from kb.index import Filter, Index
from kb.index.labels import LabelFacet

MAX_QUERY = 1_000
MAX_LIMIT = 100
MAX_OFFSET = 10_000
MAX_SIMILAR = 50
MAX_SEARCHES = 100
MAX_TYPED = 100
MAX_SUGGESTIONS = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

# The labels that a passage may have of any name, as their parameters are called.
_LABELS = {
    LabelFacet.MUNICIPALITY: "municipality",
    LabelFacet.PROVINCE: "province",
    LabelFacet.SAID_BY: "saidBy",
    LabelFacet.THEME: "theme",
}

# (parameter, code, message) each.
Faults = list[tuple[str, str, str]]


class Mode(StrEnum):
    """Which retrievers are asked."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A search as it is asked for.

    With `dates`, a period that the query names ("najaar 2018") prefers documents of that time.
    """

    query: str
    mode: Mode = Mode.HYBRID
    filter: Filter = field(default_factory=Filter)
    page: Page = field(default_factory=Page)
    dates: bool = True

    def faults(self, index: Index) -> Faults:
        """What is wrong with it, asked of this index."""
        return [
            *query_faults(self.query),
            *page_faults(self.page.limit, self.page.offset),
            *_relevance_faults(self.mode, self.page.min_relevance),
            *filter_faults(self.filter, index),
        ]


def answer_faults(request: SearchRequest, index: Index) -> Faults:
    """What is wrong with a search whose hits an answer is to be chosen from."""
    found = request.faults(index)
    if request.mode is not Mode.HYBRID:
        detail = f"mode={request.mode} does not judge what it finds; ask with mode=hybrid"
        found.append(("mode", "not-judged", detail))
    return found


def refuse(found: Faults) -> None:
    """Raise `InvalidQuery` with these faults, if there are any."""
    if found:
        raise InvalidQuery(found)


def query_faults(query: str, *, max_length: int = MAX_QUERY) -> Faults:
    """What is wrong with the words of a query."""
    found = []
    if not query.strip():
        found.append(("q", "empty", "The query is empty"))
    if len(query) > max_length:
        found.append(
            ("q", "too-long", f"The query has {len(query)} characters; at most {max_length} are allowed")
        )
    if _CONTROL.search(query):
        found.append(("q", "control-characters", "The query holds control characters"))
    return found


def page_faults(limit: int, offset: int = 0, *, max_limit: int = MAX_LIMIT) -> Faults:
    """What is wrong with the part of a list that is asked for."""
    found = []
    if not 1 <= limit <= max_limit:
        found.append(("limit", "out-of-range", f"limit is {limit}; it must be from 1 to {max_limit}"))
    if not 0 <= offset <= MAX_OFFSET:
        found.append(("offset", "out-of-range", f"offset is {offset}; it must be from 0 to {MAX_OFFSET}"))
    return found


def filter_faults(filter: Filter, index: Index) -> Faults:
    """What a filter names that the index does not hold, and a period that ends before it begins."""
    if filter.is_open:
        return []
    found: Faults = []
    facets = index.facets()
    # Only where they are asked: of thousands the ids take longer than a search.
    events = (
        {value for event in facets.events for value in (event.id, event.name)} if filter.events else set()
    )
    documents = {record.id for record in index.documents()} if filter.documents else set()
    for name, wanted, known in (
        ("event", filter.events, events),
        ("language", filter.languages, set(facets.languages)),
        ("document", filter.documents, documents),
    ):
        found += [_unknown(name, value) for value in sorted(wanted - known)]
    for name, wanted, names in (
        ("speaker", filter.speakers, facets.speakers),
        ("host", filter.hosts, facets.hosts),
    ):
        keys = {name_key(known_name) for known_name in names} if wanted else set()
        found += [_unknown(name, value) for value in sorted(wanted) if name_key(value) not in keys]
    found += _label_faults(filter, index)
    if filter.date_from and filter.date_to and filter.date_from > filter.date_to:
        found.append(("dateFrom", "out-of-range", "dateFrom is after dateTo"))
    return found


def _label_faults(filter: Filter, index: Index) -> Faults:
    """The labels that a filter names and no passage has.

    A kind of statement and a theme of the themes file are known, whether or not there is any passage of it.
    """
    themes = {theme.key for theme in index.themes()} if filter.themes else set()
    return [
        _unknown(_LABELS[facet], value)
        for facet, values in filter.labels.items()
        if facet in _LABELS
        for value in sorted(values)
        if not len(index.labelled(facet, [value]))
        and not (facet is LabelFacet.THEME and name_key(value) in themes)
    ]


def _unknown(name: str, value: str) -> tuple[str, str, str]:
    return name, "unknown-value", f"There is no {name} {value!r} in the index"


def _relevance_faults(mode: Mode, least: float | None) -> Faults:
    """What is wrong with the least relevance of a hit, which a single retriever does not estimate."""
    found: Faults = []
    if least is not None and not 0 <= least <= 1:
        found.append(("minRelevance", "out-of-range", f"minRelevance is {least:g}; it must be from 0 to 1"))
    if least is not None and mode is not Mode.HYBRID:
        detail = f"mode={mode} does not estimate relevance; ask with mode=hybrid"
        found.append(("minRelevance", "not-judged", detail))
    return found
