"""From what an assistant asks to what the knowledge base holds. Raises the errors of the knowledge base."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb import documents as nouns
from kb import dutch
from kb.assistants import shapes
from kb.assistants.links import Links
from kb.assistants.wording import line
from kb.hits import Hit, Place
from kb.index import DocumentRecord, Filter
from kb.index.labels import StatementRecord
from kb.knowledge_base import KnowledgeBase
from kb.milestones import in_dutch
from kb.relevance import label

# Characters of text in one part of a document: some 3,000 tokens of a language model.
PART = 12_000
_ANSWERED = "Noem bij elk citaat de bronvermelding en de link."
_NOT_ANSWERED = (
    "De kennisbank heeft waarschijnlijk geen antwoord op deze vraag. Zeg dat, en vul het niet zelf in; "
    "zoek eventueel nog eens met andere woorden."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one request may read, at one generation, and where its links lead."""

    knowledge_base: KnowledgeBase
    url: str | None = None

    @property
    def _links(self) -> Links:
        return Links(url=self.url, corpus=self.knowledge_base.manifest().corpus)

    def search(self, query: str, *, filter: Filter, limit: int) -> shapes.SearchResult:
        """The passages that answer a query best."""
        answered = self.knowledge_base.search(query, filter=filter, limit=limit)
        found = answered.found.hits
        links = self._links
        notes = [_ANSWERED if answered.is_answered else _NOT_ANSWERED]
        if answered.asked.period:
            notes.append(f"Stukken uit de tijd van «{answered.asked.period.text}» staan vooraan.")
        if answered.timeliness:
            notes.append(in_dutch(answered.timeliness))
        notes += [
            f"«{word}» komt nergens voor; er is ook gezocht op «{suggestion}»."
            for word, suggestion in answered.asked.corrections
        ]
        return shapes.SearchResult(
            query=answered.query,
            is_answered=answered.is_answered,
            note=" ".join(notes),
            total=answered.found.total,
            hits=[_hit(hit, links) for hit in found],
        )

    def passage(self, passage_id: str) -> shapes.PassageInContext:
        """A passage with what stands before and after it."""
        found = self.knowledge_base.passage(passage_id)
        links = self._links
        return shapes.PassageInContext(
            passage=_passage(found.passage, found.document, links),
            before=_neighbour(found.previous, found.document, links),
            after=_neighbour(found.next, found.document, links),
        )

    def document(self, document_id: str, *, page: int) -> shapes.DocumentPage:
        """One part of a document, the last one when there are fewer."""
        record = self.knowledge_base.document(document_id)
        links = self._links
        parts = list(_parts(self.knowledge_base.passages_of(document_id)))
        page = min(page, len(parts))
        return shapes.DocumentPage(
            source=_source(record),
            place=record.place,
            host=record.host,
            link=links.document(record),
            citation=citation(record),
            page=page,
            pages=len(parts),
            passages=[_read(passage, record, links) for passage in parts[page - 1]],
        )

    def events(self, *, year: int | None, words: str, limit: int, offset: int) -> shapes.Events:
        """Meetings, newest first and undated last, of which something holds all of `words`."""
        meetings: dict[nouns.Event, list[DocumentRecord]] = {}
        for record in self.knowledge_base.documents():
            if record.event:
                meetings.setdefault(record.event, []).append(record)
        found = [event for event in meetings if _is_meant(event, year, words)]
        found.sort(key=lambda event: event.name)
        found.sort(key=lambda event: event.date or dt.date.min, reverse=True)
        shown = found[offset : offset + limit]
        return shapes.Events(
            total=len(found),
            offset=offset,
            next_offset=offset + limit if offset + limit < len(found) else None,
            events=[_event(event, meetings[event]) for event in shown],
        )


def citation(record: DocumentRecord, place: str = "") -> str:
    """A source in one line: title, meeting, date, place."""
    day = dutch.date(record.date) if record.date else record.date_text or "datum onbekend"
    event = record.event.name if record.event and record.event.name != record.title else ""
    parts = (line(part) for part in (record.title, event, day, place))
    return ", ".join(part for part in parts if part)


def _is_meant(event: nouns.Event, year: int | None, words: str) -> bool:
    told = " ".join(filter(None, (event.name, event.place, event.host, *event.speakers))).casefold()
    is_year = year is None or (event.date is not None and event.date.year == year)
    return is_year and all(word in told for word in words.casefold().split())


def _parts(passages: Sequence[nouns.Passage]) -> Iterator[list[nouns.Passage]]:
    part: list[nouns.Passage] = []
    size = 0
    for passage in passages:
        if part and size + len(passage.text) > PART:
            yield part
            part, size = [], 0
        part.append(passage)
        size += len(passage.text)
    yield part


def _source(record: DocumentRecord) -> shapes.Source:
    return shapes.Source(
        document_id=record.id,
        title=record.title,
        kind=record.kind,
        date=record.date,
        date_text=record.date_text,
        event=record.event.name if record.event else None,
        speakers=list(record.speakers),
        language=record.language,
        path=record.source,
    )


def _passage(passage: nouns.Passage, record: DocumentRecord, links: Links) -> shapes.Passage:
    place = dutch.place(passage.locator)
    return shapes.Passage(
        passage_id=passage.id,
        source=_source(record),
        place=place,
        link=links.passage(passage, record),
        citation=citation(record, place),
        quote=passage.text,
    )


def _hit(hit: Hit, links: Links) -> shapes.Hit:
    return shapes.Hit(
        **dict(_passage(hit.passage, hit.document, links)),
        rank=hit.rank,
        relevance=None if hit.relevance is None else round(hit.relevance, 3),
        relevance_label=None if hit.relevance is None else label(hit.relevance),
        statements=[_statement(one, hit.passage) for one in hit.told.statements],
        places=list(dict.fromkeys(label.name for label in hit.told.places)),
        best_sentence=hit.passage.text[slice(*hit.best_sentence)] if hit.best_sentence else None,
        also_in=[_other(place) for place in hit.also_in],
    )


def _statement(statement: StatementRecord, passage: nouns.Passage) -> shapes.Statement:
    return shapes.Statement(
        kind=statement.kind,
        text=passage.text[statement.start : statement.end],
        speaker=statement.speaker,
        role=statement.role,
        organisation=statement.organisation,
        literal=statement.literal,
    )


def _other(place: Place) -> str:
    nearly = "" if place.is_identical else " (bijna dezelfde woorden)"
    return citation(place.document, dutch.place(place.passage.locator)) + nearly


def _read(passage: nouns.Passage, record: DocumentRecord, links: Links) -> shapes.ReadPassage:
    return shapes.ReadPassage(
        passage_id=passage.id,
        place=dutch.place(passage.locator),
        link=links.passage(passage, record),
        quote=passage.text,
    )


def _neighbour(
    passage: nouns.Passage | None, record: DocumentRecord, links: Links
) -> shapes.ReadPassage | None:
    return _read(passage, record, links) if passage else None


def _event(event: nouns.Event, records: Sequence[DocumentRecord]) -> shapes.Event:
    return shapes.Event(
        event_id=event.id,
        name=event.name,
        date=event.date,
        place=event.place,
        host=event.host,
        speakers=list(event.speakers),
        documents=[
            shapes.EventDocument(
                document_id=record.id, title=record.title, kind=record.kind, date=record.date
            )
            for record in records
        ],
    )
