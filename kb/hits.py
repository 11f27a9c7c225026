"""What a search finds: hits, the other places of their words, and pages of them. No ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kb.documents import Passage
from kb.index import DocumentRecord, PassageRecord
from kb.index.labels import Told


class GroupBy(StrEnum):
    """What hits are taken together by. A document without an event is a group of its own."""

    DOCUMENT = "document"
    EVENT = "event"


class Sort(StrEnum):
    """What order hits stand in: the best first, or of the best ones the newest first and the undated last."""

    RELEVANCE = "relevance"
    DATE = "date"


class Facet(StrEnum):
    """By what hits can be counted; each is the name of a filter as well."""

    KIND = "kind"
    YEAR = "year"
    EVENT = "event"
    LANGUAGE = "language"
    SPEAKER = "speaker"
    HOST = "host"
    THEME = "theme"
    MUNICIPALITY = "municipality"
    PROVINCE = "province"
    STATEMENT = "statement"
    SAID_BY = "saidBy"


class SecondStage(StrEnum):
    """What ordered the first passages again; timed out or off, they stand in the order of the first stage."""

    LATE_INTERACTION = "lateInteraction"
    CROSS_ENCODER = "crossEncoder"
    TIMED_OUT = "timedOut"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which hits are asked for, and in what order: `limit` of them after the first `offset`, one a group if
    so grouped.

    Passages of less than `min_relevance` are no hits. `facets` are counted over all hits.
    """

    offset: int = 0
    limit: int = 10
    group_by: GroupBy | None = None
    sort: Sort = Sort.RELEVANCE
    min_relevance: float | None = None
    facets: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Another place where a hit's words stand: just so, case and punctuation aside, or nearly."""

    document: DocumentRecord
    passage: Passage
    is_identical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherPassage:
    """Another passage that was found in the group of a hit; its fields as in `Hit`."""

    score: float
    passage: Passage
    document: DocumentRecord
    relevance: float | None = None
    highlights: tuple[tuple[int, int], ...] = ()
    told: Told = field(default_factory=Told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage in the answer to a query.

    `rank` counts from 1 over all hits of the query. `score` compares passages within it and means nothing
    beyond. `relevance` estimates within 0 and 1 how likely it is that the passage answers the query; None
    from a single retriever. `highlights` are [start, end) offsets of matching words in the passage's text,
    `best_sentence` those of the sentence that fits best. `also_in` are the first of the `also_in_total`
    other places of its words, `further` the next best passages of its group, where hits are grouped. `told`
    is what the passage states and which places it names.
    """

    rank: int
    score: float
    passage: Passage
    document: DocumentRecord
    relevance: float | None = None
    highlights: tuple[tuple[int, int], ...] = ()
    best_sentence: tuple[int, int] | None = None
    also_in: tuple[Place, ...] = ()
    also_in_total: int = 0
    further: tuple[FurtherPassage, ...] = ()
    told: Told = field(default_factory=Told)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value as a filter takes it and as a reader calls it, and the number of hits that have it."""

    value: str
    name: str
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits and how many there are of the query in all: groups, where grouped.

    `best` is the relevance of the passage that fits the query best, whatever order the hits stand in and
    however relevant they must be; None without any, and from a single retriever. `first` are the passages
    that fit it best, the best one first: an answer is chosen from them.
    """

    total: int
    second_stage: SecondStage
    best: float | None = None
    facets: Mapping[Facet, tuple[FacetValue, ...]] = field(default_factory=dict)
    hits: tuple[Hit, ...] = ()
    first: tuple[PassageRecord, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPassage:
    """A passage that says much the same as another: `similarity` is their vectors' cosine, within 0 and 1."""

    similarity: float
    passage: Passage
    document: DocumentRecord
    told: Told = field(default_factory=Told)
    also_in: tuple[Place, ...] = ()
    also_in_total: int = 0
