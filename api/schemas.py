"""The shapes that the API answers with: camelCase, null where something is not known."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from api.security import API
from api.sources import opens_at_a_page
from kb import documents as nouns
from kb.documents import Kind, Part, Passage
from kb.index import DocumentRecord
from kb.knowledge_base import Answered, PassageInContext
from kb.search import Hit, Mode, Place

# Pydantic writes "a date or null" as two schemas; readers of the document look for `format` on the field.
Day = Annotated[dt.date | None, Field(json_schema_extra={"format": "date"}, examples=["2024-11-07"])]


class Shape(BaseModel):
    """Camel case outside, snake case inside."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid"
    )


class EventName(Shape):
    """De bijeenkomst waar een document bij hoort."""

    id: str = Field(examples=["9f2c41d07be3a856"])
    name: str = Field(examples=["Avond over digitale innovatie"])

    @classmethod
    def of(cls, event: nouns.Event | None) -> Self | None:
        """The shape of an event; null without one."""
        return cls(id=event.id, name=event.name) if event else None


class Event(EventName):
    """Een bijeenkomst, met wat ervan bekend is."""

    date: Day
    place: str | None
    host: str | None
    speakers: list[str]

    @classmethod
    def of(cls, event: nouns.Event | None) -> Self | None:
        """The shape of an event; null without one."""
        if not event:
            return None
        return cls(
            id=event.id,
            name=event.name,
            date=event.date,
            place=event.place,
            host=event.host,
            speakers=list(event.speakers),
        )


class DocumentName(Shape):
    """Een document zoals een treffer het noemt."""

    id: str = Field(examples=["4be1a0c3d92f7765"])
    title: str = Field(examples=["Verslag van de avond over digitale innovatie"])
    kind: Kind
    date: Day = Field(description="Leeg als de datum niet zeker is.")
    event: EventName | None
    language: str | None = Field(examples=["nl"])
    source: str = Field(description="Het pad binnen de verzameling.", examples=["innovatieavond/verslag.pdf"])

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """The shape of a document."""
        return cls(
            id=record.id,
            title=record.title,
            kind=record.kind,
            date=record.date,
            event=EventName.of(record.event),
            language=record.language,
            source=record.source,
        )


class Locator(Shape):
    """De vindplaats, zoals een lezer haar zou noemen; null waar het formaat haar niet kent."""

    page: int | None = Field(ge=1, examples=[4])
    page_label: str | None = Field(description="Het nummer dat op de bladzijde staat.", examples=["iv"])
    slide: int | None = Field(ge=1)
    part: Part
    headings: list[str] = Field(description="De koppen erboven, de hoogste eerst.", examples=[["Besluiten"]])
    line: int | None = Field(ge=1)

    @classmethod
    def of(cls, locator: nouns.Locator) -> Self:
        """The shape of a locator."""
        return cls(
            page=locator.page,
            page_label=locator.page_label,
            slide=locator.slide,
            part=locator.part,
            headings=list(locator.headings),
            line=locator.line,
        )


class PassageLinks(Shape):
    """Waar een passage en haar bron te vinden zijn."""

    self_: str = Field(alias="self", examples=["/v1/passages/c0ffee0123456789"])
    file: str = Field(
        description="De bron, geopend op de bladzijde als het een pdf is.",
        examples=["/v1/documents/4be1a0c3d92f7765/file#page=4"],
    )

    @classmethod
    def of(cls, passage: Passage, record: DocumentRecord) -> Self:
        """The shape of a passage of a document."""
        page = passage.locator.page
        place = f"#page={page}" if page and opens_at_a_page(record.source) else ""
        return cls.model_validate(
            {"self": f"{API}/passages/{passage.id}", "file": f"{API}/documents/{record.id}/file{place}"}
        )


class OtherPlace(Shape):
    """Nog een plaats waar dezelfde woorden staan."""

    passage_id: str
    document: DocumentName
    locator: Locator
    links: PassageLinks

    @classmethod
    def of(cls, place: Place) -> Self:
        """The shape of another place."""
        return cls(
            passage_id=place.passage.id,
            document=DocumentName.of(place.document),
            locator=Locator.of(place.passage.locator),
            links=PassageLinks.of(place.passage, place.document),
        )


class SearchHit(Shape):
    """Een passage in het antwoord op een zoekvraag."""

    rank: int = Field(ge=1, description="Telt vanaf 1 over alle treffers.")
    score: float = Field(description="Ordent de treffers van deze zoekvraag; zegt daarbuiten niets.")
    text: str = Field(description="De letterlijke tekst.")
    highlights: list[tuple[int, int]] = Field(
        description="Waar woorden van de zoekvraag staan: begin en einde, exclusief, in Unicode-tekens."
    )
    passage_id: str
    document: DocumentName
    locator: Locator
    also_in: list[OtherPlace]
    links: PassageLinks

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """The shape of a hit."""
        return cls(
            rank=hit.rank,
            score=hit.score,
            text=hit.passage.text,
            highlights=list(hit.highlights),
            passage_id=hit.passage.id,
            document=DocumentName.of(hit.document),
            locator=Locator.of(hit.passage.locator),
            also_in=[OtherPlace.of(place) for place in hit.also_in],
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
    total: int = Field(ge=0, description="Hoeveel treffers er in totaal zijn.")
    limit: int
    offset: int
    took_ms: float = Field(ge=0)
    generation: str = Field(description="De index waarin is gezocht.")
    period: Period | None = Field(description="De periode waar rekening mee is gehouden.")
    corrections: list[Correction]
    hits: list[SearchHit]

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """The shape of an answered query."""
        period = answered.asked.period
        return cls(
            query=answered.query,
            mode=answered.mode,
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
    errors: list[RequestFault] = []
