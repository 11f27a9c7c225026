"""What a search finds: hits, the other places of their words, and pages of them. No ranking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kb.documents import Passage
from kb.index import DocumentRecord


class GroupBy(StrEnum):
    """What hits are taken together by."""

    DOCUMENT = "document"


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
    """Another passage that was found in the document of a hit; `score` and `highlights` as in `Hit`."""

    score: float
    passage: Passage
    highlights: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage in the answer to a query.

    `rank` counts from 1 over all hits of the query. `score` compares passages within it and means nothing
    beyond. `highlights` are [start, end) offsets of matching words in the passage's text. `further` are
    the next best passages of the document, where hits are grouped by it.
    """

    rank: int
    score: float
    passage: Passage
    document: DocumentRecord
    highlights: tuple[tuple[int, int], ...] = ()
    also_in: tuple[Place, ...] = ()
    further: tuple[FurtherPassage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """One page of hits and how many there are of the query in all: documents, where grouped by it."""

    total: int
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarPassage:
    """A passage that says much the same as another: `similarity` is their vectors' cosine, within 0 and 1."""

    similarity: float
    passage: Passage
    document: DocumentRecord
    also_in: tuple[Place, ...] = ()
