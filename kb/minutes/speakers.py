"""A speaker as a sentence names them: "wethouder Jan de Wit van Duinstad", "mevrouw Bos", "de griffier"."""

from __future__ import annotations

import re

from kb.minutes.names import (
    NAME,
    ROLE,
    TITLE,
    Person,
    is_full_name,
    is_name,
    is_organisation,
    is_role,
    organisation_after,
    person_told,
)
from kb.minutes.people import People
from kb.minutes.speech import known

_ARTICLE = r"(?:(?i:de|het|een|the|a|an)\s)?"
# What stands between a name and its verb: brackets, "van Duinstad", ", CIO van Duinstad,".
_ASIDE = (
    r"(?:\s?\((?P<bracketed>[^()]{1,60})\)|(?P<whose>\s(?:van|bij|namens|of|at|from)\s[^.,:;]{2,60}?)|"
    r",\s(?P<apposed>[^,.]{2,80}),)?"
)
SPEAKER = (
    rf"(?P<title>(?i:{TITLE.pattern}))?{_ARTICLE}(?:(?P<role>(?i:{ROLE}))\b)?(?:(?:^|(?<=\s)|\s)(?P<who>{NAME}))?"
    rf"{_ASIDE}"
)
_OF_A_PLACE = re.compile(r"(?P<name>\w+\s[A-ZÀ-Þ]\w+)\s(?:van|uit)\s(?P<place>[A-ZÀ-Þ]\w+)")
_APPOSITION = re.compile(rf",\s(?:de\s|het\s|the\s)?(?P<role>(?i:{ROLE}))\b")


def speaker_of(found: re.Match[str], people: People, after: str = "") -> Person | None:
    """Who a match of `SPEAKER` names; `after` is what follows it. None where it names nobody."""
    role, who = found["role"], found["who"]
    if not role and not who:
        return None
    if who and not role and not found["title"]:
        persons = known(who, people)
        if persons:
            return _completed(persons[0], found, after)
        if not is_full_name(who):
            return None
    if role and who and (split := _OF_A_PLACE.fullmatch(who)) and not people.find(who):
        # "burgemeester Jan Bos van Duinstad" is no Mr Van Duinstad.
        return Person(name=split["name"], role=role, organisation=split["place"])
    if who and is_organisation(who):
        return Person(name=None, role=role, organisation=who)
    if who and not is_name(who) and " " not in who:
        who = None
    listed = people.find(who) if who else None
    return _completed(listed or Person(name=who), found, after, role)


def _completed(person: Person, found: re.Match[str], after: str, role: str | None = None) -> Person:
    """With the role and the organisation that stand around the name."""
    told = person_told(person.name, found["bracketed"])
    apposed = found["apposed"] or ""
    apposition = _APPOSITION.match(f", {apposed}" if apposed else after)
    # The pattern takes no more of "van Duinstad" than it must.
    whose = found.string[found.start("whose") :] if found["whose"] else after
    text = f", {apposed}" if apposed else whose
    behind = organisation_after(text[apposition.end() if apposition else 0 :])
    roles = (role, told.role, apposition["role"] if apposition else None, person.role)
    return Person(
        name=person.name,
        role=next((one for one in roles if one and is_role(one)), None),
        organisation=told.organisation or (behind[0] if behind else None) or person.organisation,
    )
