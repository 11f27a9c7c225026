"""What a request asks: its parameters read and checked, with every fault found at once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, ConfigDict, Field, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.bodies import Asked, read_json
from api.problems import Fault, Where, refused
from kb.documents import Kind
from kb.hits import GroupBy
from kb.index import Filter
from kb.knowledge_base import MAX_LIMIT, MAX_OFFSET, MAX_QUERY, MAX_SIMILAR, KnowledgeBase
from kb.search import Mode

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


SeveralKinds = Annotated[list[Kind], Field(max_length=_VALUES)]
SeveralNames = Annotated[list[str], Field(max_length=_VALUES)]
Kinds = Annotated[SeveralKinds, BeforeValidator(_as_list, json_schema_input_type=Kind | SeveralKinds)]
Names = Annotated[SeveralNames, BeforeValidator(_as_list, json_schema_input_type=str | SeveralNames)]
Date = Annotated[dt.date | None, BeforeValidator(_as_date, json_schema_input_type=dt.date)]

Grouping = Annotated[GroupBy | None, WithJsonSchema({"type": "string", "enum": [*GroupBy]})]


class Parameters(Asked):
    """What every list of documents or passages can be asked."""

    several: ClassVar[frozenset[str]] = frozenset({"kind", "event", "language", "document"})
    numbers: ClassVar[frozenset[str]] = frozenset({"limit", "offset"})
    max_limit: ClassVar[int] = MAX_LIMIT

    kind: Kinds = Field([], description="Alleen deze soorten.", examples=[["verslag"]])
    event: Names = Field([], description="Alleen deze bijeenkomsten: id of naam.")
    language: Names = Field([], description="Alleen deze talen.", examples=[["nl"]])
    date_from: Date = Field(
        None, description="Niets van voor deze dag; wat geen datum heeft valt af.", examples=["2024-01-01"]
    )
    date_to: Date = Field(
        None, description="Niets van na deze dag; wat geen datum heeft valt af.", examples=["2024-12-31"]
    )
    limit: StrictInt = Field(
        10,
        description="Hoeveel er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
    )

    def filter(self) -> Filter:
        """The parameters that say which documents may be found."""
        return Filter(
            kinds=frozenset(self.kind),
            events=frozenset(self.event),
            languages=frozenset(self.language),
            documents=frozenset(getattr(self, "document", ())),
            date_from=self.date_from,
            date_to=self.date_to,
        )

    @classmethod
    def read_query(cls, query: QueryParams) -> tuple[Self, list[Fault]]:
        """The parameters in a query string, in which all values are text."""
        raw: dict[str, object] = {}
        repeated = []
        for name in query:
            values = query.getlist(name)
            if name in cls.several:
                raw[name] = values
                continue
            raw[name] = int(values[0]) if name in cls.numbers and _is_number(values[0]) else values[0]
            if len(values) > 1:
                repeated.append(Fault("query", name, "repeated", f"{name} is given {len(values)} times"))
        read, faults = cls.read(raw, "query")
        return read, faults + [fault for fault in repeated if fault.location in cls.names()]


class PagedParameters(Parameters):
    """A list of which a later part can be asked."""

    offset: StrictInt = Field(
        0,
        description="Hoeveel er worden overgeslagen.",
        json_schema_extra={"minimum": 0, "maximum": MAX_OFFSET},
    )


class DocumentsParameters(PagedParameters):
    """Which documents are listed."""


class SimilarParameters(Parameters):
    """Which passages are listed that are like another."""

    max_limit: ClassVar[int] = MAX_SIMILAR

    limit: StrictInt = Field(
        10,
        description="Hoeveel er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_SIMILAR},
    )


class SearchParameters(PagedParameters):
    """A search."""

    model_config = ConfigDict(json_schema_extra={"required": ["q"], "description": "Een zoekvraag."})

    q: str = Field(
        "",
        description="Waar u naar zoekt: een vraag, een zin of enkele woorden.",
        examples=["wat verandert er voor de gemeentesecretaris?"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_QUERY},
    )
    mode: Mode = Field(
        Mode.HYBRID, description="Zoek op betekenis (dense), op woorden (lexical) of op beide (hybrid)."
    )
    document: Names = Field([], description="Alleen deze documenten: hun id.")
    dates: bool = Field(
        True,
        description="Noemt de vraag een periode (najaar 2018), zet dan stukken uit die tijd vooraan. "
        "Geldt bij `mode=hybrid`.",
    )
    group_by: Grouping = Field(
        None,
        description="Met `document` staat elk document er één keer, bij zijn beste passage; `limit`, "
        "`offset` en `total` tellen dan documenten.",
        examples=["document"],
    )


def check(
    knowledge_base: KnowledgeBase, parameters: Parameters, faults: list[Fault], *, where: Where = "query"
) -> None:
    """Refuse a request with what is wrong in itself and what is unknown to the index, together."""
    known = {fault.location.strip("/") for fault in faults}
    found = knowledge_base.faults(
        parameters.q if isinstance(parameters, SearchParameters) else None,
        filter=parameters.filter(),
        limit=parameters.limit,
        offset=parameters.offset if isinstance(parameters, PagedParameters) else 0,
        max_limit=parameters.max_limit,
    )
    faults = faults + [
        Fault(where, f"/{name}" if where == "body" else name, code, detail)
        for name, code, detail in found
        if name not in known
    ]
    if faults:
        raise refused(faults)


async def read_body(request: Request) -> tuple[SearchParameters, list[Fault]]:
    """The parameters in a JSON body."""
    return SearchParameters.read(await read_json(request), "body")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None
