"""A word on stderr when an older index is searched than the live one."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from kb.logs import quieted

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


def tell_fallback(knowledge_base: KnowledgeBase) -> None:
    """Warn a person, in Dutch, that the live index cannot be used. Raises `IndexUnavailable` without any."""
    from kb.printing.status import fallback_text

    # The log says the same in English, for operators of a service.
    with quieted("kb.live_index", logging.ERROR):
        text = fallback_text(knowledge_base)
    if text:
        print(text, file=sys.stderr)
