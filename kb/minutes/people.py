"""Who was there: the people that the lists of a document name, with their roles and organisations.

Minutes open with such lists: "Aanwezig: Jan de Wit (Waterrijk), …", a heading "Deelnemers" with names below
it, or a table. They tell whose first name stands in the text, and which words before a colon are a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.documents import Role
from kb.minutes.lines import MOST_CHARACTERS, Line
from kb.minutes.names import FULL_NAME, NAME, Person, is_organisation, person_told

_LISTS = (
    r"(?:(?:online |digitaal |mede)?aanwezig(?:en|e leden)?|afwezig(?:en)?|afgemeld|afmeldingen|verhinderd|"
    r"deelnemers?|deelnemerslijst|aanwezigheid|leden|attendees|participants|present|absent|apologies)"
)
_LIST = re.compile(
    rf"\W*{_LISTS}(?:\s*/\s*{_LISTS}|\s+(?:zijn|met kennisgeving))?\s*(?:\([^()]{{0,80}}\))?\s*(?:[:;]|$)",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"\W*(voorzitter|dagvoorzitter|notulist|notulen|secretaris|gespreksleider|chair|minutes by)"
    r"\s*[:;]\s*",
    re.IGNORECASE,
)
_OFFICES = {"notulen": "notulist", "minutes by": "notulist"}
_SEPARATOR = re.compile(r"[,;\u00b8\n](?![^()]*\))|\s(?:en|and|&)\s(?![^()]*\))|(?<=\))[\s.]+(?=[A-Z])")
_ENTRY = re.compile(
    rf"(?P<name>{NAME})\.?\s*(?:\((?P<told>[^()]{{1,80}})\))?\s*(?:[-–]\s*(?P<after>[^()]{{2,60}}))?"
)
_FULL = re.compile(FULL_NAME)
_HEADER = re.compile(r"(?:naam|name|deelnemer)\s*:\s*", re.IGNORECASE)
_ORGANISATION_CELL = re.compile(r"(?:organisatie|organization|organisation|namens|gemeente)\s*:\s*", re.I)
_ROLE_CELL = re.compile(r"(?:functie|rol|role|function)\s*:\s*", re.IGNORECASE)
_MOST_LINES = 40


class People:
    """The people of a document, found by full name, first name or surname."""

    def __init__(self, persons: Sequence[Person] = ()) -> None:
        self.persons = _joined(persons)
        self._by_key: dict[str, list[Person]] = {}
        for person in self.persons:
            for key in _keys(person.name or ""):
                self._by_key.setdefault(key, []).append(person)
        self.organisations = {
            person.organisation.casefold() for person in self.persons if person.organisation
        }

        forms = {form for person in self.persons for form in _forms(person.name or "")}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        # Any of them as a word of a text; without people nothing, anywhere.
        self.pattern = rf"(?:{'|'.join(map(re.escape, longest_first))})" if forms else r"(?!)"

    def __bool__(self) -> bool:
        return bool(self.persons)

    def find(self, name: str) -> Person | None:
        """The one who is meant by a name.

        Who shares it with another keeps it as written: which of the two it is, is not stated.
        """
        written = " ".join(name.split()).rstrip(".")
        found = self._by_key.get(written.casefold(), [])
        if len(found) == 1:
            return found[0]
        return Person(name=written) if found else None


def find_people(lines: Sequence[Line]) -> People:
    """The people whom the lists of a document name."""
    return People([person for line in lists_of(lines) for person in line])


def lists_of(lines: Sequence[Line]) -> Iterator[list[Person]]:
    """The people of each list, table row or mention of an office."""
    for number, line in enumerate(lines):
        text = line.text[:MOST_CHARACTERS]
        yield from (_entries(office) for office in _offices(text))
        if line.role is Role.TABLE_ROW:
            yield _of_row(text)
            yield from (
                _entries(cell[found.end() :]) for cell in text.split(" | ") if (found := _LIST.match(cell))
            )
        elif found := _LIST.match(text):
            rest = text[found.end() :]
            yield _entries(rest)
            if not rest.strip():
                yield from (_entries(below.text[:MOST_CHARACTERS]) for below in _below(lines, number))


def _below(lines: Sequence[Line], number: int) -> Iterator[Line]:
    """The lines that belong to the list that is announced: up to the next heading or announcement."""
    is_heading = lines[number].role is Role.HEADING
    first = lines[number + 1].role if number + 1 < len(lines) else None
    for line in lines[number + 1 : number + 1 + _MOST_LINES]:
        is_other = line.role is Role.HEADING or _LIST.match(line.text)
        if is_other or (not is_heading and line.role is not first):
            return
        yield line
        if not is_heading and line.role is Role.PARAGRAPH:
            return


def _offices(text: str) -> Iterator[str]:
    """ "Notulist; Jan de Wit" as "Jan de Wit (notulist)"."""
    for cell in text.split(" | "):
        found = _OFFICE.match(cell)
        name = _FULL.fullmatch(cell[found.end() :].strip()) if found else None
        if found and name:
            office = found[1].lower()
            yield f"{name.group()} ({_OFFICES.get(office, office)})"


def _of_row(text: str) -> list[Person]:
    cells = text.split(" | ")
    named = [cell for cell in cells if _HEADER.match(cell)]
    if not named:
        return []
    name = _FULL.match(_HEADER.sub("", named[0], count=1).strip())
    told = {
        key: next((mark.sub("", cell, count=1).strip() for cell in cells if mark.match(cell)), None)
        for key, mark in (("organisation", _ORGANISATION_CELL), ("role", _ROLE_CELL))
    }
    return [Person(name=name.group(), role=told["role"], organisation=told["organisation"])] if name else []


def _entries(text: str) -> list[Person]:
    """The people of "Jan de Wit (Waterrijk), Piet Bos (Duinstad, voorzitter)"."""
    parts = [part.strip(" .:•*-").rpartition(": ")[2] for part in _SEPARATOR.split(text) if part.strip()]
    matches = [
        match for part in parts if (match := _ENTRY.fullmatch(part)) and not is_organisation(match["name"])
    ]
    full = [match for match in matches if _FULL.fullmatch(match["name"])]
    if len(parts) == 2 and len(full) == 1 and full[0].group() == parts[0] and not full[0]["told"]:
        # "Jan de Wit, Waterrijk" on a line of its own.
        return [person_told(full[0]["name"], parts[1])]
    # Single words are names only where all are: "Jan, Piet en Klaas".
    chosen = full or (matches if len(matches) == len(parts) else [])
    return [person_told(match["name"], match["told"], match["after"]) for match in chosen]


def _joined(persons: Sequence[Person]) -> list[Person]:
    """One of each name, with what any list tells; two of one first name are kept apart by their surnames."""
    found: dict[str, Person] = {}
    for person in persons:
        key = (person.name or "").casefold()
        known = found.get(key, person)
        found[key] = Person(
            name=known.name,
            role=known.role or person.role,
            organisation=known.organisation or person.organisation,
        )
    full = [key for key in found if " " in key]
    # A first name alone that a full one begins with is no other person.
    return [
        person
        for key, person in found.items()
        if key and (" " in key or not any(other.startswith(f"{key} ") for other in full))
    ]


def _keys(name: str) -> set[str]:
    return {form.casefold() for form in _forms(name)}


def _forms(name: str) -> set[str]:
    """The ways to say a name: whole, first name, that and an initial, surname with and without particles."""
    words = name.split()
    if len(words) < 2:
        return {name} if name else set()
    last = next((number for number, word in enumerate(words) if number and word[0].isupper()), 1)
    surname = " ".join(words[1:])
    return {
        name,
        words[0],
        f"{words[0]} {words[last][0]}",
        surname,
        surname[0].upper() + surname[1:],
        " ".join(words[last:]),
    }
