"""Documents as somebody would cite them: where they can be read, and where in them something was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb import dutch
from kb.documents import Kind, Locator, Passage
from kb.hits import Hit
from kb.index import DocumentRecord
from kb.permalinks import Permalink


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document, where it can be read ("" when that is not known), and the places that were found in it."""

    document: DocumentRecord
    link: str
    places: tuple[Locator, ...] = ()

    @property
    def authors(self) -> tuple[str, ...]:
        """Who made it: the speakers of slides and papers. Those of a report are whom it tells of."""
        return self.document.speakers if self.document.kind in (Kind.PRESENTATIE, Kind.PAPER) else ()

    @property
    def where(self) -> str:
        """The places as a reader would cite them: "p. 4; p. 7"; "" without any."""
        return "; ".join(dict.fromkeys(filter(None, map(dutch.place, self.places))))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a list of literature has no field for, in Dutch sentences."""
        document, found = self.document, []
        if self.where:
            found.append(f"Vindplaats: {self.where}")
        if document.speakers and not self.authors:
            found.append(f"Sprekers: {', '.join(document.speakers)}")
        if document.date_text and not document.date:
            found.append(f"Datum zoals vermeld: {document.date_text}")
        return (*found, f"Bestand: {document.source}")


@dataclass(frozen=True, slots=True)
class Links:
    """Where a service shows documents: its address without a slash at the end, or "" when it is not known."""

    address: str = ""

    def document(self, document_id: str) -> str:
        """The page with a document's text."""
        return f"{self.address}/documenten/{document_id}" if self.address else ""

    def passage(self, passage: Passage) -> str:
        """The permanent link to a passage, which leads to that page."""
        return f"{self.address}{Permalink.to(passage).path}" if self.address else ""

    def source(self, record: DocumentRecord, places: Sequence[Locator] = ()) -> Source:
        """A document to be cited."""
        return Source(document=record, link=self.document(record.id), places=tuple(places))


def sources_of(hits: Sequence[Hit], links: Links) -> list[Source]:
    """The documents that hits stand in, each once, in the order of the first of them."""
    records: dict[str, DocumentRecord] = {}
    places: dict[str, list[Locator]] = {}
    for hit in hits:
        found = [(hit.document, hit.passage), *((more.document, more.passage) for more in hit.further)]
        for record, passage in found:
            records.setdefault(record.id, record)
            places.setdefault(record.id, []).append(passage.locator)
    return [links.source(record, places[identifier]) for identifier, record in records.items()]
