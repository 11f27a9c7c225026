"""Commands that measure, and tune what was measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.options import IndexesOption, JsonOption, read_settings, show
from kb.cli.progress import progress_bar

if TYPE_CHECKING:
    from kb.search_request import Mode
    from kb.settings import Settings


def evaluate(
    questions: Annotated[
        Path | None, typer.Argument(help="A JSON Lines file of questions with quotes.", show_default=False)
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="hybrid, dense or lexical; else hybrid, or with --beir all three.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="Also measure this mode, or this other folder with an index.", show_default=False),
    ] = None,
    beir: Annotated[
        Path | None,
        typer.Option(help="Measure this benchmark in BEIR's format instead.", show_default=False),
    ] = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how often the right passage is found."""
    from kb.search_request import Mode

    if (questions is None) == (beir is None):
        raise typer.BadParameter("give a file of questions, or --beir with a folder", param_hint="QUESTIONS")
    if beir and (compare or indexes):
        raise typer.BadParameter(
            "a benchmark has an index of its own: leave out --compare and --indexes", param_hint="--beir"
        )
    if mode is not None and mode not in set(Mode):
        raise typer.BadParameter(f"{mode!r} is not one of {', '.join(Mode)}", param_hint="--mode")
    settings = read_settings(indexes=indexes)
    if beir:
        _evaluate_beir(beir, settings, [Mode(mode)] if mode else list(Mode), as_json=as_json)
    elif questions:
        _evaluate_questions(questions, settings, Mode(mode or Mode.HYBRID), compare, as_json=as_json)


def tune(
    questions: Annotated[
        Path, typer.Argument(help="A JSON Lines file of questions with quotes.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="File to write the weights to.")] = Path("weights.json"),
    folds: Annotated[int, typer.Option(min=2, max=20, help="Parts for cross-validation.")] = 5,
    keep_order: Annotated[
        bool, typer.Option("--keep-order", help="Fit the relevance alone; the hits stay in their order.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write the weights without a gain too.")] = False,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the weights of the ranking to your own questions, and show what that gains."""
    if out.is_dir() or not os.access(out.absolute().parent, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"{out} is no file that can be written", param_hint="--out")
    from kb import evaluation
    from kb.evaluation.tables import tuning_text
    from kb.knowledge_base import KnowledgeBase

    asked = evaluation.read_questions(questions)
    print(f"{len(asked)} vragen worden gesteld; dit duurt enkele minuten.", file=sys.stderr)
    knowledge_base = KnowledgeBase(read_settings(indexes=indexes))
    tuning = evaluation.tune(knowledge_base, asked, folds=folds, keep_order=keep_order)
    if not as_json:
        print(tuning_text(tuning), flush=True)
    text = "Geen winst op vragen waarop niet is afgesteld: niets geschreven (toch schrijven: --force)."
    if written := tuning.is_better or force:
        tuning.after.save(out)
        text = f"De gewichten staan in {out}. Gebruik ze met KB_WEIGHTS={out.resolve()}"
    show(text, tuning.as_json() | {"written": str(out) if written else None}, as_json=as_json)


def _evaluate_questions(
    file: Path, settings: Settings, mode: Mode, other: str | None, *, as_json: bool
) -> None:
    from kb.evaluation import compare, judge, read_questions
    from kb.evaluation import evaluate as measure
    from kb.evaluation.tables import comparison_text, evaluation_text
    from kb.knowledge_base import KnowledgeBase
    from kb.search_request import Mode

    questions = read_questions(file)
    knowledge_base = KnowledgeBase(settings).pinned()
    judgements = judge(knowledge_base, questions)
    found = measure(knowledge_base, questions, mode=mode, judgements=judgements)
    if other is None:
        show(evaluation_text(found), found.as_json(), as_json=as_json)
        return
    if other in set(Mode):
        name = mode.value
        second = measure(knowledge_base, questions, mode=Mode(other), judgements=judgements)
    else:
        name = str(settings.indexes)
        second = measure(KnowledgeBase(read_settings(indexes=Path(other))), questions, mode=mode)
    differences = compare(found.scores, second.scores)
    value = found.as_json() | {
        "comparedWith": {
            "name": other,
            **second.as_json(),
            "differences": {measure: found.as_json() for measure, found in differences.items()},
        }
    }
    text = f"{evaluation_text(found)}\n\n{comparison_text((name, found), (other, second), differences)}"
    show(text, value, as_json=as_json)


def _evaluate_beir(folder: Path, settings: Settings, modes: list[Mode], *, as_json: bool) -> None:
    from kb.evaluation import evaluate_beir, read_benchmark
    from kb.evaluation.tables import benchmark_text

    benchmark = read_benchmark(folder)
    with progress_bar() as advance:
        result = evaluate_beir(benchmark, settings, modes=modes, progress=advance)
    show(benchmark_text(result), result.as_json(), as_json=as_json)
