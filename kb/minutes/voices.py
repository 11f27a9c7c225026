"""People whom no list names but who speak: a first name that is again and again the subject of saying.

"Han stelt voor om", "Han merkt op dat": Han is somebody. An organisation is told from a person by its article
("het Kadaster") or by the brackets in which it stands behind a name ("Jan de Wit (Kadaster)").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from kb.documents import Role
from kb.minutes.lines import MOST_CHARACTERS, Line
from kb.minutes.names import Person, is_name, is_organisation
from kb.minutes.people import People
from kb.minutes.verbs import SAID, SPEAKS

_SUBJECT = re.compile(
    rf"(?:^|[.:;!?]\s|\s(?:maar|en|waarop)\s)(?P<who>[A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-Z][a-z]+)?)\s{SPEAKS}"
)
_WITH_ARTICLE = re.compile(r"\b(?:de|het|the|bij|binnen|vanuit|namens)\s([A-ZÀ-Þ][a-zà-ÿ]+)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\(([A-ZÀ-Þ][a-zà-ÿ]+)\b")
_LEAST = 2


def with_voices(lines: Sequence[Line], people: People) -> People:
    """The people of a document, and whoever says something in it at least twice by one name."""
    counts: Counter[str] = Counter()
    others: set[str] = set()
    for line in lines:
        text = line.text[:MOST_CHARACTERS]
        others.update(found[1] for form in (_WITH_ARTICLE, _IN_BRACKETS) for found in form.finditer(text))
        if line.role not in (Role.HEADING, Role.TABLE_ROW):
            counts.update(found["who"] for found in _SUBJECT.finditer(text) if SAID.match(text, found.end()))
    known = {word for person in people.persons for word in (person.name or "").split()}
    found = [
        Person(name=name)
        for name, count in counts.items()
        if count >= _LEAST
        and name not in known | others
        and is_name(name)
        and not is_organisation(name)
        and name.casefold() not in people.organisations
    ]
    return People([*people.persons, *found]) if found else people
