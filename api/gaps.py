"""What was asked and not answered: counted while readers ask, and told to administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from api.access import caller_of, needs, requires
from api.openapi import problem_answers
from api.rates import address_of
from api.routes import takes_json, takes_no_parameters
from api.security import API
from api.shapes import Shape
from kb import gaps as nouns
from kb.gaps.keeping import Gaps
from kb.index import Filter
from kb.keys import Scope
from kb.knowledge_base import AnsweredQuestion

router = APIRouter(prefix=API, dependencies=[Depends(takes_json), Depends(requires(Scope.ADMIN))])


class Gap(Shape):
    """Een vraag van drie of meer vragers in een maand, waar geen passend antwoord op was."""

    words: str = Field(
        description="De woorden die ten minste drie vragers gebruikten.", examples=["datalek melden"]
    )
    askers: int = Field(ge=nouns.SHOWN_FROM, description="Hoeveel verschillende vragers.", examples=[4])
    month: str = Field(description="De maand waarin het is gevraagd.", examples=["2026-11"])


class GapsAnswer(Shape):
    """Vragen zonder passend antwoord, de laatste maand eerst."""

    kept: bool = Field(description="Of ze worden bijgehouden (`KB_GAPS`).", examples=[True])
    shown_from: int = Field(description="Vanaf hoeveel vragers een vraag hier staat.", examples=[3])
    days: int = Field(description="Hoe lang ze worden bewaard, in dagen.", examples=[180])
    gaps: list[Gap] = Field(description="Wat er werd gevraagd en niet beantwoord.")


def gaps_of(request: Request) -> Gaps:
    """What was asked and not answered here."""
    found: Gaps = request.app.state.gaps
    return found


def count_gap(request: Request, asked: AnsweredQuestion) -> None:
    """Count who asked, where the question had no answer in all documents together. Never raises."""
    gaps = gaps_of(request)
    gaps.tidy()
    # What is missing from a part of the documents need not be missing.
    if not asked.answer.is_answered and asked.answered.request.filter == Filter():
        gaps.keep(asked.answered.request.query, _asker(request))


def _asker(request: Request) -> str:
    key = caller_of(request).key
    return f"key {key.id}" if key else f"address {address_of(request.scope)}"


@router.get(
    "/gaps",
    tags=["Beheer"],
    summary="Noem vragen zonder passend antwoord",
    description="Wat drie of meer vragers in een maand vroegen en waar de documenten geen antwoord op geven: "
    "een begin voor de agenda van de volgende bijeenkomst. Wie het vroeg en op welke dag of tijd, wordt niet "
    "bewaard. Alleen met `KB_GAPS=on`; anders is de lijst leeg.",
    operation_id="noemVragenZonderAntwoord",
    dependencies=[Depends(takes_no_parameters)],
    responses=problem_answers(400, 401, 403, 406, 503),
    openapi_extra=needs(Scope.ADMIN),
)
def gaps(kept: Annotated[Gaps, Depends(gaps_of)]) -> GapsAnswer:
    """What was asked and not answered."""
    return GapsAnswer(
        kept=kept.is_on,
        shown_from=nouns.SHOWN_FROM,
        days=kept.days,
        gaps=[Gap(words=one.words, askers=one.askers, month=one.month) for one in kept.all()],
    )
