"""Dates in Dutch and English names and sentences, and whether they are certain.

A date is certain when day, month and year are all written and fit together. Numbers are read day
first, as they are written in the Netherlands. Of a span of days the first one counts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FIRST_YEAR = 1990

_MONTHS = {
    1: "januari january jan",
    2: "februari february feb febr",
    3: "maart march mrt mar",
    4: "april apr",
    5: "mei may",
    6: "juni june jun",
    7: "juli july jul",
    8: "augustus august aug",
    9: "september sept sep",
    10: "oktober october okt oct",
    11: "november nov",
    12: "december dec",
}
MONTH_NUMBERS = {name: number for number, names in _MONTHS.items() for name in names.split()}
_DUTCH_DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = _DUTCH_DAYS + _ENGLISH_DAYS
_MONTH = rf"(?P<month>{'|'.join(sorted(MONTH_NUMBERS, key=len, reverse=True))})"
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)})\s*,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:\s?(?:ste|de|e|st|nd|rd|th)\b)?"
_COMPACT_YEAR = r"(?P<year>(?:19|20)\d\d)"
_YEAR = rf"{_COMPACT_YEAR}(?!\d)"
_OTHER_DAY = (
    r"(?:\s*(?:-|–|/|,|&|\ben\b|\band\b|\bt/m\b|\btot(?:\s+en\s+met)?\b|\bto\b)\s*\d{1,2}(?:st|nd|rd|th|e)?)?"
)

# In words; the year is optional so that a date without one is found too, as uncertain.
_DAY_FIRST = rf"(?<![\d.,:/-]){_WEEKDAY}{_DAY}{_OTHER_DAY}\s*(?:of\s+)?{_MONTH}\b\.?(?:,?\s*{_YEAR})?(?![\d])"
_MONTH_FIRST = rf"\b{_WEEKDAY}{_MONTH}\b\.?\s+{_DAY}{_OTHER_DAY}(?:,?\s*{_YEAR})?(?![\d:])"
_MONTH_YEAR = rf"\b{_MONTH}\b\.?\s+{_YEAR}"
_WORDS = tuple(re.compile(form, re.IGNORECASE) for form in (_DAY_FIRST, _MONTH_FIRST, _MONTH_YEAR))

# In numbers. A longer row of numbers is a version, an address or a misprint.
_BEFORE, _AFTER = r"(?<![\dA-Za-z.,:/_-])", r"(?![\d]|[.,:/_-]\d)"
_NUMBERS = tuple(
    re.compile(form)
    for form in (
        rf"{_BEFORE}{_YEAR}(?P<mark>[-./])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_AFTER}",
        rf"{_BEFORE}(?P<day>\d{{1,2}})(?P<mark>[-./]|\s-\s)(?P<month>\d{{1,2}})(?P=mark){_YEAR}(?![.,:/_-]\d)",
        rf"{_BEFORE}{_COMPACT_YEAR}(?P<month>[01]\d)(?P<day>[0-3]\d){_AFTER}",
        rf"{_BEFORE}(?P<day>[0-3]\d)(?P<month>[01]\d){_YEAR}(?![.,:/_-]\d)",
    )
)
# Six digits are a date only at the start of a name, where they sort files by year.
_SHORT_NAME = re.compile(r"(?P<year>\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?!\d)")
# Where names run words and numbers together: "20190319Verslag", "okt2022", "verslag-27-juni".
_JOINED = re.compile(r"_|(?<=\d)-?(?=[^\W\d_])|(?<=[^\W\d_])-(?=\d)|(?<=[^\W\d_]{3})(?=\d)")
_LABEL = re.compile(
    r"(?:^|[|;•\n])\s*(?:datum|vergaderdatum|date|meeting date|date of (?:the )?meeting|"
    r"datum (?:en tijd|en plaats|/ ?tijd|overleg|vergadering|bijeenkomst|bespreking))\s*[:;|]?\s*$",
    re.IGNORECASE,
)
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDate:
    """A date as written at [start, end) of a text. `date` is None when it is not certain."""

    text: str
    start: int
    end: int
    date: dt.date | None


def find_dates(text: str) -> list[FoundDate]:
    """Every date in `text`, in order, certain or not ("donderdag 7 november" is not)."""
    found: list[FoundDate] = []
    for match in _matches(text):
        if all(match.end() <= other.start or match.start() >= other.end for other in found):
            wording = match.group().strip(" .")
            start = match.start() + match.group().index(wording)
            found.append(FoundDate(text=wording, start=start, end=start + len(wording), date=_date(match)))
    return sorted(found, key=lambda date: date.start)


def labelled_dates(text: str) -> list[FoundDate]:
    """The dates that stand right behind a label: "Datum: 6 september 2024", "vergaderdatum | 6-9-2024"."""
    found = find_dates(text)
    return [date for date in found if _LABEL.search(text[max(0, date.start - _LONGEST_LABEL) : date.start])]


def find_date(text: str) -> dt.date | None:
    """The one date of `text`: the labelled one, or else the only one.

    None when there is none that is certain, or when several contradict each other.
    """
    return only(labelled_dates(text)) or only(find_dates(text))


def only(found: Iterable[FoundDate]) -> dt.date | None:
    """The date on which all that are certain agree; None without one."""
    days = {date.date for date in found if date.date}
    return days.pop() if len(days) == 1 else None


def find_date_in_name(name: str) -> FoundDate | None:
    """The date in the name of a file or folder, which may also be written "210222" or "2021_02_22".

    Its offsets count in the name as it was read, with spaces for underscores. None when there is none,
    or when several contradict each other.
    """
    stem = re.sub(r"\.[A-Za-z]{2,8}$", "", name)
    # "2018_11_09_ Notulen" and "12_maart_2018": an underscore stands for a hyphen or a space.
    spaced = re.sub(r"(?<!\d)(\d{4})_(\d\d?)_(\d\d?)(?!\d)", r"\1-\2-\3 ", stem)
    spaced = re.sub(r"(?<!\d)(\d\d?)_(\d\d?)_(\d{4})(?!\d)", r"\1-\2-\3 ", spaced)
    found = find_dates(_JOINED.sub(" ", spaced))
    certain = {date.date for date in found if date.date}
    if len(certain) > 1:
        return None
    if certain or not (short := _SHORT_NAME.match(stem)):
        return next((date for date in found if date.date or not certain), None)
    day = _date(short)
    return FoundDate(text=short.group(), start=0, end=short.end(), date=day) if day else None


def _matches(text: str) -> Iterator[re.Match[str]]:
    for form in (*_NUMBERS, *_WORDS):
        for match in form.finditer(text):
            if _is_wording(match):
                yield match


def _is_wording(match: re.Match[str]) -> bool:
    """Whether it is a date at all: "3 may" and "5 mar" without a year seldom are."""
    parts = match.groupdict()
    if parts.get("year"):
        return True
    day, month = int(parts["day"]), parts["month"]
    return 1 <= day <= 31 and (len(month) > 3 or month.lower() == "mei" or bool(parts.get("weekday")))


def _date(match: re.Match[str]) -> dt.date | None:
    parts = match.groupdict()
    if not parts.get("day") or not parts.get("year"):
        return None
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    weekday = (parts.get("weekday") or "").lower()
    try:  # No day of the calendar, or a letter that only a regular expression takes for another.
        month = MONTH_NUMBERS.get(parts["month"].lower()) or int(parts["month"])
        day = dt.date(year, month, int(parts["day"]))
        fits = not weekday or _WEEKDAYS.index(weekday) % 7 == day.weekday()
    except ValueError:
        return None
    return day if fits and FIRST_YEAR <= year <= dt.datetime.now(dt.UTC).year + 2 else None
