"""What can be asked: the names of parameters, and how their values are written in a request."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Required, TypedDict

from pydantic.alias_generators import to_camel

Words = str | Iterable[str]
Day = dt.date | str


class Filters(TypedDict, total=False):
    """Which documents may be found. Of several values one must fit; of several filters all.

    `event` takes ids or names; `municipality` and `province` codes of Statistics Netherlands or names;
    `statement` is citaat, besluit, actie or vraag, and `said_by` names those whose words a passage tells;
    `date_from` and `date_to` are days, or text such as "2024-11-07".
    """

    kind: Words
    event: Words
    language: Words
    speaker: Words
    host: Words
    theme: Words
    municipality: Words
    province: Words
    statement: Words
    said_by: Words
    year: int | Iterable[int]
    date_from: Day
    date_to: Day


class SimilarOptions(Filters, total=False):
    """What can be asked of similar passages: at most `limit` of them, up to 50."""

    limit: int


class DocumentsOptions(Filters, total=False):
    """What can be asked of the list of documents: at most `limit` of them, up to 100, after `offset`."""

    limit: int
    offset: int


class PassagesOptions(Filters, total=False):
    """What can be asked of the list of passages: at most `limit` of them, up to 100, after `offset`.

    `kind` is citaat, besluit, actie or vraag, as `statement` is; `document_kind` is that of their documents,
    and `document` takes ids.
    """

    document_kind: Words
    document: Words
    limit: int
    offset: int


class AnswerOptions(Filters, total=False):
    """What can be asked of an answer beside the question: at most `limit` passages with it, up to 100.

    `document` takes ids; `dates=False` ignores a period in the question.
    """

    document: Words
    dates: bool
    limit: int


class SearchOptions(Filters, total=False):
    """What can be asked of a search beside the query.

    `document` takes ids; `mode` is hybrid, dense or lexical; `dates=False` ignores a period in the query;
    `group_by` is document or event, of which each comes once; `sort` is relevance or date; `min_relevance` is
    from 0 to 1; `facets` names the filters of which values are counted (kind, year, event, …).
    """

    document: Words
    mode: str
    dates: bool
    group_by: str
    sort: str
    min_relevance: float
    facets: Words
    limit: int
    offset: int


class Search(SearchOptions, total=False):
    """One of several searches: its query, and what else is asked of it."""

    query: Required[str]


def written(options: Mapping[str, Any], known: type) -> dict[str, Any]:
    """Options as JSON has them: camel case, days in ISO 8601; what is None is left out.

    Raises `TypeError` for an option that is not one of `known`, a TypedDict, and `ValueError` for a moment
    where a day is asked.
    """
    names = list(known.__annotations__)
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            raise TypeError(f"There is no option {name!r}; {hint}")
    return {to_camel(name): _value(value) for name, value in options.items() if value is not None}


def in_query(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What `written` gave as the pairs of a query string."""
    return [
        (name, str(one).lower() if isinstance(one, bool) else str(one))
        for name, value in values.items()
        for one in (value if isinstance(value, list) else [value])
    ]


def _value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        raise ValueError(f"{value} is a moment; give the day alone, as a date")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str | bool | int | float):
        return value
    return [_value(one) for one in value]
