"""The API of meetings: which there were, with what documents, and what was said and decided at them."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.conditional import UNCHANGED
from api.openapi import parameters_of, problem_answers
from api.parameters import PagedParameters, check
from api.routes import Base, Fresh, Identifier, takes_json, takes_no_parameters
from api.security import API
from api.shapes import Day, DocumentName, PageLinks, Shape
from kb.history.meetings import Meeting
from kb.history.proceedings import Participant, Proceedings
from kb.index.labels import LabelCount
from kb.minutes import StatementKind

router = APIRouter(prefix=API, dependencies=[Depends(takes_json)])


class EventLinks(Shape):
    """Waar een bijeenkomst te vinden is: als gegevens, als bladzijde om te lezen, en haar passages."""

    self_: str = Field(alias="self", examples=["/v1/events/9f2c41d07be3a856"])
    page: str = Field(
        description="De bladzijde om te lezen.",
        examples=["/bijeenkomsten/2024-11-07-avond-over-digitale-innovatie"],
    )
    passages: str = Field(description="Haar passages.", examples=["/v1/passages?event=9f2c41d07be3a856"])

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        """The shape of a meeting."""
        passages = f"{API}/passages?{urlencode([('event', one) for one in meeting.ids])}"
        return cls.model_validate(
            {"self": f"{API}/events/{meeting.id}", "page": meeting.address, "passages": passages}
        )


class EventInList(Shape):
    """Een bijeenkomst in een lijst."""

    id: str = Field(examples=["9f2c41d07be3a856"])
    name: str = Field(description="Hoe de bijeenkomst heet.", examples=["Avond over digitale innovatie"])
    date: Day = Field(description="De dag van de bijeenkomst; leeg als die niet zeker is.")
    date_text: str | None = Field(
        description="De datum zoals een van de documenten die noemt, als hij niet zeker is.",
        examples=["donderdag 7 november"],
    )
    place: str | None
    host: str | None
    speakers: list[str]
    document_counts: dict[str, int] = Field(
        description="Hoeveel documenten er zijn per soort, zonder de soorten waarvan er geen zijn.",
        examples=[{"verslag": 1, "presentatie": 3}],
    )
    links: EventLinks

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        """The shape of a meeting."""
        return cls(
            id=meeting.id,
            name=meeting.name,
            date=meeting.date,
            date_text=meeting.date_text,
            place=meeting.place,
            host=meeting.host,
            speakers=list(meeting.speakers),
            document_counts={str(kind): number for kind, number in meeting.counts.items()},
            links=EventLinks.of(meeting),
        )


class EventsAnswer(Shape):
    """Bijeenkomsten, de laatste eerst; die zonder zekere datum achteraan."""

    total: int = Field(ge=0)
    limit: int
    offset: int
    generation: str = Field(description="De index waarin ze staan.")
    links: PageLinks
    events: list[EventInList] = Field(description="De bijeenkomsten.")


class EventDocuments(Shape):
    """De documenten van een bijeenkomst, per soort."""

    verslag: list[DocumentName] = Field(description="De verslagen.")
    presentatie: list[DocumentName] = Field(description="De presentaties.")
    paper: list[DocumentName] = Field(description="De papers.")
    overig: list[DocumentName] = Field(description="De andere stukken.")

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        """The shape of a meeting's documents."""
        by_kind: dict[str, list[DocumentName]] = {"verslag": [], "presentatie": [], "paper": [], "overig": []}
        for record in meeting.documents:
            by_kind[record.kind].append(DocumentName.of(record))
        return cls(**by_kind)


class StatementCounts(Shape):
    """Hoeveel er van elke soort uitspraak is. Wat meer documenten woordelijk zo hebben, telt één keer."""

    citaat: int = Field(ge=0, description="Wat mensen zeiden, letterlijk of weergegeven.", examples=[12])
    besluit: int = Field(ge=0, description="Besluiten en afspraken.", examples=[3])
    actie: int = Field(ge=0, description="Acties die zijn uitgezet.", examples=[5])
    vraag: int = Field(ge=0, description="Vragen die zijn gesteld.", examples=[7])

    @classmethod
    def of(cls, found: Proceedings) -> Self:
        """The shape of what was said at a meeting."""
        return cls(**{str(kind): found.counts[kind] for kind in StatementKind})


class EventPerson(Shape):
    """Iemand die op een bijeenkomst sprak."""

    name: str = Field(description="De naam, zoals de documenten die noemen.", examples=["Sam de Vries"])
    role: str | None = Field(
        description="De rol of functie; null als de tekst die niet noemt.", examples=["voorzitter"]
    )
    organisation: str | None = Field(
        description="De organisatie; null als de tekst die niet noemt.", examples=["gemeente Waterrijk"]
    )
    quotations: int = Field(ge=0, description="Hoeveel citaten er van deze persoon zijn.", examples=[4])

    @classmethod
    def of(cls, person: Participant) -> Self:
        """The shape of who spoke."""
        return cls(
            name=person.name,
            role=person.role,
            organisation=person.organisation,
            quotations=person.quotations,
        )


class NamedMunicipality(Shape):
    """Een gemeente die in de documenten wordt genoemd."""

    code: str = Field(description="De code van het CBS.", examples=["GM0344"])
    name: str = Field(description="De naam van de gemeente.", examples=["Utrecht"])
    passages: int = Field(ge=1, description="Hoeveel passages haar noemen.", examples=[3])
    documents: int = Field(ge=1, description="In hoeveel documenten van de bijeenkomst.", examples=[2])

    @classmethod
    def of(cls, count: LabelCount) -> Self:
        """The shape of a municipality with its counts."""
        return cls(
            code=count.label.key,
            name=count.label.name,
            passages=count.passages,
            documents=count.documents,
        )


class EventDetails(EventInList):
    """Een bijeenkomst, met haar documenten, wie er sprak en wat er is gezegd en besloten."""

    documents: EventDocuments
    statements: StatementCounts = Field(
        description="Hoeveel uitspraken er van elke soort zijn; "
        "`/v1/passages?event=…&kind=besluit` geeft de passages."
    )
    people: list[EventPerson] = Field(description="Wie er sprak.")
    municipalities: list[NamedMunicipality] = Field(
        description="Welke gemeenten de documenten noemen, de meest genoemde eerst."
    )

    @classmethod
    def told(cls, found: Proceedings) -> Self:
        """The shape of a meeting with all that is told of it."""
        return cls(
            **dict(EventInList.of(found.meeting)),
            documents=EventDocuments.of(found.meeting),
            statements=StatementCounts.of(found),
            people=[EventPerson.of(one) for one in found.people],
            municipalities=[NamedMunicipality.of(one) for one in found.municipalities],
        )


@router.get(
    "/events",
    tags=["Bijeenkomsten"],
    summary="Noem de bijeenkomsten",
    description="Geeft de bijeenkomsten die de filters toelaten, de laatste eerst. `year`, `dateFrom` en "
    "`dateTo` gaan over de dag van de bijeenkomst zelf; de andere filters over haar documenten, waarvan er "
    "minstens één moet passen.",
    operation_id="noemBijeenkomsten",
    responses={**problem_answers(400, 406, 503), **UNCHANGED},
    openapi_extra=parameters_of(PagedParameters),
)
def events(request: Request, knowledge_base: Base, fresh: Fresh) -> EventsAnswer:
    """The meetings that the filters allow, the latest first."""
    parameters, faults = PagedParameters.read_query(request.query_params)
    check(knowledge_base, parameters, faults)
    fresh.check()
    found = knowledge_base.history().meetings(parameters.filter())
    limit, offset = parameters.limit, parameters.offset
    return EventsAnswer(
        total=len(found),
        limit=limit,
        offset=offset,
        generation=knowledge_base.manifest().generation,
        links=PageLinks.of(request, total=len(found), limit=limit, offset=offset),
        events=[EventInList.of(one) for one in found[offset : offset + limit]],
    )


@router.get(
    "/events/{id}",
    tags=["Bijeenkomsten"],
    summary="Lees wat van een bijeenkomst bekend is",
    description="Datum, plaats en gastheer, de documenten per soort, wie er sprak, hoeveel er is gezegd, "
    "besloten, uitgezet en gevraagd, en welke gemeenten worden genoemd.",
    operation_id="leesBijeenkomst",
    dependencies=[Depends(takes_no_parameters)],
    responses={**problem_answers(400, 404, 406, 503), **UNCHANGED},
)
def event(event_id: Identifier, knowledge_base: Base, fresh: Fresh) -> EventDetails:
    """One meeting with all that is told of it."""
    found = knowledge_base.history().proceedings(event_id)
    fresh.check()
    return EventDetails.told(found)
