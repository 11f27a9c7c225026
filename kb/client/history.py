"""What the service answers of meetings and themes; see `kb.client.answers`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import Field

from kb.client.answers import Answer, DocumentName, Event, PageLinks


class EventLinks(Answer):
    """Where a meeting, its page and its passages are, relative to the service: see `Client.url`."""

    self_: str = Field(alias="self")
    page: str
    passages: str


class EventInList(Event):
    """A meeting in a list. `date_text` is its date as a document has it where that is not certain;
    `document_counts` says how many documents it has of each kind."""

    date_text: str | None
    document_counts: Mapping[str, int]
    links: EventLinks


class EventsAnswer(Answer):
    """A page of meetings, the latest first, and how many there are in all."""

    total: int
    limit: int
    offset: int
    generation: str
    links: PageLinks
    events: tuple[EventInList, ...]


class EventPerson(Answer):
    """Somebody who spoke at a meeting; role and organisation where a text tells them."""

    name: str
    role: str | None
    organisation: str | None
    quotations: int


class NamedMunicipality(Answer):
    """A municipality that the documents of a meeting name, by its code of Statistics Netherlands."""

    code: str
    name: str
    passages: int
    documents: int


class EventDocuments(Answer):
    """The documents of a meeting by kind: reports, slides, papers and others."""

    verslag: tuple[DocumentName, ...]
    presentatie: tuple[DocumentName, ...]
    paper: tuple[DocumentName, ...]
    overig: tuple[DocumentName, ...]


class StatementCounts(Answer):
    """How many quotations, decisions, actions and questions there are; what several documents have word for
    word counts once."""

    citaat: int
    besluit: int
    actie: int
    vraag: int


class EventDetails(EventInList):
    """A meeting with its documents, how many statements there are of each kind, who spoke, and the
    municipalities that are named."""

    documents: EventDocuments
    statements: StatementCounts
    people: tuple[EventPerson, ...]
    municipalities: tuple[NamedMunicipality, ...]


class ThemeLinks(Answer):
    """Where a theme's timeline, passages and page are, relative to the service: see `Client.url`."""

    timeline: str
    passages: str
    page: str


class ThemeDetails(Answer):
    """A theme with the numbers of its passages and documents; `defined` in the file of themes, or else named
    by metadata of documents alone."""

    id: str
    name: str
    description: str
    queries: tuple[str, ...]
    defined: bool
    passages: int
    documents: int
    links: ThemeLinks


class ThemesAnswer(Answer):
    """The themes, those of the file first."""

    generation: str
    themes: tuple[ThemeDetails, ...]


class ThemeSuggestion(Answer):
    """A subject that the documents come back to and that is no theme yet."""

    name: str
    queries: tuple[str, ...]
    passages: int
    documents: int
    first_year: int | None
    last_year: int | None


class ThemeSuggestionsAnswer(Answer):
    """What could be a theme; not `complete` for some seconds after it is first asked of an index."""

    generation: str
    complete: bool
    suggestions: tuple[ThemeSuggestion, ...]


class YearLinks(Answer):
    """Where the passages of a year are, relative to the service; None for what has no certain date."""

    passages: str | None


class TimelineYear(Answer):
    """What there is of a theme in a year; `year` is None for what has no certain date.

    `share` is that of the year's passages that are about it, None in a year without any; `small` where the
    numbers are too few to tell anything by.
    """

    year: int | None
    passages: int
    documents: int
    events: int
    all_passages: int
    share: float | None
    small: bool
    links: YearLinks


class ThemeMention(Answer):
    """The first or last document with a certain date that is about a theme."""

    date: dt.date
    document: DocumentName


class TimelineAnswer(Answer):
    """A theme over the years, the first one first; what has no certain date is counted apart."""

    generation: str
    theme: ThemeDetails
    years: tuple[TimelineYear, ...]
    undated: TimelineYear
    first_mention: ThemeMention | None
    last_mention: ThemeMention | None
