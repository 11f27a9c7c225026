"""What the pages say, in the language of who reads: labels, dates, numbers, faults and problems.

The Dutch text is the message; `api/locales` has the English one of each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

from api.problems import Fault, Problem
from kb import dutch
from kb.documents import Kind, Locator
from kb.index import DocumentRecord
from kb.minutes import StatementKind
from kb.relevance import Label
from kb.suggestions import SuggestionKind

DUTCH, ENGLISH = "nl", "en"
LOCALES = Path(__file__).resolve().parent.parent / "locales"
# A space at which no line is broken, between a number and its unit.
_FIXED = "\N{NO-BREAK SPACE}"
_DAYS_A_YEAR = 365.2425


def message(text: str) -> str:
    """Marks a text that is translated where it is shown."""
    return text


KINDS = {
    Kind.VERSLAG: message("Verslag"),
    Kind.PRESENTATIE: message("Presentatie"),
    Kind.PAPER: message("Paper"),
    Kind.OVERIG: message("Overig"),
}
STATEMENTS = {
    StatementKind.BESLUIT: message("Besluiten"),
    StatementKind.ACTIE: message("Acties"),
    StatementKind.VRAAG: message("Vragen"),
    StatementKind.CITAAT: message("Citaten"),
}
_LABELS = {
    Label.STRONG: message("sterk"),
    Label.MODERATE: message("matig"),
    Label.WEAK: message("zwak"),
    Label.NONE: message("geen"),
}
_SUGGESTIONS = {
    SuggestionKind.THEME: message("thema"),
    SuggestionKind.EVENT: message("bijeenkomst"),
    SuggestionKind.SPEAKER: message("spreker"),
    SuggestionKind.HOST: message("gastheer"),
    SuggestionKind.TITLE: message("titel"),
    SuggestionKind.PHRASE: "",
}
_LANGUAGES = {
    "nl": message("Nederlands"),
    "en": message("Engels"),
    "de": message("Duits"),
    "fr": message("Frans"),
    "fy": message("Fries"),
}
_FIELDS = {
    "kind": message("Soort"),
    "event": message("Bijeenkomst"),
    "language": message("Taal"),
    "document": message("Document"),
    "dateFrom": message("Van"),
    "dateTo": message("Tot en met"),
    "groupBy": message("Groeperen"),
    "page": message("Bladzijde"),
    "year": message("Jaar"),
    "speaker": message("Spreker"),
    "theme": message("Thema"),
    "statement": message("Wat er staat"),
    "saidBy": message("Wie het zei"),
    "municipality": message("Gemeente"),
    "province": message("Provincie"),
    "host": message("Gastheer"),
    "sort": message("Sorteren"),
}
_FAULTS = {
    ("q", "empty"): message("Typ eerst waar u naar zoekt."),
    ("q", "too-long"): message("Uw zoekvraag is te lang. Gebruik hoogstens 1.000 tekens."),
    ("q", "control-characters"): message(
        "In uw zoekvraag staan onzichtbare besturingstekens. Typ de vraag opnieuw."
    ),
    ("kind", "unknown-value"): message("Deze soort bestaat niet. Kies een soort uit de lijst."),
    ("event", "unknown-value"): message(
        "Deze bijeenkomst staat niet in de kennisbank. Kies er een uit de lijst."
    ),
    ("language", "unknown-value"): message(
        "In deze taal zijn er geen documenten. Kies een taal uit de lijst."
    ),
    ("statement", "unknown-value"): message(
        "Daarop kan niet worden gefilterd. Kies besluit, actie, vraag of citaat."
    ),
    ("saidBy", "unknown-value"): message("Van wie zo heet, staat er geen uitspraak in de kennisbank."),
    ("municipality", "unknown-value"): message("Deze gemeente wordt in geen document genoemd."),
    ("province", "unknown-value"): message("Deze provincie wordt in geen document genoemd."),
    ("document", "unknown-value"): message("Dit document staat niet (meer) in de kennisbank."),
    ("dateFrom", "out-of-range"): message("De datum bij ‘Van’ ligt na de datum bij ‘Tot en met’."),
    ("groupBy", "unknown-value"): message(
        "Zo kan niet worden gegroepeerd. Het kan per document of per bijeenkomst."
    ),
    ("page", "invalid"): message("Deze bladzijde met passages bestaat niet."),
}
_PROBLEMS = {
    401: (
        message("Hier hebt u een sleutel voor nodig"),
        message(
            "Log in met uw sleutel. Hebt u er geen, vraag er dan een aan de beheerder van deze kennisbank."
        ),
    ),
    403: (
        message("Dat mag u hier niet"),
        message("Vraag de beheerder van deze kennisbank om een sleutel waarmee dit mag."),
    ),
    429: (
        message("Het gaat even te snel"),
        message("Vanaf uw adres komen te veel verzoeken tegelijk. Wacht een minuut en probeer het opnieuw."),
    ),
    404: (
        message("Deze bladzijde bestaat niet"),
        message("Misschien is het document verplaatst of staat het niet meer in de kennisbank."),
    ),
    405: (message("Dit kan hier niet"), message("Deze bladzijde is alleen om te lezen.")),
    451: (
        message("Het origineel van dit stuk is niet in te zien"),
        message(
            "Er staat een naam in die niet meer mag worden getoond. De tekst is wel te lezen: daarin is de "
            "naam onleesbaar gemaakt."
        ),
    ),
    500: (
        message("Er ging iets mis"),
        message("De fout ligt bij ons en is vastgelegd. Probeer het over een paar minuten opnieuw."),
    ),
    503: (
        message("De kennisbank kan nog niet antwoorden"),
        message(
            "Probeer het over een minuut opnieuw. Blijft dit zo, waarschuw dan de beheerder van deze "
            "kennisbank."
        ),
    ),
}


class Words:
    """The words of one language."""

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language_code = language
        self.translations = translations

    def gettext(self, text: str) -> str:
        """A message in this language."""
        return self.translations.gettext(text)

    def count(self, number: int, one: str, many: str) -> str:
        """A number with its noun: "1 passage", "1.234 passages"."""
        return f"{self.thousands(number)} {self.translations.ngettext(one, many, number)}"

    def thousands(self, number: int) -> str:
        """A number with its thousands set apart."""
        return format_decimal(number, locale=self.language_code)

    def share(self, number: float) -> str:
        """A share within 0 and 1 as a percentage to a tenth: "2,9%"."""
        return format_percent(number, "0.#%", locale=self.language_code)

    def date(self, day: dt.date) -> str:
        """A date in full: "7 november 2024"."""
        return format_date(day, "d MMMM y", locale=self.language_code)

    def month(self, written: str) -> str:
        """A month in full: "november 2026" for "2026-11"."""
        return format_date(dt.date.fromisoformat(f"{written}-01"), "MMMM y", locale=self.language_code)

    def moment(self, at: dt.datetime) -> str:
        """A moment to the minute, in the time of the machine: "7 november 2024, 14:05"."""
        return format_datetime(at.astimezone(), "d MMMM y, HH:mm", locale=self.language_code)

    def day(self, record: DocumentRecord) -> str:
        """The date of a document: certain, else as it was written, else that it is not known."""
        if record.date:
            return self.date(record.date)
        return record.date_text or self.gettext("datum onbekend")

    def age(self, day: dt.date | None, today: dt.date | None = None) -> str:
        """How long ago a day is, in whole years: "7 jaar oud"; "" in its first year and without a date."""
        if day is None:
            return ""
        years = int(((today or dt.datetime.now().astimezone().date()) - day).days / _DAYS_A_YEAR)
        return self.count(years, "jaar oud", "jaar oud") if years > 0 else ""

    def kind(self, value: Kind) -> str:
        """A kind as a label."""
        return self.gettext(KINDS[value])

    def statement(self, value: StatementKind) -> str:
        """Statements of a kind as a label."""
        return self.gettext(STATEMENTS[value])

    def relevance(self, value: Label) -> str:
        """A relevance as a word."""
        return self.gettext(_LABELS[value])

    def suggestion(self, value: SuggestionKind) -> str:
        """What a suggestion is, in a word; "" for words that are often used."""
        return self.gettext(_SUGGESTIONS[value]) if _SUGGESTIONS[value] else ""

    def language(self, code: str) -> str:
        """A language by its name; its code where we have none."""
        return self.gettext(_LANGUAGES[code]) if code in _LANGUAGES else code

    def place(self, locator: Locator) -> str:
        """Where a passage stands, as a reader would cite it: "dia 12, notities"; "" without a place."""
        return dutch.place(locator, self.gettext)

    def extension(self, source: str) -> str:
        """The format of a file as people name it: "PDF"."""
        return PurePosixPath(source).suffix.removeprefix(".").upper() or self.gettext("bestand")

    def size(self, number: int) -> str:
        """A size in bytes, to two figures: "1,2 MB", "34 kB"."""
        units = ["bytes", "kB", "MB", "GB"]
        value, unit = float(number), units.pop(0)
        while value >= 1000 and units:
            value, unit = value / 1000, units.pop(0)
        shown = "0.#" if value < 10 and unit != "bytes" else "0"
        return f"{format_decimal(value, shown, locale=self.language_code)}{_FIXED}{unit}"

    def milliseconds(self, seconds: float) -> str:
        """How long something took: "45 ms"; from a second on "1,2 s"."""
        if seconds >= 1:
            return f"{format_decimal(seconds, '0.0', locale=self.language_code)}{_FIXED}s"
        return f"{max(1, round(seconds * 1000))}{_FIXED}ms"

    def fault(self, found: Fault) -> str:
        """What is wrong with what was filled in, and what to do."""
        name = self.gettext(_FIELDS.get(found.location, found.location))
        if found.code == "not-a-date":
            text = self.gettext(
                "De datum bij ‘%(name)s’ bestaat niet. Schrijf hem als jaar-maand-dag: 2024-11-07."
            )
        elif (found.location, found.code) in _FAULTS:
            text = self.gettext(_FAULTS[found.location, found.code])
        else:
            text = self.gettext("De waarde bij ‘%(name)s’ kan niet worden gebruikt.")
        return text.replace("%(name)s", name)

    def problem(self, found: Problem) -> tuple[str, str]:
        """A problem as a heading and a sentence that says what to do."""
        general = (
            message("Dit verzoek kon niet worden uitgevoerd"),
            message("Ga terug naar de beginpagina en probeer het opnieuw."),
        )
        heading, advice = _PROBLEMS.get(found.status, general)
        return self.gettext(heading), self.gettext(advice)


def catalogues() -> Mapping[str, Words]:
    """The words of every language, Dutch first. Reads the catalogue of each other one."""
    found = {DUTCH: Words(DUTCH, NullTranslations())}
    for file in sorted(LOCALES.glob("*/LC_MESSAGES/kennisbank.po")):
        language = file.parent.parent.name
        found[language] = Words(language, _translations(file, language))
    return MappingProxyType(found)


def _translations(file: Path, language: str) -> Translations:
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, charset="utf-8")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
