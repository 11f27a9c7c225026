"""Documents that need attention, by what is the matter with them, as the report of a build tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from api.pages.words import Words, message
from kb import dutch
from kb.index import DocumentRecord
from kb.reports import BuildReport, FileReport

# Gaps that leave a reader without words that stand in the document.
_WITHOUT_TEXT = frozenset({"no-text-layer", "picture", "picture-only", "ocr-failed"})
# The codes of files that are left out for their content, where a reader's English details would help nobody.
_TOLD = frozenset({"sidecar"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """A file by its path, with the document of it where it is in the index. `told`: what is the matter;
    `details`: the same in the reader's own English words; `like`: the document that it resembles."""

    path: str
    document: DocumentRecord | None = None
    told: str = ""
    details: str = ""
    like: ItemView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that may be the matter, with the files that it is the matter with. `advice`: what to do."""

    name: str
    heading: str
    advice: str
    files: Sequence[ItemView]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """The files of a report, and the documents of them that are in the index."""

    documents: dict[str, DocumentRecord]
    words: Words

    @classmethod
    def of(cls, records: Iterable[DocumentRecord], words: Words) -> Self:
        return cls(documents={record.source: record for record in records}, words=words)

    def item(self, path: str, *, told: str = "", details: str = "", like: ItemView | None = None) -> ItemView:
        return ItemView(
            path=dutch.printable(path),
            document=self.documents.get(path),
            told=told,
            details=details,
            like=like,
        )

    def left_out(self, file: FileReport) -> ItemView:
        code = file.code or ""
        details = dutch.printable(file.message or "") if code in _TOLD else ""
        return self.item(file.path, told=dutch.reason_in_short(code, self.words.gettext), details=details)

    def with_gaps(self, report: BuildReport, wanted: Callable[[str], bool]) -> list[ItemView]:
        """The files that were read, with what was not read of them."""
        found = []
        for file in report.files:
            gaps = [(gap.code, gap.page) for gap in file.gaps if wanted(gap.code)]
            if gaps and file.status == "read":
                found.append(self.item(file.path, told=dutch.gaps(gaps, self.words.count)))
        return found


_HEADINGS = {
    "niet-opgenomen": (
        message("Niet opgenomen"),
        message("Deze bestanden zijn niet te vinden. Los op wat eraan scheelt en bouw de index opnieuw."),
    ),
    "zonder-tekst": (
        message("Zonder leesbare tekst"),
        message(
            "Van deze stukken is een deel niet te doorzoeken: het is een afbeelding of een scan. Vervang ze "
            "als dat kan door een bestand met tekst."
        ),
    ),
    "zonder-datum": (
        message("Zonder zekere datum"),
        message(
            "Deze stukken vallen buiten elke periode. Zet de datum in de bestandsnaam, bijvoorbeeld "
            "2024-11-07 verslag.pdf, of in een YAML-bestand ernaast."
        ),
    ),
    "vrijwel-gelijk": (
        message("Vrijwel gelijk aan een ander stuk"),
        message(
            "Zoeken toont van gelijke passages er één. Haal weg wat dubbel is, of laat staan wat hoort te "
            "blijven."
        ),
    ),
    "met-opmerking": (
        message("Gelezen met een opmerking"),
        message(
            "Deze stukken zijn te vinden, maar niet alles ging vanzelf. Na tekstherkenning van een scan "
            "kunnen er leesfouten in staan."
        ),
    ),
}


def matters(report: BuildReport, records: Iterable[DocumentRecord], words: Words) -> list[Matter]:
    """Everything that may be the matter, also what is the matter with no document, the worst first."""
    files = _Files.of(records, words)
    found = {
        "niet-opgenomen": [files.left_out(file) for file in report.left_out],
        "zonder-tekst": files.with_gaps(report, lambda code: code in _WITHOUT_TEXT),
        "zonder-datum": [files.item(path) for path in report.undated],
        "vrijwel-gelijk": [files.item(path, like=files.item(like)) for path, like in report.near_duplicates],
        "met-opmerking": files.with_gaps(report, lambda code: code not in _WITHOUT_TEXT),
    }
    return [
        Matter(name=name, heading=words.gettext(heading), advice=words.gettext(advice), files=found[name])
        for name, (heading, advice) in _HEADINGS.items()
    ]
