"""The values that parameters take: how each is read from text or JSON, and what is told of it in OpenAPI."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

from kb.documents import Kind
from kb.hits import Facet, GroupBy
from kb.minutes import StatementKind

_VALUES = 100


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_date(value: object) -> object:
    """ISO 8601 and nothing else: a number would pass for seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("date", "This is not a date. Write it as 2024-11-07")


def _as_years(value: object) -> object:
    """Four digits, as numbers or as text."""
    years = [str(year) for year in map(_as_whole, _listed(value)) if isinstance(year, int | str)]
    if len(years) == len(_listed(value)) and all(re.fullmatch(r"[0-9]{4}", year) for year in years):
        return [int(year) for year in years]
    raise PydanticCustomError("year", "This is not a year. Write it as 2024")


def _as_facets(value: object) -> object:
    """Names that are separated by commas, or a list of such."""
    names = [item for item in _listed(value) if isinstance(item, str)]
    if len(names) < len(_listed(value)):
        return value
    return list(dict.fromkeys(name.strip() for item in names for name in item.split(",")))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _as_whole(value: object) -> object:
    """2.0 is as whole a number as 2 (JSON Schema 2020-12 Core, 4.2.3)."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value  # type: ignore[call-overload]


Whole = Annotated[StrictInt, BeforeValidator(_as_whole)]
SeveralKinds = Annotated[list[Kind], Field(max_length=_VALUES)]
SeveralNames = Annotated[list[str], Field(max_length=_VALUES)]
Kinds = Annotated[SeveralKinds, BeforeValidator(_as_list, json_schema_input_type=Kind | SeveralKinds)]
Names = Annotated[SeveralNames, BeforeValidator(_as_list, json_schema_input_type=str | SeveralNames)]
Year = Annotated[int, Field(ge=1000, le=9999)]
SeveralYears = Annotated[list[Year], Field(max_length=_VALUES)]
Years = Annotated[SeveralYears, BeforeValidator(_as_years, json_schema_input_type=Year | SeveralYears)]
SeveralFacets = Annotated[list[Facet], Field(max_length=len(Facet))]
Facets = Annotated[SeveralFacets, BeforeValidator(_as_facets, json_schema_input_type=Facet | SeveralFacets)]
Date = Annotated[dt.date | None, BeforeValidator(_as_date, json_schema_input_type=dt.date)]

Grouping = Annotated[GroupBy | None, WithJsonSchema({"type": "string", "enum": [*GroupBy]})]
Share = Annotated[
    StrictFloat | None, WithJsonSchema({"type": "number", "format": "float", "minimum": 0, "maximum": 1})
]
SeveralStatements = Annotated[list[StatementKind], Field(max_length=len(StatementKind))]
Statements = Annotated[
    SeveralStatements,
    BeforeValidator(_as_list, json_schema_input_type=StatementKind | SeveralStatements),
]
