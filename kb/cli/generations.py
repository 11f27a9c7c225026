"""Commands that look after the generations of an index."""

from __future__ import annotations

from kb.cli.options import IndexesOption, JsonOption, read_settings, show


def status(indexes: IndexesOption = None, as_json: JsonOption = False) -> None:
    """Print what the live index holds and what its build left out."""
    from kb.knowledge_base import KnowledgeBase
    from kb.printing.status import status_json, status_text

    knowledge_base = KnowledgeBase(read_settings(indexes=indexes))
    show(status_text(knowledge_base), status_json(knowledge_base), as_json=as_json)
