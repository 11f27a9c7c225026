"""The period that a query asks for, in Dutch or English, and how well a document's date fits it.

A period is a preference and never a filter, so where a wording has two readings the wider one counts.
What can be no document's date is no period: a month without a year, a year beyond the next one, and a
year within a name ("Archiefwet 1995", "visie 2025", "RFC 2019"): plans and laws are named after years
in which they are not written.

Of several periods in one query the shortest counts when it lies within all others ("in 2023, vooral in
mei 2023"). Periods that touch are one ("2018 en 2019"). Otherwise they contradict each other, as in
"2021 vergeleken met 2024", and there is none.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kb.dates import FIRST_YEAR, MONTH_NUMBERS, find_dates

_DAY = dt.timedelta(days=1)
# Days outside a period after which a date fits half: a quarter of its length, because "najaar" and "eind"
# have no sharp edge. Never less than a month: minutes are dated when they are written or approved. Never
# more than a quarter: a longer period is not a vaguer one.
_SOFT_DAYS = (30, 91)
_LOOK_BACK = 60

_SEASONS = {  # the first month of each; winter begins in the year before (as the KNMI counts)
    **dict.fromkeys(("voorjaar", "lente", "spring"), 3),
    **dict.fromkeys(("zomer", "summer"), 6),
    **dict.fromkeys(("najaar", "herfst", "autumn", "fall"), 9),
    "winter": 0,
}
_THIRDS = {
    **dict.fromkeys(("begin", "early", "beginning of", "start of"), 0),
    **dict.fromkeys(("medio", "mid", "midden", "halverwege", "middle of"), 1),
    **dict.fromkeys(("eind", "einde", "late", "end of"), 2),
}
_ORDINALS = {
    "eerste": 1,
    "first": 1,
    "tweede": 2,
    "second": 2,
    "derde": 3,
    "third": 3,
    "vierde": 4,
    "fourth": 4,
}
_DUTCH_NUMBERS = ("een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien")
_ENGLISH_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {
    **{word: number for number, word in enumerate(_DUTCH_NUMBERS, 1)},
    **{word: number for number, word in enumerate(_ENGLISH_NUMBERS, 1)},
    "één": 1,
    "a": 1,
}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_OF = r"(?:\s{1,3}(?:van|of|in))?(?:\s{1,3}(?:het jaar|the year|het|de|the|jaar|year))?[\s,-]{1,3}"
_ORDINAL = rf"(?:{_any(_ORDINALS)}|laatste|last|[1-4](?:e|de|ste|st|nd|rd|th))"
_WITHIN_YEAR = (
    rf"(?:(?P<third>{_any(_THIRDS)})(?:\s{{1,3}}(?:van|of|in))?(?:\s{{1,3}}(?:het|de|the))?[\s-]{{1,3}})?"
    rf"(?:(?:(?P<day>[0-3]?[0-9])\s{{1,3}})?(?P<month>{_any(MONTH_NUMBERS)})\b\.?|(?P<season>{_any(_SEASONS)})\b"
    rf"|(?P<quarter>{_ORDINAL}\s{{1,3}}(?:kwartaal|quarter)\b|q[1-4]\b|kwartaal [1-4]\b)"
    rf"|(?P<half>{_ORDINAL}\s{{1,3}}(?:halfjaar|helft|half)\b|h[12]\b))"
)
_YEAR = r"(?:19|20)[0-9]{2}"
# No part of a longer number, a version, an amount or a code.
_BEFORE, _AFTER = r"(?<![\w.:/#€$-])", r"(?![\w%]|[.,:/_-][0-9])"
_MOMENT = re.compile(
    rf"(?:(?<!\w)(?:{_WITHIN_YEAR}|(?P<only_third>{_any(_THIRDS)})){_OF}"
    rf"|{_BEFORE}(?:(?P<front>0[1-9]|1[0-2])[-/])?)"
    rf"(?:(?P<year>{_YEAR})(?:-(?P<back>0[1-9]|1[0-2])|\s?[-–/]\s?(?P<until>{_YEAR})|/(?P<short>[0-9]{{2}})"
    rf"|[\s-]?(?P<behind>q[1-4]|h[12]))?{_AFTER}|(?P<relative>vorig|verleden|dit|last|this)\s{{1,3}}(?:jaar|year)\b)"
)
_ONE_UNIT = "dag|day|week|maand|month|kwartaal|quarter|jaar|year"
_UNITS = {
    **dict.fromkeys(("dag", "dagen", "day", "days"), "day"),
    **dict.fromkeys(("week", "weken", "weeks"), "week"),
    **dict.fromkeys(("maand", "maanden", "month", "months"), "month"),
    **dict.fromkeys(("kwartaal", "kwartalen", "quarter", "quarters"), "quarter"),
    **dict.fromkeys(("jaar", "jaren", "year", "years"), "year"),
}
_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_DAYS_IN = {"day": 1, "week": 7}
_COUNT = rf"(?P<count>[1-9][0-9]?|{_any(_NUMBERS)})"
_UNIT = rf"(?P<unit>{_any(_UNITS)})\b"
_ROLLING = re.compile(rf"\b(?:laatste|afgelopen|voorbije|last|past)\s{{1,3}}{_COUNT}\s{{1,3}}{_UNIT}")
_ROLLING_ONE = re.compile(rf"\b(?:afgelopen|voorbije|past)\s{{1,3}}(?P<unit>{_ONE_UNIT})\b")
_AGO = re.compile(rf"\b{_COUNT}\s{{1,3}}{_UNIT}\s{{1,3}}(?:geleden|ago)\b")
_NEAR = re.compile(
    rf"\b(?:(?P<this>dit|deze|this)|vorige?|verleden|afgelopen|voorbije|last|past)\s{{1,3}}"
    rf"(?:(?P<unit>week|maand|month|kwartaal|quarter)|(?P<season>{_any(_SEASONS)})|(?P<month>{_any(MONTH_NUMBERS)}))\b"
)
_YESTERDAY = re.compile(r"\b(?:gisteren|yesterday)\b")

# A number behind these words is no year, or is a name's.
_NAMED = re.compile(
    r"\b(?:artikel|art|lid|sub|nummer|nr|no|number|pagina|blz|page|section|paragraaf|hoofdstuk|chapter|bijlage"
    r"|annex|versie|version|rfc|iso|iec|nen|issue|dossier|zaak|kamerstuk|postbus|poort|port|eur|euro|office"
    r"|windows|server|exchange|sharepoint|\w*(?:wet(?:\s+van)?|regeling|besluit|verordening|richtlijn|visie"
    r"|agenda|strategie|koers|ambitie)|act|law|directive|regulation|vision|strategy|horizon)\.?\s{1,3}$|[€$£#§]\s*$"
)
# A number before these words is counted.
_COUNTED = re.compile(
    r"\s*(?:euro|eur|miljoen|miljard|duizend|million|billion|thousand|keer|maal|times|kilo\w*|km|m2|meter|uur"
    r"|hours|dagen|days|woorden|words|tekens|stuks|mensen|people|personen|deelnemers|participants|inwoners"
    r"|inhabitants|bezoekers|visitors|medewerkers|employees|gebruikers|users|leden|members|gemeenten"
    r"|municipalities|organisaties|organisations|bedrijven|companies|woningen|houses)\b"
    r"|\s*(?:€|(?:en|and|tot|to|-|–)\s*(?!(?:19|20)[0-9]{2}\b)[0-9]{3,})"
)

_THE = r"(?:(?:het|de|the)\s{1,3})?"
_LINK = rf"\s*(?P<link>-|–|/|t/m|tot(?:\s+en\s+met)?|to|until|till?|through|en|and|of|or|,)\s*{_THE}"
_LINKED = re.compile(_LINK)
_YEARLESS_LINK = re.compile(rf"\b(?P<left>{_WITHIN_YEAR}){_LINK}$")
_BETWEEN = re.compile(rf"\b(?:tussen|between)\s{{1,3}}{_THE}$")
_RANGE = re.compile(rf"\b(?:tussen|between|van|vanaf|from)\s{{1,3}}{_THE}$")
_LOOSE_LINKS = frozenset(("en", "and", "of", "or", ",", "/"))
_OPEN = re.compile(
    r"\b(?:(?P<since>sinds|since|vanaf|as\s+of|met\s+ingang\s+van)|(?P<after>na|after|later\s+dan|later\s+than)"
    r"|(?P<before>vóór|before|eerder\s+dan|prior\s+to|earlier\s+than)"
    r"|(?P<till>voor|tot(?:\s+en\s+met)?|t/m|until|up\s+to))\s{1,3}(?P<the>(?:het|de|the)\s{1,3})?$"
)
_ONWARDS = re.compile(r"\s{1,3}(?:en later|en daarna|and later|onwards?)\b")
_STARTS_NUMBERED = re.compile(rf"\d|(?:{_any(MONTH_NUMBERS)})\b", re.IGNORECASE)
_PREPOSITION = (
    r"\b(?:in|op|uit|van|tijdens|gedurende|over|rond|omstreeks|per|from|on|of|at|during|around|for)"
)
_LEADING = re.compile(rf"{_PREPOSITION}\s+$", re.IGNORECASE)
_LEADING_THE = re.compile(rf"(?:{_PREPOSITION}\s+)?\b(?:het|de|the)\s+$|{_PREPOSITION}\s+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days `first` to `last`, both included, as asked for in `text` at [start, end) of a query."""

    first: dt.date
    last: dt.date
    text: str
    start: int
    end: int


def find_period(query: str, *, today: dt.date) -> Period | None:
    """The period that `query` asks for, seen from `today`; None without one or when they contradict."""
    low = _lowered(query)
    latest = dt.date(today.year + 1, 12, 31)
    periods = [
        replace(period, text=query[period.start : period.end])
        for period in _periods(low, _moments(query, low, today), today)
        if period.first.year >= FIRST_YEAR and period.first <= latest
    ]
    if not periods:
        return None
    shortest = min(periods, key=lambda period: period.last - period.first)
    is_within = all(other.first <= shortest.first and shortest.last <= other.last for other in periods)
    return shortest if is_within else None


def fit(period: Period, day: dt.date | None) -> float:
    """How well a document of `day` fits: 1 within the period, less the further away, 0 without a date.

    It halves with each quarter of the period's length, or 30 days at least and 91 at most.
    """
    if day is None:
        return 0.0
    outside = max((period.first - day).days, (day - period.last).days, 0)
    least, most = _SOFT_DAYS
    half = min(max((period.last - period.first + _DAY).days / 4, least), most)
    return float(0.5 ** (outside / half))


def without_period(query: str, period: Period) -> str:
    """The query without the period's words; the query itself when nothing else is in it."""
    before, after = query[: period.start], query[period.end :]
    # In "the 2018 kick-off" the article is the kick-off's.
    leading = _LEADING if _STARTS_NUMBERED.match(period.text) else _LEADING_THE
    rest = f"{leading.sub('', before)} {after}"
    rest = re.sub(r"[(\[]\s*[)\]]", " ", rest)
    rest = re.sub(r"\s+([?!.,;:)\]])", r"\1", " ".join(rest.split()))
    rest = re.sub(r",(?=[?!.,;:])", "", rest).strip(" ,;:-–")
    return rest if re.search(r"\w", rest) else query


def _lowered(text: str) -> str:
    """In lower case and of the same length, so that offsets hold."""
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def _moments(query: str, low: str, today: dt.date) -> list[Period]:
    """What is said of time in one expression each, in order, without overlap."""
    found: list[Period] = []
    for moment in (*_days(query), *_named_moments(low, today), *_near_moments(query, low, today)):
        if all(moment.end <= other.start or moment.start >= other.end for other in found):
            found.append(moment)
    return sorted(found, key=lambda moment: moment.start)


def _days(query: str) -> Iterator[Period]:
    for found in find_dates(query):
        if found.date:
            last = found.date
            days = re.findall(r"(?<!\d)\d{1,2}(?!\d)", found.text)
            if len(days) == 2 and re.search(r"[^\W\d]{3}", found.text):  # "2 t/m 4 april 2022"
                length = max(int(days[1]) - found.date.day, 0)
                last += _DAY * (length if (found.date + _DAY * length).month == last.month else 0)
            yield Period(first=found.date, last=last, text=found.text, start=found.start, end=found.end)


def _named_moments(low: str, today: dt.date) -> Iterator[Period]:
    """Years and parts of years: "2018", "2018-2020", "begin mei 2021", "Q3 2022", "najaar van vorig jaar"."""
    for match in _MOMENT.finditer(low):
        parts = match.groupdict()
        is_bare = match.group().startswith(parts["year"] or " ")
        if is_bare and (
            _NAMED.search(low[max(0, match.start() - _LOOK_BACK) : match.start()])
            or _COUNTED.match(low, match.end())
        ):
            continue
        year = int(parts["year"] or today.year - (parts["relative"] not in ("dit", "this")))
        until = int(parts["until"] or (f"{year // 100}{parts['short']}" if parts["short"] else year))
        if parts["short"] and until != year + 1:
            continue
        if parts["season"] == "winter" and until == year + 1:  # "winter 2019/2020" is one
            year = until
        (first, _), (_, last) = _within(parts, year), _within(parts, until)
        yield _period(match, (min(first, last), max(first, last)))


def _within(parts: dict[str, str | None], year: int) -> tuple[dt.date, dt.date]:
    """The part of a year that the groups of `_MOMENT` name."""
    quarter, half, behind = parts["quarter"], parts["half"], parts["behind"] or ""
    month = parts["month"] or parts["front"] or parts["back"]
    if month:
        span = _months(year, MONTH_NUMBERS.get(month) or int(month), 1)
        day = int(parts["day"] or 0) if parts["relative"] else 0  # of written years find_dates knows better
        if 1 <= day <= span[1].day:
            return span[0].replace(day=day), span[0].replace(day=day)
    elif parts["season"]:
        span = _months(year, _SEASONS[parts["season"]], 3)
    elif quarter or behind.startswith("q"):
        span = _months(year, 3 * _ordinal(quarter or behind, last=4) - 2, 3)
    elif half or behind.startswith("h"):
        span = _months(year, 6 * min(_ordinal(half or behind, last=2), 2) - 5, 6)
    else:
        span = _months(year, 1, 12)
    third = parts["third"] or parts["only_third"]
    if not third:
        return span
    first, last = span
    length = (last - first + _DAY) / 3
    begin = first + length * _THIRDS[third]
    return begin, last if _THIRDS[third] == 2 else first + length * (_THIRDS[third] + 1) - _DAY


def _ordinal(text: str, *, last: int) -> int:
    digit = re.search(r"[1-4]", text)
    return int(digit.group()) if digit else _ORDINALS.get(text.split(maxsplit=1)[0], last)


def _near_moments(query: str, low: str, today: dt.date) -> Iterator[Period]:
    """What is counted from today: "vorige maand", "afgelopen najaar", "the past three years"."""
    for form in (_ROLLING, _ROLLING_ONE):
        for match in form.finditer(low):
            yield _period(match, (_earlier(today, match) + _DAY, today))
    for match in _AGO.finditer(low):
        yield _period(match, _around(_earlier(today, match), _UNITS[match["unit"]]))
    for match in _NEAR.finditer(low):
        # "The last may be skipped": the English month has a capital.
        if match["month"] != "may" or query[match.start("month")] == "M":
            yield _period(match, _near(match, today))
    for match in _YESTERDAY.finditer(low):
        yield _period(match, (today - _DAY, today - _DAY))


def _near(match: re.Match[str], today: dt.date) -> tuple[dt.date, dt.date]:
    if match["unit"]:
        unit = _UNITS[match["unit"]]
        return _around(today if match["this"] else _back(today, 1, unit), unit)
    month, length = (_SEASONS[match["season"]], 3) if match["season"] else (MONTH_NUMBERS[match["month"]], 1)
    if match["this"]:
        is_next_winter = month == 0 and today.month > 6
        return _months(today.year + is_next_winter, month, length)
    return next(
        span for year in range(today.year, 0, -1) if (span := _months(year, month, length))[1] < today
    )


def _earlier(today: dt.date, match: re.Match[str]) -> dt.date:
    count = match.groupdict().get("count") or "1"
    return _back(today, _NUMBERS.get(count) or int(count), _UNITS[match["unit"]])


def _back(day: dt.date, count: int, unit: str) -> dt.date:
    if unit in _DAYS_IN:
        return day - _DAY * count * _DAYS_IN[unit]
    first, last = _months(day.year, day.month - count * _MONTHS_IN[unit], 1)
    return first.replace(day=min(day.day, last.day))


def _around(day: dt.date, unit: str) -> tuple[dt.date, dt.date]:
    """The calendar's day, week, month, quarter or year that `day` is in."""
    if unit in _DAYS_IN:
        first = day - _DAY * (day.weekday() if unit == "week" else 0)
        return first, first + _DAY * (_DAYS_IN[unit] - 1)
    length = _MONTHS_IN[unit]
    return _months(day.year, (day.month - 1) // length * length + 1, length)


def _months(year: int, month: int, count: int) -> tuple[dt.date, dt.date]:
    """`count` whole months from `month` on, which counts on into other years: 0 is last year's December."""
    start = year * 12 + month - 1
    end = start + count
    return dt.date(start // 12, start % 12 + 1, 1), dt.date(end // 12, end % 12 + 1, 1) - _DAY


def _period(match: re.Match[str], span: tuple[dt.date, dt.date]) -> Period:
    return Period(first=span[0], last=span[1], text=match.group(), start=match.start(), end=match.end())


def _periods(low: str, moments: list[Period], today: dt.date) -> Iterator[Period]:
    """The moments, those that belong together joined, with "sinds", "tussen" and the like."""
    joined: list[Period] = []
    for moment in moments:
        both = _joined(low, joined[-1], moment) if joined else None
        joined[-1:] = [both] if both else [*joined[-1:], moment]
    for period in joined:
        yield _with_yearless(low, period, today) or _opened(low, period, today)


def _joined(low: str, left: Period, right: Period) -> Period | None:
    """Both as one: a range, or neighbours such as "2018 en 2019"."""
    link = _LINKED.fullmatch(low, left.end, right.start)
    if not link:
        return None
    is_loose = link["link"] in _LOOSE_LINKS
    opening = _just_before(_BETWEEN if is_loose else _RANGE, low, left)
    if is_loose and not opening and right.first - left.last != _DAY:
        return None
    return Period(
        first=min(left.first, right.first),
        last=max(left.last, right.last),
        text="",
        start=opening.start() if opening else left.start,
        end=right.end,
    )


def _with_yearless(low: str, right: Period, today: dt.date) -> Period | None:
    """A range whose beginning takes its year from its end: "van maart tot juni 2021"."""
    match = _just_before(_YEARLESS_LINK, low, right)
    if not match:
        return None
    for year in (right.last.year, right.last.year - 1):
        text = f"{match['left']} {year}"
        left = next(iter(_moments(text, text, today)), None)
        if left and left.first <= right.first:
            whole = replace(right, first=left.first, start=match.start())
            opening = _just_before(_RANGE, low, whole)
            return replace(whole, start=opening.start()) if opening else whole
    return None


def _opened(low: str, period: Period, today: dt.date) -> Period:
    """The period, or all time since, after or before it."""
    onwards = _ONWARDS.match(low, period.end)
    match = _just_before(_OPEN, low, period)
    # "After the March 2020 kick-off" is not "after March 2020", but "na de zomer van 2020" is.
    if match and match["the"] and _STARTS_NUMBERED.match(low, period.start):
        match = None
    if onwards or (match and match["since"]):
        first, last = period.first, max(today, period.last)
    elif not match:
        return period
    elif match["after"]:
        first = period.last + _DAY
        last = today if first <= today else dt.date(first.year, 12, 31)
    else:
        last = period.first - _DAY if match["before"] else period.last
        first = min(dt.date(FIRST_YEAR, 1, 1), last)
    start = match.start() if match else period.start
    return replace(period, first=first, last=last, start=start, end=onwards.end() if onwards else period.end)


def _just_before(form: re.Pattern[str], low: str, period: Period) -> re.Match[str] | None:
    return form.search(low, max(0, period.start - _LOOK_BACK), period.start)
