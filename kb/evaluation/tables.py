"""What was measured, as Dutch text for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb import dutch
from kb.evaluation.answers import AnswerEvaluation
from kb.evaluation.beir import BenchmarkResult
from kb.evaluation.comparison import Difference, Verdict
from kb.evaluation.evaluating import Evaluation
from kb.evaluation.refusal import KEPT_SHARE, Refusal
from kb.evaluation.reliability import Reliability
from kb.evaluation.tuning import Tuning
from kb.relevance import ANSWERED_FROM

_NAMES = {
    "recallAt1": "r@1",
    "recallAt5": "r@5",
    "recallAt10": "r@10",
    "foundAt1": "raak@1",
    "foundAt5": "raak@5",
    "foundAt10": "raak@10",
    "mrrAt10": "MRR@10",
    "ndcgAt10": "nDCG@10",
}
_SPLITS = {"byLanguage": "taal", "byStyle": "vorm", "byFormat": "soort"}
_STYLES = {"question": "vraag", "keywords": "trefwoorden"}
_VERDICTS = {
    Verdict.BETTER: "beter",
    Verdict.WORSE: "slechter",
    Verdict.NOISE: "geen verschil dat van toeval te onderscheiden is",
}
_LABEL = 24
_CELL = 8
_SHOWN = 5


def evaluation_text(evaluation: Evaluation) -> str:
    """The measures of one evaluation, split in groups, and what else was found."""
    measures = evaluation.measures
    lines = [_row("", ["vragen", *(_NAMES[name] for name in measures)])]
    lines.append(_measured("alle", len(evaluation.answerable), measures))
    for split, groups in evaluation.splits.items():
        lines += [
            _measured(f"{_SPLITS[split]} {_STYLES.get(label, label)}", count, values)
            for label, (count, values) in groups.items()
        ]
    lines.append("r: deel van alle goede passages; raak: deel van de vragen met ten minste één ervan.")
    judged, share = evaluation.right_place
    if share is not None:
        hits = dutch.count(judged, "eerste goede treffer", "eerste goede treffers")
        lines.append(f"Op de juiste pagina of dia: {_percent(share)} van {hits}.")
    if evaluation.unfindable:
        lines.append(_unfindable(evaluation.unfindable))
    if evaluation.refusal:
        lines += _refusal_lines(evaluation.refusal)
    if evaluation.reliability:
        lines += _reliability_lines(evaluation.reliability)
    if evaluation.answers:
        lines += _answer_lines(evaluation.answers)
    lines.append(_latency(evaluation.median_ms, evaluation.p95_ms))
    return "\n".join(lines)


def comparison_text(
    one: tuple[str, Evaluation], other: tuple[str, Evaluation], differences: Mapping[str, Difference]
) -> str:
    """Two evaluations, each with its name, side by side, and what the differences between them say."""
    names, evaluations = (one[0], other[0]), (one[1], other[1])
    width = max(_CELL, *(len(name) + 2 for name in names))
    measures = [found.measures for found in evaluations]
    lines = [_row("", names, width)]
    lines += [_row(_NAMES[name], [f"{found[name]:.3f}" for found in measures], width) for name in measures[0]]
    refusals = [found.refusal for found in evaluations if found.refusal]
    if refusals:
        lines.append(_row("AUROC", [f"{found.auroc:.3f}" for found in refusals], width))
    lines.append(_row("mediaan, ms", [f"{found.median_ms:.0f}" for found in evaluations], width))
    lines.append(_row("p95, ms", [f"{found.p95_ms:.0f}" for found in evaluations], width))
    lines += ["", f"{names[0]} min {names[1]}, met 95%-interval:", *_differences(differences)]
    return "\n".join(lines)


def benchmark_text(result: BenchmarkResult) -> str:
    """The measures of a benchmark, a row for each mode."""
    benchmark = result.benchmark
    documents = dutch.count(len(benchmark.documents), "document", "documenten")
    passages = dutch.count(result.passages, "passage", "passages")
    queries = dutch.count(len(benchmark.relevant), "vraag", "vragen")
    measures = result.measures
    names = [_NAMES[name] for name in next(iter(measures.values()))]
    lines = [f"{benchmark.name}: {documents}, {passages}, {queries}"]
    lines.append(_row("", [*names, "mediaan", "p95"]))
    for mode, values in measures.items():
        times = [f"{value:.0f} ms" for value in result.latency(mode)]
        lines.append(_row(mode.value, [*(f"{value:.3f}" for value in values.values()), *times]))
    first = next(iter(measures)).value
    for mode, differences in result.differences.items():
        lines += ["", f"{first} min {mode.value}, met 95%-interval:", *_differences(differences)]
    return "\n".join(lines)


def tuning_text(tuning: Tuning) -> str:
    """What tuning gains, before anything is written."""
    questions = dutch.count(tuning.questions, "vraag", "vragen")
    lines = [
        f"{questions}, waarvan {tuning.answerable} met antwoord; {len(tuning.folds)} delen naar map of stuk.",
        "Elk deel is gemeten met gewichten die op de andere delen zijn afgesteld.",
        _row("", ["nu", "nieuw"]),
        _row(_NAMES["ndcgAt10"], [f"{value:.3f}" for value in tuning.ndcg]),
        *_relevance_rows(tuning),
        "",
        "Verschil, met 95%-interval:",
        *_differences({"ndcgAt10": tuning.gain}),
        "",
        _row("", ["nu", "nieuw", *(f"deel {number}" for number, _ in enumerate(tuning.folds, 1))]),
    ]
    for name in ("dense", "late", "period", "foreign"):
        values = [getattr(found, name) for found in (tuning.before, tuning.after, *tuning.folds)]
        lines.append(_row(name, [f"{value:.2f}" for value in values]))
    found = tuning.relevance[1].reliability
    if found:
        lines += ["", "Nieuwe gewichten, op vragen waarop niet is afgesteld:", *_reliability_lines(found)]
    return "\n".join(lines)


def _relevance_rows(tuning: Tuning) -> list[str]:
    rows = {
        "AUROC": [found.auroc for found in tuning.relevance if found.auroc is not None],
        "kalibratiefout": [found.reliability.error for found in tuning.relevance if found.reliability],
        "Brier-score": [found.reliability.brier for found in tuning.relevance if found.reliability],
    }
    return [_row(name, [f"{value:.3f}" for value in values]) for name, values in rows.items() if values]


def _reliability_lines(found: Reliability) -> list[str]:
    hits = dutch.count(found.hits, "treffer", "treffers")
    return [
        f"Relevantie van {hits}: kalibratiefout {found.error:.3f}, Brier-score {found.brier:.3f}.",
        _row("  geschat", ["goed", "aantal"]),
        *(_row(f"  {own.estimate:.2f}", [f"{own.right:.2f}", str(own.hits)]) for own in found.bins),
    ]


def _row(label: str, cells: Sequence[str], width: int = _CELL) -> str:
    return f"{label:{_LABEL}}" + "".join(f"{cell:>{width}}" for cell in cells)


def _measured(label: str, count: int, values: Mapping[str, float]) -> str:
    return _row(label, [str(count), *(f"{value:.3f}" for value in values.values())])


def _differences(differences: Mapping[str, Difference]) -> list[str]:
    return [
        f"  {_NAMES[name]:8} {found.value:+.3f} ({found.low:+.3f} tot {found.high:+.3f}): "
        f"{_VERDICTS[found.verdict]}"
        for name, found in differences.items()
    ]


def _answer_lines(answers: AnswerEvaluation) -> list[str]:
    now = answers.shares(answers.answer_from)
    lines = ["Antwoord in letterlijke zinnen:"]
    if answers.held is not None:
        lines.append(
            f"  de gekozen zinnen bevatten het antwoord bij {_percent(answers.held)} van "
            f"{dutch.count(answers.found, 'vraag', 'vragen')} met een goede passage bij de eerste vijf"
        )
    lines.append(f"  met KB_ANSWER_FROM={answers.answer_from:g}:")
    for share, text in (
        (now.held_of_given, "van die vragen, voor zover beantwoord, bevat het antwoord"),
        (now.refused, "van de vragen met een antwoord krijgt er geen"),
        (now.answered, "van de vragen zonder antwoord krijgt er toch een"),
    ):
        if share is not None:
            lines.append(f"    {_percent(share)} {text}")
    lines.append(f"  tijd van een antwoord: p95 {answers.p95_ms:.0f} ms")
    return lines


def _refusal_lines(refusal: Refusal) -> list[str]:
    measured_by = (
        "de score van de eerste treffer, want treffers hebben geen relevantie"
        if refusal.by_score
        else f"de relevantie van de eerste treffer; antwoord vanaf {ANSWERED_FROM:.2f}".replace(".", ",")
    )
    questions = dutch.count(refusal.unanswerable, "vraag", "vragen")
    answered, refused = _percent(refusal.wrongly_answered), _percent(refusal.wrongly_refused)
    kept, keeping = _percent(KEPT_SHARE), _percent(refusal.wrongly_answered_keeping)
    return [
        f"Zonder antwoord in de documenten: {questions}, beoordeeld naar {measured_by}.",
        f"  AUROC {refusal.auroc:.3f}; toch beantwoord {answered}, ten onrechte niet beantwoord {refused};",
        f"  toch beantwoord met de grens waarbij {kept} van de andere vragen blijft: {keeping}.",
    ]


def _unfindable(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
    questions = dutch.count(len(ids), "vraag", "vragen")
    return f"{questions} met een citaat dat in geen passage staat: {shown}."


def _latency(median: float, p95: float) -> str:
    return f"Zoektijd per vraag: mediaan {median:.0f} ms, p95 {p95:.0f} ms."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
