"""What a request asks: its parameters read and checked, with every fault found at once."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, ClassVar, Self, TypeVar

from pydantic import ConfigDict, Field, WithJsonSchema
from starlette.datastructures import QueryParams
from starlette.requests import Request

from api.bodies import Asked, read_json
from api.exports import AnswerFormat
from api.problems import Fault, Where, refused
from api.values import Date, Facets, Grouping, Kinds, Names, Share, Statements, Whole, Years
from kb.arranging import NEWEST_OF
from kb.documents import Kind
from kb.hits import Page, Sort
from kb.index import Filter
from kb.knowledge_base import KnowledgeBase
from kb.minutes import StatementKind
from kb.search_request import MAX_LIMIT, MAX_OFFSET, MAX_QUERY, MAX_SIMILAR, Mode, SearchRequest

# Parameters that are numbers.
_NUMBERS = frozenset({"limit", "offset"})
_DECIMALS = frozenset({"minRelevance"})


Wanted = Annotated[
    AnswerFormat | None, WithJsonSchema({"type": "string", "enum": [str(one) for one in AnswerFormat]})
]
WANTED = Field(
    None,
    description="De vorm van het antwoord; zonder geldt `Accept`. `csv` is volgens RFC 4180, `csvExcel` "
    "opent met een dubbelklik in een Nederlandse Excel, `jsonl` heeft een treffer per regel; `ris` en "
    "`bibtex` geven de documenten als literatuurlijst, elk met de gevonden plaatsen.",
    examples=["json"],
)


class Filters(Asked):
    """What every list of documents or passages can be asked, but for the kind of what is listed."""

    several: ClassVar[frozenset[str]] = frozenset(
        {
            "kind", "documentKind", "event", "language", "speaker", "host", "theme", "municipality",
            "province", "statement", "saidBy", "year", "document", "facets",
        }
    )  # fmt: skip
    max_limit: ClassVar[int] = MAX_LIMIT

    event: Names = Field([], description="Alleen deze bijeenkomsten: id of naam.")
    language: Names = Field([], description="Alleen deze talen.", examples=[["nl"]])
    speaker: Names = Field(
        [],
        description="Alleen wat deze mensen spraken; hoofdletters maken niet uit.",
        examples=[["Sam de Vries"]],
    )
    host: Names = Field([], description="Alleen wat deze gastheren ontvingen; hoofdletters maken niet uit.")
    theme: Names = Field(
        [],
        description="Alleen passages die bij een van deze thema's horen; hoofdletters maken niet uit.",
        examples=[["digitalisering"]],
    )
    municipality: Names = Field(
        [],
        description="Alleen passages die een van deze gemeenten noemen: CBS-code of naam. Een gemeente die "
        "is opgegaan in een andere, telt als die andere; waar een bijeenkomst was, telt niet.",
        examples=[["GM0344"]],
    )
    province: Names = Field(
        [],
        description="Alleen passages die een van deze provincies noemen, of een gemeente erin: CBS-code of "
        "naam.",
        examples=[["PV26"]],
    )
    statement: Statements = Field(
        [],
        description="Alleen passages met zo'n uitspraak: een citaat, besluit, actie of vraag. Die zijn op de "
        "tekst herkend, en worden dus wel eens gemist.",
        examples=[["besluit"]],
    )
    said_by: Names = Field(
        [],
        description="Alleen passages waarin staat wat deze mensen zeiden; hoofdletters maken niet uit.",
        examples=[["Sam de Vries"]],
    )
    year: Years = Field(
        [], description="Alleen uit deze jaren; wat geen datum heeft valt af.", examples=[[2024]]
    )
    date_from: Date = Field(
        None, description="Niets van voor deze dag; wat geen datum heeft valt af.", examples=["2024-01-01"]
    )
    date_to: Date = Field(
        None, description="Niets van na deze dag; wat geen datum heeft valt af.", examples=["2024-12-31"]
    )
    limit: Whole = Field(
        10,
        description="Hoeveel er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
    )

    def filter(self) -> Filter:
        """The parameters that say which documents may be found."""
        return Filter(
            kinds=frozenset(self.document_kinds),
            events=frozenset(self.event),
            languages=frozenset(self.language),
            documents=frozenset(getattr(self, "document", ())),
            speakers=frozenset(self.speaker),
            hosts=frozenset(self.host),
            themes=frozenset(self.theme),
            municipalities=frozenset(self.municipality),
            provinces=frozenset(self.province),
            statements=frozenset(self.statement_kinds),
            said_by=frozenset(self.said_by),
            years=frozenset(self.year),
            date_from=self.date_from,
            date_to=self.date_to,
        )

    @property
    def document_kinds(self) -> Collection[Kind]:
        """The kinds of documents that are asked for."""
        return ()

    @property
    def statement_kinds(self) -> Collection[StatementKind]:
        """The kinds of statements of which a passage must hold one."""
        return self.statement

    @classmethod
    def read_query(cls, query: QueryParams) -> tuple[Self, list[Fault]]:
        """The parameters in a query string, in which all values are text."""
        return read_parameters(cls, query, several=cls.several)


class Parameters(Filters):
    """What a list of documents, or of passages by their documents, can be asked."""

    kind: Kinds = Field([], description="Alleen deze soorten.", examples=[["verslag"]])

    @property
    def document_kinds(self) -> Collection[Kind]:
        """The kinds of documents that are asked for."""
        return self.kind


class PagedParameters(Parameters):
    """A list of which a later part can be asked."""

    offset: Whole = Field(
        0,
        description="Hoeveel er worden overgeslagen.",
        json_schema_extra={"minimum": 0, "maximum": MAX_OFFSET},
    )


class DocumentsParameters(PagedParameters):
    """Which documents are listed."""

    format: Wanted = WANTED


class SimilarParameters(Parameters):
    """Which passages are listed that are like another."""

    max_limit: ClassVar[int] = MAX_SIMILAR

    limit: Whole = Field(
        10,
        description="Hoeveel er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_SIMILAR},
    )


class AnswerParameters(Parameters):
    """A question that is answered."""

    model_config = ConfigDict(json_schema_extra={"required": ["q"], "description": "Een vraag."})

    q: str = Field(
        "",
        description="De vraag.",
        examples=["tot wanneer is de proef uitgesteld?"],
        json_schema_extra={"minLength": 1, "maxLength": MAX_QUERY},
    )
    document: Names = Field([], description="Alleen deze documenten: hun id.")
    dates: bool = Field(
        True,
        description="Noemt de vraag een periode (najaar 2018), zet dan stukken uit die tijd vooraan.",
    )
    limit: Whole = Field(
        5,
        description="Hoeveel passages er hoogstens bij worden gegeven. Het antwoord hangt er niet van af.",
        json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
    )

    def request(self) -> SearchRequest:
        """The search that the question is answered by."""
        return SearchRequest(
            query=self.q, filter=self.filter(), page=Page(limit=self.limit), dates=self.dates
        )


class OneOfSearches(PagedParameters):
    """A search among several, which are all answered in JSON."""

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
        description="Met `document` of `event` staat elk document of elke bijeenkomst er één keer, bij de "
        "beste passage; `limit`, `offset`, `total` en `facets` tellen dan documenten of bijeenkomsten. Een "
        "document zonder bijeenkomst staat daarbij op zichzelf.",
        examples=["document"],
    )
    sort: Sort = Field(
        Sort.RELEVANCE,
        description=f"Met `date` staan de {NEWEST_OF} best passende treffers op datum: de nieuwste vooraan, "
        "wat geen datum heeft achteraan. De andere vallen af, ook uit `total` en `facets`.",
    )
    min_relevance: Share = Field(
        None,
        description="Alleen passages met minstens deze relevantie, van 0 tot 1; `total` en `facets` tellen "
        "alleen die. De schatting daalt snel met de plaats in de rangorde: bij 0.3 blijven er vaak maar een "
        "of twee over, die de vraag waarschijnlijk beantwoorden. Alleen bij `mode=hybrid`.",
        examples=[0.3],
    )
    facets: Facets = Field(
        [],
        description="Tel de treffers per waarde van deze filters; komma's ertussen mag ook. Geteld wordt "
        "over alle treffers die `total` telt, dus binnen de filters die al aan staan, ook dat van de facet "
        "zelf.",
        examples=[["kind", "year", "event"]],
    )

    def request(self) -> SearchRequest:
        """The search that is asked for."""
        return SearchRequest(
            query=self.q,
            mode=self.mode,
            filter=self.filter(),
            page=Page(
                offset=self.offset,
                limit=self.limit,
                group_by=self.group_by,
                sort=self.sort,
                min_relevance=self.min_relevance,
                facets=tuple(self.facets),
            ),
            dates=self.dates,
        )


class SearchParameters(OneOfSearches):
    """A search."""

    format: Wanted = WANTED


Read = TypeVar("Read", bound=Asked)


def read_parameters(
    model: type[Read], query: QueryParams, *, several: Collection[str] = ()
) -> tuple[Read, list[Fault]]:
    """The parameters in a query string, in which all values are text; `several` may be repeated."""
    raw: dict[str, object] = {}
    repeated = []
    for name in query:
        values = query.getlist(name)
        if name in several:
            raw[name] = values
            continue
        raw[name] = _value(name, values[0])
        if len(values) > 1:
            repeated.append(Fault("query", name, "repeated", f"{name} is given {len(values)} times"))
    read, faults = model.read(raw, "query")
    return read, faults + [fault for fault in repeated if fault.location in model.names()]


def check(
    knowledge_base: KnowledgeBase, parameters: Filters, faults: list[Fault], *, where: Where = "query"
) -> None:
    """Refuse a request with what is wrong in itself and what is unknown to the index, together."""
    if faults := all_faults(knowledge_base, parameters, faults, where=where):
        raise refused(faults)


def all_faults(
    knowledge_base: KnowledgeBase, parameters: Filters, faults: list[Fault], *, where: Where
) -> list[Fault]:
    """What is wrong with a request in itself, which `faults` tells, and what is unknown to the index."""
    known = {fault.location.lstrip("/").partition("/")[0] for fault in faults if fault.where == where}
    found = (
        knowledge_base.faults(parameters.request())
        if isinstance(parameters, OneOfSearches | AnswerParameters)
        else knowledge_base.list_faults(
            parameters.filter(),
            limit=parameters.limit,
            offset=getattr(parameters, "offset", 0),
            max_limit=parameters.max_limit,
        )
    )
    return faults + [
        Fault(where, f"/{name}" if where == "body" else name, code, detail)
        for name, code, detail in found
        if name not in known
    ]


async def read_body(request: Request) -> tuple[SearchParameters, list[Fault]]:
    """The parameters in a JSON body."""
    return SearchParameters.read(await read_json(request), "body")


def _value(name: str, text: str) -> object:
    if name in _NUMBERS and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if name in _DECIMALS and re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,3})?", text):
        return float(text)
    return text
