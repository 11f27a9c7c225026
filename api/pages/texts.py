"""A document's text as a page shows it: in reading order, each word once, every passage with an anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType

from api.pages.excerpts import Span
from api.pages.quotes import TRAIL, Spans, runs
from api.pages.words import Words
from kb.documents import Locator, Part, Passage

# Headings that part a text into sections, as they part it into passages.
_LEVELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A passage in the running text: `shared` are the words that the passage before it has too, `own` are the
    rest as (text, whether it is marked)."""

    id: str
    shared: str
    own: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A run of passages with one place. `trail` names the headings above it, where they have changed."""

    title: str
    trail: str
    passages: tuple[PassageView, ...]


def sections(
    passages: Sequence[Passage], words: Words, highlights: Mapping[str, Spans] = MappingProxyType({})
) -> list[SectionView]:
    """The sections of the document or the page that `passages`, in reading order, are all of.

    `highlights` are [start, end) offsets in the texts of passages, by their ids.
    """
    views = []
    above: tuple[str, ...] = ()
    for _, found in groupby(passages, key=_place):
        run = list(found)
        locator = run[0].locator
        headings = locator.headings[:_LEVELS]
        trail = () if headings[:-1] == above else headings[:-1]
        views.append(
            SectionView(
                title=_title(locator, headings, words),
                trail=TRAIL.join(trail),
                passages=tuple(_once(run, heading=headings[-1] if headings else "", highlights=highlights)),
            )
        )
        above = headings[:-1] or headings
    return views


def _place(passage: Passage) -> tuple[object, ...]:
    locator = passage.locator
    # A table stands among the paragraphs of its page, but notes are not on the slide.
    part = locator.part if locator.slide is not None else None
    return locator.page, locator.slide, part, locator.headings[:_LEVELS]


def _title(locator: Locator, headings: tuple[str, ...], words: Words) -> str:
    """ "Dia 12, notities: Wat verandert er"; a document without pages has its headings alone."""
    heading = headings[-1] if headings else ""
    if locator.slide is not None:
        place = words.place(locator).capitalize()
    elif locator.page is not None:
        place = words.place(replace(locator, part=Part.BODY)).replace(
            "p. ", words.gettext("Bladzijde") + " ", 1
        )
    else:
        return heading
    return f"{place}: {heading}" if heading else place


def _once(run: Sequence[Passage], *, heading: str, highlights: Mapping[str, Spans]) -> list[PassageView]:
    """The passages of a section without what the next one repeats, and without the heading over them."""
    views = []
    end = 0
    for number, passage in enumerate(run):
        following = run[number + 1].start if number + 1 < len(run) else passage.end
        stop = max(passage.start, min(passage.end, following)) - passage.start
        own = min(max(0, end - passage.start), stop)
        start = (
            len(heading) + 1 if not number and heading and passage.text.startswith(f"{heading}\n") else own
        )
        shown = (min(start, stop), stop)
        views.append(
            PassageView(
                id=passage.id,
                shared=passage.text[:own],
                own=_segments(passage.text, shown, highlights.get(passage.id, ())),
            )
        )
        end = passage.end
    return views


def _segments(text: str, shown: Span, highlights: Spans) -> tuple[tuple[str, bool], ...]:
    start, stop = shown
    within = [(max(left, start) - start, min(right, stop) - start) for left, right in highlights]
    return (
        runs(text[start:stop], [span for span in within if span[0] < span[1]])[0].segments
        if start < stop
        else ()
    )
