"""Who said it: the words of people in a text, literal or reported, with their speaker where it states one.

Four ways to write them are known:

- **marks**: “Dat is zo”, aldus Jan de Wit. Marks around a term, a title or a name are no quotation;
- **turns**: "Jan: dat is zo", where Jan is known to be somebody; the words may stand below the name;
- **reports**: "Jan geeft aan dat het zo is";
- **sources**: "Volgens Jan is het zo", "het is zo, aldus Jan".

A speaker is named as the text names them, in full where a list of those present has one of that name. Who is
"hij" is not resolved: such a quotation has no speaker.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from kb.minutes.lines import Line, lines_of_text
from kb.minutes.names import Person
from kb.minutes.people import People, find_people
from kb.minutes.quoted import quoted
from kb.minutes.reported import reported
from kb.minutes.sections import sections
from kb.minutes.turns import turns

__all__ = ["Quotation", "find_quotations", "quotations_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """Somebody's words at [start, end) of a text.

    `literal` tells that they stand between quotation marks; what is not literal is the minutes' own wording.
    `speaker`, `role` and `organisation` are None where the text does not state them. Words of two people
    together are two quotations of one place.
    """

    start: int
    end: int
    speaker: str | None = None
    role: str | None = None
    organisation: str | None = None
    literal: bool = False


def find_quotations(text: str, *, people: People | None = None) -> list[Quotation]:
    """The quotations in a text, in its order. `people` are those of its document; without, those it lists."""
    lines = lines_of_text(text)
    return quotations_in(lines, people if people is not None else find_people(lines))


def quotations_in(lines: Sequence[Line], people: People) -> list[Quotation]:
    """The quotations of lines that follow each other; offsets count in the text of which these are lines."""
    # "Jan: stukken rondsturen" in a list of actions is what he is to do.
    lines = [line for line, section in zip(lines, sections(lines), strict=True) if section is None]
    found: list[Quotation] = []
    for spoken in (turns, quoted, reported):
        taken = _Taken(found)
        found += [
            Quotation(
                start=speech.start,
                end=speech.end,
                speaker=person.name,
                role=person.role,
                organisation=person.organisation,
                literal=speech.literal,
            )
            for speech in spoken(lines, people)
            if not taken.meets(speech.start, speech.end)
            for person in speech.speakers or (Person(name=None),)
        ]
    return sorted(found, key=lambda quotation: (quotation.start, quotation.end))


class _Taken:
    """Which stretches other quotations have taken: one within another's words is part of them."""

    def __init__(self, taken: Sequence[Quotation]) -> None:
        stretches = sorted({(one.start, one.end) for one in taken})
        self._starts = [start for start, _ in stretches]
        self._ends = [end for _, end in stretches]

    def meets(self, start: int, end: int) -> bool:
        """Whether [start, end) overlaps one of them; they do not overlap each other."""
        last = bisect.bisect_left(self._starts, end)
        return last > 0 and self._ends[last - 1] > start
