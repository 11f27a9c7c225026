"""What the service answers a reader, named as in its OpenAPI document.

Names are snake case here and camel case on the wire. None and empty mean: not known. A field that this
version does not know is left out, so that an older client reads a newer service; words that may grow in
number (kind, mode, …) are plain text for the same reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Span = tuple[int, int]


class Answer(BaseModel):
    """What every answer is: frozen, and deaf to what it does not know."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, extra="ignore")


class EventName(Answer):
    """The meeting that a document belongs to."""

    id: str
    name: str


class Event(EventName):
    """A meeting with what is known of it."""

    date: dt.date | None
    place: str | None
    host: str | None
    speakers: tuple[str, ...]


class DocumentName(Answer):
    """A document as a hit names it. `date` is None when it is not certain; `source` is its path."""

    id: str
    title: str
    kind: str
    date: dt.date | None
    event: EventName | None
    language: str | None
    source: str


class Locator(Answer):
    """Where a text stands, as a reader would say it; numbers from 1, None where the format has none."""

    page: int | None
    page_label: str | None
    slide: int | None
    part: str
    headings: tuple[str, ...]
    line: int | None


class Statement(Answer):
    """A quotation, decision, action or question (`kind`: citaat, besluit, actie, vraag) at [start, end) of a
    passage's text. What is not `literal` is the wording of who took the minutes, not that of the speaker."""

    kind: str
    text: str
    start: int
    end: int
    speaker: str | None
    role: str | None
    organisation: str | None
    literal: bool


class PlaceName(Answer):
    """A municipality or province (`kind`) that a passage names, by its code of Statistics Netherlands."""

    code: str
    name: str
    kind: str


class PassageLinks(Answer):
    """Where a passage and its file are, relative to the service: see `Client.url`."""

    self_: str = Field(alias="self")
    file: str
    similar: str


class PageLinks(Answer):
    """This page of a list, the one after it and the one before; None where there is none."""

    self_: str = Field(alias="self")
    next: str | None
    prev: str | None


class OtherPlace(Answer):
    """Another place with the same words, or nearly (`identical` is False)."""

    passage_id: str
    document: DocumentName
    locator: Locator
    identical: bool
    links: PassageLinks


class MorePassage(Answer):
    """Another passage that was found in the document or event of a hit; its fields as in `SearchHit`."""

    passage_id: str
    score: float
    relevance: float | None
    text: str
    highlights: tuple[Span, ...]
    document: DocumentName
    locator: Locator
    statements: tuple[Statement, ...] = ()
    places: tuple[PlaceName, ...] = ()
    links: PassageLinks


class SearchHit(Answer):
    """A passage in the answer to a query.

    `rank` counts from 1 over all hits. `score` compares the passages of one query. `relevance` estimates from
    0 to 1 how likely it is that the passage answers the query, `relevance_label` says so in a word (sterk,
    matig, zwak, geen); both None from a single retriever. `highlights` and `best_sentence` are [start, end)
    in characters of `text`.
    """

    rank: int
    score: float
    relevance: float | None
    relevance_label: str | None
    text: str
    highlights: tuple[Span, ...]
    best_sentence: Span | None
    passage_id: str
    document: DocumentName
    locator: Locator
    statements: tuple[Statement, ...] = ()
    places: tuple[PlaceName, ...] = ()
    also_in: tuple[OtherPlace, ...]
    also_in_total: int
    more_passages: tuple[MorePassage, ...]
    links: PassageLinks


class Period(Answer):
    """The period that a query names, and its first and last day."""

    text: str
    first: dt.date
    last: dt.date


class Correction(Answer):
    """A word that no document has, and the one that was searched as well."""

    word: str
    suggestion: str


class Law(Answer):
    """A law, or a part of it, and the day from which it holds; None where that is not certain."""

    name: str
    title: str
    part: str | None
    date: dt.date | None


class Timeliness(Answer):
    """How current hits are: the last certain date among them, how many documents have none, and the laws
    after that date, to come, and of a day not certain. `text` says it in Dutch."""

    text: str
    today: dt.date
    newest: dt.date | None
    undated: int
    later: tuple[Law, ...]
    coming: tuple[Law, ...]
    unsure: tuple[Law, ...]


class FacetValue(Answer):
    """A value of a filter: how it is asked for, how it is called, and how many hits have it."""

    value: str
    name: str
    count: int


class SearchAnswer(Answer):
    """One page of the hits of a query, and how many there are in all; with facets, over all of them."""

    query: str
    mode: str
    group_by: str | None
    sort: str
    total: int
    limit: int
    offset: int
    took_ms: float
    generation: str
    period: Period | None
    corrections: tuple[Correction, ...]
    second_stage: str
    facets: Mapping[str, tuple[FacetValue, ...]]
    timeliness: Timeliness | None
    links: PageLinks | None
    hits: tuple[SearchHit, ...]


class Sentence(Answer):
    """A sentence that answers a question, word for word as in its document. The offsets, [start, end), are
    those in the text of its passage and of the document; `rank` is that of its passage."""

    text: str
    passage_offsets: tuple[int, int]
    document_offsets: tuple[int, int]
    rank: int
    passage_id: str
    document: DocumentName
    locator: Locator
    links: PassageLinks


class QuestionAnswer(Answer):
    """The sentences that answer a question, or none: then `passages` are what lies nearest, and no more.

    `reason` is answered, below-threshold, no-quantity or nothing-found; `confidence` is from 0 to 1.
    """

    query: str
    answered: bool
    reason: str
    confidence: float
    sentences: tuple[Sentence, ...]
    limit: int
    took_ms: float
    generation: str
    period: Period | None
    corrections: tuple[Correction, ...]
    second_stage: str
    timeliness: Timeliness | None
    passages: tuple[SearchHit, ...]


class SearchesAnswer(Answer):
    """The answers to several searches, in their order."""

    generation: str
    took_ms: float
    answers: tuple[SearchAnswer, ...]


class SuggestedText(Answer):
    """What may be meant by the beginning of a query, what that is (title, event, speaker, phrase, …), and how
    many documents have it."""

    text: str
    kind: str
    documents: int


class SuggestionsAnswer(Answer):
    """What may be meant by the beginning of a query; not `complete` shortly after a new index."""

    limit: int
    generation: str
    complete: bool
    suggestions: tuple[SuggestedText, ...]


class DocumentLinks(Answer):
    """Where a document is, relative to the service: see `Client.url`."""

    self_: str = Field(alias="self")
    file: str
    page: str


class DocumentDetails(DocumentName):
    """A document with all that is known of it. `date_text` is a date as written that is not certain;
    `access` is open, or members where only they see it; `masked` tells that a name in it must not be read,
    and that its file is not given."""

    date_text: str | None
    event: Event | None
    place: str | None
    host: str | None
    speakers: tuple[str, ...]
    themes: tuple[str, ...]
    access: str
    size: int
    sha256: str
    passages: int
    masked: bool
    links: DocumentLinks


class DocumentsAnswer(Answer):
    """One page of the documents, by path, and how many there are in all."""

    total: int
    limit: int
    offset: int
    generation: str
    links: PageLinks
    documents: tuple[DocumentDetails, ...]


class Neighbour(Answer):
    """The passage before or after one."""

    passage_id: str
    text: str
    locator: Locator
    links: PassageLinks


class PassageDetails(Answer):
    """A passage and its neighbours."""

    passage_id: str
    text: str
    document: DocumentName
    locator: Locator
    statements: tuple[Statement, ...] = ()
    places: tuple[PlaceName, ...] = ()
    previous: Neighbour | None
    next: Neighbour | None
    links: PassageLinks


class SimilarHit(Answer):
    """A passage of another document; `similarity` is the cosine of both, from 0 to 1."""

    similarity: float
    text: str
    passage_id: str
    document: DocumentName
    locator: Locator
    statements: tuple[Statement, ...] = ()
    places: tuple[PlaceName, ...] = ()
    also_in: tuple[OtherPlace, ...]
    also_in_total: int
    links: PassageLinks


class SimilarAnswer(Answer):
    """The passages most like one, most similar first."""

    passage_id: str
    limit: int
    generation: str
    passages: tuple[SimilarHit, ...]


class Health(Answer):
    """How the service is: live or ready."""

    status: str
