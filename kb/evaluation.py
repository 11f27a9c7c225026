"""Retrieval measured on questions whose answers are quoted from the documents."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kb.errors import SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.search import Mode

# A passage holds a quote when this share of the quote's word trigrams is in it: quotes were taken from
# rendered text, so that a footnote mark or a line of a table may stand in between.
QUOTE_SHARE = 0.6
_DEPTH = 10
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the quotes that answer it, each of which will do; none: it has no answer."""

    id: str
    question: str
    language: str
    style: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Means over questions; recall@k is the share with a right passage among the first k."""

    questions: int
    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    mrr_at_10: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Measures over all answerable questions and per group; `ranks` holds the rank of the first right
    passage of each question, None when it is not among the first ten."""

    groups: dict[str, Measures] = field(default_factory=dict)
    ranks: dict[str, int | None] = field(default_factory=dict)
    median_ms: float = 0.0
    p95_ms: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The evaluation for scripts."""
        return {
            "groups": {
                name: {
                    "questions": item.questions,
                    "recall@1": round(item.recall_at_1, 4),
                    "recall@5": round(item.recall_at_5, 4),
                    "recall@10": round(item.recall_at_10, 4),
                    "mrr@10": round(item.mrr_at_10, 4),
                }
                for name, item in self.groups.items()
            },
            "ranks": self.ranks,
            "medianMs": round(self.median_ms, 1),
            "p95Ms": round(self.p95_ms, 1),
        }


def read_questions(file: Path) -> list[Question]:
    """Questions from a JSON Lines file. Raises `SettingsError` naming the line that is wrong."""
    questions = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
            questions.append(
                Question(
                    id=str(item.get("id", number)),
                    question=item["question"],
                    language=item.get("lang", "nl"),
                    style=item.get("style", "question"),
                    quotes=tuple(answer["quote"] for answer in item["answers"]),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"{file}, line {number} is not a question with answers ({error!r})"
            ) from error
    return questions


def evaluate(
    knowledge_base: KnowledgeBase, questions: Sequence[Question], *, mode: Mode = Mode.HYBRID
) -> Evaluation:
    """Ask every answerable question and see where its first right passage stands."""
    knowledge_base.warm()
    answerable = [question for question in questions if question.quotes]
    ranks: dict[str, int | None] = {}
    times = []
    for question in answerable:
        started = time.perf_counter()
        hits = knowledge_base.search(question.question, mode=mode, limit=_DEPTH).found.hits
        times.append((time.perf_counter() - started) * 1000)
        right = (hit.rank for hit in hits if any(holds(hit.passage.text, quote) for quote in question.quotes))
        ranks[question.id] = next(right, None)
    groups = {"alle": _measures(ranks.values())}
    for name in sorted({label for question in answerable for label in _labels(question)}):
        members = [ranks[question.id] for question in answerable if name in _labels(question)]
        groups[name] = _measures(members)
    return Evaluation(
        groups=groups,
        ranks=ranks,
        median_ms=statistics.median(times) if times else 0.0,
        p95_ms=sorted(times)[int(len(times) * 0.95)] if times else 0.0,
    )


def holds(text: str, quote: str) -> bool:
    """True when `text` holds at least 60 % of the word trigrams of `quote`, case and punctuation aside."""
    wanted = _trigrams(quote)
    return len(wanted & _trigrams(text)) >= QUOTE_SHARE * len(wanted) if wanted else False


def _trigrams(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    size = min(3, len(words))
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} if words else set()


def _labels(question: Question) -> tuple[str, str]:
    return f"taal {question.language}", f"vorm {question.style}"


def _measures(ranks: Iterable[int | None]) -> Measures:
    known = list(ranks)

    def share(limit: int) -> float:
        return sum(rank is not None and rank <= limit for rank in known) / len(known) if known else 0.0

    return Measures(
        questions=len(known),
        recall_at_1=share(1),
        recall_at_5=share(5),
        recall_at_10=share(10),
        mrr_at_10=sum(1 / rank for rank in known if rank) / len(known) if known else 0.0,
    )
