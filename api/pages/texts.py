"""A document's text as a page shows it: in reading order, each word once, every passage with an anchor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from types import MappingProxyType

from api.pages.excerpts import Span
from api.pages.labels import LabelView, starting
from api.pages.quotes import TRAIL, Spans, runs
from api.pages.words import Words
from kb.documents import Locator, Part, Passage
from kb.index.labels import StatementRecord, Told

# Headings that part a text into sections, as they part it into passages.
_LEVELS = 2

Labels = Mapping[int, LabelView]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, whether it is marked, and what is stated from here on."""

    text: str
    is_marked: bool
    label: LabelView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A passage in the running text: `shared` are the words that the passage before it has too, `own` are the
    rest in pieces."""

    id: str
    shared: str
    own: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A run of passages with one place. `trail` names the headings above it, where they have changed."""

    title: str
    trail: str
    passages: tuple[PassageView, ...]


def sections(
    passages: Sequence[Passage],
    words: Words,
    *,
    highlights: Mapping[str, Spans] = MappingProxyType({}),
    told: Mapping[str, Told] = MappingProxyType({}),
) -> list[SectionView]:
    """The sections of the document or the page that `passages`, in reading order, are all of.

    `highlights` are [start, end) offsets in the texts of passages, and `told` what these state, by their ids.
    """
    labels = _labels(passages, told)
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
                passages=tuple(
                    _once(run, headings[-1] if headings else "", highlights=highlights, labels=labels)
                ),
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


def _labels(passages: Sequence[Passage], told: Mapping[str, Told]) -> Mapping[str, Labels]:
    """The labels of each passage by the offset at which they stand."""
    found = {}
    before: Sequence[StatementRecord] = ()
    for passage in passages:
        own = told.get(passage.id, Told())
        found[passage.id] = starting(own, before, passage.text)
        before = [one for one in own.statements if one.end == len(passage.text)]
    return found


def _once(
    run: Sequence[Passage], heading: str, *, highlights: Mapping[str, Spans], labels: Mapping[str, Labels]
) -> list[PassageView]:
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
                own=tuple(_pieces(passage.text, shown, highlights.get(passage.id, ()), labels[passage.id])),
            )
        )
        end = passage.end
    return views


def _pieces(text: str, shown: Span, highlights: Spans, labels: Labels) -> Iterator[Piece]:
    """The shown part of a text, cut where a mark begins or ends and where something is stated."""
    start, stop = shown
    if start >= stop:
        return
    within = [(max(left, start) - start, min(right, stop) - start) for left, right in highlights]
    at = start
    (run,) = runs(text[start:stop], [span for span in within if span[0] < span[1]])
    for segment, is_marked in run.segments:
        end = at + len(segment)
        cuts = sorted({at, *(place for place in labels if at < place < end)})
        for left, right in pairwise([*cuts, end]):
            yield Piece(text[left:right], is_marked, labels.get(left))
        at = end
