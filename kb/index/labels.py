"""What passages are found by besides their words: places named in them, what they state, who says it, themes.

A label is of a passage when what it stands for lies in the passage's text, in part at least; a theme that a
document's metadata name is a label of all its passages.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

from kb.minutes import StatementKind


class LabelFacet(StrEnum):
    """What sort of label it is; its keys are those of `Label`."""

    MUNICIPALITY = "municipality"
    PROVINCE = "province"
    STATEMENT = "statement"
    SAID_BY = "said_by"
    THEME = "theme"


# The sorts of label that name a place.
PLACES = (LabelFacet.MUNICIPALITY, LabelFacet.PROVINCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of a passage, with its name as a reader sees it.

    `key` tells labels of a facet apart: for municipalities and provinces the code of Statistics Netherlands
    ("GM0344", "PV26") of what there is at present, for statements a `StatementKind`, for speakers and themes
    `kb.documents.name_key` of the name.
    """

    facet: LabelFacet
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpan:
    """What a label stands for, at [start, end) of a document's text."""

    label: Label
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCount:
    """A label, spelled as it is most often, with the number of passages and of documents that have it."""

    label: Label
    passages: int
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRecord:
    """A quotation, decision, action or question at [start, end) of a text.

    `speaker`, `role` and `organisation` are of quotations alone, and None where the text does not state them.
    `literal` tells that a quotation stands between quotation marks. What is not literal is the minutes' own
    wording ("volgens Jan is het zo") and must not be shown as somebody's words.
    """

    kind: StatementKind
    start: int
    end: int
    speaker: str | None = None
    role: str | None = None
    organisation: str | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLabels:
    """What the rules found in a document; offsets count in its text."""

    spans: tuple[LabelSpan, ...] = ()
    statements: tuple[StatementRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is shown of a passage besides its text: its statements, at offsets in that text and clipped to
    it, in order, and the labels of the places it names, municipalities first, provinces with them."""

    statements: tuple[StatementRecord, ...] = ()
    places: tuple[Label, ...] = ()


class StatementsOfText:
    """The statements of a text, found by where they stand."""

    def __init__(self, statements: Sequence[StatementRecord]) -> None:
        """`statements` in the order of their starts."""
        self._statements = statements
        self._starts = [one.start for one in statements]
        # How far any of them reaches up to each: one may hold others.
        self._reach = list(accumulate((one.end for one in statements), max))

    def clipped(self, start: int, end: int) -> tuple[StatementRecord, ...]:
        """Those in [start, end), as far as they lie there; offsets count from `start`."""
        first, last = bisect_right(self._reach, start), bisect_left(self._starts, end)
        return tuple(
            replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start)
            for one in self._statements[first:last]
            if start < one.end
        )
