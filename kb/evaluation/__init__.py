"""Retrieval measured: on questions whose answers are quoted from the documents, and on BEIR benchmarks."""

from __future__ import annotations

from kb.evaluation.beir import Benchmark, BenchmarkResult, evaluate_beir, read_benchmark
from kb.evaluation.comparison import Difference, Verdict, compare
from kb.evaluation.evaluating import Evaluation, Outcome, evaluate
from kb.evaluation.judging import Judgements, judge, judge_passages
from kb.evaluation.questions import Answer, Question, holds, read_questions
from kb.evaluation.refusal import Refusal
from kb.evaluation.reliability import Reliability
from kb.evaluation.tuning import Tuning, tune

__all__ = [
    "Answer",
    "Benchmark",
    "BenchmarkResult",
    "Difference",
    "Evaluation",
    "Judgements",
    "Outcome",
    "Question",
    "Refusal",
    "Reliability",
    "Tuning",
    "Verdict",
    "compare",
    "evaluate",
    "evaluate_beir",
    "holds",
    "judge",
    "judge_passages",
    "read_benchmark",
    "read_questions",
    "tune",
]
