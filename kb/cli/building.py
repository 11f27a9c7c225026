"""Commands that make an index."""

from __future__ import annotations

import gc
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.options import CorpusOption, IndexesOption, JsonOption, read_settings, show
from kb.cli.progress import progress_bar

if TYPE_CHECKING:
    from kb.builds import Recording
    from kb.embedding import Encoder
    from kb.reports import BuildReport
    from kb.settings import Settings


def build(
    corpus: CorpusOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
    if_stale: Annotated[
        bool, typer.Option("--if-stale", help="Do nothing when the index is what a build would make now.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what a build would change and leave out; publish nothing.")
    ] = False,
    allow_removals: Annotated[
        bool, typer.Option("--allow-removals", help="Publish also when more than 20 % of the documents go.")
    ] = False,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray", metavar="ADDRESS", help="Read and embed on the Ray cluster at host:port, or auto."
        ),
    ] = None,
    build_id: Annotated[
        str | None, typer.Option("--build-id", help="Name of the build's record.", hidden=True)
    ] = None,
) -> None:
    """Read the documents, embed their passages and publish a new index."""
    settings = read_settings(corpus=corpus, indexes=indexes)
    from kb.builds import Builds
    from kb.indexing import check_folders, is_stale
    from kb.printing.reports import report_text

    check_folders(settings)
    if dry_run:
        _preview(settings, as_json=as_json)
        return
    report = None
    # A build that was asked for has a record, whatever comes of it; one that is not needed makes none.
    if build_id or not if_stale or is_stale(settings):
        with Builds(settings.indexes).recording(build_id) as recording:
            if build_id and if_stale and not is_stale(settings):
                recording.unchanged()
            else:
                report = _build(settings, recording, allow_removals=allow_removals, as_json=as_json, ray=ray)
    if report:
        show(report_text(report), report.as_json(), as_json=as_json)
    else:
        show("De index is bij.", {"stale": False}, as_json=as_json)


def _preview(settings: Settings, *, as_json: bool) -> None:
    from kb.indexing import preview_index
    from kb.printing.reports import preview_text

    with progress_bar() as advance:
        preview = preview_index(settings, progress=advance)
    show(preview_text(preview), preview.as_json(), as_json=as_json)


def _build(
    settings: Settings, recording: Recording, *, allow_removals: bool, as_json: bool, ray: str | None
) -> BuildReport:
    """Build with a bar that shows how far it is, and put down in the record what comes of it."""
    from kb.embedding import load_encoder
    from kb.errors import BuildRefused
    from kb.golden import golden_questions
    from kb.indexing import Progress, build_index
    from kb.indexing.cluster import joined
    from kb.printing.reports import refusal_text

    with joined(ray) if ray else nullcontext() as cluster, progress_bar() as advance:

        def load() -> Encoder:
            encoder = load_encoder(settings)
            # What it brought stays: a collection would walk through all of PyTorch, many times in a build.
            gc.freeze()
            return encoder

        def tell(progress: Progress) -> None:
            advance(progress)
            recording.advance(
                progress.phase, progress.files_done, progress.files_total, progress.passages, progress.reused
            )

        try:
            report = build_index(
                settings,
                load,
                progress=tell,
                judge=golden_questions(settings),
                allow_removals=allow_removals,
                cluster=cluster,
            )
        except BuildRefused as error:
            recording.refused(error, error.report)
            show(refusal_text(error.report), dict(error.report), as_json=as_json)
            raise
    recording.published(report.as_json())
    return report
