"""Commands that search."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kb.cli.fallback import opened
from kb.cli.options import (
    IndexesOption,
    JsonOption,
    MunicipalityOption,
    ProvinceOption,
    SaidByOption,
    WhereOption,
    choose,
    conditions,
    read_filter,
    show,
)


def search(
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    mode: Annotated[str, typer.Option(help="hybrid, dense or lexical.")] = "hybrid",
    limit: Annotated[int, typer.Option(help="How many hits, 1 to 100.")] = 5,
    where: WhereOption = None,
    municipality: MunicipalityOption = None,
    province: ProvinceOption = None,
    statement: Annotated[
        list[str] | None,
        typer.Option(help="Only passages with a citaat, besluit, actie or vraag.", show_default=False),
    ] = None,
    said_by: SaidByOption = None,
    dates: Annotated[
        bool, typer.Option("--dates/--no-dates", help="Prefer documents of a period that the query names.")
    ] = True,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="document or event: each document or event once, at its best passage.", show_default=False
        ),
    ] = None,
    sort: Annotated[
        str, typer.Option(help="relevance, or date: of the best 50 hits the newest first.")
    ] = "relevance",
    min_relevance: Annotated[
        float | None, typer.Option(help="Only hits of at least this relevance, 0 to 1.", show_default=False)
    ] = None,
    facets: Annotated[
        str | None,
        typer.Option(
            help="Count the hits by kind, year, event, language, speaker, host, theme, municipality, "
            "province, statement or saidBy; commas between.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="csv, csvExcel (for Excel in Dutch), jsonl, or the documents as ris or bibtex.",
            show_default=False,
        ),
    ] = None,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages that answer a query best, each with its source."""
    from kb.exporting import Format, Links, export_hits, json_lines
    from kb.hits import Facet, GroupBy, Page, Sort
    from kb.printing.hits import answered_json, answered_text
    from kb.search_request import Mode, SearchRequest

    request = SearchRequest(
        query=query,
        mode=choose(Mode, mode, "--mode"),
        filter=read_filter(
            conditions(
                where, municipality=municipality, province=province, statement=statement, saidBy=said_by
            )
        ),
        page=Page(
            limit=limit,
            group_by=choose(GroupBy, group_by, "--group-by") if group_by is not None else None,
            sort=choose(Sort, sort, "--sort"),
            min_relevance=min_relevance,
            facets=tuple(
                choose(Facet, name.strip(), "--facets") for name in (facets.split(",") if facets else ())
            ),
        ),
        dates=dates,
    )
    wanted = choose(Format, form, "--format") if form is not None else None
    knowledge_base = opened(indexes)
    answered = knowledge_base.ask(request)
    if wanted is Format.JSON_LINES:
        print(json_lines(answered_json(answered)["hits"]), end="")
    elif wanted:
        links = Links(knowledge_base.settings.url.rstrip("/"))
        # As bytes: a terminal's own line ends are not those of the format.
        sys.stdout.buffer.write(export_hits(answered.found.hits, wanted, links).encode())
        sys.stdout.flush()
    else:
        show(answered_text(answered, colour=sys.stdout.isatty()), answered_json(answered), as_json=as_json)


def passages(
    kind: Annotated[
        list[str] | None,
        typer.Option(help="citaat, besluit, actie or vraag; may be repeated.", show_default=False),
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="Only of this meeting: id or name.", show_default=False)
    ] = None,
    municipality: MunicipalityOption = None,
    province: ProvinceOption = None,
    said_by: SaidByOption = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option(help="How many passages, 1 to 100.")] = 20,
    offset: Annotated[int, typer.Option(help="How many to pass over.")] = 0,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the passages with a decision, action, question or quotation, of the newest documents first."""
    from kb.printing.passages import passages_json, passages_text

    wanted = read_filter(
        conditions(
            where, statement=kind, event=event, municipality=municipality, province=province, saidBy=said_by
        )
    )
    knowledge_base = opened(indexes)
    found = knowledge_base.passages(wanted, limit=limit, offset=offset)
    show(passages_text(found, first=offset + 1), passages_json(found), as_json=as_json)


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
    from kb.printing.hits import similar_json, similar_text

    knowledge_base = opened(indexes)
    found = knowledge_base.similar(passage_id, filter=read_filter(where), limit=limit)
    show(similar_text(found), similar_json(passage_id, found), as_json=as_json)
