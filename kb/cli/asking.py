"""The command that answers a question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.fallback import opened
from kb.cli.options import IndexesOption, JsonOption, WhereOption, read_filter, show

if TYPE_CHECKING:
    from kb.generating import Ended, Ending, Generated, Generation


def ask(
    question: Annotated[str, typer.Argument(help="The question.", show_default=False)],
    limit: Annotated[int, typer.Option(help="How many passages are shown with the answer, 1 to 100.")] = 5,
    where: WhereOption = None,
    dates: Annotated[
        bool, typer.Option("--dates/--no-dates", help="Prefer documents of a period that the question names.")
    ] = True,
    generate: Annotated[
        bool,
        typer.Option(
            "--generate",
            help="Have the language model of KB_LLM_URL write too; what its sources support is shown.",
        ),
    ] = False,
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the sentences that answer a question, word for word with their sources, or that none do."""
    from kb.hits import Page
    from kb.printing.answers import answer_json, answer_text
    from kb.printing.written import written_json
    from kb.search_request import SearchRequest

    request = SearchRequest(query=question, filter=read_filter(where), page=Page(limit=limit), dates=dates)
    knowledge_base = opened(indexes)
    asked = knowledge_base.answer(request)
    if not generate:
        show(answer_text(asked), answer_json(asked), as_json=as_json)
        return
    if not as_json:
        print(answer_text(asked), flush=True)
    written = asyncio.run(_written(knowledge_base.generation(asked), show_each=not as_json))
    if as_json:
        show("", {**answer_json(asked), "written": written_json(*written)}, as_json=True)


async def _written(generation: Generation | Ending, *, show_each: bool) -> tuple[list[Generated], Ended]:
    """What is written, each sentence shown as it comes."""
    from kb.generating import Ended, Ending
    from kb.printing.written import HEADING, end_text, sentence_text

    kept: list[Generated] = []
    ended = Ended(ending=generation if isinstance(generation, Ending) else Ending.CUT, dropped={})
    if not isinstance(generation, Ending):
        async for one in generation.run():
            if isinstance(one, Ended):
                ended = one
                break
            if show_each:
                print(sentence_text(one) if kept else f"\n{HEADING}\n{sentence_text(one)}", flush=True)
            kept.append(one)
    if show_each and (told := end_text(ended)):
        print(f"\n{told}")
    return kept, ended
