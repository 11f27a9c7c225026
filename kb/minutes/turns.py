"""Turns of a conversation: "Jan: dat is zo", or "Jan:" with his words below it.

Words before a colon are a speaker only if they name somebody: "Geo: dit is afgerond" is a subject. Somebody
is who stands in a list of those present, or is followed by a verb of saying ("Jan: geeft aan dat"), or
speaks of himself and comes back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kb.documents import Role
from kb.minutes.lines import MOST_CHARACTERS, Line
from kb.minutes.names import NAME, Person, is_name, is_organisation
from kb.minutes.people import People
from kb.minutes.speech import Speech, known
from kb.minutes.verbs import SAID

_NAMES = rf"{NAME}(?:(?:,\s|\s(?:en|and|&)\s|\s?/\s?){NAME}){{0,3}}"
_TURN = re.compile(rf"(?P<who>{_NAMES})\.?(?:\s?\([^()]{{1,60}}\))?\s?:(?=\s|$|[a-zà-ÿ])")
# A turn within a paragraph, whose lines were run together.
_NEXT = re.compile(rf"(?<=[.!?)…])\s+(?P<who>{NAME})\.?\s?:(?=\s)")
_OWN = re.compile(r"\b(?:ik|mij|mijn|I|my)\b")


def turns(lines: Sequence[Line], people: People) -> Iterator[Speech]:
    """The turns of lines in their order. One that has its words below goes on to the next or a heading."""
    regulars = _regulars(lines)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        text = line.text[:MOST_CHARACTERS]
        opening = _TURN.match(text) if line.role is not Role.TABLE_ROW else None
        speakers = _speakers(opening, text, people, regulars)
        if opening and speakers and opening.end() == len(text):
            below = _below(lines, number, people, regulars)
            number += len(below)
            if below:
                first = len(below[0].text) - len(below[0].text.lstrip(" :"))
                yield Speech(start=below[0].start + first, end=below[-1].end, speakers=speakers)
        elif line.role not in (Role.TABLE_ROW, Role.HEADING):
            yield from _within(line, text, opening if speakers else None, people, speakers)


def _within(
    line: Line, text: str, opening: re.Match[str] | None, people: People, speakers: tuple[Person, ...]
) -> Iterator[Speech]:
    """The turns within one line."""
    changes = [(opening.start(), opening.end(), speakers)] if opening else []
    changes += [
        (change.start(), change.end(), others)
        for change in _NEXT.finditer(text, opening.end() if opening else 0)
        if (others := known(change["who"], people)) and others[0].name
    ]
    ends = [start for start, _, _ in changes[1:]] + [len(line.text)]
    for (_, start, who), end in zip(changes, ends, strict=False):
        words = line.text[start:end]
        if words.strip():
            first = start + len(words) - len(words.lstrip(" :\n\t"))
            is_literal = words.strip()[0] in '“„"' and words.strip().rstrip(".")[-1] in '”“"'
            yield Speech(
                start=line.start + first,
                end=line.start + start + len(words.rstrip()),
                speakers=who,
                literal=is_literal,
            )


def _below(lines: Sequence[Line], number: int, people: People, regulars: frozenset[str]) -> Sequence[Line]:
    last = number
    while last < len(lines) and lines[last].role not in (Role.HEADING, Role.TABLE_ROW):
        text = lines[last].text[:MOST_CHARACTERS]
        opening = _TURN.match(text)
        if _speakers(opening, text, people, regulars):
            break
        last += 1
    return lines[number:last]


def _speakers(
    opening: re.Match[str] | None, text: str, people: People, regulars: frozenset[str]
) -> tuple[Person, ...]:
    if not opening or not is_name(opening["who"]):
        return ()
    who = opening["who"]
    if (found := known(who, people)) and found[0].name:
        return found
    is_saying = SAID.match(text, _after(text, opening)) is not None
    return found or (Person(name=who),) if is_saying or who.casefold() in regulars else ()


def _after(text: str, opening: re.Match[str]) -> int:
    """Where the words behind a colon begin."""
    return opening.end() + (text[opening.end() : opening.end() + 1] == " ")


def _regulars(lines: Sequence[Line]) -> frozenset[str]:
    """The names before a colon that come back, and speak of themselves or are said to speak at least once."""
    counts: Counter[str] = Counter()
    own = set()
    for line in lines:
        text = line.text[:MOST_CHARACTERS]
        opening = _TURN.match(text) if line.role is not Role.TABLE_ROW else None
        if opening and not is_organisation(opening["who"]):
            counts[opening["who"].casefold()] += 1
            if _OWN.search(text, opening.end()) or SAID.match(text, _after(text, opening)):
                own.add(opening["who"].casefold())
    return frozenset(name for name, count in counts.items() if count > 1 and name in own)
