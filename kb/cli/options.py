"""What commands share: options, settings, and how a result is printed."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from kb.index import Filter
    from kb.settings import Settings

Choice = TypeVar("Choice", bound=StrEnum)

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
        help="kind=, event=, language=, speaker=, host=, theme=, municipality=, province=, statement=, "
        "saidBy=, year=, document=, dateFrom= or dateTo=VALUE; may be repeated.",
        show_default=False,
    ),
]
MunicipalityOption = Annotated[
    list[str] | None,
    typer.Option(help="Only passages that name this municipality: CBS code or name.", show_default=False),
]
ProvinceOption = Annotated[
    list[str] | None,
    typer.Option(help="Only passages that name this province, or a place in it.", show_default=False),
]
SaidByOption = Annotated[
    list[str] | None,
    typer.Option(help="Only passages that tell what this person said.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def read_settings(**overrides: object) -> Settings:
    """The settings of the environment; an option that was given goes first."""
    from kb.settings import Settings

    return Settings.load(os.environ, **overrides)


def read_filter(where: list[str] | None) -> Filter:
    """The filter that --where asks for."""
    from kb.printing.hits import read_filter as read

    try:
        return read(where or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--where") from None


def conditions(where: list[str] | None, **named: list[str] | None) -> list[str]:
    """What --where asks for, and what options of their own do, as such conditions."""
    return [*(where or []), *(f"{name}={value}" for name, values in named.items() for value in values or [])]


def choose(choices: type[Choice], value: str, option: str) -> Choice:
    """The choice that an option names."""
    if value not in set(choices):
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}", param_hint=option)
    return choices(value)


def show(text: str, value: Any, *, as_json: bool) -> None:
    """Print a result: text for a person, JSON for a script."""
    print(json.dumps(value, ensure_ascii=False, indent=1) if as_json else text)
