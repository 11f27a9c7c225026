"""What was decided, what is left to be done and what was asked, by the ways minutes have to say so.

Three signs count: the heading or the line that a list stands under ("Besluiten", "Actiepunten:"), a marker at
its start or end ("Actie:", "[Actie Jan]", "- [ ]", a table with an action and its owner), and the wording of
a sentence ("wordt vastgesteld", "Jan zoekt uit", a question mark). Something may be two at once: "afgesproken
is dat Jan het uitzoekt" is agreed on and to be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.chunking import sentences
from kb.documents import Role
from kb.minutes import StatementKind
from kb.minutes.actions import is_action, is_action_line
from kb.minutes.decisions import is_decision
from kb.minutes.lines import MOST_CHARACTERS, Line, lines_of_text
from kb.minutes.people import People, find_people
from kb.minutes.questions import is_question
from kb.minutes.sections import Section, sections

__all__ = ["Statement", "find_statements", "statements_in"]


# What a line under "Besluiten" calls itself counts for more than where it stands.
_OTHERWISE = re.compile(r"\W*(?:vraag|question|actie(?:punt)?|action(?: item)?)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A decision, action or question at [start, end) of a text: a sentence, list item or table row."""

    kind: StatementKind
    start: int
    end: int


def find_statements(
    text: str, *, headings: tuple[str, ...] = (), people: People | None = None
) -> list[Statement]:
    """The statements in a text below these headings, in its order.

    `people` are those of its document, whose promises are actions; without, those that the text lists.
    """
    lines = lines_of_text(text, headings)
    return statements_in(lines, people if people is not None else find_people(lines))


def statements_in(lines: Sequence[Line], people: People) -> list[Statement]:
    """The statements of lines that follow each other; offsets count in the text of which these are lines."""
    found = [
        statement
        for line, section in zip(lines, sections(lines), strict=True)
        for statement in _of_line(line, section, people)
    ]
    return sorted(found, key=lambda statement: (statement.start, statement.end))


def _of_line(line: Line, section: Section | None, people: People) -> Iterator[Statement]:
    if line.role is Role.HEADING:
        return
    text = line.text[:MOST_CHARACTERS]
    is_row = line.role is Role.TABLE_ROW
    is_whole = section is Section.ACTIONS or is_action_line(text, is_row=is_row)
    if is_whole:
        yield Statement(kind=StatementKind.ACTIE, start=line.start, end=line.end)
    if section is Section.DECISIONS and not _OTHERWISE.match(text):
        yield Statement(kind=StatementKind.BESLUIT, start=line.start, end=line.end)
    if is_row:
        return
    for start, end in sentences(text):
        sentence = text[start:end]
        place = {"start": line.start + start, "end": line.start + end}
        if not is_whole and is_action(sentence, people):
            yield Statement(kind=StatementKind.ACTIE, **place)
        if section is not Section.DECISIONS and is_decision(sentence):
            yield Statement(kind=StatementKind.BESLUIT, **place)
        if is_question(sentence):
            yield Statement(kind=StatementKind.VRAAG, **place)
