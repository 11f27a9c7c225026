"""Commands that look after the generations of an index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.fallback import opened
from kb.cli.options import CorpusOption, IndexesOption, JsonOption, read_settings, show

# Sound, or done, but sources are gone or were changed since the build.
_STALE = 3


def status(indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Print what the live index holds, what its build left out, and which generations there are."""
    from kb.printing.status import status_json, status_text

    # At one generation: another may be published meanwhile.
    knowledge_base = opened(indexes)
    show(status_text(knowledge_base), status_json(knowledge_base), as_json=as_json)


def rollback(
    name: Annotated[
        str | None,
        typer.Argument(help="A generation, as kb status names it; else the one before.", show_default=False),
    ] = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go back to an older index at once; it is verified first."""
    from kb.errors import IndexUnavailable
    from kb.generations import Generations
    from kb.printing.upkeep import rollback_text

    generations = Generations.of(read_settings(indexes=indexes))
    try:
        before: str | None = generations.current().name
    except IndexUnavailable:
        before = None
    live = generations.rollback(name)
    show(rollback_text(live, before), {"generation": live, "before": before}, as_json=as_json)


def prune(
    keep: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="How many to keep; else KB_KEEP_GENERATIONS.", show_default=False),
    ] = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove old indexes that no process has open; --keep 1 leaves the live one alone."""
    from kb.generations import Generations
    from kb.printing.upkeep import pruned_json, pruned_text

    settings = read_settings(indexes=indexes)
    pruned = Generations.of(settings).prune(settings.keep_generations if keep is None else keep)
    show(pruned_text(pruned), pruned_json(pruned), as_json=as_json)


def check(
    every: Annotated[bool, typer.Option("--all", help="Check the older indexes too.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not embed a sample of passages again; needs no model.")
    ] = False,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the index, and compare it with its sources. Exit status 1: damaged; 3: sources have changed."""
    from kb.checking import check as run
    from kb.embedding import load_encoder
    from kb.printing.upkeep import check_json, check_text

    settings = read_settings(indexes=indexes)
    found = run(settings, None if quick else lambda: load_encoder(settings), every=every, tell=_tell)
    show(check_text(found), check_json(found), as_json=as_json)
    if not found.is_sound:
        raise typer.Exit(1)
    if found.is_stale:
        raise typer.Exit(_STALE)


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to make, a .tar file.", show_default=False)],
    index_only: Annotated[bool, typer.Option("--index-only", help="Leave the documents out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the live index and its documents into one archive. Exit status 3: some documents have changed."""
    from kb.archiving import back_up
    from kb.printing.upkeep import backup_json, backup_text

    settings = read_settings(indexes=indexes)
    made = back_up(settings, file, index_only=index_only, force=force, tell=_tell)
    show(backup_text(made), backup_json(made), as_json=as_json)
    if made.left_out:
        raise typer.Exit(_STALE)


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that kb backup made.", show_default=False)],
    corpus: CorpusOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put an archive back as the live index, and its documents where none is."""
    from kb.archiving import restore as put_back
    from kb.printing.upkeep import restored_json, restored_text

    restored = put_back(read_settings(corpus=corpus, indexes=indexes), file, tell=_tell)
    show(restored_text(restored), restored_json(restored), as_json=as_json)


def _tell(line: str) -> None:
    print(f"{line} …", file=sys.stderr, flush=True)
