"""What a process logs: a line of text or of JSON for each record, with the request that it belongs to.

No line holds a key, and none holds a query unless the operator wants that (`KB_LOG_QUERIES`): queries may
name persons. A traceback shows lines of code and messages, never the values of variables; queries that a
message repeats are taken out of it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.settings import Settings

# A key as `kb.keys` makes it.
_KEY = re.compile(r"\bkb_[A-Za-z0-9_-]{40,}")
_HIDDEN = "…"
# What is shorter stands in too many other words, and names nobody.
_SHORTEST = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class RequestContext:
    """The request that is being answered. `queries` are hidden from all lines; `mask` takes out of each what
    must not be read whatever the operator wants to log."""

    def __init__(self, request_id: str, mask: Callable[[str], str] | None = None) -> None:
        self.id = request_id
        self.mask = mask or str
        self.queries: list[str] = []

    def hide(self, query: str) -> None:
        """Keep a query, in the forms in which a message may repeat it, out of the log."""
        for form in (query, " ".join(query.split())):
            for written in (form, repr(form)[1:-1], json.dumps(form)[1:-1]):
                if len(written) >= _SHORTEST and written not in self.queries:
                    self.queries.append(written)


CURRENT: ContextVar[RequestContext | None] = ContextVar("request", default=None)


class TextFormatter(logging.Formatter):
    """A line for a person: `2026-11-25T04:12:01.123Z INFO api.access: GET /v1/search 200 …`."""

    def __init__(self, *, queries: bool = False) -> None:
        super().__init__()
        self._shows_queries = queries

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line; a traceback on lines of its own."""
        context = CURRENT.get()
        told = self._clean(record.getMessage(), context)
        line = f"{_moment(record)} {record.levelname} {record.name}: {_CONTROL.sub(_escaped, told)}"
        # The access line names its request itself.
        if context and not hasattr(record, "fields"):
            line += f" (request {context.id})"
        return "\n".join([line, *self._traceback(record, context).splitlines()])

    def _traceback(self, record: logging.LogRecord, context: RequestContext | None) -> str:
        found = self.formatException(record.exc_info) if record.exc_info else ""
        return self._clean(found, context)

    def _clean(self, text: str, context: RequestContext | None) -> str:
        """Without keys, and without the queries of the request that may not be logged."""
        text = _KEY.sub(_HIDDEN, text)
        if context and not self._shows_queries:
            for query in sorted(context.queries, key=len, reverse=True):
                text = text.replace(query, _HIDDEN)
        return context.mask(text) if context else text


class JsonFormatter(TextFormatter):
    """A JSON object for a machine, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time, level, logger, message and process; its request and traceback if it has them."""
        context = CURRENT.get()
        told: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage(), context),
            "process": record.process,
        }
        if context:
            told["requestId"] = context.id
        told.update(getattr(record, "fields", {}))
        if traceback := self._traceback(record, context):
            told["traceback"] = traceback
        # What JSON lets stand and some readers take for the end of a line.
        return _CONTROL.sub(_escaped, json.dumps(told, ensure_ascii=False, default=str))


def logging_of(settings: Settings) -> dict[str, Any]:
    """The configuration of a process, for `logging.config.dictConfig`.

    Everything goes to stderr: what we log, what uvicorn logs, and what Python warns of. Libraries are heard
    from warnings on, so that none of them tells at a lower level what it was asked.
    """
    formatter = JsonFormatter if settings.log_format == "json" else TextFormatter
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "queries": settings.log_queries == "on"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
        },
        "root": {
            "level": max(logging.WARNING, logging.getLevelNamesMapping()[level]),
            "handlers": ["stderr"],
        },
        "loggers": {name: {"level": level} for name in ("api", "kb", "uvicorn")},
    }


def _moment(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escaped(found: re.Match[str]) -> str:
    """A control character in letters: nobody writes a line of the log by what he asks."""
    return f"\\u{ord(found[0]):04x}"


@contextmanager
def quieted(name: str, level: int) -> Iterator[None]:
    """Have a logger let pass only what is of this level or above, for as long as it lasts."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before)
