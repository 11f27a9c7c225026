"""Which lines stand under "Besluiten" or "Actiepunten": a heading, or a line that announces a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum

from kb.documents import Role
from kb.minutes.lines import Line

_NUMBER = r"(?:\W*\d+(?:\.\d+)*\.?\s*)?\W*"
_ABOUT = (
    r"(?:\s+(?:van|uit|voor|vorige?|deze|dit|de|het|vergadering|overleg|bijeenkomst|keer|en|of|verslag|"
    r"\d[\d\s./-]*|\([^()]{0,60}\)))*"
)
_ACTIONS = re.compile(
    rf"{_NUMBER}(?:(?:openstaande|lopende|nieuwe|vervolg|genomen|overzicht|lijst)\s?)?"
    r"(?:actie(?:s|punten|puntenlijst|lijst)?|vervolgacties?|to-?\s?do(?:['’]?s|-lijst)?|"
    r"action (?:items|points)|actions)"
    rf"{_ABOUT}\s*[:;.]?\W*",
    re.IGNORECASE,
)
_DECISIONS = re.compile(
    rf"{_NUMBER}(?:(?:genomen|overzicht|lijst)\s?)?"
    r"(?:besluit(?:en|enlijst)?|beslissing(?:en)?|beslispunten|afspraken|afsprakenlijst|"
    r"(?:besluiten|conclusies) en afspraken|afspraken en besluiten|decisions|agreements)"
    rf"{_ABOUT}\s*[:;.]?\W*",
    re.IGNORECASE,
)
# "Gedeputeerde Staten besluiten:", with the decisions below it.
_DECIDE = re.compile(
    r"(?!\W*(?:als|indien)\b)[\w\s,-]{3,80}\b(?:besluit|besluiten|besloot|besloten)\s?:", re.IGNORECASE
)
_BULLET = re.compile(r"(?:\d{1,3}[.)]|[a-z][.)]|[-–•*])\s")
_NOTHING = re.compile(
    r"\W*(?:geen(?: (?:nieuwe |openstaande )?\w+)?|n\.?v\.?t\.?|niet van toepassing|none|zie\b.*|see\b.*)\W*",
    re.IGNORECASE | re.DOTALL,
)
_HEADER_WORDS = (
    r"(?:actie(?:punt)?e?n?|besluit(?:en)?|wie|wat|wanneer|status|eigenaar|actiehouder|door|datum|deadline|nr\.?|"
    r"nummer|no\.?|#|toelichting|opmerking(?:en)?|onderwerp|gereed|action|who|owner|due|date)"
)
_HEADER = re.compile(rf"{_HEADER_WORDS}(?:\s*\|\s*{_HEADER_WORDS})*", re.IGNORECASE)


class Section(Enum):
    """What the lines under a heading or an announcement are."""

    ACTIONS = "actions"
    DECISIONS = "decisions"


def sections(lines: Sequence[Line]) -> Iterator[Section | None]:
    """For each line the section it is an item of; None for a line that is none, such as "Geen"."""
    announced: Section | None = None
    shape: tuple[Role, bool] | None = None
    for number, line in enumerate(lines):
        here = section_of(line.text)
        if here and line.role is not Role.HEADING and _is_followed(lines, number):
            announced, shape = here, _shape(lines[number + 1])
            yield None
            continue
        if announced and _shape(line) != shape:
            announced = None
        below = announced or _under(line)
        is_item = here is None and not _NOTHING.fullmatch(line.text) and not _HEADER.fullmatch(line.text)
        yield below if below and is_item and line.role is not Role.HEADING else None


def _shape(line: Line) -> tuple[Role, bool]:
    """What items of one list have in common."""
    return line.role, _BULLET.match(line.text) is not None


def section_of(text: str) -> Section | None:
    """What is announced by a heading or line that says no more than that."""
    if len(text) > 100:
        return None
    if _ACTIONS.fullmatch(text):
        return Section.ACTIONS
    return Section.DECISIONS if _DECISIONS.fullmatch(text) or _DECIDE.fullmatch(text) else None


def _under(line: Line) -> Section | None:
    return section_of(line.headings[-1]) if line.headings else None


def _is_followed(lines: Sequence[Line], number: int) -> bool:
    """Whether items follow that an announcement may have: list items or rows, or lines after a colon."""
    if number + 1 == len(lines):
        return False
    following = lines[number + 1]
    is_list = following.role in (Role.LIST_ITEM, Role.TABLE_ROW) and lines[number].role is not following.role
    return is_list or (lines[number].text.rstrip().endswith(":") and following.role is not Role.HEADING)
