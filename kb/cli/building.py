"""Commands that make an index."""

from __future__ import annotations

from typing import Annotated

import typer

from kb.cli.options import CorpusOption, IndexesOption, JsonOption, read_settings, show
from kb.cli.progress import progress_bar


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
    build_id: Annotated[
        str | None, typer.Option("--build-id", help="Name of the build's record.", hidden=True)
    ] = None,
) -> None:
    """Read the documents, embed their passages and publish a new index."""
    settings = read_settings(corpus=corpus, indexes=indexes)
    from kb.builds import Builds
    from kb.embedding import load_encoder
    from kb.errors import BuildRefused
    from kb.golden import golden_questions
    from kb.indexing import Progress, build_index, check_folders, is_stale, preview_index
    from kb.printing.reports import preview_text, report_text

    check_folders(settings)
    if dry_run:
        with progress_bar() as advance:
            preview = preview_index(settings, progress=advance)
        show(preview_text(preview), preview.as_json(), as_json=as_json)
        return
    if if_stale and not build_id and not is_stale(settings):
        show("De index is bij.", {"stale": False}, as_json=as_json)
        return
    with Builds(settings.indexes).recording(build_id) as recording, progress_bar() as advance:

        def tell(progress: Progress) -> None:
            advance(progress)
            recording.advance(
                progress.phase, progress.files_done, progress.files_total, progress.passages, progress.reused
            )

        if if_stale and build_id and not is_stale(settings):
            recording.unchanged()
            show("De index is bij.", {"stale": False}, as_json=as_json)
            return
        try:
            report = build_index(
                settings,
                lambda: load_encoder(settings),
                progress=tell,
                judge=golden_questions(settings),
                allow_removals=allow_removals,
            )
        except BuildRefused as error:
            recording.refused(error, error.report)
            raise
        recording.published(report.as_json())
    show(report_text(report), report.as_json(), as_json=as_json)
