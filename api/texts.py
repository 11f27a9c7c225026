"""A document's text as a page shows it: in reading order, each word once, every passage with an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from api.quotes import TRAIL
from kb import dutch
from kb.documents import Locator, Part, Passage

# Headings that part a text into sections, as they part it into passages.
_LEVELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A passage in the running text: `shared` are the words that the passage before it has too."""

    id: str
    shared: str
    own: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A run of passages with one place. `trail` names the headings above it, where they have changed."""

    title: str
    trail: str
    passages: tuple[PassageView, ...]


def sections(passages: Sequence[Passage]) -> list[SectionView]:
    """The sections of the document that `passages`, in reading order, are all of."""
    views = []
    above: tuple[str, ...] = ()
    for _, found in groupby(passages, key=_place):
        run = list(found)
        locator = run[0].locator
        headings = locator.headings[:_LEVELS]
        trail = () if headings[:-1] == above else headings[:-1]
        views.append(
            SectionView(
                title=_title(locator, headings),
                trail=TRAIL.join(trail),
                passages=tuple(_once(run, heading=headings[-1] if headings else "")),
            )
        )
        above = headings[:-1] or headings
    return views


def _place(passage: Passage) -> tuple[object, ...]:
    locator = passage.locator
    # A table stands among the paragraphs of its page, but notes are not on the slide.
    part = locator.part if locator.slide is not None else None
    return locator.page, locator.slide, part, locator.headings[:_LEVELS]


def _title(locator: Locator, headings: tuple[str, ...]) -> str:
    """ "Dia 12, notities: Wat verandert er"; a document without pages has its headings alone."""
    heading = headings[-1] if headings else ""
    if locator.slide is not None:
        place = dutch.place(locator).capitalize()
    elif locator.page is not None:
        place = dutch.place(replace(locator, part=Part.BODY)).replace("p. ", "Bladzijde ", 1)
    else:
        return heading
    return f"{place}: {heading}" if heading else place


def _once(run: Sequence[Passage], *, heading: str) -> list[PassageView]:
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
        views.append(
            PassageView(id=passage.id, shared=passage.text[:own], own=passage.text[min(start, stop) : stop])
        )
        end = passage.end
    return views
