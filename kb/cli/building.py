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
) -> None:
    """Read the documents, embed their passages and publish a new index."""
    settings = read_settings(corpus=corpus, indexes=indexes)
    from kb.embedding import load_encoder
    from kb.indexing import build_index, is_stale

    if if_stale and not is_stale(settings):
        show("De index is bij.", {"stale": False}, as_json=as_json)
        return
    with progress_bar() as advance:
        report = build_index(settings, lambda: load_encoder(settings), progress=advance)
    from kb.printing.reports import report_text

    show(report_text(report), report.as_json(), as_json=as_json)
