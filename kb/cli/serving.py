"""The command that serves the API and the page."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from kb.cli.options import CorpusOption, IndexesOption, read_settings
from kb.errors import SettingsError

_STOP_SECONDS = 5


def serve(
    host: Annotated[
        str | None, typer.Option(help="Else KB_HOST, else 127.0.0.1.", show_default=False)
    ] = None,
    port: Annotated[int | None, typer.Option(help="Else KB_PORT, else 8000.", show_default=False)] = None,
    corpus: CorpusOption = None,
    indexes: IndexesOption = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Build when the corpus has changed and is quiet again.")
    ] = False,
) -> None:
    """Serve the API and the page."""
    from kb.settings import PREFIX

    settings = read_settings(host=host, port=port, corpus=corpus, indexes=indexes)
    if watch and settings.watch == "off":
        settings = settings.model_copy(update={"watch": "on"})
    # The application reads its settings from the environment, also in a worker process.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(settings.environment())
    import uvicorn

    print(f"Kennisbank: http://{settings.host}:{settings.port}/ (stop with Ctrl+C)", file=sys.stderr)
    try:
        # By its name: kb never imports api.
        uvicorn.run(
            "api.app:from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            server_header=False,
            # Queries stand in addresses, and may name persons.
            access_log=False,
            log_level="warning",
            # Ctrl+C must not wait for a client that never ends its request.
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    except SystemExit:
        # What uvicorn does when it could not start; it has told the system's reason.
        message = "The service could not start: see the line above. Is another one running? Choose --port"
        raise SettingsError(message) from None
