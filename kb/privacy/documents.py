"""A document as a build may read it: with the names of the suppression list masked, wherever they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kb.documents import Block, Document, Event, Locator, Metadata
from kb.privacy import PrivacyList
from kb.privacy.names import Span, with_spans_masked


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedDocument:
    """A document without the names, and where they stood: the pages or slides, () where a name stood anywhere
    else (in a file name, say), None where there was none."""

    document: Document
    pages: tuple[int, ...] | None


def masked_document(document: Document, privacy: PrivacyList) -> MaskedDocument:
    """A document without the names that must not be read; its text is as long as it was.

    A name is also found where it goes on in the next block: at the end of a column, say.
    """
    if not privacy.names:
        return MaskedDocument(document=document, pages=None)
    spans = privacy.names.spans(document.text)
    metadata = masked_metadata(document.metadata, privacy)
    sidecar = masked_metadata(document.source.sidecar, privacy)
    headings = any(
        map(privacy.names_any, {one for block in document.blocks for one in block.locator.headings})
    )
    in_path = privacy.names_any(document.source.path)
    if not spans and not headings and not in_path and metadata == document.metadata:
        return MaskedDocument(document=document, pages=None)
    blocks = tuple(
        Block(
            text=with_spans_masked(block.text, within(spans, start, start + len(block.text))),
            locator=masked_locator(block.locator, privacy),
            role=block.role,
            level=block.level,
        )
        for block, start in zip(document.blocks, document.starts, strict=True)
    )
    found = Document(
        source=replace(document.source, sidecar=sidecar),
        metadata=metadata,
        blocks=blocks,
        gaps=document.gaps,
    )
    return MaskedDocument(document=found, pages=_pages(document, spans))


def masked_metadata(metadata: Metadata, privacy: PrivacyList) -> Metadata:
    """Metadata in which nobody is named who must not be read; lists lose such a name altogether."""
    event = metadata.event
    return replace(
        metadata,
        title=_masked(metadata.title, privacy),
        event=masked_event(event, privacy) if event else None,
        date_text=_masked(metadata.date_text, privacy),
        place=_masked(metadata.place, privacy),
        host=next(iter(privacy.readable([metadata.host] if metadata.host else [])), None),
        speakers=privacy.readable(metadata.speakers),
        themes=privacy.readable(metadata.themes),
    )


def masked_event(event: Event, privacy: PrivacyList) -> Event:
    """An event in which nobody is named who must not be read."""
    return replace(
        event,
        name=privacy.names.masked(event.name),
        place=_masked(event.place, privacy),
        host=next(iter(privacy.readable([event.host] if event.host else [])), None),
        speakers=privacy.readable(event.speakers),
    )


def masked_locator(locator: Locator, privacy: PrivacyList) -> Locator:
    """A place of which no heading names who must not be read."""
    headings = tuple(map(privacy.names.masked, locator.headings))
    label = _masked(locator.page_label, privacy)
    is_same = headings == locator.headings and label == locator.page_label
    return locator if is_same else replace(locator, headings=headings, page_label=label)


def within(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of spans that lie in [start, end), counted from `start`."""
    return [
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and last > start
    ]


def number_of(locator: Locator) -> int | None:
    """The page or slide of a place; None in a document that has none."""
    return locator.page if locator.page is not None else locator.slide


def _masked(text: str | None, privacy: PrivacyList) -> str | None:
    return privacy.names.masked(text) if text else text


def _pages(document: Document, spans: Sequence[Span]) -> tuple[int, ...]:
    """The pages or slides that any of these spans touches."""
    found: set[int] = set()
    for start, end in spans:
        first = bisect_right(document.starts, start) - 1
        last = bisect_right(document.starts, end - 1) - 1
        found.update(
            number
            for block in document.blocks[first : last + 1]
            if (number := number_of(block.locator)) is not None
        )
    return tuple(sorted(found))
