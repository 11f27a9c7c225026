"""What a search finds: hits, the other places of their words, and pages of them. No ranking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kb.documents import Passage
from kb.index import DocumentRecord


class GroupBy(StrEnum):
    """What hits are taken together by."""

    DOCUMENT = "document"


class SecondStage(StrEnum):
    """What ordered the first passages again; timed out or off, they stand in the order of the first stage."""

    LATE_INTERACTION = "lateInteraction"
    CROSS_ENCODER = "crossEncoder"
    TIMED_OUT = "timedOut"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which hits are asked for: `limit` of them after the first `offset`, one a document if so grouped."""

    offset: int = 0
    limit: int = 10
    group_by: GroupBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Another place where a hit's words stand: just so, case and punctuation aside, or nearly."""

    document: DocumentRecord
    passage: Passage
    is_identical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherPassage:
    """Another passage that was found in the document of a hit; its fields as in `Hit`."""

    score: float
    passage: Passage
    relevance: float | None = None
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage in the answer to a query.

    `rank` counts from 1 over all hits of the query. `score` compares passages within it and means nothing
    beyond. `relevance` estimates within 0 and 1 how likely it is that the passage answers the query; None
    from a single retriever. `highlights` are [start, end) offsets of matching words in the passage's text,
    `best_sentence` those of the sentence that fits best. `further` are the next best passages of the
    document, where hits are grouped by it.
    """

    rank: int
    score: float
    passage: Passage
    document: DocumentRecord
    relevance: float | None = None
    highlights: tuple[tuple[int, int], ...] = ()
    best_sentence: tuple[int, int] | None = None
    also_in: tuple[Place, ...] = ()
    further: tuple[FurtherPassage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits and how many there are of the query in all: documents, where grouped by it."""

    total: int
    second_stage: SecondStage
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPassage:
    """A passage that says much the same as another: `similarity` is their vectors' cosine, within 0 and 1."""

    similarity: float
    passage: Passage
    document: DocumentRecord
    also_in: tuple[Place, ...] = ()
