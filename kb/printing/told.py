"""What passages state and which places they name: in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kb import dutch
from kb.documents import Passage
from kb.index.labels import LabelFacet, StatementRecord, Told
from kb.minutes import StatementKind


def told_lines(told: Told) -> Iterator[str]:
    """The labels of a passage, at most two lines, without indent."""
    statements = dict.fromkeys(map(_called, told.statements))
    if statements:
        yield dutch.printable("; ".join(statements))
    if told.places:
        yield dutch.printable("noemt: " + ", ".join(dict.fromkeys(label.name for label in told.places)))


def told_json(told: Told, passage: Passage) -> dict[str, Any]:
    """What a passage states and names, as the API gives it."""
    return {
        "statements": [
            {
                "kind": one.kind.value,
                "text": passage.text[one.start : one.end],
                "start": one.start,
                "end": one.end,
                "speaker": one.speaker,
                "role": one.role,
                "organisation": one.organisation,
                "literal": one.literal,
            }
            for one in told.statements
        ],
        "places": [
            {
                "code": label.key,
                "name": label.name,
                "kind": "province" if label.facet is LabelFacet.PROVINCE else "municipality",
            }
            for label in told.places
        ],
    }


def _called(statement: StatementRecord) -> str:
    """A statement in a few words. What is not literal is never called a quotation."""
    if statement.kind is not StatementKind.CITAAT:
        return statement.kind.value
    if not statement.speaker:
        return "citaat, spreker niet genoemd" if statement.literal else "weergegeven uitspraak"
    told = ", ".join(filter(None, (statement.role, statement.organisation)))
    who = f"{statement.speaker} ({told})" if told else statement.speaker
    return f"citaat van {who}" if statement.literal else f"volgens {who}"
