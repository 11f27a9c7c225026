"""The knowledge base that a command asks, with a word where that is an older index than the newest."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kb.cli.options import read_settings
from kb.logs import quieted

if TYPE_CHECKING:
    from kb.knowledge_base import KnowledgeBase


def opened(indexes: Path | None) -> KnowledgeBase:
    """The knowledge base at one generation; see `tell_fallback`."""
    from kb.knowledge_base import KnowledgeBase

    knowledge_base = KnowledgeBase(read_settings(indexes=indexes)).pinned()
    tell_fallback(knowledge_base)
    return knowledge_base


def tell_fallback(knowledge_base: KnowledgeBase) -> None:
    """Warn a person, in Dutch, that the live index cannot be used. Raises `IndexUnavailable` without any."""
    from kb.printing.status import fallback_text

    # The log says the same in English, for operators of a service.
    with quieted("kb.live_index", logging.ERROR):
        text = fallback_text(knowledge_base)
    if text:
        print(text, file=sys.stderr)
