"""Actions: what somebody is to do after the meeting, by marker, table row or promise."""

from __future__ import annotations

import re

from kb.minutes.names import NAME, is_full_name, is_organisation
from kb.minutes.people import People
from kb.minutes.verbs import SAID

_HEAD = 400
_MOST_WORDS = 25
_MARKER = re.compile(
    r"\W*(?:(?:actie|action|actiepunt|ap|taak|to-?\s?do|vervolgactie)"
    r"(?:\s(?:\d+|[A-ZÀ-Þ]\w+(?:\s(?:en\s|&\s)?[A-ZÀ-Þ]\w+)?))?"
    r"(?:\s?\([^()]{1,60}\))?\s*:\s*\S|\[(?:\s|x)?\]\s*\S|[☐☑☒]\s*\S|[\[(]\s*actie\b[^\])]{0,60}[\])]\s*\S)",
    re.IGNORECASE,
)
# "Actie Peter om het voor te leggen", "Actie uitzoeken hoe het zit"
_LOOSE = re.compile(
    rf"\W*Actie(?:punt)?\s(?:voor\s)?(?:{NAME}(?:\s(?:en|&)\s{NAME})?:?\s)?(?:om\s|[a-z]+en\s)"
)
_ENDING = re.compile(
    rf"[(\[]\s*(?:actie|action|actiepunt)\s*:?\s*(?:{NAME})?[^()\[\]]{{0,60}}[)\]]\W*$|"
    rf"(?:^|[.;,]\s|\s[-–>]+\s?)actie(?:\s|:\s?){NAME}\W*$|\(actie\s?{NAME}\)",
    re.IGNORECASE,
)
_ROW = re.compile(r"(?:^|\|\s)(?:actie(?:punt)?|action|to-?do|taak)(?:\s\d+)?\s*:\s*\S", re.IGNORECASE)
_OWNER = re.compile(
    r"\|\s(?:wie|actiehouder|eigenaar|door|verantwoordelijke?|trekker|status|wanneer|deadline|gereed|datum|"
    r"owner|who|due)\s*:",
    re.IGNORECASE,
)
# What people promise: a verb in the present, or "gaat" and "zal" with any.
_DOES = "|".join(
    (
        (
            r"(?:gaat|gaan)\s(?!over|ervan|uit\b|akkoord|mee|door\s(?:als|met)|weg|naar|werken\svoor|"
            r"het\s(?:om|over)|dit\s(?:om|over))(?![^.;,]{0,40}\bnaar\s[A-Z][\w-]+[.,])[^.;]{0,120}?\w{2,}en\b"
        ),
        r"(?:zal|zullen)\s",
        r"(?:neemt|nemen)\s[^.;]{0,60}?(?:contact|mee\b|op\b)",
        r"(?:zoekt|zoeken)\s[^.;]{0,80}?(?:uit\b|contact)",
        r"(?:zorgt|zorgen|zorg)\s[^.;]{0,20}?(?:voor|dat|ervoor)",
        r"(?:pakt|pakken)\s[^.;]{0,80}?\bop\b",
        r"(?:stuurt|sturen|stuur)\s",
        r"(?:stemt|stemmen)\s[^.;]{0,20}?af\b",
        r"(?:nodigt|nodigen)\s[^.;]{0,80}?\buit\b",
        r"(?:levert|leveren)\s[^.;,]{0,120}?\b(?:aan|op)\b",
        r"(?:werkt|werken)\s[^.;]{0,80}?\b(?:uit|bij)\b",
        r"(?:zet|zetten)\s[^.;]{0,80}?\b(?:op|uit|klaar|in)\b",
        r"(?:koppelt|koppelen)\s[^.;]{0,60}?terug\b(?!\sover)",
        r"(?:maakt|maken)\s(?!zich|deel|gebruik|duidelijk|bezwaar|er\s|het\s|dat\s|kans|uit)",
        r"(?:plant|plannen)\s",
        r"(?:regelt|regelen|checkt|checken|organiseert|organiseren|benadert|benaderen|verspreidt|agendeert|inventariseert|controleert)\s",
        r"(?:vraagt|vragen)\s[^.;,]{0,60}?\b(?:na|uit)\b",
        r"(?:gaat|gaan)\s[^.;]{0,60}?(?:na\b|in\sgesprek)",
        r"(?:bereidt|bereiden)\s[^.;]{0,80}?voor\b",
        r"(?:voegt|voegen)\s[^.;]{0,80}?\btoe\b",
        r"(?:geeft|geven)\s(?!aan|toe)[^.;]{0,60}?\bdoor\b(?!\sdat)",
        r"(?:vult|vullen)\s[^.;]{0,60}?\b(?:aan|in)\b(?!\sdat)",
        r"(?:past|passen)\s[^.;]{0,80}?\baan\b",
        r"(?:doet|doen)\s[^.;]{0,40}?(?:navraag|voorstel|graag mee|een check|verslag)",
        r"(?:houdt|houden)\s[^.;]{0,60}?in\sde\sgaten",
        r"(?:biedt|bieden)\saan\s(?:om\s)?",
        r"(?:prikt|prikken|schrijft|schrijven|belt|bellen|betrekt|betrekken|reviewt|reviewen)\s",
        r"(?:legt|leggen)\s[^.;]{0,120}?\b(?:voor|vast)\b",
        r"(?:spreekt|spreken)\s[^.;]{0,40}?\baf\b",
        r"(?:zegt|zeggen)\stoe\b",
        r"(?:kijkt|kijken)\s[^.;]{0,60}?\b(?:naar|of|na|uit)\b",
        r"(?:doet|doen)\s(?:een\s)?(?:\w+\s){0,2}?(?:pull request|aanvraag|oproep|review|aanzet|tekst|test)",
        r"(?:heeft|hebben)\saangeboden\b",
        r"(?:onderzoekt|onderzoeken)\s",
        r"(?:stelt|stellen)\s[^.;]{0,120}?\b(?:op|beschikbaar)\b",
        r"(?:moet|moeten)\s(?:\w+\s){0,5}?nog\s(?:\w+\s){0,3}?\w{2,}en\b",
        r"(?:geeft|geven)\saan\s(?:\w+\s){0,2}?een\s(?:voorzet|aanzet|voorstel)\s(?:te|zullen)",
        r"(?:will)\s(?!be\b)",
    )
)
_PROMISE = re.compile(rf"(?:{_DOES})", re.IGNORECASE)
_NAMES = rf"{NAME}(?:(?:,\s|\s(?:en|and|&)\s){NAME}){{0,5}}"
_ACTOR = re.compile(rf"(?P<who>{_NAMES})(?:\s?\([^()]{{1,60}}\))?:?\s(?:ook\s|also\s)?(?=[a-z])")
_ALL = re.compile(
    rf"(?:(?:Alle|All)\s(?:\w+\s){{1,2}}?|(?:Iedereen|Stuurgroepleden|Werkgroepleden)\s)(?:{_DOES})"
)
_I_WILL = re.compile(r"\b(?:ik\szal|ga\sik|zal\sik|ik\sga|doe\sik|neem\sik|pak\sik|I\swill|I['’]ll)\b")
# "Dit wordt nagegaan (Jan)"
_TO_BE_DONE = re.compile(rf"\b(?:zal|zullen|wordt|worden)\s.*\((?P<who>{NAME})\)\W*$", re.DOTALL)
_MAY_BE = re.compile(r"\b(?:kan|kunnen|zou|zouden|mag|mogen)\b", re.IGNORECASE)
_FURTHER = re.compile(rf"(?:[,;(]\s?|\s(?:en|maar)\s)(?P<who>{NAME})\s(?=[a-z])")
_ASSIGNED = re.compile(
    rf"\bactie(?:punt)?\s(?:voor|bij)\s{NAME}|\bals\sactie\s(?:uitgezet|opgenomen|genoteerd)\b", re.I
)
_OFFER = re.compile(
    r"(?:biedt|bieden|bood)\saan|(?:zegt|zeggen)\stoe|(?:geeft|geven)\saan\s(?:\w+\s){0,2}?een\s(?:voorzet|aanzet|voorstel)",
    re.IGNORECASE,
)
_AND = re.compile(r",\s|\s(?:en|and|&)\s")


def is_action_line(text: str, *, is_row: bool) -> bool:
    """Whether a line is an action of a table, with its owner, date or status, or is marked as one."""
    if is_row:
        return _ROW.search(text[:_HEAD]) is not None and _OWNER.search(text) is not None
    return _MARKER.match(text[:_HEAD]) is not None


def is_action(sentence: str, people: People) -> bool:
    """Whether a sentence ends in an owner ("(actie Jan)"), or tells what one of `people` will do."""
    head = sentence[:_HEAD]
    if _ENDING.search(sentence[-_HEAD:]) or _MARKER.match(head) or _LOOSE.match(head):
        return True
    if sentence.rstrip().endswith("?"):
        return False
    if _ALL.match(head):
        return True
    done = None if _MAY_BE.search(head) else _TO_BE_DONE.search(head)
    if _ASSIGNED.search(head) or (done and _are_people(done["who"], people)):
        return True
    if _I_WILL.search(head) and len(head.split()) <= _MOST_WORDS:
        return True
    actors = [actor for actor in (_ACTOR.match(head), *_FURTHER.finditer(head)) if actor]
    return any(_are_people(actor["who"], people) and _promises(head, actor.end()) for actor in actors)


def _promises(head: str, start: int) -> bool:
    """Whether the verb at `start` is one of doing. "Jan voegt hieraan toe dat …" is one of saying."""
    is_saying = SAID.match(head, start) and not _OFFER.match(head, start)
    return _PROMISE.match(head, start) is not None and not is_saying


def _are_people(written: str, people: People) -> bool:
    return all(_is_somebody(name.strip(), people) for name in _AND.split(written) if name.strip())


def _is_somebody(name: str, people: People) -> bool:
    """Whether it is a person or a body, or names known people one after the other ("Jan Piet en Klaas")."""
    if people.find(name) or name.casefold() in people.organisations or is_organisation(name):
        return True
    return is_full_name(name) or all(people.find(word) for word in name.split())
