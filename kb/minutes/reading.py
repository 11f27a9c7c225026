"""All that the minutes in a document tell, by the rules of this room together."""

from __future__ import annotations

from dataclasses import dataclass

from kb.documents import Document
from kb.minutes.lines import lines_of
from kb.minutes.names import Person
from kb.minutes.people import find_people
from kb.minutes.quotations import Quotation, quotations_in
from kb.minutes.statements import Statement, statements_in
from kb.minutes.voices import with_voices


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """What a document tells; offsets count in `Document.text`, in order."""

    people: tuple[Person, ...]
    quotations: tuple[Quotation, ...]
    statements: tuple[Statement, ...]


def read_minutes(document: Document) -> Minutes:
    """The people, quotations and statements of a document.

    The rules are those of Dutch minutes. In other kinds of documents questions and quotations are found as
    well, but a sentence with "wordt vastgesteld" is seldom a decision there.
    """
    lines = lines_of(document)
    people = with_voices(lines, find_people(lines))
    return Minutes(
        people=tuple(people.persons),
        quotations=tuple(quotations_in(lines, people)),
        statements=tuple(statements_in(lines, people)),
    )
