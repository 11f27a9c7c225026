"""Passages as a page shows them: their words, where they stand, and where a click leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from api.sources import opens_at_a_page
from api.views import GROUP_BY, Asked, address
from kb import dutch
from kb.documents import Passage
from kb.hits import Hit, Place, SimilarPassage
from kb.index import DocumentRecord
from kb.relevance import Label, label

TRAIL = " \u203a "

Span = tuple[int, int]
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

    `opens` is the source at that place: the file where a browser can open it there, else its text.
    """

    document: DocumentRecord
    place: str
    trail: str
    opens: str
    reads: str
    saves: str

    @classmethod
    def of(cls, passage: Passage, document: DocumentRecord) -> PlaceView:
        """The view of a passage of `document`."""
        locator = passage.locator
        reads = f"/documenten/{document.id}#passage-{passage.id}"
        saves = f"/documenten/{document.id}/bestand"
        is_file = opens_at_a_page(document.source)
        at = f"#page={locator.page}" if locator.page else ""
        has_own_trail = locator.slide is not None or locator.page is not None
        headings = locator.headings if has_own_trail else locator.headings[:-1]
        return cls(
            document=document,
            place=dutch.place(locator),
            trail=TRAIL.join(headings),
            opens=f"{saves}{at}" if is_file else reads,
            reads=reads,
            saves=saves,
        )

    @property
    def opens_file(self) -> bool:
        """True when a click opens the file itself."""
        return self.opens != self.reads


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteView:
    """A passage's place, and its words in runs."""

    at: PlaceView
    runs: Runs

    @classmethod
    def of(cls, passage: Passage, document: DocumentRecord, highlights: Spans = ()) -> QuoteView:
        """The view of a passage of `document`."""
        return cls(at=PlaceView.of(passage, document), runs=runs(passage.text, highlights))


@dataclass(frozen=True, slots=True, kw_only=True)
class HitView:
    """A passage with its place and the other places of its words, `elsewhere` more of which are not named.

    `similar` leads to passages that are like it, and `within` to the query in its document alone, where
    `further` shows more of it.
    """

    rank: int
    at: PlaceView
    runs: Runs
    also_in: tuple[PlaceView, ...]
    nearly_in: tuple[PlaceView, ...]
    elsewhere: int
    similar: str
    relevance: Label | None = None
    further: tuple[QuoteView, ...] = ()
    within: str = ""

    @classmethod
    def of(cls, hit: Hit, asked: Asked) -> HitView:
        """The view of a hit of the search that was asked."""
        others = [item for item in asked if item[0] not in ("document", GROUP_BY)]
        return cls(
            rank=hit.rank,
            at=PlaceView.of(hit.passage, hit.document),
            relevance=None if hit.relevance is None else label(hit.relevance),
            runs=runs(hit.passage.text, hit.highlights, hit.best_sentence),
            also_in=_places(hit.also_in, are_identical=True),
            nearly_in=_places(hit.also_in, are_identical=False),
            elsewhere=hit.also_in_total - len(hit.also_in),
            similar=_similar(hit.passage),
            further=tuple(
                QuoteView.of(found.passage, found.document, found.highlights) for found in hit.further
            ),
            within=address([*others, ("document", hit.document.id)]),
        )

    @classmethod
    def of_similar(cls, found: SimilarPassage, *, rank: int) -> HitView:
        """The view of a passage that is like another."""
        return cls(
            rank=rank,
            at=PlaceView.of(found.passage, found.document),
            runs=runs(found.passage.text),
            also_in=_places(found.also_in, are_identical=True),
            nearly_in=_places(found.also_in, are_identical=False),
            elsewhere=found.also_in_total - len(found.also_in),
            similar=_similar(found.passage),
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
