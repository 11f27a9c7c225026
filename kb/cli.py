"""The `kb` command: arguments, progress bars, printing.

Results go to stdout, progress and errors to stderr. Whatever is heavy is imported by the command that
needs it, so that `kb --help` answers at once.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb import __version__
from kb.errors import KBError, SettingsError

if TYPE_CHECKING:
    from kb.index import Filter
    from kb.indexing import Progress
    from kb.search import Mode
    from kb.settings import Settings

app = typer.Typer(
    help="Search the documents of a folder, each passage with its exact source.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_STOP_SECONDS = 5

CorpusOption = Annotated[
    Path | None,
    typer.Option(
        "--corpus", help="Folder with the documents; else KB_CORPUS, else corpus/.", show_default=False
    ),
]
IndexesOption = Annotated[
    Path | None,
    typer.Option(
        "--indexes", help="Folder with the index; else KB_INDEXES, else indexes/.", show_default=False
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        help="kind=, event=, language=, document=, dateFrom= or dateTo=VALUE; may be repeated.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def main() -> None:
    """Run the command; a known error is one message on stderr and exit status 1."""
    # Where the terminal lacks a letter, the rest is still worth reading.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except KBError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python must not complain of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        print(f"{type(error).__name__}: {error}. See that its disk has room and may be used", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("Stopped; the live index is as it was.", file=sys.stderr)
        sys.exit(130)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"kb {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version)
    ] = False,
) -> None:
    """What every command shares."""


@app.command()
def build(
    corpus: CorpusOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
    if_stale: Annotated[
        bool, typer.Option("--if-stale", help="Do nothing when the index is what a build would make now.")
    ] = False,
) -> None:
    """Read the documents, embed their passages and publish a new index."""
    settings = _settings(corpus=corpus, indexes=indexes)
    from kb.embedding import load_encoder
    from kb.indexing import build_index, is_stale

    if if_stale and not is_stale(settings):
        _print("De index is bij.", {"stale": False}, as_json=as_json)
        return
    with _progress() as show:
        report = build_index(settings, lambda: load_encoder(settings), progress=show)
    from kb.printing import report_text

    _print(report_text(report), report.as_json(), as_json=as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    mode: Annotated[str, typer.Option(help="hybrid, dense or lexical.")] = "hybrid",
    limit: Annotated[int, typer.Option(help="How many hits, 1 to 100.")] = 5,
    where: WhereOption = None,
    dates: Annotated[
        bool, typer.Option("--dates/--no-dates", help="Prefer documents of a period that the query names.")
    ] = True,
    group_by: Annotated[
        str | None,
        typer.Option(help="document: each document once, at its best passage.", show_default=False),
    ] = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages that answer a query best, each with its source."""
    from kb.hits import GroupBy
    from kb.knowledge_base import KnowledgeBase
    from kb.printing import answered_json, answered_text
    from kb.search import Mode

    if mode not in set(Mode):
        raise typer.BadParameter(f"{mode!r} is not one of {', '.join(Mode)}", param_hint="--mode")
    if group_by is not None and group_by not in set(GroupBy):
        raise typer.BadParameter(f"{group_by!r} is not one of {', '.join(GroupBy)}", param_hint="--group-by")
    answered = KnowledgeBase(_settings(indexes=indexes)).search(
        query,
        mode=Mode(mode),
        filter=_filter(where),
        limit=limit,
        dates=dates,
        group_by=GroupBy(group_by) if group_by else None,
    )
    _print(answered_text(answered, colour=sys.stdout.isatty()), answered_json(answered), as_json=as_json)


@app.command()
def similar(
    passage_id: Annotated[
        str, typer.Argument(help="A passage's id, as kb search --json gives it.", show_default=False)
    ],
    limit: Annotated[int, typer.Option(help="How many passages, 1 to 50.")] = 5,
    where: WhereOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages of other documents that say most nearly what a passage says."""
    from kb.knowledge_base import KnowledgeBase
    from kb.printing import similar_json, similar_text

    found = KnowledgeBase(_settings(indexes=indexes)).similar(passage_id, filter=_filter(where), limit=limit)
    _print(similar_text(found), similar_json(passage_id, found), as_json=as_json)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Else KB_HOST, else 127.0.0.1.", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="Else KB_PORT, else 8000.", show_default=False)] = None,
    indexes: IndexesOption = None,
) -> None:
    """Serve the API and the page."""
    settings = _settings(host=host, port=port, indexes=indexes)
    # The application reads its settings from the environment, also in a worker process.
    os.environ["KB_INDEXES"] = str(settings.indexes.resolve())
    import uvicorn

    print(f"Kennisbank: http://{settings.host}:{settings.port}/ (stop with Ctrl+C)", file=sys.stderr)
    try:
        # By its name: kb never imports api.
        uvicorn.run(
            "api.app:from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            server_header=False,
            # Queries stand in addresses, and may name persons.
            access_log=False,
            log_level="warning",
            # Ctrl+C must not wait for a client that never ends its request.
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    except SystemExit:
        # What uvicorn does when it could not start; it has told the system's reason.
        message = "The service could not start: see the line above. Is another one running? Choose --port"
        raise SettingsError(message) from None


@app.command()
def status(indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Print what the live index holds and what its build left out."""
    from kb.knowledge_base import KnowledgeBase
    from kb.printing import status_json, status_text

    knowledge_base = KnowledgeBase(_settings(indexes=indexes))
    _print(status_text(knowledge_base), status_json(knowledge_base), as_json=as_json)


@app.command()
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
    from kb.search import Mode

    if (questions is None) == (beir is None):
        raise typer.BadParameter("give a file of questions, or --beir with a folder", param_hint="QUESTIONS")
    if beir and (compare or indexes):
        raise typer.BadParameter(
            "a benchmark has an index of its own: leave out --compare and --indexes", param_hint="--beir"
        )
    if mode is not None and mode not in set(Mode):
        raise typer.BadParameter(f"{mode!r} is not one of {', '.join(Mode)}", param_hint="--mode")
    settings = _settings(indexes=indexes)
    if beir:
        _evaluate_beir(beir, settings, [Mode(mode)] if mode else list(Mode), as_json=as_json)
    elif questions:
        _evaluate_questions(questions, settings, Mode(mode or Mode.HYBRID), compare, as_json=as_json)


@app.command()
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
    knowledge_base = KnowledgeBase(_settings(indexes=indexes))
    tuning = evaluation.tune(knowledge_base, asked, folds=folds, keep_order=keep_order)
    if not as_json:
        print(tuning_text(tuning), flush=True)
    text = "Geen winst op vragen waarop niet is afgesteld: niets geschreven (toch schrijven: --force)."
    if written := tuning.is_better or force:
        tuning.after.save(out)
        text = f"De gewichten staan in {out}. Gebruik ze met KB_WEIGHTS={out.resolve()}"
    _print(text, tuning.as_json() | {"written": str(out) if written else None}, as_json=as_json)


def _evaluate_questions(
    file: Path, settings: Settings, mode: Mode, other: str | None, *, as_json: bool
) -> None:
    from kb.evaluation import compare, judge, read_questions
    from kb.evaluation import evaluate as measure
    from kb.evaluation.tables import comparison_text, evaluation_text
    from kb.knowledge_base import KnowledgeBase
    from kb.search import Mode

    questions = read_questions(file)
    knowledge_base = KnowledgeBase(settings).pinned()
    judgements = judge(knowledge_base, questions)
    found = measure(knowledge_base, questions, mode=mode, judgements=judgements)
    if other is None:
        _print(evaluation_text(found), found.as_json(), as_json=as_json)
        return
    if other in set(Mode):
        name = mode.value
        second = measure(knowledge_base, questions, mode=Mode(other), judgements=judgements)
    else:
        name = str(settings.indexes)
        second = measure(KnowledgeBase(_settings(indexes=Path(other))), questions, mode=mode)
    differences = compare(found.scores, second.scores)
    value = found.as_json() | {
        "comparedWith": {
            "name": other,
            **second.as_json(),
            "differences": {measure: found.as_json() for measure, found in differences.items()},
        }
    }
    text = f"{evaluation_text(found)}\n\n{comparison_text((name, found), (other, second), differences)}"
    _print(text, value, as_json=as_json)


def _evaluate_beir(folder: Path, settings: Settings, modes: list[Mode], *, as_json: bool) -> None:
    from kb.evaluation import evaluate_beir, read_benchmark
    from kb.evaluation.tables import benchmark_text

    benchmark = read_benchmark(folder)
    with _progress() as show:
        result = evaluate_beir(benchmark, settings, modes=modes, progress=show)
    _print(benchmark_text(result), result.as_json(), as_json=as_json)


def _filter(where: list[str] | None) -> Filter:
    from kb.printing import read_filter

    try:
        return read_filter(where or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--where") from None


def _settings(**overrides: object) -> Settings:
    from kb.settings import Settings

    return Settings.load(os.environ, **overrides)


def _print(text: str, value: Any, *, as_json: bool) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1) if as_json else text)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr with files and passages a second and the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rates]}"),
        TimeElapsedColumn(),
        TextColumn("nog"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task("Model laden", total=None, rates="")

        def show(progress: Progress) -> None:
            seconds = max(bar.tasks[task].elapsed or 0.0, 0.001)
            files, passages = progress.files_done / seconds, progress.passages / seconds
            rates = f"{files:.1f} bestanden/s, {passages:.0f} passages/s"
            bar.update(
                task,
                description="Documenten lezen en inbedden",
                completed=progress.files_done,
                total=progress.files_total,
                rates=rates,
            )

        yield show
