"""Documents in a list, a page of them at a time, and how many there are of each year and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api.problems import Problem, ProblemError
from kb.documents import Kind
from kb.index import DocumentRecord

PER_PAGE = 100
UNDATED = "onbekend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A part of a long list: its documents, which page of how many this is, and the addresses beside it."""

    documents: Sequence[DocumentRecord]
    total: int
    page: int
    pages: int
    previous: str
    next: str

    @classmethod
    def of(cls, records: Sequence[DocumentRecord], *, path: str, kind: str, page: int) -> Listed:
        """The documents of one kind, "" for all, on one page, from 1. Raises `ProblemError` for another."""
        found = [record for record in records if kind in ("", record.kind)]
        pages = max(1, -(-len(found) // PER_PAGE))
        if not 1 <= page <= pages or kind not in ("", *Kind):
            raise ProblemError(Problem(404, "There is no such page."))

        def address(number: int) -> str:
            told = [
                *([("soort", kind)] if kind else []),
                *([("bladzijde", str(number))] if number > 1 else []),
            ]
            return path + (f"?{urlencode(told)}" if told else "")

        return cls(
            documents=found[(page - 1) * PER_PAGE : page * PER_PAGE],
            total=len(found),
            page=page,
            pages=pages,
            previous=address(page - 1) if page > 1 else "",
            next=address(page + 1) if page < pages else "",
        )


def newest_first(records: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    """The newest first, those without a certain date last, by title."""
    return sorted(
        records,
        key=lambda record: (
            -record.date.toordinal() if record.date else 0,
            record.title.casefold(),
            record.id,
        ),
    )


def year_of(record: DocumentRecord) -> str:
    """The year of a document as an address names it."""
    return str(record.date.year) if record.date else UNDATED


def years_of(records: Sequence[DocumentRecord]) -> dict[int, int]:
    """How many documents there are of each year, the last year first."""
    return dict(sorted(Counter(one.date.year for one in records if one.date).items(), reverse=True))


def undated_of(records: Sequence[DocumentRecord]) -> int:
    """How many documents have no certain date."""
    return sum(record.date is None for record in records)


def kinds_of(records: Sequence[DocumentRecord]) -> dict[Kind, int]:
    """How many documents there are of each kind, in one order, without the kinds of which there are none."""
    found = Counter(record.kind for record in records)
    return {kind: found[kind] for kind in Kind if found[kind]}
