"""What a page of search was asked: the fields in its address, and the addresses that ask otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from api.parameters import SearchParameters

GROUP_BY = "groupBy"
SORT = "sort"
# What a search form sends; anything else in the address is not ours and is left alone.
_FIELDS = (
    "q", "kind", "event", "language", "speaker", "host", "theme", "year", "document", "dateFrom", "dateTo",
    "dates", "statement", "saidBy", "municipality", "province", SORT, GROUP_BY,
)  # fmt: skip

Asked = Sequence[tuple[str, str]]


def asked_in(query: QueryParams) -> Asked:
    """What was filled in, as the form sends it: fields that were left empty are sent too."""
    given = [
        (name, value) for name, value in query.multi_items() if name in _FIELDS and (value or name == "q")
    ]
    once = set(_FIELDS) - SearchParameters.several
    return [
        item
        for at, item in enumerate(given)
        if item not in given[:at] and (item[0] not in once or item[0] not in dict(given[:at]))
    ]


def address(asked: Asked, page: int = 1) -> str:
    """The address of a search."""
    return "/?" + urlencode([*asked, *([("page", str(page))] if page > 1 else [])])


def without(asked: Asked, *names: str) -> list[tuple[str, str]]:
    """What was asked but for these fields."""
    return [item for item in asked if item[0] not in names]
