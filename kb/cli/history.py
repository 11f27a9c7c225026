"""Commands that tell of the years: meetings, themes, and how much is said of one."""

from __future__ import annotations

from typing import Annotated

import typer

from kb.cli.fallback import opened
from kb.cli.options import IndexesOption, JsonOption, WhereOption, read_filter, show


def events(
    event_id: Annotated[
        str | None, typer.Argument(help="A meeting's id, to print all of it.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many meetings, 1 to 100.")] = 20,
    offset: Annotated[int, typer.Option(help="How many to pass over.")] = 0,
    where: WhereOption = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the meetings, the latest first; or of one its documents and what was said and decided."""
    from kb.printing.history import meeting_json, meetings_text, proceedings_json, proceedings_text
    from kb.search_request import refuse

    knowledge_base = opened(indexes)
    history = knowledge_base.history()
    if event_id is not None:
        found = history.proceedings(event_id)
        show(proceedings_text(found), proceedings_json(found), as_json=as_json)
        return
    asked = read_filter(where)
    refuse(knowledge_base.list_faults(asked, limit=limit, offset=offset))
    every = history.meetings(asked)
    page = every[offset : offset + limit]
    told = {"total": len(every), "limit": limit, "offset": offset, "events": list(map(meeting_json, page))}
    show(meetings_text(page, total=len(every)), told, as_json=as_json)


def themes(
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Print what else could be a theme, as YAML for KB_THEMES.")
    ] = False,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the themes that are followed, with how many passages are about each."""
    from kb.printing.history import suggested_json, suggested_text, themes_json, themes_text

    knowledge_base = opened(indexes)
    history = knowledge_base.history()
    if suggest:
        suggested = history.suggest_themes()
        show(suggested_text(suggested), {"suggestions": suggested_json(suggested)}, as_json=as_json)
    else:
        found = history.themes()
        show(themes_text(found), {"themes": themes_json(found)}, as_json=as_json)


def timeline(
    theme: Annotated[str, typer.Argument(help="A theme's name, or its id.", show_default=False)],
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print how much is said of a theme in each year, and how much that is of what there is of that year."""
    from kb.printing.history import timeline_json, timeline_text

    knowledge_base = opened(indexes)
    history = knowledge_base.history()
    found = history.theme(theme)
    told = history.timeline(found.theme.id)
    show(timeline_text(found, told), timeline_json(found, told), as_json=as_json)
