"""What the searches of peers.py found: judged by the rules of `kb evaluate`, compared and told."""

from __future__ import annotations

import statistics
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kb.evaluation import Difference, Question, compare, judge_passages
from kb.evaluation.measures import QUESTION_MEASURES, Scores, means, measure

# A ranking of longer passages shows more text at the same rank, and a longer passage holds a quote more
# often. Five of our passages have at most so many words; a right passage counts when it ends within them.
BUDGET = 1_200
WITHIN = f"foundIn{BUDGET}Words"
COMPARED = ("ndcgAt10", "recallAt5", "foundAt5", WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one search found: rankings of passages by question, as ids among `passages` (id and text).

    `splitter` says whose passages they are, `told` what else its JSON tells.
    """

    name: str
    splitter: str
    passages: Sequence[tuple[str, str]]
    rankings: Mapping[str, Sequence[str]]
    milliseconds: Mapping[str, float]
    build_seconds: float | None
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def median_ms(self) -> float:
        """The median time of a search."""
        return statistics.median(self.milliseconds.values())

    @property
    def words(self) -> float:
        """The mean length of its passages."""
        return statistics.mean(len(text.split()) for _, text in self.passages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A result with every measure of every question, and the questions whose quotes no passage holds."""

    result: Result
    scores: Scores
    unfindable: tuple[str, ...]

    def means(self, questions: Sequence[Question]) -> dict[str, float]:
        """The means over some questions."""
        return means(self.scores, [question.id for question in questions])

    def lead(self, other: Judged, questions: Sequence[Question]) -> dict[str, Difference]:
        """How far this is ahead of another over some questions."""
        one, two = (
            {
                name: {question.id: values[question.id] for question in questions}
                for name, values in judged.scores.items()
            }
            for judged in (self, other)
        )
        return compare(one, two, COMPARED)


def judge(result: Result, questions: Sequence[Question]) -> Judged:
    """Judge a search over the passages that it chose from."""
    judgements = judge_passages(result.passages, questions)
    scores = measure(
        {question: judgements.ranking(question, found) for question, found in result.rankings.items()},
        judgements.relevant,
        QUESTION_MEASURES,
    )
    lengths = {passage: len(text.split()) for passage, text in result.passages}
    within = {
        question: float(
            _is_found_within([(found, lengths[found]) for found in result.rankings[question]], right)
        )
        for question, right in judgements.right.items()
    }
    return Judged(result=result, scores={**scores, WITHIN: within}, unfindable=tuple(judgements.unfindable))


def _is_found_within(ranking: Sequence[tuple[str, int]], right: Container[str]) -> bool:
    read = 0
    for passage, words in ranking:
        read += words
        if passage in right:
            return read <= BUDGET
    return False


def groups(questions: Sequence[Question]) -> dict[str, list[Question]]:
    """The questions that the documents answer: all, and by language, Dutch first."""
    answerable = [question for question in questions if question.answers]
    languages = sorted({question.language for question in answerable}, reverse=True)
    return {"all": answerable} | {
        language: [question for question in answerable if question.language == language]
        for language in languages
    }


def tables(ours: Judged, peers: Sequence[Judged], questions: Sequence[Question]) -> str:
    """Markdown: what everyone finds and what it costs, and how far ours is ahead."""
    asked = groups(questions)
    languages = [name for name in asked if name != "all"]
    by = "/".join(languages)
    told = _header(
        *("Search", "Passages", "Words each", "Found@5", "Recall@5", "MRR@10", "nDCG@10"),
        *(f"Found in {BUDGET} words", f"Found@5 {by}", f"nDCG@10 {by}", "Build", "Query, median"),
    )
    for judged in (ours, *peers):
        result, found = judged.result, judged.means(asked["all"])
        split = [
            " / ".join(f"{judged.means(asked[language])[name]:.3f}" for language in languages)
            for name in ("foundAt5", "ndcgAt10")
        ]
        told += _row(
            *(result.name, f"{result.splitter}: {len(result.passages)}", f"{result.words:.0f}"),
            *(f"{found[name]:.3f}" for name in ("foundAt5", "recallAt5", "mrrAt10", "ndcgAt10", WITHIN)),
            *split,
            f"{result.build_seconds:.0f} s" if result.build_seconds else "–",
            f"{result.median_ms:.0f} ms",
        )
    told += "\n"
    told += _header(
        *(f"{ours.result.name} less", "Passages", "nDCG@10", "Recall@5", "Found@5"),
        *(f"Found in {BUDGET} words", *(f"nDCG@10 {language}" for language in languages)),
    )
    for judged in peers:
        leads = list(ours.lead(judged, asked["all"]).values())
        leads += [ours.lead(judged, asked[language])["ndcgAt10"] for language in languages]
        cells = [f"{lead.value:+.3f} ({lead.low:+.3f} to {lead.high:+.3f})" for lead in leads]
        told += _row(judged.result.name, judged.result.splitter, *cells)
    return told


def _header(*names: str) -> str:
    return _row(*names) + "|---" * len(names) + "|\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def as_json(ours: Judged, peers: Sequence[Judged], questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Every search with its measures, its differences with ours, and the nDCG of each question."""
    asked = groups(questions)
    return [
        {
            "name": judged.result.name,
            "passagesFrom": judged.result.splitter,
            "passages": len(judged.result.passages),
            "wordsEach": round(judged.result.words, 1),
            "measures": {
                name: {"questions": len(group)}
                | {key: round(value, 4) for key, value in judged.means(group).items()}
                for name, group in asked.items()
            },
            "unfindable": list(judged.unfindable),
            "buildSeconds": judged.result.build_seconds,
            "medianMs": round(judged.result.median_ms, 1),
            "oursLessThis": {}
            if judged is ours
            else {
                name: {key: lead.as_json() for key, lead in ours.lead(judged, group).items()}
                for name, group in asked.items()
            },
            "ndcgAt10": {key: round(value, 4) for key, value in judged.scores["ndcgAt10"].items()},
            **judged.result.told,
        }
        for judged in (ours, *peers)
    ]
