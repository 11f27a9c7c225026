"""What every way to quote finds: a stretch of somebody's words, and what a text may call its speaker."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.minutes.names import Person, is_full_name, is_organisation
from kb.minutes.people import People

_ARTICLE = re.compile(r"(?:Ook\s)?(?:De|Het|The)\s")
_AND = re.compile(r",\s|\s(?:en|and|&)\s|\s?/\s?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Words at [start, end) of a text, and who said them; nobody where that is not stated."""

    start: int
    end: int
    speakers: tuple[Person, ...] = ()
    literal: bool = False


def known(written: str, people: People) -> tuple[Person, ...]:
    """The people or organisations that "Jan en Piet" names; nobody unless all of them are known."""
    found = [one for name in _AND.split(written) if name.strip() and (one := _known(name.strip(), people))]
    return tuple(found) if len(found) == len([name for name in _AND.split(written) if name.strip()]) else ()


def named(written: str, people: People) -> tuple[Person, ...]:
    """The same, where the words around it tell that it is somebody: then a full name need not be known."""
    return known(written, people) or ((Person(name=written),) if is_full_name(written) else ())


def _known(name: str, people: People) -> Person | None:
    person = people.find(name)
    if person:
        return person
    name = _ARTICLE.sub("", name)
    is_body = name.casefold() in people.organisations or is_organisation(name)
    return Person(name=None, organisation=name) if is_body else None
