"""The shapes that the API answers with: camelCase, null where something is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from api.security import API
from api.shapes import DocumentName, Event, Locator, PassageLinks, Shape
from kb.documents import Passage
from kb.hits import FurtherPassage, GroupBy, Hit, Place, SecondStage, SimilarPassage
from kb.index import DocumentRecord
from kb.knowledge_base import Answered, PassageInContext
from kb.relevance import ANSWERED_FROM, Label, label
from kb.search import Mode

Relevance = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    Field(
        description="Schatting van de kans dat de passage de vraag beantwoordt, van 0 tot 1; null bij "
        "`mode=dense` en `mode=lexical`.",
        examples=[0.734],
    ),
]


class OtherPlace(Shape):
    """Nog een plaats waar dezelfde woorden staan, of bijna dezelfde."""

    passage_id: str
    document: DocumentName
    locator: Locator
    identical: bool = Field(
        description="Of de woorden daar dezelfde zijn, hoofdletters en leestekens daargelaten; anders zijn "
        "ze vrijwel gelijk.",
        examples=[True],
    )
    links: PassageLinks

    @classmethod
    def of(cls, place: Place) -> Self:
        """The shape of another place."""
        return cls(
            passage_id=place.passage.id,
            document=DocumentName.of(place.document),
            locator=Locator.of(place.passage.locator),
            identical=place.is_identical,
            links=PassageLinks.of(place.passage, place.document),
        )


class MorePassage(Shape):
    """Nog een gevonden passage in het document van een treffer."""

    passage_id: str
    score: float
    relevance: Relevance
    text: str = Field(description="De letterlijke tekst.")
    highlights: list[tuple[int, int]]
    locator: Locator
    links: PassageLinks

    @classmethod
    def of(cls, found: FurtherPassage, record: DocumentRecord) -> Self:
        """The shape of a further passage of a document."""
        return cls(
            passage_id=found.passage.id,
            score=found.score,
            relevance=_rounded(found.relevance),
            text=found.passage.text,
            highlights=list(found.highlights),
            locator=Locator.of(found.passage.locator),
            links=PassageLinks.of(found.passage, record),
        )


class SearchHit(Shape):
    """Een passage in het antwoord op een zoekvraag."""

    rank: int = Field(ge=1, description="Telt vanaf 1 over alle treffers.")
    score: float = Field(
        description="Vergelijkt de passages van deze zoekvraag, hoger is beter; zegt daarbuiten niets."
    )
    relevance: Relevance
    relevance_label: Label | None = Field(
        description="De schatting in een woord. Is de relevantie van de eerste treffer lager dan "
        f"{ANSWERED_FROM}, dan meldt de pagina dat er geen passend antwoord is.",
        examples=["sterk"],
    )
    text: str = Field(description="De letterlijke tekst.")
    highlights: list[tuple[int, int]] = Field(
        description="Waar woorden van de zoekvraag staan: begin en einde, exclusief, in Unicode-tekens."
    )
    best_sentence: tuple[int, int] | None = Field(
        description="Waar de zin staat die het best bij de vraag past, geteld als `highlights`; null als de "
        "passage maar één zin heeft, bij `mode=dense` en `mode=lexical`, en zonder late interactie.",
        examples=[[42, 128]],
    )
    passage_id: str
    document: DocumentName
    locator: Locator
    also_in: list[OtherPlace]
    more_passages: list[MorePassage] = Field(
        description="Bij `groupBy=document`: de volgende passages uit dit document, hoogstens drie."
    )
    links: PassageLinks

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """The shape of a hit."""
        return cls(
            rank=hit.rank,
            score=hit.score,
            relevance=_rounded(hit.relevance),
            relevance_label=None if hit.relevance is None else label(hit.relevance),
            text=hit.passage.text,
            highlights=list(hit.highlights),
            best_sentence=hit.best_sentence,
            passage_id=hit.passage.id,
            document=DocumentName.of(hit.document),
            locator=Locator.of(hit.passage.locator),
            also_in=[OtherPlace.of(place) for place in hit.also_in],
            more_passages=[MorePassage.of(found, hit.document) for found in hit.further],
            links=PassageLinks.of(hit.passage, hit.document),
        )


class Period(Shape):
    """De periode die in de vraag staat; stukken uit die tijd staan vooraan."""

    text: str = Field(examples=["najaar 2018"], description="De woorden in de vraag.")
    first: dt.date
    last: dt.date


class Correction(Shape):
    """Een woord dat de kennisbank niet kent, en het woord dat misschien is bedoeld; ook daarop is gezocht."""

    word: str = Field(examples=["zaaksysteeem"])
    suggestion: str = Field(examples=["zaaksysteem"])


class SearchAnswer(Shape):
    """De treffers van een zoekvraag, de beste eerst."""

    query: str
    mode: Mode
    group_by: GroupBy | None = Field(description="Waar de treffers op zijn samengenomen.")
    total: int = Field(
        ge=0, description="Hoeveel treffers er in totaal zijn; bij `groupBy=document` hoeveel documenten."
    )
    limit: int
    offset: int
    took_ms: float = Field(ge=0)
    generation: str = Field(description="De index waarin is gezocht.")
    period: Period | None = Field(description="De periode waar rekening mee is gehouden.")
    corrections: list[Correction]
    second_stage: SecondStage = Field(
        description="Wat de eerste passages opnieuw ordende. Bij `timedOut` duurde dat te lang en bij `off` "
        "gebeurt het niet; dan geldt de eerste volgorde.",
        examples=["lateInteraction"],
    )
    hits: list[SearchHit]

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """The shape of an answered query."""
        period = answered.asked.period
        return cls(
            query=answered.query,
            mode=answered.mode,
            group_by=answered.group_by,
            total=answered.found.total,
            limit=answered.limit,
            offset=answered.offset,
            took_ms=round(answered.seconds * 1000, 1),
            generation=answered.generation,
            period=Period(text=period.text, first=period.first, last=period.last) if period else None,
            corrections=[
                Correction(word=word, suggestion=suggestion)
                for word, suggestion in answered.asked.corrections
            ],
            second_stage=answered.found.second_stage,
            hits=[SearchHit.of(hit) for hit in answered.found.hits],
        )


class DocumentLinks(Shape):
    """Waar een document te vinden is: als gegevens, als bestand en als bladzijde om te lezen."""

    self_: str = Field(alias="self")
    file: str
    page: str

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """The shape of a document."""
        own = f"{API}/documents/{record.id}"
        return cls.model_validate({"self": own, "file": f"{own}/file", "page": f"/documenten/{record.id}"})


class DocumentDetails(DocumentName):
    """Een document, met alles wat ervan bekend is."""

    date_text: str | None = Field(
        description="De datum zoals die er staat, als hij niet zeker is.", examples=["donderdag 7 november"]
    )
    event: Event | None
    place: str | None
    host: str | None
    speakers: list[str]
    size: int = Field(ge=0, description="In bytes.")
    sha256: str
    passages: int = Field(ge=0, description="Hoeveel passages het heeft.")
    links: DocumentLinks

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """The shape of a document."""
        return cls(
            id=record.id,
            title=record.title,
            kind=record.kind,
            date=record.date,
            date_text=record.date_text,
            event=Event.of(record.event),
            place=record.place,
            host=record.host,
            speakers=list(record.speakers),
            language=record.language,
            source=record.source,
            size=record.size,
            sha256=record.sha256,
            passages=record.passages,
            links=DocumentLinks.of(record),
        )


class DocumentsAnswer(Shape):
    """Documenten, op volgorde van hun pad."""

    total: int = Field(ge=0)
    limit: int
    offset: int
    documents: list[DocumentDetails]


class Neighbour(Shape):
    """De passage ervoor of erna, in hetzelfde document."""

    passage_id: str
    text: str
    locator: Locator
    links: PassageLinks

    @classmethod
    def of(cls, passage: Passage | None, record: DocumentRecord) -> Self | None:
        """The shape of a passage; null without one."""
        if not passage:
            return None
        return cls(
            passage_id=passage.id,
            text=passage.text,
            locator=Locator.of(passage.locator),
            links=PassageLinks.of(passage, record),
        )


class PassageDetails(Shape):
    """Een passage, met haar buren."""

    passage_id: str
    text: str
    document: DocumentName
    locator: Locator
    previous: Neighbour | None
    next: Neighbour | None
    links: PassageLinks

    @classmethod
    def of(cls, found: PassageInContext) -> Self:
        """The shape of a passage and its neighbours."""
        return cls(
            passage_id=found.passage.id,
            text=found.passage.text,
            document=DocumentName.of(found.document),
            locator=Locator.of(found.passage.locator),
            previous=Neighbour.of(found.previous, found.document),
            next=Neighbour.of(found.next, found.document),
            links=PassageLinks.of(found.passage, found.document),
        )


class SimilarHit(Shape):
    """Een passage uit een ander document die op de gevraagde lijkt."""

    similarity: float = Field(
        ge=0, le=1, description="De cosinus van beide passages in het taalmodel.", examples=[0.913]
    )
    text: str = Field(description="De letterlijke tekst.")
    passage_id: str
    document: DocumentName
    locator: Locator
    also_in: list[OtherPlace]
    links: PassageLinks

    @classmethod
    def of(cls, found: SimilarPassage) -> Self:
        """The shape of a similar passage."""
        return cls(
            similarity=found.similarity,
            text=found.passage.text,
            passage_id=found.passage.id,
            document=DocumentName.of(found.document),
            locator=Locator.of(found.passage.locator),
            also_in=[OtherPlace.of(place) for place in found.also_in],
            links=PassageLinks.of(found.passage, found.document),
        )


class SimilarAnswer(Shape):
    """De passages die het meest op een passage lijken, de meest gelijkende eerst."""

    passage_id: str
    limit: int
    generation: str = Field(description="De index waarin is gezocht.")
    passages: list[SimilarHit]

    @classmethod
    def of(cls, passage_id: str, found: Sequence[SimilarPassage], *, limit: int, generation: str) -> Self:
        """The shape of what is similar to a passage."""
        return cls(
            passage_id=passage_id,
            limit=limit,
            generation=generation,
            passages=[SimilarHit.of(one) for one in found],
        )


class Health(Shape):
    """Hoe het met de dienst is."""

    status: Literal["live", "ready"]


class RequestFault(Shape):
    """Eén fout in een verzoek."""

    in_: Literal["query", "body", "path", "header"] = Field(alias="in")
    location: str = Field(
        description="De naam van de parameter, of een JSON Pointer in de body.", examples=["limit"]
    )
    code: str = Field(description="Vast woord voor de fout.", examples=["out-of-range"])
    detail: str = Field(examples=["limit is 0; it must be from 1 to 100"])


class Problem(Shape):
    """Een fout, volgens RFC 9457. `errors` noemt alle fouten van het verzoek tegelijk."""

    type: str = Field(json_schema_extra={"format": "uri-reference"}, examples=["about:blank"])
    title: str = Field(examples=["Bad Request"])
    status: int = Field(ge=400, le=599, examples=[400])
    detail: str = Field(examples=["The request has 1 fault; see errors."])
    build_id: str | None = Field(None, description="De bouwopdracht die al loopt.")
    errors: list[RequestFault] = Field([])


def _rounded(relevance: float | None) -> float | None:
    return None if relevance is None else round(relevance, 3)
