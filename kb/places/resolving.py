"""Which of its namesakes a name stands for, and whether it only tells where something takes place."""

from __future__ import annotations

from collections.abc import Sequence

from kb.places import cues
from kb.places.gazetteer import Gazetteer, Place, PlaceKind
from kb.places.judging import lists
from kb.places.spotting import Candidate, SpottedText

# How near to a name the province stands that tells which namesake is meant, in characters.
_NEAR = 40
# A title line: "Bijeenkomst, 27 juni 2018, Utrecht".
_TITLE_LINE = 100


def resolve(text: SpottedText, found: Sequence[Candidate]) -> list[Place | None]:
    """The place of each candidate; None where the text does not tell which of several is meant.

    In turn: what is written behind it ("Bergen (NH)"), the kind that its context or its list tells, a place
    of today before a former one, a municipality before a province of that name, the province that is named
    beside it, and the province that the other places of the text agree on.
    """
    places = [_own(text, candidate, run) for run in lists(text, found) for candidate in run]
    told = {place.province for options in places if len(options) == 1 for place in options}
    return [_last(options, told) for options in places]


def is_venue(text: SpottedText, candidate: Candidate) -> bool:
    """Whether it tells where a meeting is or what an address is, rather than who does something."""
    if candidate.kind is not None:
        return False
    before = text.before(candidate)
    if cues.POSTCODE_BEFORE.search(before) or cues.VENUE_LABEL_BEFORE.search(before):
        return True
    if cues.GATHERING_BEFORE.search(before) and cues.PREPOSITION_BEFORE.search(before):
        return True
    line = before.rpartition("\n")[2] + text.behind(candidate).partition("\n")[0]
    return len(line) < _TITLE_LINE and bool(cues.DATE.search(line))


def _own(text: SpottedText, candidate: Candidate, run: Sequence[Candidate]) -> list[Place]:
    """The places it may be by all that stands near it."""
    options = [text.gazetteer.by_code[code] for code in candidate.codes]
    if marked := text.marked(candidate):
        return marked
    kind = candidate.kind or _kind_of_list(text.gazetteer, run)
    options = [place for place in options if place.kind is kind] or options
    options = [place for place in options if place.ended is None] or options
    options = [place for place in options if place.kind is PlaceKind.MUNICIPALITY] or options
    if len(options) > 1:
        near = text.before(candidate)[-_NEAR:] + " " + text.behind(candidate)[:_NEAR]
        beside = [place for place in options if _province_name(text.gazetteer, place) in near]
        options = beside if len(beside) == 1 else options
    return options


def _last(options: Sequence[Place], told: set[str | None]) -> Place | None:
    """The one option, or the one whose province the rest of the text speaks of."""
    if len(options) == 1:
        return options[0]
    agreed = [place for place in options if place.province in told]
    return agreed[0] if len(agreed) == 1 else None


def _kind_of_list(gazetteer: Gazetteer, run: Sequence[Candidate]) -> PlaceKind | None:
    """The kind that every member of a list can have, where one of them has no other."""
    kinds = [{gazetteer.by_code[code].kind for code in candidate.codes} for candidate in run]
    if {PlaceKind.PROVINCE} in kinds and all(PlaceKind.PROVINCE in each for each in kinds):
        return PlaceKind.PROVINCE
    return None


def _province_name(gazetteer: Gazetteer, place: Place) -> str:
    return gazetteer.by_code[place.province].name.lower() if place.province else "\0"
