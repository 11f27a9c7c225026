"""What a passage states, as labels on it: a decision, an action, a question, or words of somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.index.labels import StatementRecord, Told
from kb.minutes import StatementKind

# The order in which they stand on a passage: what was agreed on first.
_ORDER = (StatementKind.BESLUIT, StatementKind.ACTIE, StatementKind.VRAAG, StatementKind.CITAAT)
# Labels of one passage; its text tells the rest.
_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """Statements of one kind in a passage; of a quotation also `who` said it, "" where that is not stated.

    What is not `is_literal` is how the minutes put it, and no quotation.
    """

    kind: StatementKind
    number: int = 1
    who: str = ""
    is_literal: bool = False


def label_of(statement: StatementRecord) -> LabelView:
    """The label of one statement: a speaker with role and organisation as far as the text states them."""
    if statement.kind is not StatementKind.CITAAT:
        return LabelView(kind=statement.kind)
    parts = (statement.speaker, statement.role, statement.organisation) if statement.speaker else ()
    return LabelView(kind=statement.kind, who=", ".join(filter(None, parts)), is_literal=statement.literal)


def labels_of(told: Told) -> tuple[LabelView, ...]:
    """The labels of a passage, alike statements as one, and no more than tell what it is about."""
    counted: dict[LabelView, int] = {}
    for statement in sorted(told.statements, key=lambda one: _ORDER.index(one.kind)):
        label = label_of(statement)
        counted[label] = counted.get(label, 0) + 1
    found = [
        LabelView(kind=label.kind, number=number, who=label.who, is_literal=label.is_literal)
        for label, number in counted.items()
    ]
    return tuple(found[:_MOST])


def starting(told: Told, before: Sequence[StatementRecord] | None, text: str) -> dict[int, LabelView]:
    """The label of each statement of a passage at the offset where it starts.

    `before` are the statements that run to the end of the passage before it, of which those that go on here
    have their label there already.
    """
    going_on = {label_of(one) for one in before or ()}
    found: dict[int, LabelView] = {}
    for one in told.statements:
        label = label_of(one)
        if one.start == 0 and label in going_on:
            continue
        at = min(one.start, len(text))
        if at not in found:
            found[at] = label
    return found
