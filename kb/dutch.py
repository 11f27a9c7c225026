"""How places, dates and numbers are said in Dutch, on the page and in the terminal alike."""

from __future__ import annotations

import datetime as dt

from kb.documents import Locator, Part

_MONTHS = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
_PARTS = {Part.NOTES: "notities", Part.TABLE: "tabel"}


def place(locator: Locator) -> str:
    """Where a passage stands, as a reader would cite it: "dia 12, notities"; "" without a place."""
    places = []
    if locator.slide is not None:
        places.append(f"dia {locator.slide}")
    elif locator.page is not None:
        is_labelled = locator.page_label not in (None, str(locator.page))
        places.append(f"p. {locator.page_label} ({locator.page})" if is_labelled else f"p. {locator.page}")
    elif locator.headings:
        places.append(f"§ {locator.headings[-1]}")
    elif locator.line is not None:
        places.append(f"regel {locator.line}")
    if places and locator.part in _PARTS:
        places.append(_PARTS[locator.part])
    return ", ".join(places)


def date(day: dt.date) -> str:
    """A date in full: "7 november 2024"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun: "1 passage", "1.234 passages"."""
    return f"{thousands(number)} {one if number == 1 else many}"


def thousands(number: int) -> str:
    """A number with points between its thousands."""
    return f"{number:,}".replace(",", ".")
