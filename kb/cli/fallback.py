"""A word on stderr when an older index is searched than the live one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


def tell_fallback(knowledge_base: KnowledgeBase) -> None:
    """Warn a person, in Dutch, that the live index cannot be used. Raises `IndexUnavailable` without any."""
    from kb.printing.status import fallback_text

    with _without_the_log_that_says_the_same():
        text = fallback_text(knowledge_base)
    if text:
        print(text, file=sys.stderr)


@contextmanager
def _without_the_log_that_says_the_same() -> Iterator[None]:
    """The same words in English, for operators of a service, are kept from a person's terminal."""
    logger = logging.getLogger("kb.live_index")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
