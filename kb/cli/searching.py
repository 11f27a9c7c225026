"""Commands that search."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kb.cli.fallback import tell_fallback
from kb.cli.options import IndexesOption, JsonOption, WhereOption, read_filter, read_settings, show


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
    from kb.printing.hits import answered_json, answered_text
    from kb.search import Mode

    if mode not in set(Mode):
        raise typer.BadParameter(f"{mode!r} is not one of {', '.join(Mode)}", param_hint="--mode")
    if group_by is not None and group_by not in set(GroupBy):
        raise typer.BadParameter(f"{group_by!r} is not one of {', '.join(GroupBy)}", param_hint="--group-by")
    knowledge_base = KnowledgeBase(read_settings(indexes=indexes))
    tell_fallback(knowledge_base)
    answered = knowledge_base.search(
        query,
        mode=Mode(mode),
        filter=read_filter(where),
        limit=limit,
        dates=dates,
        group_by=GroupBy(group_by) if group_by else None,
    )
    show(answered_text(answered, colour=sys.stdout.isatty()), answered_json(answered), as_json=as_json)


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
    from kb.printing.hits import similar_json, similar_text

    knowledge_base = KnowledgeBase(read_settings(indexes=indexes))
    tell_fallback(knowledge_base)
    found = knowledge_base.similar(passage_id, filter=read_filter(where), limit=limit)
    show(similar_text(found), similar_json(passage_id, found), as_json=as_json)
