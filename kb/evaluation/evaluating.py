"""Asks questions of a knowledge base and measures what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb.documents import Locator
from kb.errors import InvalidQuestions
from kb.evaluation.answers import AnswerEvaluation, evaluate_answers
from kb.evaluation.judging import Judgements, judge
from kb.evaluation.measures import QUESTION_MEASURES, Scores, means, measure
from kb.evaluation.questions import Question
from kb.evaluation.refusal import Refusal, refusal
from kb.evaluation.reliability import Reliability, reliability
from kb.hits import Hit
from kb.knowledge_base import Answered, KnowledgeBase
from kb.search_request import Mode, SearchRequest

_DEPTH = 10
_SPLITS: dict[str, Callable[[Question], tuple[str, ...]]] = {
    "byLanguage": lambda question: (question.language,),
    "byStyle": lambda question: (question.style,),
    "byFormat": lambda question: question.formats,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one question.

    `rank` is that of the first right hit, None when there is none among the first ten. `has_right_place`
    tells whether that hit names the page or slide of the answer, None where that cannot be judged: no
    page is known, or the words were found in another file. `relevance` and `score` are the top hit's.
    `estimates` are the relevance of each of the first ten hits and whether it is right, where hits have it.
    """

    id: str
    milliseconds: float
    ranking: tuple[str, ...]
    rank: int | None = None
    has_right_place: bool | None = None
    relevance: float | None = None
    score: float | None = None
    estimates: tuple[tuple[float, bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the questions measured of one index and mode.

    `scores` holds every measure of every answerable question, `unfindable` the ids of those whose
    quotes stand in no passage. `answers` tells of the sentences that answer them; None for a single
    retriever.
    """

    generation: str
    mode: Mode
    questions: tuple[Question, ...]
    outcomes: tuple[Outcome, ...]
    scores: Scores
    unfindable: tuple[str, ...]
    refusal: Refusal | None
    answers: AnswerEvaluation | None = None

    @property
    def answerable(self) -> list[Question]:
        """The questions that the documents answer."""
        return [question for question in self.questions if question.answers]

    @property
    def measures(self) -> dict[str, float]:
        """The mean of each measure over the answerable questions."""
        return means(self.scores, [question.id for question in self.answerable])

    @property
    def splits(self) -> dict[str, dict[str, tuple[int, dict[str, float]]]]:
        """Questions and means per language, style and format of the answers' files.

        A question that is answered in two formats counts in both.
        """
        splits = {}
        for name, labels in _SPLITS.items():
            members: dict[str, list[str]] = {}
            for question in self.answerable:
                for label in labels(question):
                    members.setdefault(label, []).append(question.id)
            splits[name] = {
                label: (len(ids), means(self.scores, ids)) for label, ids in sorted(members.items())
            }
        return splits

    @property
    def right_place(self) -> tuple[int, float | None]:
        """How many first right hits can be judged by page or slide, and the share on the right one."""
        judged = [found.has_right_place for found in self.outcomes if found.has_right_place is not None]
        return len(judged), sum(judged) / len(judged) if judged else None

    @property
    def reliability(self) -> Reliability | None:
        """Whether the relevance of the hits means what it says; None where they have none."""
        estimates = [pair for found in self.outcomes for pair in found.estimates]
        return reliability([value for value, _ in estimates], [right for _, right in estimates])

    @property
    def median_ms(self) -> float:
        """The median time of a search."""
        return float(np.median([found.milliseconds for found in self.outcomes]))

    @property
    def p95_ms(self) -> float:
        """The time within which 95 % of the searches were done."""
        return float(np.percentile([found.milliseconds for found in self.outcomes], 95))

    def as_json(self) -> dict[str, Any]:
        """The evaluation for scripts."""
        judged, share = self.right_place
        return {
            "generation": self.generation,
            "mode": self.mode.value,
            "questions": len(self.questions),
            "measures": _rounded(len(self.answerable), self.measures),
            **{
                name: {label: _rounded(*group) for label, group in groups.items()}
                for name, groups in self.splits.items()
            },
            "unfindable": list(self.unfindable),
            "rightPlace": {"judged": judged, "share": None if share is None else round(share, 4)},
            "medianMs": round(self.median_ms, 1),
            "p95Ms": round(self.p95_ms, 1),
            "refusal": self.refusal.as_json() if self.refusal else None,
            "reliability": self.reliability.as_json() if self.reliability else None,
            "answers": self.answers.as_json() if self.answers else None,
            "outcomes": [self._outcome_json(found) for found in self.outcomes],
        }

    def _outcome_json(self, found: Outcome) -> dict[str, Any]:
        own = self.scores["ndcgAt10"].get(found.id)
        return {
            "id": found.id,
            "rank": found.rank,
            "ndcgAt10": None if own is None else round(own, 4),
            "rightPlace": found.has_right_place,
            "topRelevance": found.relevance,
            "topScore": None if found.score is None else round(found.score, 4),
        }


def evaluate(
    knowledge_base: KnowledgeBase,
    questions: Sequence[Question],
    *,
    mode: Mode = Mode.HYBRID,
    judgements: Judgements | None = None,
) -> Evaluation:
    """Ask every question and see where its right passages stand.

    `judgements` are those of this index where they are known already. Raises `InvalidQuestions` for a
    question that cannot be asked, `IndexUnavailable`, or `EvaluationUnavailable`.
    """
    knowledge_base = knowledge_base.pinned()
    check_askable(knowledge_base, questions)
    judgements = judgements or judge(knowledge_base, questions)
    knowledge_base.warm()
    # The first search pays for what is loaded late; it is no search that a user waits for.
    knowledge_base.search(questions[0].question, mode=mode, limit=_DEPTH)
    outcomes = tuple(
        _outcome(question, knowledge_base.search(question.question, mode=mode, limit=_DEPTH), judgements)
        for question in questions
    )
    scores = measure(
        {outcome.id: outcome.ranking for outcome in outcomes},
        judgements.relevant,
        QUESTION_MEASURES,
    )
    return Evaluation(
        generation=knowledge_base.manifest().generation,
        mode=mode,
        questions=tuple(questions),
        outcomes=outcomes,
        scores=scores,
        unfindable=tuple(judgements.unfindable),
        refusal=_refusal(questions, outcomes),
        answers=evaluate_answers(knowledge_base, questions, judgements) if mode is Mode.HYBRID else None,
    )


def check_askable(knowledge_base: KnowledgeBase, questions: Sequence[Question]) -> None:
    """Raise `InvalidQuestions` for a question that a search would refuse, and where there are none."""
    if not questions:
        raise InvalidQuestions("There are no questions to ask")
    for question in questions:
        faults = knowledge_base.faults(SearchRequest(query=question.question))
        if faults:
            reasons = "; ".join(message for _, _, message in faults)
            raise InvalidQuestions(f"Question {question.id!r} cannot be asked: {reasons}")


def _outcome(question: Question, answered: Answered, judgements: Judgements) -> Outcome:
    right = judgements.right.get(question.id, {})
    hits = answered.found.hits
    first = next((hit for hit in hits if hit.passage.id in right), None)
    return Outcome(
        id=question.id,
        milliseconds=answered.seconds * 1000,
        ranking=judgements.ranking(question.id, (hit.passage.id for hit in hits)),
        rank=first.rank if first else None,
        has_right_place=_has_right_place(question, first, judgements) if first else None,
        relevance=hits[0].relevance if hits else None,
        score=hits[0].score if hits else None,
        estimates=tuple(
            (hit.relevance, hit.passage.id in right) for hit in hits if hit.relevance is not None
        ),
    )


def _has_right_place(question: Question, hit: Hit, judgements: Judgements) -> bool | None:
    places = [(hit.document, hit.passage.locator)]
    places += [(place.document, place.passage.locator) for place in hit.also_in]
    answers = [question.answers[number] for number in judgements.quotes[question.id, hit.passage.id]]
    judged = [
        _number(locator) == answer.page
        for answer in answers
        for document, locator in places
        if answer.page is not None and document.source == answer.file
    ]
    return any(judged) if judged else None


def _number(locator: Locator) -> int | None:
    return locator.page if locator.slide is None else locator.slide


def _refusal(questions: Sequence[Question], outcomes: Sequence[Outcome]) -> Refusal | None:
    by_score = not any(found.relevance is not None for found in outcomes)
    tops: dict[bool, list[float | None]] = {True: [], False: []}
    for question, found in zip(questions, outcomes, strict=True):
        tops[bool(question.answers)].append(found.score if by_score else found.relevance)
    return refusal(tops[True], tops[False], by_score=by_score)


def _rounded(questions: int, values: dict[str, float]) -> dict[str, float]:
    return {"questions": questions} | {name: round(value, 4) for name, value in values.items()}
