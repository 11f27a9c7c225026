"""Lists of passages that filters allow."""

from __future__ import annotations

from typing import Any

from kb import dutch
from kb.listing import PassageList
from kb.printing.hits import document_json, locator_json, source_line
from kb.printing.told import told_json, told_lines


def passages_text(found: PassageList, *, first: int = 1) -> str:
    """Listed passages, each with its source and labels above its words; the first one's number is `first`."""
    lines = [dutch.count(found.total, "passage", "passages"), ""]
    for number, one in enumerate(found.passages, first):
        lines += [
            f"{number}. {source_line(one.document, one.passage.locator)}",
            f"   {dutch.printable(one.document.source)}",
            *("   " + line for line in told_lines(one.told)),
            *("   | " + line for line in one.passage.text.split("\n")),
            "",
        ]
    return "\n".join(lines).rstrip()


def passages_json(found: PassageList) -> dict[str, Any]:
    """Listed passages as the API gives them, without its links."""
    return {
        "total": found.total,
        "passages": [
            {
                "passageId": one.passage.id,
                "text": one.passage.text,
                "document": document_json(one.document),
                "locator": locator_json(one.passage.locator),
                **told_json(one.told, one.passage),
            }
            for one in found.passages
        ],
    }
