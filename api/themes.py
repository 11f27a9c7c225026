"""The API of themes: which are followed, which the documents suggest, and how the talk of one changed."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from api.conditional import UNCHANGED
from api.openapi import problem_answers
from api.routes import Base, Fresh, takes_json, takes_no_parameters
from api.security import API
from api.shapes import DocumentName, Shape
from kb.history import FollowedTheme
from kb.history.timelines import FEW_OF_YEAR, FEW_PASSAGES, Mention, YearOfTheme
from kb.history.timelines import Timeline as TimelineOfTheme
from kb.suggestions.themes import SuggestedTheme
from kb.themes import Theme

router = APIRouter(prefix=API, dependencies=[Depends(takes_json)])

ThemeName = Annotated[
    str,
    Path(alias="id", description="Het id van het thema, of zijn naam.", examples=["0d3c6f1b82a94e57"]),
]


class ThemeLinks(Shape):
    """Waar een thema te vinden is: zijn tijdlijn, zijn passages, en de bladzijde om te lezen."""

    timeline: str = Field(
        description="Hoeveel erover is in elk jaar.", examples=["/v1/themes/0d3c6f1b82a94e57/timeline"]
    )
    passages: str = Field(
        description="De passages erover.", examples=["/v1/passages?theme=Digitale+inclusie"]
    )
    page: str = Field(description="De bladzijde om te lezen.", examples=["/themas/Digitale%20inclusie"])

    @classmethod
    def of(cls, theme: Theme) -> Self:
        """The shape of a theme."""
        return cls(
            timeline=f"{API}/themes/{theme.id}/timeline",
            passages=f"{API}/passages?{urlencode({'theme': theme.name})}",
            page=f"/themas/{quote(theme.name, safe='')}",
        )


class ThemeDetails(Shape):
    """Een thema, met hoeveel erover is."""

    id: str = Field(examples=["0d3c6f1b82a94e57"])
    name: str = Field(description="Hoe het thema heet.", examples=["Digitale inclusie"])
    description: str = Field(
        description="Waar het over gaat; leeg als dat niet is vastgelegd.",
        examples=["Dat iedereen kan meedoen, ook wie digitaal niet vaardig is."],
    )
    queries: list[str] = Field(
        description="Een passage hoort erbij als één zin ervan, met de koppen erboven, alle woorden van een "
        "van deze zoekvragen bevat.",
        examples=[["digitale inclusie", "digitale vaardigheden"]],
    )
    defined: bool = Field(
        description="Of het in het themabestand staat; anders noemen alleen de gegevens van documenten het.",
        examples=[True],
    )
    passages: int = Field(ge=0, description="Hoeveel passages erover gaan.", examples=[27])
    documents: int = Field(ge=0, description="Hoeveel documenten zulke passages hebben.", examples=[16])
    links: ThemeLinks

    @classmethod
    def of(cls, found: FollowedTheme) -> Self:
        """The shape of a theme with its counts."""
        return cls(
            id=found.theme.id,
            name=found.theme.name,
            description=found.theme.description,
            queries=list(found.theme.queries),
            defined=found.is_defined,
            passages=found.passages,
            documents=found.documents,
            links=ThemeLinks.of(found.theme),
        )


class ThemesAnswer(Shape):
    """De thema's: eerst die uit het themabestand, dan die alleen bij documenten zijn genoemd."""

    generation: str = Field(description="De index waarin is geteld.")
    themes: list[ThemeDetails] = Field(description="De thema's.")


class ThemeSuggestion(Shape):
    """Een onderwerp waar de documenten op terugkomen en dat nog geen thema is."""

    name: str = Field(description="De woorden van het onderwerp.", examples=["Publieke dienstverlening"])
    queries: list[str] = Field(
        description="De zoekvraag die bij het thema past.", examples=[["publieke dienstverlening"]]
    )
    passages: int = Field(ge=0, description="Hoeveel passages erover gaan.", examples=[31])
    documents: int = Field(ge=0, description="Hoeveel documenten zulke passages hebben.", examples=[14])
    first_year: int | None = Field(description="Het eerste jaar waarin het voorkomt.", examples=[2018])
    last_year: int | None = Field(description="Het laatste jaar waarin het voorkomt.", examples=[2025])

    @classmethod
    def of(cls, found: SuggestedTheme) -> Self:
        """The shape of a subject that a corpus suggests."""
        return cls(
            name=found.theme.name,
            queries=list(found.theme.queries),
            passages=found.passages,
            documents=found.documents,
            first_year=found.first_year,
            last_year=found.last_year,
        )


class ThemeSuggestionsAnswer(Shape):
    """Onderwerpen die een thema zouden kunnen zijn, de meest zeggende eerst."""

    generation: str = Field(description="De index waaruit ze komen.")
    complete: bool = Field(
        description="Of de documenten al zijn doorgenomen; anders komt er over enkele seconden meer.",
        examples=[True],
    )
    suggestions: list[ThemeSuggestion] = Field(description="De onderwerpen.")


class YearLinks(Shape):
    """Waar de passages van een jaar te vinden zijn."""

    passages: str | None = Field(
        description="De passages; null voor wat geen zekere datum heeft, want dat vindt geen filter op jaar.",
        examples=["/v1/passages?theme=Digitale+inclusie&year=2023"],
    )

    @classmethod
    def of(cls, year: int | None, theme: Theme) -> Self:
        """The shape of a year of a theme."""
        address = f"{API}/passages?{urlencode({'theme': theme.name, 'year': year})}"
        return cls(passages=None if year is None else address)


class TimelineYear(Shape):
    """Wat er in een jaar over een thema is."""

    year: int | None = Field(description="Het jaar; null voor wat geen zekere datum heeft.", examples=[2023])
    passages: int = Field(
        ge=0,
        description="Hoeveel passages van dat jaar erover gaan; zoveel als het filter vindt.",
        examples=[12],
    )
    documents: int = Field(ge=0, description="Hoeveel documenten van dat jaar die hebben.", examples=[5])
    events: int = Field(
        ge=0,
        description="Hoeveel bijeenkomsten die in dat jaar waren, er een document over hebben.",
        examples=[3],
    )
    all_passages: int = Field(ge=0, description="Hoeveel passages er van dat jaar zijn.", examples=[410])
    share: float | None = Field(
        ge=0,
        le=1,
        description="Welk deel van de passages van dat jaar erover gaat; null als er van dat jaar niets is.",
        examples=[0.0293],
    )
    small: bool = Field(
        description=f"Of het te weinig is om iets uit af te leiden: minder dan {FEW_PASSAGES} passages over "
        f"het thema, of minder dan {FEW_OF_YEAR} van het jaar.",
        examples=[False],
    )
    links: YearLinks

    @classmethod
    def of(cls, told: YearOfTheme, theme: Theme) -> Self:
        """The shape of a year of a theme."""
        return cls(
            year=told.year,
            passages=told.passages,
            documents=told.documents,
            events=told.events,
            all_passages=told.all_passages,
            share=None if told.share is None else round(told.share, 6),
            small=told.is_small,
            links=YearLinks.of(told.year, theme),
        )


class ThemeMention(Shape):
    """Het document dat een thema het eerst of het laatst noemt."""

    date: str = Field(json_schema_extra={"format": "date"}, examples=["2018-03-15"])
    document: DocumentName

    @classmethod
    def of(cls, mention: Mention | None) -> Self | None:
        """The shape of a mention; null without one."""
        if mention is None:
            return None
        return cls(date=mention.date.isoformat(), document=DocumentName.of(mention.document))


class TimelineAnswer(Shape):
    """Hoeveel er door de jaren heen over een thema is, afgezet tegen hoeveel er van elk jaar is."""

    generation: str = Field(description="De index waarin is geteld.")
    theme: ThemeDetails = Field(description="Het thema.")
    years: list[TimelineYear] = Field(description="De jaren, het eerste eerst.")
    undated: TimelineYear = Field(description="Wat geen zekere datum heeft; dat valt buiten elk jaar.")
    first_mention: ThemeMention | None = Field(description="Het eerste document erover met een zekere datum.")
    last_mention: ThemeMention | None = Field(description="Het laatste document erover met een zekere datum.")

    @classmethod
    def of(cls, found: FollowedTheme, told: TimelineOfTheme, generation: str) -> Self:
        """The shape of a timeline."""
        return cls(
            generation=generation,
            theme=ThemeDetails.of(found),
            years=[TimelineYear.of(one, found.theme) for one in told.years],
            undated=TimelineYear.of(told.undated, found.theme),
            first_mention=ThemeMention.of(told.first),
            last_mention=ThemeMention.of(told.last),
        )


@router.get(
    "/themes",
    tags=["Thema's"],
    summary="Noem de thema's",
    description="Geeft de thema's die worden gevolgd, met hoeveel passages en documenten erover gaan.",
    operation_id="noemThemas",
    dependencies=[Depends(takes_no_parameters)],
    responses={**problem_answers(400, 406, 503), **UNCHANGED},
)
def themes(knowledge_base: Base, fresh: Fresh) -> ThemesAnswer:
    """The themes with their counts."""
    fresh.check()
    return ThemesAnswer(
        generation=knowledge_base.manifest().generation,
        themes=[ThemeDetails.of(one) for one in knowledge_base.history().themes()],
    )


@router.get(
    "/themes/suggestions",
    tags=["Thema's"],
    summary="Noem onderwerpen die een thema kunnen zijn",
    description="Geeft onderwerpen waar de documenten in meer jaren op terugkomen en die nog geen thema "
    "zijn, zonder namen. De beheerder kan ze in het themabestand zetten.",
    operation_id="noemThemavoorstellen",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 406, 503),
)
def suggestions(knowledge_base: Base) -> ThemeSuggestionsAnswer:
    """The subjects that the documents suggest."""
    found = knowledge_base.history().suggested_themes()
    return ThemeSuggestionsAnswer(
        generation=knowledge_base.manifest().generation,
        complete=found.is_complete,
        suggestions=[ThemeSuggestion.of(one) for one in found.themes],
    )


@router.get(
    "/themes/{id}/timeline",
    tags=["Thema's"],
    summary="Lees hoe een thema door de jaren heen leeft",
    description="Telt de passages, documenten en bijeenkomsten per jaar, en welk deel dat is van wat er van "
    "dat jaar is. De passages zijn precies die van `/v1/passages` met `theme` en `year`.",
    operation_id="leesTijdlijn",
    dependencies=[Depends(takes_no_parameters)],
    responses={**problem_answers(400, 404, 406, 503), **UNCHANGED},
)
def timeline(theme_name: ThemeName, knowledge_base: Base, fresh: Fresh) -> TimelineAnswer:
    """A theme over the years."""
    history = knowledge_base.history()
    found = history.theme(theme_name)
    fresh.check()
    return TimelineAnswer.of(found, history.timeline(found.theme.id), knowledge_base.manifest().generation)
