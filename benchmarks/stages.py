"""What each stage of a search adds to the quality of its hits, and what it costs in time and bytes.

    python benchmarks/stages.py

Asks the questions of ../shared/questions of an index (build/bench unless --indexes says otherwise). Every
recipe is measured on the same questions; the times are those of one process, one search after another.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from kb.arranging import collapse, ranked
from kb.best_sentence import best_sentence
from kb.candidates import DEPTH, Query, gather
from kb.embedding import load_encoder
from kb.evaluation import Question, compare, judge, read_questions
from kb.evaluation.measures import QUESTION_MEASURES, Scores, means, measure
from kb.generations import Generations
from kb.hits import Page
from kb.index import Filter, Ranking
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.language import shipped_synonyms
from kb.models import Models
from kb.reranking import Reranking
from kb.search import RERANKED, read_query, search
from kb.search_request import Mode
from kb.settings import Settings
from kb.weights import Weights

QUESTIONS = Path("../shared/questions/dev.jsonl")
# Cormack, Clarke and Buettcher (2009).
RRF_K = 60
TODAY = dt.date(2026, 11, 24)
PAGE = Page(limit=10)

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    arguments = parser.parse_args()
    questions = read_questions(QUESTIONS)
    settings = Settings.load({}, indexes=arguments.indexes)
    folder = Generations(arguments.indexes).current()
    bench = Bench(EmbeddedIndex.open(folder), Models(encoder=load_encoder(settings)))
    judgements = judge(KnowledgeBase(settings), questions)
    scores: dict[str, Scores] = {}
    for name, recipe in bench.recipes().items():
        rankings = {
            question.id: judgements.ranking(question.id, recipe(question.question)) for question in questions
        }
        scores[name] = measure(rankings, judgements.relevant, QUESTION_MEASURES)
    print_quality(scores, questions)
    print_costs(bench.times(questions), folder, bench.index.manifest.passages)


class Bench:
    """The recipes, from the simplest to what people get."""

    def __init__(self, index: EmbeddedIndex, models: Models) -> None:
        self.index = index
        self.models = models

    def recipes(self) -> Mapping[str, Callable[[str], Sequence[str]]]:
        off = Reranking(seconds=0)
        undated = dataclasses.replace(self.models, reranking=off)
        fixed = dataclasses.replace(undated, weights=Weights(foreign=1))
        return {
            "dense alone": lambda text: self.ask(text, self.models, Mode.DENSE),
            "lexical alone": lambda text: self.ask(text, self.models, Mode.LEXICAL),
            "both, reciprocal rank fusion": self.rank_fusion,
            "both, score fusion with fixed weights": lambda text: self.ask(text, fixed, today=None),
            "+ weights that follow the query": lambda text: self.ask(text, undated, today=None),
            "+ dates": lambda text: self.ask(text, undated),
            "+ late interaction: what people get": lambda text: self.ask(text, self.models),
            "the same without dates": lambda text: self.ask(text, self.models, today=None),
        }

    def ask(
        self, text: str, models: Models, mode: Mode = Mode.HYBRID, *, today: dt.date | None = TODAY
    ) -> list[str]:
        query = self.read(text, today if mode is Mode.HYBRID else None)
        found = search(self.index, models, query, mode=mode, filter=Filter(), page=PAGE)
        return [hit.passage.id for hit in found.hits]

    def rank_fusion(self, text: str) -> list[str]:
        query = self.read(text, None)
        vector = self.models.encoder.encode_query(query.dense_text).vector
        scores: dict[int, float] = {}
        for ranking in (
            self.index.dense(vector, k=DEPTH, filter=Filter()),
            self.index.lexical(query.terms, k=DEPTH, filter=Filter()),
        ):
            for rank, row in enumerate(ranking.rows, 1):
                scores[int(row)] = scores.get(int(row), 0.0) + 1 / (RRF_K + rank)
        rows = np.array(sorted(scores, key=lambda row: (-scores[row], row)), np.int64)
        fused = Ranking(rows, np.array([scores[int(row)] for row in rows], np.float32))
        first = collapse(ranked(self.index, fused))[: PAGE.limit]
        return [record.passage.id for record in self.index.passages([one.row for one in first])]

    def read(self, text: str, today: dt.date | None) -> Query:
        return read_query(text, index=self.index, synonyms=shipped_synonyms(), today=today)

    def times(self, questions: Sequence[Question]) -> Mapping[str, Sequence[float]]:
        """The milliseconds of each part, per question."""
        for question in questions:  # what is loaded late is paid for here
            self.ask(question.question, self.models)
        clock = Clock()
        for question in questions:
            self.time(question.question, clock)
        return clock.found

    def time(self, text: str, clock: Clock) -> None:
        encoder, index = self.models.encoder, self.index
        query = clock.time("reading the query", lambda: self.read(text, TODAY))
        encoded = clock.time("encoding it", lambda: encoder.encode_query(query.dense_text))
        clock.time("dense retrieval", lambda: index.dense(encoded.vector, k=DEPTH, filter=Filter()))
        clock.time("lexical retrieval", lambda: index.lexical(query.terms, k=DEPTH, filter=Filter()))
        candidates = clock.time(
            "both, with texts, dates and words of the candidates",
            lambda: gather(index, query, encoded, filter=Filter()),
        )
        rows = candidates.rows[:RERANKED]
        clock.time(
            f"late interaction, {RERANKED} passages", lambda: index.late_interaction(encoded.tokens, rows)
        )
        shown = index.passages(candidates.rows[: PAGE.limit])
        clock.time(
            "best sentence, 10 hits", lambda: [best_sentence(index, encoder, one, encoded) for one in shown]
        )
        clock.time("a whole search", lambda: search(index, self.models, query, filter=Filter(), page=PAGE))


class Clock:
    """Remembers how many milliseconds parts took, by their names."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    def time(self, name: str, part: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = part()
        self.found.setdefault(name, []).append((time.perf_counter() - started) * 1000)
        return result


def print_quality(scores: Mapping[str, Scores], questions: Sequence[Question]) -> None:
    answerable = [question for question in questions if question.answers]
    groups = {
        "all": [question.id for question in answerable],
        "en": [question.id for question in answerable if question.language == "en"],
        "keywords": [question.id for question in answerable if question.style == "keywords"],
    }
    *_, full, _ = scores
    print("| Recipe | Found@5 | Recall@5 | nDCG@10 | English | Keywords | Full less this |")
    print("|---|---|---|---|---|---|---|")
    for name, own in scores.items():
        found = {group: means(own, ids) for group, ids in groups.items()}
        gain = compare(scores[full], own, ["ndcgAt10"])["ndcgAt10"]
        print(
            f"| {name} | {found['all']['foundAt5']:.3f} | {found['all']['recallAt5']:.3f} "
            f"| {found['all']['ndcgAt10']:.3f} | {found['en']['ndcgAt10']:.3f} "
            f"| {found['keywords']['ndcgAt10']:.3f} "
            f"| {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) |"
        )
    print()


def print_costs(times: Mapping[str, Sequence[float]], folder: Path, passages: int) -> None:
    print("| Part | Median ms | p95 ms |")
    print("|---|---|---|")
    for name, found in times.items():
        print(f"| {name} | {np.median(found):.1f} | {np.percentile(found, 95):.1f} |")
    print("\n| File | Bytes a passage |")
    print("|---|---|")
    for name in sorted(path.name for path in folder.iterdir()):
        files = [folder / name] if (folder / name).is_file() else list((folder / name).rglob("*"))
        print(f"| {name} | {sum(file.stat().st_size for file in files) / passages:,.0f} |")


if __name__ == "__main__":
    main()
