"""Fits the weights of a search to an organisation's own questions, and tells what that gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.errors import InvalidQuestions
from kb.evaluation.calibration import Calibration, JudgedHit, calibration, fit_relevance
from kb.evaluation.comparison import Difference, paired_bootstrap
from kb.evaluation.evaluating import check_askable
from kb.evaluation.folds import grouped_folds
from kb.evaluation.judging import Judgements, judge
from kb.evaluation.measures import measure
from kb.evaluation.questions import Question
from kb.knowledge_base import KnowledgeBase
from kb.weights import Weights

# Answerable questions below which the gain cannot be told from chance.
FEWEST = 20
_DEPTH = 10
_MEASURE = "ndcgAt10"
_GRID: Mapping[str, Sequence[float]] = {
    "dense": (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0),
    "late": (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0),
    "period": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "foreign": (0.0, 0.25, 0.5, 0.75, 1.0),
}
_ROUNDS = 4
# A gain of nDCG below it is no reason to leave a weight.
_LEAST_GAIN = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What tuning found.

    `before` are the weights of now, `after` those fitted to all questions. All measures are
    cross-validated: each question is measured with the weights of its fold, one of `folds`, which were
    fitted to the questions of the others. `gain` is that of nDCG@10 over the answerable questions. Pairs
    are of the weights before and after; `without_tokens` is the relevance where late interaction is off.
    """

    questions: int
    answerable: int
    before: Weights
    after: Weights
    folds: tuple[Weights, ...]
    ndcg: tuple[float, float]
    gain: Difference
    relevance: tuple[Calibration, Calibration]
    without_tokens: tuple[Calibration, Calibration]
    keeps_order: bool

    @property
    def is_better(self) -> bool:
        """True when the weights gain on questions they were not fitted to: nDCG, or where the order is kept
        the Brier score of the relevance."""
        if not self.keeps_order:
            return self.gain.value > 0
        before, after = (found.reliability for found in self.relevance)
        return before is not None and after is not None and after.brier < before.brier

    def as_json(self) -> dict[str, Any]:
        """The result for scripts."""
        return {
            "questions": self.questions,
            "answerable": self.answerable,
            "folds": len(self.folds),
            "ndcgAt10": {"before": round(self.ndcg[0], 4), "after": round(self.ndcg[1], 4)}
            | self.gain.as_json(),
            "relevance": _pair_json(self.relevance),
            "relevanceWithoutTokens": _pair_json(self.without_tokens),
            "isBetter": self.is_better,
            "before": self.before.model_dump(),
            "after": self.after.model_dump(),
            "perFold": [weights.model_dump() for weights in self.folds],
        }


def tune(
    knowledge_base: KnowledgeBase, questions: Sequence[Question], *, folds: int = 5, keep_order: bool = False
) -> Tuning:
    """Fit the weights to these questions, and cross-validate that.

    With `keep_order` the relevance alone is fitted. Raises `InvalidQuestions` for fewer than 20 questions
    that passages of the index answer, for questions on one document, or for one that cannot be asked;
    `IndexUnavailable` or `EvaluationUnavailable`.
    """
    knowledge_base = knowledge_base.pinned()
    check_askable(knowledge_base, questions)
    judgements = judge(knowledge_base, questions)
    _refuse_too_few(judgements)
    parts = grouped_folds(questions, folds)
    trials = _Trials(knowledge_base, questions, judgements)
    before = knowledge_base.weights
    every = [question.id for question in questions]
    fitted = [trials.fit([name for name in every if name not in part], before, keep_order) for part in parts]
    own = {name: weights for part, weights in zip(parts, fitted, strict=True) for name in part}
    old = trials.ndcg(before)
    new = {name: trials.ndcg(own[name])[name] for name in old}
    was, is_now = (
        [
            (weights, [trials.hits(name, weights) for name in part])
            for part, weights in zip(parts, used, strict=True)
        ]
        for used in ([before] * len(parts), fitted)
    )
    return Tuning(
        questions=len(questions),
        answerable=len(old),
        before=before,
        after=trials.fit(every, before, keep_order),
        folds=tuple(fitted),
        ndcg=(sum(old.values()) / len(old), sum(new.values()) / len(new)),
        gain=paired_bootstrap([new[name] - old[name] for name in old]),
        relevance=(calibration(was), calibration(is_now)),
        without_tokens=(calibration(was, tokens=False), calibration(is_now, tokens=False)),
        keeps_order=keep_order,
    )


def _refuse_too_few(judgements: Judgements) -> None:
    found = len(judgements.right) - len(judgements.unfindable)
    if found < FEWEST:
        lost = f" ({len(judgements.unfindable)} more quote what stands in no passage)"
        raise InvalidQuestions(
            f"Tuning takes at least {FEWEST} questions that the documents answer; there are {found}"
            f"{lost if judgements.unfindable else ''}. Add questions with their answers quoted"
        )


def _pair_json(found: tuple[Calibration, Calibration]) -> dict[str, Any]:
    before, after = found
    return {"before": before.as_json(), "after": after.as_json()}


class _Trials:
    """Every question asked once, and ranked with any weights as often as wanted."""

    def __init__(
        self, knowledge_base: KnowledgeBase, questions: Sequence[Question], judgements: Judgements
    ) -> None:
        self._judgements = judgements
        self._relevant = judgements.relevant
        self._observed = {question.id: knowledge_base.observe(question.question) for question in questions}
        self._ndcg: dict[tuple[float, ...], Mapping[str, float]] = {}

    def ndcg(self, weights: Weights) -> Mapping[str, float]:
        """nDCG@10 of every answerable question."""
        key = tuple(getattr(weights, name) for name in _GRID)
        if key not in self._ndcg:
            rankings = {
                name: self._judgements.ranking(
                    name, (passage for passage, *_ in self._observed[name].hits(weights, _DEPTH))
                )
                for name in self._relevant
            }
            self._ndcg[key] = measure(rankings, self._relevant, {_MEASURE: "nDCG@10"})[_MEASURE]
        return self._ndcg[key]

    def hits(self, question: str, weights: Weights) -> list[JudgedHit]:
        """The first ten hits of a question, judged."""
        right = self._judgements.right.get(question, {})
        return [
            JudgedHit(
                signals=signals,
                without_tokens=without_tokens,
                is_right=passage in right,
                is_answerable=question in self._judgements.right,
            )
            for passage, signals, without_tokens in self._observed[question].hits(weights, _DEPTH)
        ]

    def fit(self, questions: Sequence[str], start: Weights, keep_order: bool) -> Weights:
        """The weights that rank these questions best, with the relevance of their hits."""
        order = start if keep_order else self._best_order(questions, start)
        hits = [hit for name in questions for hit in self.hits(name, order)]
        fitted = {
            "relevance_without_tokens": fit_relevance(
                hits, otherwise=start.relevance_without_tokens, tokens=False
            )
        }
        if all(hit.signals.has_tokens for hit in hits):
            fitted["relevance"] = fit_relevance(hits, otherwise=start.relevance)
        return order.model_copy(update=fitted)

    def _best_order(self, questions: Sequence[str], start: Weights) -> Weights:
        """Coordinate ascent over the grid, one weight after the other until none gains."""
        answerable = [name for name in questions if name in self._relevant]
        best, value = start, self._mean(answerable, start)
        for _ in range(_ROUNDS):
            round_start = best
            for name, settings in _GRID.items():
                for setting in settings:
                    tried = best.model_copy(update={name: setting})
                    found = self._mean(answerable, tried)
                    if found > value + _LEAST_GAIN:
                        best, value = tried, found
            if best == round_start:
                break
        return best

    def _mean(self, questions: Sequence[str], weights: Weights) -> float:
        scores = self.ndcg(weights)
        return sum(scores[name] for name in questions) / max(1, len(questions))
