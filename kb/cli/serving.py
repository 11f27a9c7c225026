"""The command that serves the API and the page."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli.listening import listen
from kb.cli.options import CorpusOption, IndexesOption, read_settings
from kb.errors import SettingsError

if TYPE_CHECKING:
    import uvicorn

    from kb.settings import Settings

APPLICATION = "api.app:from_environment"
_STOP_SECONDS = 5
# A worker that does not answer its supervisor for so long is replaced. Loading a model holds Python's lock.
_HUNG_SECONDS = 30
# Connections that wait for a worker to take them.
_QUEUE = 2_048
# Index, models, libraries, uploads and answers that are files.
_OTHER_FILES = 500
# What uvicorn holds of a head that is not complete; api.limits bounds the complete ones.
_HEAD_BYTES = 65_536


def _connections(wanted: int) -> int:
    """How many connections the system lets a process hold, at most as many as are wanted.

    Many systems allow 1,024 open files until a process asks for more, which needs no right to.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, min(wanted, allowed - _OTHER_FILES))


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
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Processes that answer; else KB_WORKERS, else 1.", show_default=False
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option("--public", help="Let everybody who reaches it search what is open, without a key."),
    ] = False,
) -> None:
    """Serve the API and the page."""
    settings = read_settings(host=host, port=port, corpus=corpus, indexes=indexes, workers=workers)
    if watch and settings.watch == "off":
        settings = settings.model_copy(update={"watch": "on"})
    if public:
        settings = settings.model_copy(update={"public": "on"})
    run(settings)


def run(settings: Settings, application: str = APPLICATION) -> None:
    """Serve an application, named by its import string for kb never imports api, until asked to stop.

    Raises `SettingsError` where it must not or cannot listen.
    """
    from kb.binding import refuse_unguarded
    from kb.settings import PREFIX

    refuse_unguarded(settings)
    # The application reads its settings from the environment, also in a worker process.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update(settings.environment())
    # uvicorn stops in order and then lets the signal have its way: for us that is the end of a good run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listeners = listen(settings.host, settings.port, queue=_QUEUE)
    if settings.log_format == "text":
        print(f"Kennisbank: http://{settings.host}:{settings.port}/ (stop with Ctrl+C)", file=sys.stderr)
    try:
        with _workers(settings):
            _run(settings, application, listeners)
    except SystemExit as end:
        if not end.code:
            return
        # What uvicorn does when the application could not start; it has told the reason.
        message = "The service could not start: see the lines above"
        raise SettingsError(message) from None


def _run(settings: Settings, application: str, listeners: list[socket.socket]) -> None:
    """Serve until asked to stop. `SystemExit` when it cannot start."""
    import uvicorn

    from kb.logs import logging_of

    options: dict[str, Any] = {
        "factory": True,
        "workers": settings.workers,
        "timeout_worker_healthcheck": _HUNG_SECONDS,
        "server_header": False,
        # We tell of each request ourselves, without its address.
        "access_log": False,
        "log_config": logging_of(settings),
        # Ctrl+C must not wait for a client that never ends its request.
        "timeout_graceful_shutdown": _STOP_SECONDS,
        "http": "api.connections:Connection",
        "limit_concurrency": _connections(settings.connections),
        "h11_max_incomplete_event_size": _HEAD_BYTES,
        "forwarded_allow_ips": settings.proxies,
    }
    if settings.workers == 1:
        _serve(uvicorn.Config(application, backlog=_QUEUE, **options), listeners)
    else:
        # One at a time: else the first worker to wake takes all who come together, and keeps them.
        _supervise(uvicorn.Config(application, backlog=1, **options), listeners)


def _serve(config: uvicorn.Config, listeners: list[socket.socket]) -> None:
    """Serve in this process. `SystemExit` when it cannot start."""
    from uvicorn import Server
    from uvicorn.config import STARTUP_FAILURE

    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=listeners)
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _supervise(config: uvicorn.Config, listeners: list[socket.socket]) -> None:
    """Start workers, replace those that die, and stop them. `SystemExit` when they cannot start."""
    from uvicorn.config import STARTUP_FAILURE
    from uvicorn.supervisors import Multiprocess

    class Supervisor(Multiprocess):
        def terminate_all(self) -> None:
            super().terminate_all()
            # Each worker holds the socket for as long as it takes who comes. While this process held it too,
            # the system would go on to accept connections that nobody answers.
            for listener in self.sockets:
                listener.close()

        def keep_subprocess_alive(self) -> None:
            super().keep_subprocess_alive()
            # A worker that starts sets the socket's queue to as many as it takes at a time.
            for listener in self.sockets:
                listener.listen(_QUEUE)

    supervisor = Supervisor(config, sockets=listeners)
    supervisor.run()
    failed = [process.exitcode for process in supervisor.processes if process.exitcode == STARTUP_FAILURE]
    if failed:
        sys.exit(failed[0])


@contextlib.contextmanager
def _workers(settings: Settings) -> Iterator[None]:
    """What several workers share: the processors, and a folder for what they count.

    Raises `SettingsError` for files that none of them could read: each would die of it, over and over.
    """
    if settings.workers == 1:
        yield
        return
    if settings.weights:
        from kb.weights import Weights

        Weights.load(settings.weights)
    if settings.synonyms:
        from kb.language import Synonyms

        Synonyms.load(settings.synonyms)
    # Not every system can tell which processors are ours.
    ours = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    threads = max(1, ours // settings.workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    with tempfile.TemporaryDirectory(prefix="kb-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
