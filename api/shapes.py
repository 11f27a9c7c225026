"""The shapes of which the API's answers are made: documents, events and places as they are named."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from api.security import API
from api.sources import opens_at_a_page
from kb import documents as nouns
from kb.documents import Kind, Part, Passage
from kb.index import DocumentRecord
from kb.index.labels import LabelFacet, Told
from kb.minutes import StatementKind
from kb.search_request import MAX_OFFSET

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
        return cls(**cls._named(record), event=EventName.of(record.event))

    @staticmethod
    def _named(record: DocumentRecord) -> dict[str, Any]:
        """The fields that every shape of a document has alike."""
        return {
            "id": record.id,
            "title": record.title,
            "kind": record.kind,
            "date": record.date,
            "language": record.language,
            "source": record.source,
        }


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


class Statement(Shape):
    """Een citaat, besluit, actie of vraag in een passage, op de tekst herkend."""

    kind: StatementKind = Field(examples=["citaat"])
    text: str = Field(
        description="De tekst ervan, voor zover die in deze passage staat.",
        examples=["Wij gaan het komende jaar met alle gemeenten in gesprek."],
    )
    start: int = Field(
        ge=0,
        description="Waar die in `text` van de passage begint, in Unicode-tekens.",
        examples=[42],
    )
    end: int = Field(ge=0, description="Waar die eindigt, exclusief.", examples=[96])
    speaker: str | None = Field(
        description="Wie het zei, alleen bij een citaat en alleen als de tekst het noemt.",
        examples=["Sam de Vries"],
    )
    role: str | None = Field(
        description="De functie van de spreker, als de tekst die noemt.", examples=["wethouder"]
    )
    organisation: str | None = Field(
        description="Waar de spreker van is, als de tekst dat noemt.", examples=["gemeente Duinmeer"]
    )
    literal: bool = Field(
        description="Of het tussen aanhalingstekens staat. Is het onwaar, dan zijn het de woorden van de "
        "verslaglegger: haal het dan niet aan als woorden van de spreker.",
        examples=[True],
    )

    @classmethod
    def all_of(cls, told: Told, passage: Passage) -> list[Self]:
        """The shapes of the statements of a passage."""
        return [
            cls(
                kind=one.kind,
                text=passage.text[one.start : one.end],
                start=one.start,
                end=one.end,
                speaker=one.speaker,
                role=one.role,
                organisation=one.organisation,
                literal=one.literal,
            )
            for one in told.statements
        ]


class PlaceName(Shape):
    """Een gemeente of provincie die een passage noemt."""

    code: str = Field(description="De code van het CBS.", examples=["GM0344"])
    name: str = Field(description="De naam volgens het CBS.", examples=["Utrecht"])
    kind: Literal["municipality", "province"] = Field(
        description="Gemeente of provincie.", examples=["municipality"]
    )

    @classmethod
    def all_of(cls, told: Told) -> list[Self]:
        """The shapes of the places that a passage names."""
        return [
            cls(
                code=label.key,
                name=label.name,
                kind="province" if label.facet is LabelFacet.PROVINCE else "municipality",
            )
            for label in told.places
        ]


STATEMENTS = Field(description="De citaten, besluiten, acties en vragen die erin staan, op volgorde.")
PLACES = Field(
    description="De gemeenten en provincies die erin worden genoemd, met de provincies van die gemeenten. "
    "Waar een bijeenkomst was, telt niet."
)


class PassageLinks(Shape):
    """Waar een passage en haar bron te vinden zijn."""

    self_: str = Field(alias="self", examples=["/v1/passages/c0ffee0123456789"])
    file: str = Field(
        description="De bron, geopend op de bladzijde als het een pdf is.",
        examples=["/v1/documents/4be1a0c3d92f7765/file#page=4"],
    )
    similar: str = Field(
        description="De passages die hierop lijken.", examples=["/v1/passages/c0ffee0123456789/similar"]
    )

    @classmethod
    def of(cls, passage: Passage, record: DocumentRecord) -> Self:
        """The shape of a passage of a document."""
        page = passage.locator.page
        place = f"#page={page}" if page and opens_at_a_page(record.source) else ""
        own = f"{API}/passages/{passage.id}"
        file = f"{API}/documents/{record.id}/file{place}"
        return cls.model_validate({"self": own, "file": file, "similar": f"{own}/similar"})


class PageLinks(Shape):
    """De buren van deze lijst."""

    self_: str = Field(
        alias="self", description="Deze bladzijde.", examples=["/v1/search?q=besluit&limit=10&offset=10"]
    )
    next: str | None = Field(
        description="De volgende bladzijde; null als deze de laatste is.",
        examples=["/v1/search?q=besluit&limit=10&offset=20"],
    )
    prev: str | None = Field(
        description="De vorige bladzijde; null als deze de eerste is.",
        examples=["/v1/search?q=besluit&limit=10&offset=0"],
    )

    @classmethod
    def of(cls, request: Request, *, total: int, limit: int, offset: int) -> Self:
        """The links of a part of a list of `total`, which the address of a request asks for."""

        def address(start: int) -> str:
            asked = [item for item in request.query_params.multi_items() if item[0] != "offset"]
            return f"{request.url.path}?{urlencode([*asked, ('offset', str(start))])}"

        after = offset + limit
        has_next = after < total and after <= MAX_OFFSET
        query = request.url.query
        return cls.model_validate(
            {
                "self": f"{request.url.path}?{query}" if query else request.url.path,
                "next": address(after) if has_next else None,
                "prev": address(max(0, offset - limit)) if offset else None,
            }
        )
