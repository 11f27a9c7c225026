"""What the pages say: the Dutch words for kinds, languages, sizes, faults and problems."""

from __future__ import annotations

from pathlib import PurePosixPath

from api.problems import Fault, Problem
from kb import dutch
from kb.documents import Kind
from kb.index import DocumentRecord

KINDS = {
    Kind.VERSLAG: "Verslag",
    Kind.PRESENTATIE: "Presentatie",
    Kind.PAPER: "Paper",
    Kind.OVERIG: "Overig",
}
# A space at which no line is broken, between a number and its unit.
_FIXED = "\N{NO-BREAK SPACE}"
_LANGUAGES = {"nl": "Nederlands", "en": "Engels", "de": "Duits", "fr": "Frans", "fy": "Fries"}
_FIELDS = {
    "kind": "Soort",
    "event": "Bijeenkomst",
    "language": "Taal",
    "document": "Document",
    "dateFrom": "Van",
    "dateTo": "Tot en met",
    "groupBy": "Groeperen",
    "page": "Bladzijde",
}
_FAULTS = {
    ("q", "empty"): "Typ eerst waar u naar zoekt.",
    ("q", "too-long"): "Uw zoekvraag is te lang. Gebruik hoogstens 1.000 tekens.",
    ("q", "control-characters"): "In uw zoekvraag staan onzichtbare besturingstekens. Typ de vraag opnieuw.",
    ("kind", "unknown-value"): "Deze soort bestaat niet. Kies een soort uit de lijst.",
    ("event", "unknown-value"): "Deze bijeenkomst staat niet in de kennisbank. Kies er een uit de lijst.",
    ("language", "unknown-value"): "In deze taal zijn er geen documenten. Kies een taal uit de lijst.",
    ("document", "unknown-value"): "Dit document staat niet (meer) in de kennisbank.",
    ("dateFrom", "out-of-range"): "De datum bij ‘Van’ ligt na de datum bij ‘Tot en met’.",
    ("groupBy", "unknown-value"): "Zo kan niet worden gegroepeerd. Het kan alleen per document.",
    ("page", "invalid"): "Deze bladzijde met passages bestaat niet.",
}
_PROBLEMS = {
    401: (
        "Lezen kan hier alleen met een sleutel",
        "Een browser stuurt geen sleutel mee. Vraag de beheerder van deze kennisbank waar u kunt zoeken.",
    ),
    403: (
        "Met deze sleutel kunt u niet lezen",
        "Vraag de beheerder van deze kennisbank om een sleutel waarmee u mag zoeken.",
    ),
    429: (
        "Het gaat even te snel",
        "Vanaf uw adres komen te veel verzoeken tegelijk. Wacht een minuut en probeer het opnieuw.",
    ),
    404: (
        "Deze bladzijde bestaat niet",
        "Misschien is het document verplaatst of staat het niet meer in de kennisbank.",
    ),
    405: ("Dit kan hier niet", "Deze bladzijde is alleen om te lezen."),
    500: (
        "Er ging iets mis",
        "De fout ligt bij ons en is vastgelegd. Probeer het over een paar minuten opnieuw.",
    ),
    503: (
        "De kennisbank kan nog niet antwoorden",
        "Probeer het over een minuut opnieuw. Blijft dit zo, waarschuw dan de beheerder van deze kennisbank.",
    ),
}


def kind(value: Kind) -> str:
    """A kind as a label."""
    return KINDS[value]


def language(code: str) -> str:
    """A language by its Dutch name; its code where we have none."""
    return _LANGUAGES.get(code, code)


def day(record: DocumentRecord) -> str:
    """The date of a document: certain, else as it was written, else that it is not known."""
    if record.date:
        return dutch.date(record.date)
    return record.date_text or "datum onbekend"


def extension(source: str) -> str:
    """The format of a file as people name it: "PDF"."""
    return PurePosixPath(source).suffix.removeprefix(".").upper() or "bestand"


def size(number: int) -> str:
    """A size in bytes, to two figures: "1,2 MB", "34 kB"."""
    units = ["bytes", "kB", "MB", "GB"]
    value, unit = float(number), units.pop(0)
    while value >= 1000 and units:
        value, unit = value / 1000, units.pop(0)
    text = f"{value:.1f}" if value < 10 and unit != "bytes" else f"{value:.0f}"
    return f"{text.removesuffix('.0').replace('.', ',')}{_FIXED}{unit}"


def milliseconds(seconds: float) -> str:
    """How long something took: "45 ms"; from a second on "1,2 s"."""
    if seconds >= 1:
        return f"{seconds:.1f}{_FIXED}s".replace(".", ",")
    return f"{max(1, round(seconds * 1000))}{_FIXED}ms"


def fault(found: Fault) -> str:
    """What is wrong with what was filled in, and what to do."""
    if found.code == "not-a-date":
        name = _FIELDS.get(found.location, found.location)
        return f"De datum bij ‘{name}’ bestaat niet. Schrijf hem als jaar-maand-dag: 2024-11-07."
    general = f"De waarde bij ‘{_FIELDS.get(found.location, found.location)}’ kan niet worden gebruikt."
    return _FAULTS.get((found.location, found.code), general)


def problem(found: Problem) -> tuple[str, str]:
    """A problem as a heading and a sentence that says what to do."""
    general = (
        "Dit verzoek kon niet worden uitgevoerd",
        "Ga terug naar de beginpagina en probeer het opnieuw.",
    )
    return _PROBLEMS.get(found.status, general)
