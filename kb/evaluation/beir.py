"""Benchmarks in the format of BEIR (Thakur and others 2021), asked of the product's own retrievers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import InvalidQuestions
from kb.evaluation.beir_index import CORPUS, BenchmarkDocument, benchmark_indexes
from kb.evaluation.comparison import Difference, compare
from kb.evaluation.measures import BEIR_MEASURES, Scores, means, measure
from kb.evaluation.questions import read_json_lines, read_lines
from kb.indexing import Progress
from kb.knowledge_base import Answered, KnowledgeBase
from kb.parsing.cleaning import clean
from kb.search_request import MAX_LIMIT, MAX_QUERY, Mode
from kb.settings import Settings

_QUERIES = "queries.jsonl"
_QRELS = ("qrels.tsv", "qrels/test.tsv")
_HEADER = "query-id"
_COMPARED = ("ndcgAt10", "recallAt10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Documents, queries and, per query that is judged, the grades of its relevant documents, from 1.

    Queries have at most the length that a search allows.
    """

    name: str
    documents: tuple[BenchmarkDocument, ...]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """What one benchmark measured: the scores and times in milliseconds of every query, per mode.

    `differences` are those of the first mode with each other one.
    """

    benchmark: Benchmark
    passages: int
    scores: Mapping[Mode, Scores]
    milliseconds: Mapping[Mode, Sequence[float]]

    @property
    def measures(self) -> dict[Mode, dict[str, float]]:
        """The mean of each measure over all judged queries, per mode."""
        return {mode: means(scores, list(self.benchmark.relevant)) for mode, scores in self.scores.items()}

    @property
    def differences(self) -> dict[Mode, dict[str, Difference]]:
        """How the first mode differs from each other one."""
        (_, first), *others = self.scores.items()
        return {mode: compare(first, other, _COMPARED) for mode, other in others}

    def latency(self, mode: Mode) -> tuple[float, float]:
        """The median and the 95th percentile of a search, in milliseconds."""
        times = self.milliseconds[mode]
        return float(np.median(times)), float(np.percentile(times, 95))

    def as_json(self) -> dict[str, Any]:
        """The result for scripts."""
        return {
            "benchmark": self.benchmark.name,
            "documents": len(self.benchmark.documents),
            "passages": self.passages,
            "queries": len(self.benchmark.relevant),
            "modes": {
                mode.value: {
                    **{name: round(value, 4) for name, value in values.items()},
                    "medianMs": round(self.latency(mode)[0], 1),
                    "p95Ms": round(self.latency(mode)[1], 1),
                }
                for mode, values in self.measures.items()
            },
            "differences": {
                mode.value: {name: found.as_json() for name, found in differences.items()}
                for mode, differences in self.differences.items()
            },
        }


def read_benchmark(folder: Path) -> Benchmark:
    """The benchmark in a folder: corpus.jsonl, queries.jsonl, and qrels.tsv or qrels/test.tsv.

    Raises `InvalidQuestions` naming the file and line that is wrong.
    """
    qrels = next((folder / name for name in _QRELS if (folder / name).is_file()), None)
    if qrels is None:
        raise InvalidQuestions(f"{folder} holds no {' or '.join(_QRELS)}: it is no BEIR folder")
    documents: dict[str, BenchmarkDocument] = {}
    for place, item in _items(folder / CORPUS):
        document = BenchmarkDocument(
            id=_text(item, "_id", place),
            title=_text(item, "title", place, ""),
            text=_text(item, "text", place),
        )
        _refuse_double(document.id, documents, place)
        documents[document.id] = document
    queries: dict[str, str] = {}
    for place, item in _items(folder / _QUERIES):
        identifier = _text(item, "_id", place)
        _refuse_double(identifier, queries, place)
        queries[identifier] = clean(_text(item, "text", place))[:MAX_QUERY]
        if not queries[identifier]:
            raise InvalidQuestions(f'{place}: "text" is empty')
    return Benchmark(
        name=folder.resolve().name,
        documents=tuple(documents.values()),
        queries=queries,
        relevant=_read_qrels(qrels, documents, queries),
    )


def evaluate_beir(
    benchmark: Benchmark,
    settings: Settings,
    *,
    modes: Sequence[Mode] = tuple(Mode),
    cache: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BenchmarkResult:
    """Index the documents, unless that was done before, and ask every judged query in each mode.

    A document is as good as its best passage. The index lies in `cache`, else in the user's cache
    folder. Raises `EncoderUnavailable`, `BuildInProgress` or `EvaluationUnavailable`.
    """
    indexes = benchmark_indexes(benchmark.documents, settings, cache=cache, progress=progress)
    knowledge_base = KnowledgeBase(settings.model_copy(update={"indexes": indexes})).pinned()
    knowledge_base.warm()
    scores, milliseconds = {}, {}
    for mode in modes:
        rankings, times = {}, []
        for identifier in benchmark.relevant:
            answered = knowledge_base.search(benchmark.queries[identifier], mode=mode, limit=MAX_LIMIT)
            times.append(answered.seconds * 1000)
            rankings[identifier] = _documents(answered)
        scores[mode] = measure(rankings, benchmark.relevant, BEIR_MEASURES)
        milliseconds[mode] = times
    return BenchmarkResult(
        benchmark=benchmark,
        passages=knowledge_base.manifest().passages,
        scores=scores,
        milliseconds=milliseconds,
    )


def _documents(answered: Answered) -> list[str]:
    """The documents of a ranking of passages, each at the place of its best one."""
    ranked: dict[str, None] = {}
    for hit in answered.found.hits:
        for document in (hit.document, *(place.document for place in hit.also_in)):
            ranked.setdefault(document.source)
    return list(ranked)


def _items(file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    items = [(f"{file}, line {number}", item) for number, item in read_json_lines(file)]
    if not items:
        raise InvalidQuestions(f"{file} is empty")
    return items


def _text(item: Mapping[str, Any], name: str, place: str, default: str | None = None) -> str:
    value = item.get(name)
    value = default if value is None else value
    if not isinstance(value, str):
        raise InvalidQuestions(f'{place}: "{name}" must be a text')
    return value


def _refuse_double(identifier: str, known: Mapping[str, object], place: str) -> None:
    if not identifier or identifier in known:
        raise InvalidQuestions(f'{place}: "_id" {identifier!r} is empty, or an earlier line has it')


def _read_qrels(
    file: Path, documents: Mapping[str, object], queries: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = {}
    for number, line in read_lines(file):
        fields = line.split("\t")
        if number == 1 and fields[0] == _HEADER:
            continue
        place = f"{file}, line {number}"
        try:
            query, document, grade = fields[0], fields[1], int(fields[2])
        except (IndexError, ValueError):
            raise InvalidQuestions(
                f"{place} is not query-id, corpus-id and a whole score with tabs between"
            ) from None
        for name, known, other in (("query", queries, query), ("document", documents, document)):
            if other not in known:
                raise InvalidQuestions(f"{place}: there is no {name} {other!r}")
        if grade > 0:
            relevant.setdefault(query, {})[document] = grade
    if not relevant:
        raise InvalidQuestions(f"{file} judges no document relevant")
    return relevant
