"""The knowledge base for an assistant on the same machine, which starts it and speaks over its pipes."""

from __future__ import annotations

import logging
import sys
import threading

import anyio

from kb.assistants.answering import Reading
from kb.assistants.server import make_server
from kb.errors import KBError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

_log = logging.getLogger("kb.assistants")


def serve(settings: Settings, *, members: bool) -> None:
    """Answer until the assistant closes the pipe. With `members`, documents for members too.

    What is printed or logged in the process goes to stderr: stdout is the assistant's.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s: %(message)s")
    knowledge_base = KnowledgeBase(settings)
    threading.Thread(target=_warm, args=(knowledge_base,), name="warming", daemon=True).start()
    url = settings.url.rstrip("/") or None
    server = make_server(lambda _: Reading(knowledge_base=knowledge_base.pinned(members=members), url=url))
    anyio.run(server.run_stdio_async)


def _warm(knowledge_base: KnowledgeBase) -> None:
    """Load index and model while the assistant is still being asked something."""
    try:
        knowledge_base.warm()
    except KBError as error:
        _log.warning("%s: %s", type(error).__name__, error)
