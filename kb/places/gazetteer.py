"""The Dutch municipalities and provinces, present and former, with every name they are known by.

The lists stand in `kb/places/data`; its README says where they come from and how to bring them up to date.
"""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Self

_FILES = ("municipalities.csv", "provinces.csv", "other_names.csv", "homographs.csv")
_APOSTROPHES = str.maketrans("’‘`\u00b4", "''''")
# "Bergen (NH.)" and "Sluis (oud)": what the lists add to tell namesakes apart.
_ADDED = re.compile(r"\s*\((?P<mark>[^)]*)\)$")
_SAINT = re.compile(r"\bsint\b")
_ON_THE = re.compile(r"\baan (?:den|de)\b")
_FIRST_WORD = re.compile(r"[a-z]+")


class PlaceKind(StrEnum):
    """What a place is to the administration."""

    MUNICIPALITY = "municipality"
    PROVINCE = "province"


class Homograph(StrEnum):
    """What else the name of a municipality is: an ordinary word, one in lower case only ("leiden"), a
    surname that stands without "van", or a place abroad that is better known."""

    WORD = "word"
    LOWER_CASE = "lower case"
    SURNAME = "surname"
    ABROAD = "place abroad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A municipality or a province.

    `code` is that of Statistics Netherlands (CBS): "GM0344", "PV26". `province` is the code of a
    municipality's province, None where the sources do not tell (before 1991). `ended` is the year in
    which a former municipality ended, and `successor` the present one that most of it has come to, None
    where it was divided. `mark` tells it from its namesakes ("NH" of Bergen).
    """

    code: str
    name: str
    kind: PlaceKind
    province: str | None = None
    ended: int | None = None
    successor: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All places by code, and the names they go by.

    `names` maps the first word of a name to the names that begin with it, longest first, all as `fold`
    writes them; `places` maps such a name to the codes that it may stand for.
    """

    by_code: dict[str, Place]
    names: dict[str, tuple[str, ...]]
    places: dict[str, tuple[str, ...]]
    homographs: dict[str, Homograph]

    @classmethod
    def of(
        cls, places: Iterable[Place], others: Iterable[tuple[str, str]], homographs: dict[str, Homograph]
    ) -> Self:
        """From places, further names with the code they stand for, and names that are something else too."""
        by_code = {place.code: place for place in places}
        called: dict[str, dict[str, None]] = {}
        spelled = [(place.name, place.code) for place in by_code.values()]
        for name, code in [*spelled, *others]:
            for spelling in _spellings(fold(name)):
                called.setdefault(spelling, {})[code] = None
        names: dict[str, list[str]] = {}
        for name in sorted(called, key=len, reverse=True):
            names.setdefault(first_word(name), []).append(name)
        return cls(
            by_code=by_code,
            names={word: tuple(found) for word, found in names.items()},
            places={name: tuple(codes) for name, codes in called.items()},
            homographs={
                spelling: also for name, also in homographs.items() for spelling in _spellings(fold(name))
            },
        )


def fold(text: str) -> str:
    """Lower case, without accents and with straight apostrophes; exactly as long as `text`."""
    straight = text.translate(_APOSTROPHES)
    return straight.translate({ord(letter): _plain(letter) for letter in set(straight)})


def first_word(name: str) -> str:
    """The first run of letters of a folded name: "s" of "'s-gravenhage"."""
    found = _FIRST_WORD.search(name)
    return found.group() if found else name


@lru_cache(maxsize=1)
def shipped_gazetteer() -> Gazetteer:
    """The municipalities and provinces that we ship."""
    ended = {row["code"]: row for row in _rows("municipalities.csv")}
    municipalities = [_municipality(row, ended) for row in ended.values()]
    provinces = [
        Place(code=row["code"], name=row["name"], kind=PlaceKind.PROVINCE) for row in _rows("provinces.csv")
    ]
    others = [(row["name"], row["code"]) for row in _rows("other_names.csv")]
    homographs = {row["name"]: Homograph(row["also"]) for row in _rows("homographs.csv")}
    return Gazetteer.of([*municipalities, *provinces], others, homographs)


@lru_cache(maxsize=1)
def gazetteer_digest() -> str:
    """A hash of the lists that we ship: another one is another list of places."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update(_read(name).encode())
    return digest.hexdigest()


def _municipality(row: dict[str, str], rows: dict[str, dict[str, str]]) -> Place:
    added = _ADDED.search(row["name"])
    successor = row["successor"]
    while successor and rows[successor]["ended"]:
        successor = rows[successor]["successor"]
    return Place(
        code=row["code"],
        name=row["name"][: added.start()] if added else row["name"],
        kind=PlaceKind.MUNICIPALITY,
        province=row["province"] or None,
        ended=int(row["ended"]) if row["ended"] else None,
        successor=successor or None,
        mark=added["mark"].strip(".") if added else None,
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(_read(name).splitlines())


def _read(name: str) -> str:
    return resources.files("kb.places").joinpath("data", name).read_text(encoding="utf-8")


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 else letter


def _spellings(name: str) -> set[str]:
    """A folded name and its other spellings: a space for a hyphen, "a/d" for "aan den", "St." for "Sint"."""
    bare = name.lstrip("'")
    spellings = {bare, _ON_THE.sub("a/d", bare), _ON_THE.sub("a.d.", bare), _SAINT.sub("st.", bare)}
    return spellings | {spelling.replace("-", " ") for spelling in spellings}
