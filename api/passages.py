"""The passages that filters allow, without a query: what was decided at a meeting, what somebody said."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from fastapi import APIRouter, Request
from pydantic import Field

from api.conditional import UNCHANGED
from api.exports import EXPORTED, Exporter, format_of
from api.openapi import parameters_of, problem_answers
from api.parameters import WANTED, Filters, Wanted, check
from api.routes import Base, Fresh
from api.security import API
from api.shapes import (
    PLACES,
    STATEMENTS,
    DocumentName,
    Locator,
    PageLinks,
    PassageLinks,
    PlaceName,
    Shape,
    Statement,
)
from api.values import Kinds, Names, Statements, Whole
from kb.documents import Kind
from kb.hits import Hit
from kb.listing import Listed
from kb.minutes import StatementKind
from kb.search_request import MAX_LIMIT, MAX_OFFSET

router = APIRouter(prefix=API)


class PassagesParameters(Filters):
    """Which passages are listed."""

    kind: Statements = Field(
        [],
        description="Alleen passages met zo'n uitspraak: een citaat, besluit, actie of vraag. Hetzelfde als "
        "`statement`.",
        examples=[["besluit"]],
    )
    document_kind: Kinds = Field(
        [], description="Alleen uit deze soorten documenten.", examples=[["verslag"]]
    )
    document: Names = Field([], description="Alleen deze documenten: hun id.")
    limit: Whole = Field(
        10,
        description="Hoeveel er hoogstens worden gegeven.",
        json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
    )
    offset: Whole = Field(
        0,
        description="Hoeveel er worden overgeslagen.",
        json_schema_extra={"minimum": 0, "maximum": MAX_OFFSET},
    )
    format: Wanted = WANTED

    @property
    def document_kinds(self) -> Collection[Kind]:
        """The kinds of documents that are asked for."""
        return self.document_kind

    @property
    def statement_kinds(self) -> Collection[StatementKind]:
        """The kinds of statements that are asked for, by either name."""
        return {*self.kind, *self.statement}


class ListedPassage(Shape):
    """Een passage in een lijst."""

    passage_id: str
    text: str = Field(description="De letterlijke tekst.")
    document: DocumentName
    locator: Locator
    statements: list[Statement] = STATEMENTS
    places: list[PlaceName] = PLACES
    links: PassageLinks

    @classmethod
    def of(cls, listed: Listed) -> Self:
        """The shape of a passage."""
        return cls(
            passage_id=listed.passage.id,
            text=listed.passage.text,
            document=DocumentName.of(listed.document),
            locator=Locator.of(listed.passage.locator),
            statements=Statement.all_of(listed.told, listed.passage),
            places=PlaceName.all_of(listed.told),
            links=PassageLinks.of(listed.passage, listed.document),
        )


class PassagesAnswer(Shape):
    """Passages: die van de nieuwste documenten vooraan, wat geen datum heeft achteraan."""

    total: int = Field(ge=0, description="Hoeveel passages alle bladzijden samen hebben.")
    limit: int
    offset: int
    generation: str = Field(description="De index waarin ze staan.")
    links: PageLinks
    passages: list[ListedPassage]


@router.get(
    "/passages",
    tags=["Zoeken"],
    summary="Noem de passages met een besluit, actie, vraag of citaat",
    description="Geeft zonder zoekvraag alle passages die de filters toelaten: wat er op een bijeenkomst is "
    "besloten (`kind=besluit&event=…`), of wat iemand zei (`saidBy=…`). De nieuwste documenten staan "
    "vooraan, wat geen datum heeft achteraan; binnen een document op volgorde van plaats.",
    operation_id="noemPassages",
    response_model=PassagesAnswer,
    responses={**EXPORTED, **problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(PassagesParameters),
)
def passages(request: Request, knowledge_base: Base, fresh: Fresh) -> Any:
    """The passages that the filters allow."""
    parameters, faults = PassagesParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    wanted = format_of(request, parameters.format)
    headers = fresh.check(wanted)
    limit, offset = parameters.limit, parameters.offset
    found = knowledge_base.passages(parameters.filter(), limit=limit, offset=offset)
    answer = PassagesAnswer(
        total=found.total,
        limit=limit,
        offset=offset,
        generation=knowledge_base.manifest().generation,
        links=PageLinks.of(request, total=found.total, limit=limit, offset=offset),
        passages=[ListedPassage.of(one) for one in found.passages],
    )
    if not wanted.form:
        return answer
    hits = [
        Hit(rank=number, score=0.0, passage=one.passage, document=one.document, told=one.told)
        for number, one in enumerate(found.passages, offset + 1)
    ]
    return Exporter(request, knowledge_base.settings, headers).hits(
        wanted.form, hits, answer.passages, answer.links
    )
