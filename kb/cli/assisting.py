"""The command that answers assistants."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from kb.cli.options import IndexesOption, read_settings
from kb.errors import AssistantsUnavailable
from kb.extras import install_line

_APPLICATION = "api.assistants:from_environment"


def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP, at /mcp beside the API and the page.")
    ] = False,
    host: Annotated[
        str | None, typer.Option(help="With --http: else KB_HOST, else 127.0.0.1.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="With --http: else KB_PORT, else 8000.", show_default=False)
    ] = None,
    members: Annotated[
        bool,
        typer.Option("--members", help="Show documents for members too; over HTTP the key decides that."),
    ] = False,
    indexes: IndexesOption = None,
) -> None:
    """Answer assistants by the Model Context Protocol: over stdin and stdout, or over HTTP."""
    if importlib.util.find_spec("mcp") is None:
        raise AssistantsUnavailable(f"The MCP library is not installed. Run: {install_line('mcp')}")
    if http and members:
        raise typer.BadParameter("over HTTP, a key with the scope members shows them", param_hint="--members")
    if not http and (host is not None or port is not None):
        raise typer.BadParameter("they are for --http", param_hint="--host, --port")
    settings = read_settings(host=host, port=port, indexes=indexes)
    if http:
        from kb.cli.serving import run

        run(settings, _APPLICATION)
        return
    from kb.assistants.stdio import serve

    serve(settings, members=members)
