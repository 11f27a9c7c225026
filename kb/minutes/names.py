"""How people, their roles and their organisations are written in Dutch and English texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:[-'’][^\W\d_]+)*"
_PARTICLE = (
    r"(?:[Vv]an|[Dd]en?|[Dd]er|[Hh]et|['’][st]|[Tt]en|[Tt]er?|[Dd]an|[Ee]l|[Vv]on|[Dd]u|[Ll][ae]|[Ii]n)"
)
_INITIALS = r"(?:[A-Z]\.){1,5}\s?"
# A further word of a name: not all in capitals, as organisations often are.
_MORE = r"(?![A-Z]{2})[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:[-'’][^\W\d_]+)*"
_SURNAME = rf"(?:\s{_PARTICLE}){{1,3}}\s{_MORE}(?:\s{_MORE})?"
# "Jan", "Jan de Wit", "J.P. van der Meer", "Marcel K", "Van der Meer".
_SURNAME_ALONE = rf"(?:Van|De|Den|Der|Ter|Ten)(?:\s{_PARTICLE}){{0,2}}\s{_MORE}"
_WITH_INITIALS = rf"(?:{_INITIALS}(?:{_PARTICLE}\s){{0,3}})?"
NAME = rf"(?:{_SURNAME_ALONE}|{_WITH_INITIALS}{_CAPITAL}(?:\s{_MORE}){{0,2}}(?:{_SURNAME})?)"
_FIRST_AND_LAST = rf"{_CAPITAL}(?:(?:\s{_MORE}){{1,2}}(?:{_SURNAME})?|{_SURNAME})"
FULL_NAME = rf"(?:{_INITIALS}(?:{_PARTICLE}\s){{0,3}}{_MORE}|{_FIRST_AND_LAST})"

_ROLE_WORDS = """
    gemeentesecretaris(?:sen)? secretaris griffier raadsgriffier burgemeester wethouder raadslid raadsleden
    gedeputeerde commissaris minister staatssecretaris kamerlid
    voorzitter(?:s)? vicevoorzitter dagvoorzitter gespreksleider notulist(?:e)? penningmeester
    directeur(?:en)? algemeen\\sdirecteur adjunct-directeur bestuurder concerncontroller controller
    manager programmamanager projectleider programmaleider projectmanager teamleider afdelingshoofd hoofd
    coördinator adviseur(?:s)? beleidsadviseur beleidsmedewerker strateeg architect informatiemanager
    hoogleraar lector onderzoeker promovendus docent jurist ondernemer inwoner deelnemer(?:s)? spreker
    woordvoerder functionaris CIO CISO CTO CDO CEO FG professor chair director researcher alderman mayor
    secretary participant(?:s)?
"""
ROLE = rf"(?:[\w-]+\s)?(?:{'|'.join(_ROLE_WORDS.split())})"
_ROLE = re.compile(rf"(?:{ROLE})\b", re.IGNORECASE)
_TITLE = r"(?:de\sheer|mevrouw|dhr\.?|mevr?\.?|mw\.?|(?:prof\.?|dr\.?|drs\.?|mr\.?|ir\.?|ing\.?)(?=\s))"
TITLE = re.compile(rf"(?:{_TITLE}\s)+", re.IGNORECASE)

_ORGANISATION_WORDS = """
    gemeente gemeenten provincie waterschap ministerie stichting vereniging bureau forum raad college
    commissie werkgroep stuurgroep bestuur platform programma universiteit hogeschool rijkswaterstaat
    kamer inspectie dienst bank fractie directie afdeling autoriteit rekenkamer
"""
_ORGANISATION = re.compile(rf"\b(?:{'|'.join(_ORGANISATION_WORDS.split())})\b", re.IGNORECASE)
_WHOSE = re.compile(r"\s*(?:,\s*)?(?:van|bij|namens|of|at|from)\s+(?:de\s|het\s|the\s)?", re.IGNORECASE)
_ORGANISATION_NAME = re.compile(
    r"(?:(?:gemeente|provincie|waterschap|ministerie\svan|ministerie|stichting|universiteit|hogeschool)\s)?"
    rf"(?:{_CAPITAL}|[A-Z]{{2,}})(?:[\s-](?:(?:van|de|den|der|voor|het|en|of|the)\s){{0,3}}{_CAPITAL}){{0,4}}"
)
# Words that open a sentence or a line, and no name.
_NO_NAME_WORDS = """
    actie acties actiepunt advies afspraak afspraken agenda al alle als antwoord besluit bij bijlage blad bron
    conclusie daarna dan dat datum de deze die discussie dit doel door een eerst en er geen het hier hij hoe
    idee in is je link locatie lijst maar mededelingen met na naar nb niet nog notitie nu of om onderwerp ons
    ook op opmerking optie plaats planning probleem resultaat rondvraag samenvatting source stand status
    stelling suggestie te tijd titel toelichting tot uit update van verder verslag verzoek voor voorbeeld
    voorstel vraag vragen waar wat we wel welke wie wij ze zie zij zo a also an and but he it question answer
    note she that the there they this we
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())
_FULL_NAME = re.compile(FULL_NAME)
# One who speaks in a table of roles: "voorzitter", "notulist".
MOST_OF_A_ROLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody as a text names them. `role` and `organisation` are None where it does not state them."""

    name: str | None
    role: str | None = None
    organisation: str | None = None


def person_told(name: str | None, *told: str | None) -> Person:
    """Somebody with what stands behind their name, in brackets or after a dash: "voorzitter, Waterrijk"."""
    role, organisation = None, None
    for part in (piece.strip() for text in told if text for piece in text.split(",")):
        if is_role(part):
            role = role or part
        elif part and (part[0].isupper() or is_organisation(part)):
            organisation = organisation or part
    return Person(name=name.strip() if name else None, role=role, organisation=organisation)


def is_role(text: str) -> bool:
    """Whether it says what somebody is: "voorzitter", "wethouder Financiën"."""
    return len(text) <= MOST_OF_A_ROLE and _ROLE.match(text.strip()) is not None


def is_organisation(text: str) -> bool:
    """Whether it is written as an organisation: in capitals (VNG, KvK) or with a word of theirs."""
    capitals = sum(letter.isupper() for letter in text)
    is_short = " " not in text and capitals >= 2 and "-" not in text and not re.search(r"\.", text)
    return is_short or _ORGANISATION.search(text) is not None


def is_name(text: str) -> bool:
    """Whether it can be somebody's name: "De", "Suggestie" and "Actie" are none, nor what they begin."""
    first, *_ = text.casefold().split() or [""]
    return bool(first) and first not in _NO_NAMES


def is_full_name(text: str) -> bool:
    """Whether it is a first name or initials and a surname, and no organisation."""
    first = text.casefold().split()[0] if text.split() else ""
    return bool(_FULL_NAME.fullmatch(text)) and first not in _NO_NAMES and not is_organisation(text)


def organisation_after(text: str) -> tuple[str, int] | None:
    """The organisation that `text` begins with, as in "van de gemeente Waterrijk zei", and where it ends."""
    whose = _WHOSE.match(text)
    if not whose:
        return None
    found = _ORGANISATION_NAME.match(text, whose.end())
    return (found.group(), found.end()) if found else None
