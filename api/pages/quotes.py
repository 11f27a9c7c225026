"""Passages as a page shows them: their words, where they stand, and where a click leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from urllib.parse import urlencode

from api.pages.asked import GROUP_BY, SORT, Asked, address, without
from api.pages.excerpts import Span, excerpt
from api.pages.labels import LabelView, labels_of
from api.sources import opens_at_a_page
from kb.documents import Locator, Passage
from kb.hits import FurtherPassage, Hit, Place, SimilarPassage
from kb.index import DocumentRecord
from kb.index.labels import Told
from kb.relevance import Label, label

TRAIL = " \u203a "

Spans = Sequence[Span]


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a passage: the sentence that fits best, or what stands before or after it.

    `segments` are (text, whether it is marked).
    """

    is_best: bool
    segments: tuple[tuple[str, bool], ...]


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A passage's document and place, with where a click leads.

    `reads` is the document at that passage, `saves` its file: at the page, where a browser can open it
    there.
    """

    passage_id: str
    document: DocumentRecord
    locator: Locator
    trail: str
    reads: str
    saves: str

    @classmethod
    def of(cls, passage: Passage, document: DocumentRecord, query: str = "") -> PlaceView:
        """The view of a passage of `document`, which was found by `query`."""
        locator = passage.locator
        at = f"#page={locator.page}" if locator.page and opens_at_a_page(document.source) else ""
        has_own_trail = locator.slide is not None or locator.page is not None
        headings = locator.headings if has_own_trail else locator.headings[:-1]
        asks = urlencode([("passage", passage.id), *([("q", query)] if query else [])])
        return cls(
            passage_id=passage.id,
            document=document,
            locator=locator,
            trail=TRAIL.join(headings),
            reads=f"/documenten/{document.id}?{asks}#passage-{passage.id}",
            saves=f"/documenten/{document.id}/bestand{at}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A passage's words in runs: those that are shown at once, and what stands before and after them."""

    before: Runs
    shown: Runs
    after: Runs

    @classmethod
    def of(cls, text: str, highlights: Spans = (), best: Span | None = None) -> Cut:
        """The words of a passage, the `best` sentence among those that are shown."""
        around = best or (highlights[0] if highlights else None)
        start, end = excerpt(text, around)

        def part(left: int, right: int) -> Runs:
            moved = [(first - left, last - left) for first, last in highlights]
            own = [span for span in moved if span[1] > 0 and span[0] < right - left]
            return runs(text[left:right], own, (best[0] - left, best[1] - left) if best else None)

        return cls(before=part(0, start), shown=part(start, end), after=part(end, len(text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteView:
    """A passage's place, its words, and what it states."""

    at: PlaceView
    cut: Cut
    labels: tuple[LabelView, ...] = ()

    @classmethod
    def of(cls, passage: Passage, document: DocumentRecord, told: Told | None = None) -> QuoteView:
        """The view of a passage of `document`."""
        return cls(
            at=PlaceView.of(passage, document),
            cut=Cut.of(passage.text),
            labels=labels_of(told) if told else (),
        )

    @classmethod
    def of_further(cls, found: FurtherPassage, query: str) -> QuoteView:
        """The view of another passage of a group that `query` found."""
        return cls(
            at=PlaceView.of(found.passage, found.document, query),
            cut=Cut.of(found.passage.text, found.highlights),
            labels=labels_of(found.told),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView:
    """A passage with its place and the other places of its words, `elsewhere` more of which are not named.

    `similar` leads to passages that are like it, and `within` to the query in its document alone. `further`
    are more passages of it, or of its event: then of several documents, if `spans_documents`.
    """

    rank: int
    at: PlaceView
    cut: Cut
    also_in: tuple[PlaceView, ...]
    nearly_in: tuple[PlaceView, ...]
    elsewhere: int
    similar: str
    labels: tuple[LabelView, ...] = ()
    relevance: Label | None = None
    further: tuple[QuoteView, ...] = ()
    within: str = ""
    spans_documents: bool = False

    @classmethod
    def of(cls, hit: Hit, asked: Asked) -> HitView:
        """The view of a hit of the search that was asked."""
        query = dict(asked).get("q", "")
        others = without(asked, "document", GROUP_BY, SORT)
        return cls(
            rank=hit.rank,
            at=PlaceView.of(hit.passage, hit.document, query),
            relevance=None if hit.relevance is None else label(hit.relevance),
            cut=Cut.of(hit.passage.text, hit.highlights, hit.best_sentence),
            also_in=_places(hit.also_in, are_identical=True),
            nearly_in=_places(hit.also_in, are_identical=False),
            elsewhere=hit.also_in_total - len(hit.also_in),
            similar=_similar(hit.passage),
            labels=labels_of(hit.told),
            further=tuple(QuoteView.of_further(found, query) for found in hit.further),
            spans_documents=any(found.document.id != hit.document.id for found in hit.further),
            within=address([*others, ("document", hit.document.id)]),
        )

    @classmethod
    def of_similar(cls, found: SimilarPassage, *, rank: int) -> HitView:
        """The view of a passage that is like another."""
        return cls(
            rank=rank,
            at=PlaceView.of(found.passage, found.document),
            cut=Cut.of(found.passage.text),
            also_in=_places(found.also_in, are_identical=True),
            nearly_in=_places(found.also_in, are_identical=False),
            elsewhere=found.also_in_total - len(found.also_in),
            similar=_similar(found.passage),
            labels=labels_of(found.told),
        )


def _places(places: Sequence[Place], *, are_identical: bool) -> tuple[PlaceView, ...]:
    return tuple(
        PlaceView.of(place.passage, place.document) for place in places if place.is_identical is are_identical
    )


def _similar(passage: Passage) -> str:
    return f"/passages/{passage.id}/vergelijkbaar"


def runs(text: str, highlights: Spans = (), best: Span | None = None) -> Runs:
    """`text` cut at the ends of its highlights and of its best sentence; joined together it is the text."""
    within = [(max(0, start), min(end, len(text))) for start, end in (*highlights, best or (0, 0))]
    cuts = sorted({0, len(text), *(at for span in within if span[0] < span[1] for at in span)})
    best_start, best_end = within[-1]
    pieces = [
        (
            best_start <= start < best_end,
            text[start:end],
            any(left <= start < right for left, right in within[:-1]),
        )
        for start, end in pairwise(cuts)
    ]
    return tuple(
        Run(is_best, tuple((piece, is_marked) for _, piece, is_marked in run))
        for is_best, run in groupby(pieces, key=lambda piece: piece[0])
    )
