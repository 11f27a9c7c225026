"""The shape of an answer: sentences with their sources, and the passages that they were chosen from."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.answers import Correction, Period, SearchHit
from api.shapes import DocumentName, Locator, PassageLinks, Shape
from api.timeliness import Timeliness
from kb.answers import MAX_SENTENCES, AnswerSentence, Why
from kb.hits import SecondStage
from kb.knowledge_base import AnsweredQuestion
from kb.search import ANSWERED_BY


class Sentence(Shape):
    """Een zin die de vraag beantwoordt, letter voor letter zoals zij in het document staat."""

    text: str = Field(
        description="De letterlijke zin.", examples=["De raad stelt de proef uit tot 1 januari 2025."]
    )
    passage_offsets: tuple[int, int] = Field(
        description="Waar de zin staat in de tekst van de passage: begin en einde, exclusief, in "
        "Unicode-tekens.",
        examples=[[42, 88]],
    )
    document_offsets: tuple[int, int] = Field(
        description="Waar de zin staat in de tekst van het document, op dezelfde manier geteld.",
        examples=[[1042, 1088]],
    )
    rank: int = Field(
        ge=1,
        description="De plaats van haar passage, als alle passages op relevantie staan.",
        examples=[1],
    )
    passage_id: str
    document: DocumentName
    locator: Locator
    links: PassageLinks

    @classmethod
    def of(cls, one: AnswerSentence) -> Self:
        """The shape of a sentence."""
        return cls(
            text=one.text,
            passage_offsets=(one.start, one.end),
            document_offsets=(one.document_start, one.document_end),
            rank=one.rank,
            passage_id=one.passage.id,
            document=DocumentName.of(one.document),
            locator=Locator.of(one.passage.locator),
            links=PassageLinks.of(one.passage, one.document),
        )


class QuestionAnswer(Shape):
    """Het antwoord op een vraag, in letterlijke zinnen, of dat er geen is."""

    query: str = Field(description="De vraag.", examples=["tot wanneer is de proef uitgesteld?"])
    answered: bool = Field(description="Of er een antwoord is.", examples=[True])
    reason: Why = Field(
        description="Waarom er een antwoord is of niet. `below-threshold`: de zekerheid is te laag "
        "(`KB_ANSWER_FROM`). `no-quantity`: er is naar een getal of datum gevraagd, en die staat er niet. "
        "`nothing-found`: er is niets gevonden.",
        examples=["answered"],
    )
    confidence: float = Field(
        ge=0,
        le=1,
        description="Schatting van de kans dat het gevondene de vraag beantwoordt, van 0 tot 1.",
        examples=[0.71],
    )
    sentences: list[Sentence] = Field(
        description=f"Hoogstens {MAX_SENTENCES} zinnen, gekozen uit de {ANSWERED_BY} best passende passages; "
        "leeg zonder antwoord. Zinnen van een document staan bij elkaar, in leesvolgorde; staan ze in meer "
        "documenten, dan eerst het nieuwste en als laatste wat geen datum heeft. Ze zijn niet tot één "
        "bewering samengevoegd: documenten kunnen elkaar tegenspreken."
    )
    limit: int
    took_ms: float = Field(ge=0)
    generation: str = Field(description="De index waarin is gezocht.")
    period: Period | None = Field(description="De periode waar rekening mee is gehouden.")
    corrections: list[Correction]
    second_stage: SecondStage = Field(
        description="Wat de eerste passages opnieuw ordende, als bij `/search`.", examples=["lateInteraction"]
    )
    timeliness: Timeliness | None = Field(description="Hoe actueel deze passages zijn; null zonder antwoord.")
    passages: list[SearchHit] = Field(
        description="De best passende passages, als de treffers van `/search`. Is er geen antwoord, dan zijn "
        "dit de passages die het dichtst in de buurt komen, en meer niet."
    )

    @classmethod
    def of(cls, asked: AnsweredQuestion) -> Self:
        """The shape of an answered question."""
        answered, found = asked.answered, asked.answer
        return cls(
            query=answered.query,
            answered=found.is_answered,
            reason=found.why,
            confidence=round(found.confidence, 3),
            sentences=[Sentence.of(one) for one in found.sentences],
            limit=answered.limit,
            took_ms=round(asked.seconds * 1000, 1),
            generation=answered.generation,
            period=Period.of(answered),
            corrections=Correction.all_of(answered),
            second_stage=answered.found.second_stage,
            timeliness=Timeliness.of(answered.timeliness if found.is_answered else None),
            passages=[SearchHit.of(hit) for hit in answered.found.hits],
        )
