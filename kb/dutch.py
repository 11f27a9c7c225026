"""How places, dates and numbers are said in Dutch, on the page and in the terminal alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from kb.documents import Locator, Part

_MONTHS = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
NO_ANSWER = "Geen passend antwoord gevonden. Het dichtstbij komen deze passages."
TIMED_OUT = "De fijne rangschikking is overgeslagen omdat ze te lang duurde."

# Pages of a scan that are named one by one.
_MAX_NUMBERS = 8
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


def printable(path: str) -> str:
    """A path without what a terminal would obey: line ends, escape sequences, changes of direction."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in path)


_REASONS = {
    "damaged": "het bestand is beschadigd of leeg; vraag het opnieuw op of sla het opnieuw op",
    "encrypted": "er zit een wachtwoord op; sla het op zonder wachtwoord",
    "unsupported": "dit soort bestand wordt niet gelezen; sla het op als pdf, docx of pptx",
    "no-text": "er staat geen tekst in",
    "too-large": "het is te groot of het lezen duurt te lang",
    "link": "het is een verwijzing naar een andere plaats",
    "sidecar": "wat in dit YAML-bestand staat, kan niet worden gebruikt",
    "name": "de naam bevat tekens die niet kunnen; geef het een andere naam",
    "not-a-file": "het is geen gewoon bestand",
    "unreadable": "het kan niet van de schijf worden gelezen",
    "changed": "het bestand veranderde terwijl het werd gelezen; bouw opnieuw",
    "too-deep": "de map staat te diep in andere mappen",
}
_GAPS = {
    "ocr": ("pagina van een scan gelezen (OCR)", "pagina's van een scan gelezen (OCR)"),
    "no-text-layer": ("pagina zonder leesbare tekst", "pagina's zonder leesbare tekst"),
    "picture": (
        "pagina met een afbeelding die niet is gelezen",
        "pagina's met een afbeelding die niet is gelezen",
    ),
    "picture-only": ("dia met alleen een afbeelding", "dia's met alleen een afbeelding"),
    "ocr-failed": ("pagina waarop OCR niet lukte", "pagina's waarop OCR niet lukte"),
    "damaged-page": (
        "beschadigde pagina niet helemaal gelezen",
        "beschadigde pagina's niet helemaal gelezen",
    ),
    "missing-pages": ("keer dat pagina's ontbreken", "keer dat pagina's ontbreken"),
    "missing-part": ("onderdeel dat ontbreekt", "onderdelen die ontbreken"),
    "navigation": ("menu met veel tekst overgeslagen", "menu's met veel tekst overgeslagen"),
    "damaged": ("beschadigd onderdeel overgeslagen", "beschadigde onderdelen overgeslagen"),
    "attachment": ("bijlage niet gelezen", "bijlagen niet gelezen"),
    "truncated": ("onderdeel ingekort", "onderdelen ingekort"),
    "misnamed": ("verkeerde extensie", "verkeerde extensies"),
    "front-matter": ("kop met gegevens onleesbaar", "koppen met gegevens onleesbaar"),
    "noise": ("stuk zonder leesbare tekst overgeslagen", "stukken zonder leesbare tekst overgeslagen"),
}


def reason(code: str, message: str) -> str:
    """Why a file was left out: what the code says, and the reader's own English words for the details."""
    return f"{_REASONS.get(code, 'het kan niet worden gelezen')} ({message})"


def gaps(found: Sequence[tuple[str, int | None]]) -> str:
    """What was not read of a file, from codes and their pages: "2 pagina's zonder leesbare tekst (3, 7)"."""
    pages: dict[str, list[int | None]] = {}
    for code, page in found:
        pages.setdefault(code, []).append(page)
    parts = []
    for code, numbers in pages.items():
        one, many = _GAPS.get(code, (code, code))
        known = [str(number) for number in numbers if number is not None]
        shown = ", ".join(known[:_MAX_NUMBERS]) + (", …" if len(known) > _MAX_NUMBERS else "")
        parts.append(count(len(numbers), one, many) + (f" ({shown})" if shown else ""))
    return "; ".join(parts)
