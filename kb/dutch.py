"""How places, dates and numbers are said in Dutch, on the page and in the terminal alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from kb.documents import Locator, Part

_MONTHS = (
    "januari februari maart april mei juni juli augustus september oktober november december".split()  # noqa: SIM905
)
NO_ANSWER = "Geen passend antwoord gevonden. Het dichtstbij komen deze passages."
NO_QUANTITY = (
    "Geen passend antwoord gevonden: geen getal of datum in de zinnen die het best passen. "
    "Het dichtstbij komen deze passages."
)
NOTHING_FOUND = "Geen passend antwoord gevonden, en ook geen passage die in de buurt komt."
TIMED_OUT = "De fijne rangschikking is overgeslagen omdat ze te lang duurde."

# Pages of a scan that are named one by one.
_MAX_NUMBERS = 8


def place(locator: Locator, gettext: Callable[[str], str] = str) -> str:
    """Where a passage stands, as a reader would cite it: "dia 12, notities"; "" without a place.

    `gettext` gives these words in another language.
    """
    places = []
    if locator.slide is not None:
        places.append(gettext("dia") + f" {locator.slide}")
    elif locator.page is not None:
        is_labelled = locator.page_label not in (None, str(locator.page))
        places.append(f"p. {locator.page_label} ({locator.page})" if is_labelled else f"p. {locator.page}")
    elif locator.headings:
        places.append(f"§ {locator.headings[-1]}")
    elif locator.line is not None:
        places.append(gettext("regel") + f" {locator.line}")
    if places and locator.part is Part.NOTES:
        places.append(gettext("notities"))
    if places and locator.part is Part.TABLE:
        places.append(gettext("tabel"))
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


def message(text: str) -> str:
    """Marks a text that the pages have in other languages too."""
    return text


def forms(one: str, many: str) -> tuple[str, str]:
    """Marks a text with its plural, as `message`."""
    return one, many


_REASONS = {
    "damaged": message("het bestand is beschadigd of leeg; vraag het opnieuw op of sla het opnieuw op"),
    "encrypted": message("er zit een wachtwoord op; sla het op zonder wachtwoord"),
    "unsupported": message("dit soort bestand wordt niet gelezen; sla het op als pdf, docx of pptx"),
    "no-text": message("er staat geen tekst in"),
    "too-large": message("het is te groot of het lezen duurt te lang"),
    "link": message("het is een verwijzing naar een andere plaats"),
    "sidecar": message("wat in dit YAML-bestand staat, kan niet worden gebruikt"),
    "name": message("de naam bevat tekens die niet kunnen; geef het een andere naam"),
    "not-a-file": message("het is geen gewoon bestand"),
    "unreadable": message("het kan niet van de schijf worden gelezen"),
    "changed": message("het bestand veranderde terwijl het werd gelezen; bouw opnieuw"),
    "too-deep": message("de map staat te diep in andere mappen"),
}
_GAPS = {
    "ocr": forms("pagina van een scan gelezen (OCR)", "pagina's van een scan gelezen (OCR)"),
    "labels": forms(
        "document waarin niet naar gemeenten of uitspraken kon worden gezocht",
        "documenten waarin niet naar gemeenten of uitspraken kon worden gezocht",
    ),
    "no-text-layer": forms("pagina zonder leesbare tekst", "pagina's zonder leesbare tekst"),
    "picture": forms(
        "pagina met een afbeelding die niet is gelezen",
        "pagina's met een afbeelding die niet is gelezen",
    ),
    "picture-only": forms("dia met alleen een afbeelding", "dia's met alleen een afbeelding"),
    "ocr-failed": forms("pagina waarop OCR niet lukte", "pagina's waarop OCR niet lukte"),
    "damaged-page": forms(
        "beschadigde pagina niet helemaal gelezen",
        "beschadigde pagina's niet helemaal gelezen",
    ),
    "missing-pages": forms("keer dat pagina's ontbreken", "keer dat pagina's ontbreken"),
    "missing-part": forms("onderdeel dat ontbreekt", "onderdelen die ontbreken"),
    "navigation": forms("menu met veel tekst overgeslagen", "menu's met veel tekst overgeslagen"),
    "damaged": forms("beschadigd onderdeel overgeslagen", "beschadigde onderdelen overgeslagen"),
    "attachment": forms("bijlage niet gelezen", "bijlagen niet gelezen"),
    "truncated": forms("onderdeel ingekort", "onderdelen ingekort"),
    "misnamed": forms("verkeerde extensie", "verkeerde extensies"),
    "front-matter": forms("kop met gegevens onleesbaar", "koppen met gegevens onleesbaar"),
    "noise": forms("stuk zonder leesbare tekst overgeslagen", "stukken zonder leesbare tekst overgeslagen"),
}


def reason_in_short(code: str, gettext: Callable[[str], str] = str) -> str:
    """Why a file was left out, as its code says; `gettext` gives it in another language."""
    return gettext(_REASONS.get(code, message("het kan niet worden gelezen")))


def reason(code: str, told: str) -> str:
    """Why a file was left out: what the code says, and the reader's own English words for the details."""
    return f"{reason_in_short(code)} ({told})"


def gaps(found: Sequence[tuple[str, int | None]], count: Callable[[int, str, str], str] = count) -> str:
    """What was not read of a file, from codes and their pages: "2 pagina's zonder leesbare tekst (3, 7)".

    `count` gives a number with its noun, in this language or another.
    """
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
