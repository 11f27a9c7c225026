"""The measures of a ranking, computed by ir-measures (trec_eval underneath)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.errors import EvaluationUnavailable

# Each in the notation of ir-measures. Recall counts all right passages of a question; "found" asks for
# one of them, which is enough for a reader, as the answers of a question are alternatives.
QUESTION_MEASURES = {
    "recallAt1": "R@1",
    "recallAt5": "R@5",
    "recallAt10": "R@10",
    "foundAt1": "Success@1",
    "foundAt5": "Success@5",
    "foundAt10": "Success@10",
    "mrrAt10": "RR@10",
    "ndcgAt10": "nDCG@10",
}
BEIR_MEASURES = {"ndcgAt10": "nDCG@10", "recallAt10": "R@10", "mrrAt10": "RR@10"}

Scores = Mapping[str, Mapping[str, float]]


def measure(
    rankings: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Mapping[str, int]],
    measures: Mapping[str, str],
) -> Scores:
    """The value of each measure for each query in `relevant`.

    `rankings` holds the ids that were found for a query, best first; `relevant` the grade of each
    relevant id, from 1. A query with nothing relevant scores 0: it cannot be answered. `measures` are
    names with their notation. Raises `EvaluationUnavailable` without ir-measures.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise EvaluationUnavailable(
            f"ir-measures is not installed ({error}). Run: pip install ir-measures"
        ) from error
    names = {ir_measures.parse_measure(notation): name for name, notation in measures.items()}
    scores = {name: dict.fromkeys(relevant, 0.0) for name in measures}
    # trec_eval orders by score alone, so the rank is the score.
    run = {
        query: {found: float(-rank) for rank, found in enumerate(ranking)}
        for query, ranking in rankings.items()
        if ranking and relevant.get(query)
    }
    judged = {query: dict(grades) for query, grades in relevant.items() if query in run}
    for value in ir_measures.iter_calc(list(names), judged, run) if run else ():
        scores[names[value.measure]][value.query_id] = float(value.value)
    return scores


def means(scores: Scores, queries: Sequence[str]) -> dict[str, float]:
    """The mean of each measure over some of the queries; 0 without any."""
    return {
        name: sum(values[query] for query in queries) / len(queries) if queries else 0.0
        for name, values in scores.items()
    }
