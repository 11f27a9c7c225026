"""The shapes that the API answers with: camelCase, null where something is not known."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from api.security import API
from api.shapes import (
    PLACES,
    STATEMENTS,
    DocumentName,
    Event,
    Locator,
    PageLinks,
    PassageLinks,
    PlaceName,
    Shape,
    Statement,
)
from kb.documents import Access, Passage
from kb.index import DocumentRecord
from kb.knowledge_base import PassageInContext


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
    themes: list[str]
    access: Access = Field(description="Voor wie het is: `open` voor iedereen, `members` voor leden.")
    size: int = Field(ge=0, description="In bytes.")
    sha256: str
    passages: int = Field(ge=0, description="Hoeveel passages het heeft.")
    masked: bool = Field(
        description="Of er een naam in staat die niet meer mag worden getoond. Die is in de tekst onleesbaar "
        "gemaakt, en het bestand is niet op te vragen.",
        examples=[False],
    )
    links: DocumentLinks

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        """The shape of a document."""
        return cls(
            **cls._named(record),
            date_text=record.date_text,
            event=Event.of(record.event),
            place=record.place,
            host=record.host,
            speakers=list(record.speakers),
            themes=list(record.themes),
            access=record.access,
            size=record.size,
            sha256=record.sha256,
            passages=record.passages,
            masked=record.masked is not None,
            links=DocumentLinks.of(record),
        )


class DocumentsAnswer(Shape):
    """Documenten, op volgorde van hun pad."""

    total: int = Field(ge=0)
    limit: int
    offset: int
    generation: str = Field(description="De index waarin ze staan.")
    links: PageLinks
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
    statements: list[Statement] = STATEMENTS
    places: list[PlaceName] = PLACES
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
            statements=Statement.all_of(found.told, found.passage),
            places=PlaceName.all_of(found.told),
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
    build_id: str | None = Field(None, description="De bouwopdracht die al loopt.")
    errors: list[RequestFault] = Field([])
