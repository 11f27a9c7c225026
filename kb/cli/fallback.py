"""A word on stderr when an older index is searched than the live one."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


def tell_fallback(knowledge_base: KnowledgeBase) -> None:
    """Warn a person, in Dutch, that the live index cannot be used. Raises `IndexUnavailable` without any."""
    from kb.printing.status import fallback_text

    # The log says the same in English.
    logging.getLogger("kb.live_index").setLevel(logging.ERROR)
    if text := fallback_text(knowledge_base):
        print(text, file=sys.stderr)
