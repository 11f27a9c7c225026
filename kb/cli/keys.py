"""Commands for the API's keys."""

from __future__ import annotations

from typing import Annotated

import typer

from kb import dutch
from kb.cli.options import IndexesOption, JsonOption, read_settings, show
from kb.keys import Key, Keys, Scope

key = typer.Typer(help="Make, list and revoke keys for the API.", no_args_is_help=True, rich_markup_mode=None)

_NameArgument = Annotated[
    str, typer.Argument(help="Whose key it is, or what for: 'intranet'.", show_default=False)
]


@key.command()
def create(
    name: _NameArgument,
    scope: Annotated[
        list[Scope], typer.Option(help="search, members or admin; may be repeated.", show_default=False)
    ],
    indexes: IndexesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once."""
    try:
        made, secret = _keys(indexes).create(name, scope)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    text = (
        f"{secret}\n\nDit is de sleutel ‘{made.name}’ ({_scopes(made)}). Bewaar hem nu: hij is niet nog eens "
        "op te vragen.\nStuur hem mee als: Authorization: Bearer <sleutel>"
    )
    show(text, made.as_json() | {"key": secret}, as_json=as_json)


@key.command(name="list")
def list_keys(indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Print the keys: their names, scopes and last use."""
    found = _keys(indexes).all()
    lines = [f"{one.name}: {_scopes(one)}; {_dates(one)}" for one in found]
    show("\n".join(lines) or "Er zijn geen sleutels.", [one.as_json() for one in found], as_json=as_json)


@key.command()
def revoke(name: _NameArgument, indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Take a key away, at once and for good."""
    revoked = _keys(indexes).revoke(name)
    show(f"De sleutel ‘{revoked.name}’ is ingetrokken.", revoked.as_json(), as_json=as_json)


def _scopes(found: Key) -> str:
    return ", ".join(sorted(found.scopes))


def _dates(found: Key) -> str:
    made = f"gemaakt op {dutch.date(found.created.astimezone().date())}"
    if not found.last_used:
        return f"{made}, nog niet gebruikt"
    used = found.last_used.astimezone()
    return f"{made}, het laatst gebruikt op {dutch.date(used.date())} om {used:%H:%M}"


def _keys(indexes: object) -> Keys:
    settings = read_settings(indexes=indexes)
    return Keys(settings.keys_file)
