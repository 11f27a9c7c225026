"""What a build finds in a document besides its words: the places it names, what it states and who says it.

The rules are those of `kb.places` and `kb.minutes`. One that fails costs what it would have found, never the
document.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from kb.documents import Document, Gap, name_key
from kb.index.labels import DocumentLabels, Label, LabelFacet, LabelSpan, StatementRecord
from kb.masking import DOT
from kb.minutes import StatementKind
from kb.minutes.quotations import Quotation
from kb.minutes.reading import read_minutes
from kb.places import Place, PlaceKind, PlaceMention, find_places, shipped_gazetteer

# Raised when the same document yields other labels; the gazetteer has a hash of its own.
LABELLING_VERSION = 2

_log = logging.getLogger(__name__)
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What was found in a document, and what could not be looked for."""

    labels: DocumentLabels
    gaps: tuple[Gap, ...] = ()


def label(document: Document) -> Labelled:
    """The places, statements and speakers of a document, whose suppressed names are masked already."""
    gaps: list[Gap] = []
    places = _tried(lambda: list(_places(document)), "Municipalities and provinces", gaps)
    statements = _tried(lambda: _statements(document), "Quotations, decisions, actions and questions", gaps)
    spans = [*(places or ()), *(span for one in statements or () for span in _spans(one))]
    return Labelled(
        labels=DocumentLabels(spans=tuple(spans), statements=tuple(statements or ())), gaps=tuple(gaps)
    )


def _tried(find: Callable[[], _Found], what: str, gaps: list[Gap]) -> _Found | None:
    """What is found; None, and a gap, when a rule fails on this text."""
    try:
        return find()
    except Exception as error:
        # The text stays out of the log: a traceback holds none of it.
        _log.warning("%s of a document cannot be looked for (%s)", what, type(error).__name__)
        message = f"{what} could not be looked for ({type(error).__name__})."
        gaps.append(Gap(code="labels", message=message))
        return None


def _places(document: Document) -> Iterator[LabelSpan]:
    for mention in find_places(document.text, language=document.metadata.language):
        # A venue is no subject: most meetings are in Utrecht or The Hague, whatever they are about.
        if not mention.venue:
            for found in _of_place(mention):
                yield LabelSpan(label=found, start=mention.start, end=mention.end)


def _of_place(mention: PlaceMention) -> Iterator[Label]:
    """The place that a mention counts as, and the province of a municipality."""
    by_code = shipped_gazetteer().by_code
    place = by_code[mention.successor or mention.code]
    yield _label_of(place)
    if place.kind is PlaceKind.MUNICIPALITY and place.province:
        yield _label_of(by_code[place.province])


def _label_of(place: Place) -> Label:
    is_province = place.kind is PlaceKind.PROVINCE
    facet = LabelFacet.PROVINCE if is_province else LabelFacet.MUNICIPALITY
    # What tells it from its namesakes: "Bergen (NH)".
    name = f"{place.name} ({place.mark})" if place.mark else place.name
    return Label(facet=facet, key=place.code, name=name)


def _statements(document: Document) -> list[StatementRecord]:
    minutes = read_minutes(document)
    found = [_quotation(one) for one in minutes.quotations]
    found += [StatementRecord(kind=one.kind, start=one.start, end=one.end) for one in minutes.statements]
    return sorted(found, key=lambda one: (one.start, one.end, one.kind))


def _quotation(quotation: Quotation) -> StatementRecord:
    speaker = _named(quotation.speaker)
    return StatementRecord(
        kind=StatementKind.CITAAT,
        start=quotation.start,
        end=quotation.end,
        speaker=speaker,
        role=_named(quotation.role) if speaker else None,
        organisation=_named(quotation.organisation) if speaker else None,
        literal=quotation.literal,
    )


def _named(name: str | None) -> str | None:
    """A name on one line; None for one that must not be read."""
    return (" ".join(name.split()) or None) if name and DOT not in name else None


def _spans(statement: StatementRecord) -> Iterator[LabelSpan]:
    place = {"start": statement.start, "end": statement.end}
    kind = str(statement.kind)
    yield LabelSpan(label=Label(facet=LabelFacet.STATEMENT, key=kind, name=kind), **place)
    if statement.speaker:
        key = name_key(statement.speaker)
        yield LabelSpan(label=Label(facet=LabelFacet.SAID_BY, key=key, name=statement.speaker), **place)
