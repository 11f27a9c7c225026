"""Whether the sentences given as an answer hold it, and whether none are given where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.answers import Why
from kb.evaluation.judging import Judgements
from kb.evaluation.questions import Question
from kb.hits import Page
from kb.knowledge_base import AnsweredQuestion, KnowledgeBase
from kb.near_duplicates import words_of
from kb.search_request import SearchRequest

# An answer holds a quote when this share of the words of one is in the other.
HELD_SHARE = 0.6
# Fewer words hold nothing, though they may all stand in a quote.
_FEWEST = 3
# Hits among which the right passage must be for its sentences to be chosen.
_FIRST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOutcome:
    """What came of one question, whatever the threshold.

    `is_found` tells whether a right passage is among the first five hits, `holds` whether the chosen
    sentences hold a quote. `is_refused` tells that there is no answer at any threshold.
    """

    id: str
    is_answerable: bool
    is_found: bool
    holds: bool
    is_refused: bool
    confidence: float
    milliseconds: float

    def is_answered(self, answer_from: float) -> bool:
        """Whether there is an answer with this threshold."""
        return not self.is_refused and self.confidence >= answer_from


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerShares:
    """Shares with one threshold; None where there are no questions of the kind.

    `held` is over the answerable questions with a right passage among the first five hits, `held_of_given`
    over those of them that got an answer; `refused` over the answerable ones, `answered` over the others.
    """

    answer_from: float
    held: float | None
    held_of_given: float | None
    refused: float | None
    answered: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEvaluation:
    """What all questions came to."""

    outcomes: tuple[AnswerOutcome, ...]
    answer_from: float

    def shares(self, answer_from: float) -> AnswerShares:
        """What a threshold leads to."""
        answerable = [one for one in self.outcomes if one.is_answerable]
        found = [one for one in answerable if one.is_found]
        given = [one for one in found if one.is_answered(answer_from)]
        others = [one for one in self.outcomes if not one.is_answerable]
        return AnswerShares(
            answer_from=answer_from,
            held=_share([one in given and one.holds for one in found]),
            held_of_given=_share([one.holds for one in given]),
            refused=_share([not one.is_answered(answer_from) for one in answerable]),
            answered=_share([one.is_answered(answer_from) for one in others]),
        )

    @property
    def found(self) -> int:
        """How many answerable questions have a right passage among the first five hits."""
        return sum(one.is_answerable and one.is_found for one in self.outcomes)

    @property
    def held(self) -> float | None:
        """For how many of these the chosen sentences hold a quote, whether they are shown or not."""
        return self.shares(0.0).held

    @property
    def p95_ms(self) -> float:
        """The time within which 95 % of the answers were there."""
        return float(np.percentile([one.milliseconds for one in self.outcomes], 95))

    def as_json(self) -> dict[str, Any]:
        """The evaluation for scripts."""
        now = self.shares(self.answer_from)
        return {
            "answerFrom": self.answer_from,
            "found": self.found,
            "held": _rounded(self.held),
            "heldAndGiven": _rounded(now.held),
            "heldOfGiven": _rounded(now.held_of_given),
            "answerableRefused": _rounded(now.refused),
            "unanswerableAnswered": _rounded(now.answered),
            "p95Ms": round(self.p95_ms, 1),
            "outcomes": [
                {
                    "id": one.id,
                    "answered": one.is_answered(self.answer_from),
                    "confidence": round(one.confidence, 4),
                    "found": one.is_found,
                    "holds": one.holds,
                }
                for one in self.outcomes
            ],
        }


def evaluate_answers(
    knowledge_base: KnowledgeBase, questions: Sequence[Question], judgements: Judgements
) -> AnswerEvaluation:
    """Ask for the answer to every question, whatever its confidence."""
    return AnswerEvaluation(
        outcomes=tuple(
            _outcome(
                question,
                knowledge_base.answer(
                    SearchRequest(query=question.question, page=Page(limit=10)), answer_from=0.0
                ),
                judgements,
            )
            for question in questions
        ),
        answer_from=knowledge_base.settings.answer_from,
    )


def holds_quote(text: str, quote: str) -> bool:
    """Whether an answer holds a quote: most words of one are in the other, case and punctuation aside."""
    own, wanted = Counter(words_of(text)), Counter(words_of(quote))
    shared = (own & wanted).total()
    fewest = min(own.total(), wanted.total())
    return own.total() >= _FEWEST and shared >= HELD_SHARE * fewest > 0


def _outcome(question: Question, asked: AnsweredQuestion, judgements: Judgements) -> AnswerOutcome:
    right = judgements.right.get(question.id, {})
    text = " ".join(one.text for one in asked.answer.sentences)
    return AnswerOutcome(
        id=question.id,
        is_answerable=bool(question.answers),
        is_found=any(hit.passage.id in right for hit in asked.answered.found.hits[:_FIRST]),
        holds=any(holds_quote(text, quote) for quote in question.quotes),
        is_refused=asked.answer.why in (Why.NO_QUANTITY, Why.NOTHING_FOUND),
        confidence=asked.answer.confidence,
        milliseconds=asked.seconds * 1000,
    )


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
