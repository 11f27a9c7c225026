"""The `kb` command: arguments, progress bars, printing.

Results go to stdout, progress and errors to stderr. Whatever is heavy is imported by the command that
needs it, so that `kb --help` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from kb import __version__
from kb.cli.asking import ask
from kb.cli.assisting import mcp
from kb.cli.building import build
from kb.cli.gaps import gaps
from kb.cli.generations import backup, check, prune, restore, rollback, status
from kb.cli.history import events, themes, timeline
from kb.cli.keys import key
from kb.cli.measuring import evaluate, tune
from kb.cli.privacy import privacy
from kb.cli.searching import passages, search, similar
from kb.cli.serving import serve
from kb.errors import KBError

app = typer.Typer(
    help="Search the documents of a folder, each passage with its exact source.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command; a known error is one message on stderr and exit status 1."""
    # Where the terminal lacks a letter, the rest is still worth reading.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except KBError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python must not complain of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        print(f"{type(error).__name__}: {error}. See that its disk has room and may be used", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("Stopped; the live index is as it was.", file=sys.stderr)
        sys.exit(130)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"kb {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version)
    ] = False,
) -> None:
    """What every command shares."""


_COMMANDS = (
    build, ask, search, similar, passages, events, themes, timeline, gaps, serve, mcp, status, rollback,
    prune, check, privacy, backup, restore, evaluate, tune,
)  # fmt: skip
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(key, name="key")
