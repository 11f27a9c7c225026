"""Dutch municipalities and provinces that a text names, recognised offline.

The data and where they come from are in `kb/places/data`. A name that stands for something else (a word, a
person, a university, an address of the web) is left out, by the rules of `kb.places.judging`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.places.gazetteer import Place, PlaceKind, fold, shipped_gazetteer
from kb.places.judging import judge
from kb.places.resolving import is_venue, resolve
from kb.places.spotting import SpottedText

__all__ = [
    "Place",
    "PlaceKind",
    "PlaceMention",
    "codes_named",
    "find_places",
    "places_named",
    "shipped_gazetteer",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    """A place as named at [start, end) of a text.

    `code` and `name` are those of Statistics Netherlands (CBS), also where the text says "Den Haag".
    `successor` is the code of the present municipality that a former one has come to, None for a present
    one and for one that was divided. `venue` says that it only tells where something takes place or what
    an address is: "bijeenkomst in Utrecht", "3818 LH Amersfoort".
    """

    start: int
    end: int
    code: str
    name: str
    kind: PlaceKind
    successor: str | None
    venue: bool


def find_places(text: str, *, language: str | None = None) -> list[PlaceMention]:
    """The municipalities and provinces named in `text`, in order, every mention of each.

    `language` is the text's ISO 639-1 code, where it is known: in English "in X" does not tell that X is a
    place, since any word may stand there with a capital. A name that several places have is left out when
    the text does not tell which is meant ("Bergen").
    """
    spotted = SpottedText(text=text, language=language, gazetteer=shipped_gazetteer())
    found = judge(spotted)
    return [
        PlaceMention(
            start=candidate.start,
            end=candidate.end,
            code=place.code,
            name=place.name,
            kind=place.kind,
            successor=place.successor,
            venue=is_venue(spotted, candidate),
        )
        for candidate, place in zip(found, resolve(spotted, found), strict=True)
        if place
    ]


def codes_named(name: str) -> frozenset[str]:
    """The codes that a facet counts under what is meant by a name or a code, as a reader would write it.

    "Den Haag" is 's-Gravenhage, "Maarssen" and "GM0333" what Maarssen has come to, and "Bergen" is two.
    """
    gazetteer = shipped_gazetteer()
    written = " ".join(name.split())
    bare, _, _ = fold(written).partition(" (")
    codes = {written.upper(), *gazetteer.places.get(bare.lstrip("'"), ())}
    found = [gazetteer.by_code[code] for code in codes if code in gazetteer.by_code]
    return frozenset(place.successor or place.code for place in found)


def places_named(mentions: Iterable[PlaceMention]) -> tuple[str, ...]:
    """The codes that a facet counts a text under, in order of mention, each once.

    A former municipality counts as the present one. Venues do not count: not every meeting in Utrecht is
    about Utrecht.
    """
    counted = (mention.successor or mention.code for mention in mentions if not mention.venue)
    return tuple(dict.fromkeys(counted))
