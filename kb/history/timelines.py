"""How much is said of a theme in each year, measured by how much there is of that year.

Everything is counted as a filter by theme and year finds it. What has no certain date is counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.history.meetings import meetings_of
from kb.index import DocumentRecord, Index, Rows
from kb.index.labels import LabelFacet
from kb.themes import Theme

# Below these a number says little: passages of the theme in a year, and passages of that year at all.
FEW_PASSAGES = 5
FEW_OF_YEAR = 20
# Years without any document are told as well, unless that were more of them than can be shown.
_MOST_YEARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfTheme:
    """What there is of a theme in a year, None for what has no certain date.

    `passages` and `documents` are of documents of that year, `events` are those of the year by their own
    date. `all_passages` are those of the year, whatever they are about.
    """

    year: int | None
    passages: int
    documents: int
    events: int
    all_passages: int

    @property
    def share(self) -> float | None:
        """The share of the year's passages that are about it, within 0 and 1; None where there is no year,
        or nothing of it."""
        return self.passages / self.all_passages if self.all_passages and self.year is not None else None

    @property
    def is_small(self) -> bool:
        """Whether the numbers are so few that chance may have made them."""
        is_thin = self.year is not None and 0 < self.all_passages < FEW_OF_YEAR
        return is_thin or 0 < self.passages < FEW_PASSAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A passage about a theme, the first of its document, on a certain day."""

    date: dt.date
    document: DocumentRecord
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A theme over the years: every year from the first to the last of the documents, the first one first.

    `first` and `last` are the mentions with the earliest and the latest certain date, None without any.
    """

    theme: Theme
    years: tuple[YearOfTheme, ...]
    undated: YearOfTheme
    first: Mention | None
    last: Mention | None

    @property
    def passages(self) -> int:
        """How many passages there are about it in all, undated ones too."""
        return sum(one.passages for one in (*self.years, self.undated))

    @property
    def documents(self) -> int:
        """In how many documents these stand."""
        return sum(one.documents for one in (*self.years, self.undated))


def timeline(index: Index, theme: Theme) -> Timeline:
    """The timeline of a theme in an index."""
    records = index.documents()
    spans = [index.document_rows(record.id) for record in records]
    rows = index.labelled(LabelFacet.THEME, [theme.key])
    numbers = _in_spans(rows, spans)
    about = [record for record, number in zip(records, numbers, strict=True) if number]
    years = {year: _Counting() for year in _years(records)}
    undated = _Counting()
    for record, number in zip(records, numbers, strict=True):
        counting = years[record.date.year] if record.date else undated
        counting.add(record, number)
    for meeting in meetings_of(about):
        (years.setdefault(meeting.date.year, _Counting()) if meeting.date else undated).events += 1
    dated = [
        Mention(date=record.date, document=record, row=int(rows[np.searchsorted(rows, span.start)]))
        for record, span, number in zip(records, spans, numbers, strict=True)
        if number and record.date
    ]
    return Timeline(
        theme=theme,
        years=tuple(years[year].told(year) for year in sorted(years)),
        undated=undated.told(None),
        first=min(dated, key=lambda one: (one.date, one.row), default=None),
        last=max(dated, key=lambda one: (one.date, -one.row), default=None),
    )


class _Counting:
    """The counts of a year under way."""

    def __init__(self) -> None:
        self.passages = self.documents = self.events = self.all_passages = 0

    def add(self, record: DocumentRecord, passages: int) -> None:
        self.passages += passages
        self.documents += passages > 0
        self.all_passages += record.passages

    def told(self, year: int | None) -> YearOfTheme:
        return YearOfTheme(
            year=year,
            passages=self.passages,
            documents=self.documents,
            events=self.events,
            all_passages=self.all_passages,
        )


def _in_spans(rows: Rows, spans: Sequence[range]) -> list[int]:
    """How many of the rows, which are in order, lie in each span."""
    starts = np.searchsorted(rows, [span.start for span in spans])
    stops = np.searchsorted(rows, [span.stop for span in spans])
    counts: list[int] = (stops - starts).tolist()
    return counts


def _years(records: Sequence[DocumentRecord]) -> list[int]:
    """The years of these documents, and those between where that is not too many."""
    found = sorted({record.date.year for record in records if record.date})
    if found and found[-1] - found[0] < _MOST_YEARS:
        return list(range(found[0], found[-1] + 1))
    return found
