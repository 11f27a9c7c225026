"""What a request asks: its parameters read and checked, with every fault found at once."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, from_json
from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.problems import Fault, Problem, ProblemError, Where, refused
from kb.documents import Kind
from kb.hits import GroupBy
from kb.index import Filter
from kb.knowledge_base import MAX_LIMIT, MAX_OFFSET, MAX_QUERY, MAX_SIMILAR, KnowledgeBase
from kb.search import Mode

MAX_BODY = 64 * 1024
_VALUES = 100
_CODES = {
    "extra_forbidden": "unknown-parameter",
    "enum": "unknown-value",
    "int_type": "not-an-integer",
    "too_long": "too-many",
    "date": "not-a-date",
}


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


class Parameters(BaseModel):
    """What every list of documents or passages can be asked. Unknown names are refused: a typo in a filter
    would widen the search in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
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
    def read(cls, raw: Mapping[str, object], where: Where) -> tuple[Self, list[Fault]]:
        """The parameters as far as they are right, and a fault for each that is not."""
        try:
            return cls.model_validate(raw), []
        except ValidationError as error:
            wrong = error.errors(include_url=False)
        right = {
            name: value for name, value in raw.items() if name not in {str(item["loc"][0]) for item in wrong}
        }
        return cls.model_validate(right), [cls._fault(item, where) for item in wrong]

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
        return read, faults + [fault for fault in repeated if fault.location in cls._names()]

    @classmethod
    def _names(cls) -> dict[str, str]:
        return {str(field.alias): name for name, field in cls.model_fields.items()}

    @classmethod
    def _fault(cls, item: Any, where: Where) -> Fault:
        name, *inner = [str(part) for part in item["loc"]]
        # A JSON Pointer (RFC 6901, 3) writes ~ and / in another way.
        steps = [step.replace("~", "~0").replace("/", "~1") for step in ("", name, *inner)]
        location = "/".join(steps) if where == "body" else name
        code = _CODES.get(item["type"], "invalid")
        detail = f"{item['msg']}"
        if code == "unknown-parameter":
            near = difflib.get_close_matches(name, cls._names(), n=1)
            detail = f"There is no parameter {name[:80]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        return Fault(where, location, code, detail)


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
    """The parameters in a JSON body of at most `MAX_BODY` bytes."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise ProblemError(Problem(415, "Send the search as application/json."))
    too_large = ProblemError(
        Problem(413, f"The body is larger than {MAX_BODY} bytes.", headers={"Connection": "close"})
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > MAX_BODY:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise too_large
    try:
        raw = from_json(bytes(body), allow_inf_nan=False)
    except ValueError as error:
        raise refused([Fault("body", "", "not-json", f"The body is not JSON: {error}")]) from None
    if not isinstance(raw, dict):
        raise refused(
            [Fault("body", "", "not-an-object", 'The body must be a JSON object, such as {"q": "…"}')]
        )
    return SearchParameters.read(raw, "body")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None
