"""The hits of a query in one document, in the order of its text: those before and after a passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from api.pages.quotes import PlaceView, Spans
from kb.documents import Locator, Passage
from kb.hits import Hit
from kb.index import DocumentRecord, Filter
from kb.knowledge_base import KnowledgeBase
from kb.relevance import Label, label
from kb.search_request import query_faults

# Every passage of a document has some score; of the lesser ones a reader would not see why they are hits.
_MOST_HITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """The hits of `query` in one document; `number` is that of the hit that is shown, from 1, if it is one.

    `previous` and `next` are the hits before and after what is shown, `here` is the passage that is.
    """

    query: str
    total: int = 0
    number: int | None = None
    previous: PlaceView | None = None
    next: PlaceView | None = None
    highlights: Mapping[str, Spans] = field(default_factory=dict)
    places: frozenset[int] = frozenset()
    here: Passage | None = None

    @classmethod
    def of(
        cls, knowledge_base: KnowledgeBase, record: DocumentRecord, query: str, shown: Passage | int | None
    ) -> Self | None:
        """The hits in a document, as seen from one of its passages or from the first hit on one of its pages.

        None for what cannot be asked.
        """
        if query_faults(query):
            return None
        found = knowledge_base.search(
            query, filter=Filter(documents=frozenset({record.id})), limit=_MOST_HITS
        )
        hits = sorted(filter(_is_clear, found.found.hits), key=lambda hit: hit.passage.ordinal)
        here = shown if isinstance(shown, Passage) else _first_on(shown, hits)
        before = [hit for hit in hits if _is_before(hit.passage, here or shown)]
        after = [hit for hit in hits[len(before) :] if here is None or hit.passage.id != here.id]
        return cls(
            query=query,
            total=len(hits),
            number=len(before) + 1 if len(before) + len(after) < len(hits) else None,
            previous=PlaceView.of(before[-1].passage, record, query) if before else None,
            next=PlaceView.of(after[0].passage, record, query) if after else None,
            here=here,
            highlights={hit.passage.id: hit.highlights for hit in found.found.hits},
            places=frozenset(filter(None, (number_of(hit.passage.locator) for hit in hits))),
        )


def number_of(locator: Locator) -> int | None:
    """The number of the page or slide of a place; None in a document without."""
    return locator.slide if locator.slide is not None else locator.page


def _first_on(number: int | None, hits: Sequence[Hit]) -> Passage | None:
    """The first hit on a page or slide."""
    found = (hit.passage for hit in hits if number is not None and number_of(hit.passage.locator) == number)
    return next(found, None)


def _is_before(passage: Passage, shown: Passage | int | None) -> bool:
    if isinstance(shown, Passage):
        return passage.ordinal < shown.ordinal
    return shown is not None and (number_of(passage.locator) or 0) < shown


def _is_clear(hit: Hit) -> bool:
    """Whether a reader sees why a passage is a hit: by its words, or because it is likely to answer."""
    return bool(hit.highlights) or (hit.relevance is not None and label(hit.relevance) is not Label.NONE)
