"""The shapes of what a search finds: hits, their facets, and passages that are like another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field

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
from api.timeliness import Timeliness
from kb.arranging import MAX_PLACES
from kb.candidates import DEPTH
from kb.faceting import MAX_VALUES
from kb.hits import Facet, FurtherPassage, GroupBy, Hit, Place, SecondStage, SimilarPassage, Sort
from kb.knowledge_base import Answered
from kb.relevance import ANSWERED_FROM, Label, label
from kb.search_request import Mode
from kb.suggestions import Suggested, SuggestionKind

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
    """Nog een gevonden passage in het document of de bijeenkomst van een treffer."""

    passage_id: str
    score: float
    relevance: Relevance
    text: str = Field(description="De letterlijke tekst.")
    highlights: list[tuple[int, int]]
    document: DocumentName
    locator: Locator
    statements: list[Statement] = STATEMENTS
    places: list[PlaceName] = PLACES
    links: PassageLinks

    @classmethod
    def of(cls, found: FurtherPassage) -> Self:
        """The shape of a further passage."""
        return cls(
            passage_id=found.passage.id,
            score=found.score,
            relevance=_rounded(found.relevance),
            text=found.passage.text,
            highlights=list(found.highlights),
            document=DocumentName.of(found.document),
            locator=Locator.of(found.passage.locator),
            statements=Statement.all_of(found.told, found.passage),
            places=PlaceName.all_of(found.told),
            links=PassageLinks.of(found.passage, found.document),
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
    statements: list[Statement] = STATEMENTS
    places: list[PlaceName] = PLACES
    also_in: list[OtherPlace] = Field(
        description=f"Andere plaatsen van dezelfde woorden, hoogstens {MAX_PLACES}."
    )
    also_in_total: int = Field(ge=0, description="Hoeveel andere plaatsen er zijn.", examples=[0])
    more_passages: list[MorePassage] = Field(
        description="Bij `groupBy`: de volgende passages uit dit document of van deze bijeenkomst, hoogstens "
        "drie."
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
            statements=Statement.all_of(hit.told, hit.passage),
            places=PlaceName.all_of(hit.told),
            also_in=[OtherPlace.of(place) for place in hit.also_in],
            also_in_total=hit.also_in_total,
            more_passages=[MorePassage.of(found) for found in hit.further],
            links=PassageLinks.of(hit.passage, hit.document),
        )


class Period(Shape):
    """De periode die in de vraag staat; stukken uit die tijd staan vooraan."""

    text: str = Field(examples=["najaar 2018"], description="De woorden in de vraag.")
    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, answered: Answered) -> Self | None:
        """The period of a query; None without one."""
        period = answered.asked.period
        return cls(text=period.text, first=period.first, last=period.last) if period else None


class Correction(Shape):
    """Een woord dat de kennisbank niet kent, en het woord dat misschien is bedoeld; ook daarop is gezocht."""

    word: str = Field(examples=["zaaksysteeem"])
    suggestion: str = Field(examples=["zaaksysteem"])

    @classmethod
    def all_of(cls, answered: Answered) -> list[Self]:
        """The corrections of a query."""
        return [cls(word=word, suggestion=suggestion) for word, suggestion in answered.asked.corrections]


class FacetValue(Shape):
    """Een waarde van een filter, en hoeveel treffers die hebben."""

    value: str = Field(
        description="Zoals het filter haar aanneemt; bij `event` een id.", examples=["verslag"]
    )
    name: str = Field(description="Zoals een lezer haar noemt.", examples=["verslag"])
    count: int = Field(
        ge=1,
        description="Bij hoeveel van de treffers die `total` telt zij voorkomt. Met dit filter erbij "
        "kunnen het er meer zijn: dan wordt ook verder gezocht.",
        examples=[12],
    )


class SearchAnswer(Shape):
    """De treffers van een zoekvraag: de beste eerst, of de nieuwste."""

    query: str
    mode: Mode
    group_by: GroupBy | None = Field(description="Waar de treffers op zijn samengenomen.")
    sort: Sort = Field(description="Op volgorde waarvan de treffers staan.", examples=["relevance"])
    total: int = Field(
        ge=0,
        description="Hoeveel treffers alle bladzijden samen hebben; bij `groupBy` hoeveel documenten of "
        f"bijeenkomsten. Een zoekvraag bekijkt de {DEPTH} beste passages naar betekenis en de {DEPTH} beste "
        "naar woorden, dus dit is geen telling van alles wat er over het onderwerp is; met `minRelevance` "
        "tellen alleen passages die passen.",
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
    facets: dict[Facet, list[FacetValue]] = Field(
        description=f"Per gevraagde facet de waarden van de treffers, de meest voorkomende eerst: hoogstens "
        f"{MAX_VALUES}. Een treffer met meer waarden telt bij elk daarvan mee.",
        examples=[{"kind": [{"value": "verslag", "name": "verslag", "count": 12}]}],
    )
    timeliness: Timeliness | None = Field(
        description="Hoe actueel de treffers op deze bladzijde zijn; null als er geen passend antwoord is."
    )
    links: PageLinks | None = Field(
        description="De bladzijden ernaast; null bij `POST`, omdat de vraag dan in geen adres hoort."
    )
    hits: list[SearchHit]

    @classmethod
    def of(cls, answered: Answered, links: PageLinks | None = None) -> Self:
        """The shape of an answered query."""
        return cls(
            query=answered.query,
            mode=answered.mode,
            group_by=answered.group_by,
            sort=answered.request.page.sort,
            total=answered.found.total,
            limit=answered.limit,
            offset=answered.offset,
            took_ms=round(answered.seconds * 1000, 1),
            generation=answered.generation,
            period=Period.of(answered),
            corrections=Correction.all_of(answered),
            second_stage=answered.found.second_stage,
            facets={
                facet: [FacetValue(value=one.value, name=one.name, count=one.hits) for one in values]
                for facet, values in answered.found.facets.items()
            },
            timeliness=Timeliness.of(answered.timeliness),
            links=links,
            hits=[SearchHit.of(hit) for hit in answered.found.hits],
        )


class SearchesAnswer(Shape):
    """De antwoorden op veel zoekvragen."""

    generation: str = Field(description="De index waarin is gezocht.")
    took_ms: float = Field(ge=0, description="Hoe lang alles samen duurde, in milliseconden.")
    answers: list[SearchAnswer] = Field(description="De antwoorden, op volgorde van de zoekvragen.")


class SuggestedText(Shape):
    """Een tekst die misschien is bedoeld."""

    text: str = Field(description="De tekst, om mee te zoeken.", examples=["digitale besluitvorming"])
    kind: SuggestionKind = Field(
        description="Wat het is. Een thema, bijeenkomst, spreker of gastheer is ook een filter.",
        examples=["phrase"],
    )
    documents: int = Field(ge=1, description="Hoeveel documenten dit hebben.", examples=[14])


class SuggestionsAnswer(Shape):
    """Wat er met het getypte kan zijn bedoeld."""

    limit: int
    generation: str = Field(description="De index waaruit de suggesties komen.")
    complete: bool = Field(
        description="Onwaar kort na een nieuwe index: dan ontbreken de veelgebruikte woorden nog.",
        examples=[True],
    )
    suggestions: list[SuggestedText] = Field(
        description="Eerst wat zo begint, dan wat in de meeste documenten staat, van elke soort om de beurt."
    )

    @classmethod
    def of(cls, suggested: Suggested, *, limit: int, generation: str) -> Self:
        """The shape of what was suggested."""
        return cls(
            limit=limit,
            generation=generation,
            complete=suggested.is_complete,
            suggestions=[
                SuggestedText(text=one.text, kind=one.kind, documents=one.documents)
                for one in suggested.suggestions
            ],
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
    statements: list[Statement] = STATEMENTS
    places: list[PlaceName] = PLACES
    also_in: list[OtherPlace] = Field(
        description=f"Andere plaatsen van dezelfde woorden, hoogstens {MAX_PLACES}."
    )
    also_in_total: int = Field(ge=0, description="Hoeveel andere plaatsen er zijn.", examples=[0])
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
            statements=Statement.all_of(found.told, found.passage),
            places=PlaceName.all_of(found.told),
            also_in=[OtherPlace.of(place) for place in found.also_in],
            also_in_total=found.also_in_total,
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


def _rounded(relevance: float | None) -> float | None:
    return None if relevance is None else round(relevance, 3)
