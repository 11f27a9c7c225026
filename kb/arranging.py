"""A ranking of passages into what a reader sees: each text once, in groups or by date if so asked, and no
page of one document alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kb.documents import Passage
from kb.hits import GroupBy, Page, Place, Sort
from kb.index import DocumentRecord, Index, Outline, PassageRecord, Ranking
from kb.near_duplicates import words_of

# Hits of one document before those of others have their turn.
MAX_PER_DOCUMENT = 5
# The best hits, that are ordered by date. All that were found, newest first, would be noise.
NEWEST_OF = 50
# Further passages that a group shows under its best one.
MAX_FURTHER = 3
# Other places of its words that a passage names.
MAX_PLACES = 10


# A tuple is made in a third of the time of a dataclass, and a search makes a thousand of them.
class Ranked(NamedTuple):
    """A passage and its score in a ranking. `further` are passages that are shown under it."""

    outline: Outline
    score: float
    further: tuple[Ranked, ...] = ()

    @property
    def document_id(self) -> str:
        """The document it stands in."""
        return self.outline.document_id

    @property
    def row(self) -> int:
        """Its row in the index."""
        return self.outline.row


def ranked(index: Index, ranking: Ranking) -> list[Ranked]:
    """The passages of a ranking, best first."""
    outlines = index.outlines(ranking.rows)
    return [Ranked(outline, float(score)) for outline, score in zip(outlines, ranking.scores, strict=True)]


def collapse(found: Iterable[Ranked]) -> list[Ranked]:
    """The same ranking with the best of near-identical passages alone."""
    best: dict[int, Ranked] = {}
    for one in found:
        row, _, twins = one.outline
        best.setdefault(min(row, *twins) if twins else row, one)
    return list(best.values())


def spread(found: Iterable[Ranked]) -> list[Ranked]:
    """The same passages, in which a document has its next ones only after every other had its turn.

    A turn is `MAX_PER_DOCUMENT` passages; within it the order stays as it was.
    """
    seen: dict[str, int] = {}
    turns: list[list[Ranked]] = [[]]
    for one in found:
        document = one.outline.document_id
        seen[document] = before = seen.get(document, -1) + 1
        turn = before // MAX_PER_DOCUMENT
        if turn == len(turns):
            turns.append([])
        turns[turn].append(one)
    return [one for turn in turns for one in turn]


def hit_of(page: Page, documents: Mapping[str, DocumentRecord]) -> Callable[[Ranked], Hashable]:
    """What tells which hit a passage belongs to: itself, its document or its event.

    A document without an event is a hit of its own. `documents` holds the document of each passage by its id.
    """

    def event_of(one: Ranked) -> Hashable:
        event = documents[one.document_id].event
        return (event.id,) if event else one.document_id

    match page.group_by:
        case GroupBy.DOCUMENT:
            return lambda one: one.document_id
        case GroupBy.EVENT:
            return event_of
    return lambda one: one.row


def grouped(found: Iterable[Ranked], group_of: Callable[[Ranked], Hashable]) -> list[Ranked]:
    """Each group once, at the rank of its best passage, with the next best ones under it."""
    groups: dict[Hashable, list[Ranked]] = {}
    for one in found:
        groups.setdefault(group_of(one), []).append(one)
    return [best._replace(further=tuple(rest[:MAX_FURTHER])) for best, *rest in groups.values()]


def newest_first(found: Iterable[Ranked], documents: Mapping[str, DocumentRecord]) -> list[Ranked]:
    """The same ones by the dates of their documents, the undated last; those of one day stay as they were."""

    def day(one: Ranked) -> dt.date:
        return documents[one.document_id].date or dt.date.min

    return sorted(found, key=day, reverse=True)


def arrange(found: list[Ranked], page: Page, documents: Mapping[str, DocumentRecord]) -> list[Ranked]:
    """A ranking as `page` asks for it: grouped or not, all of it by rank or the best of it by date."""
    hits = grouped(found, hit_of(page, documents)) if page.group_by else spread(found)
    return newest_first(hits[:NEWEST_OF], documents) if page.sort is Sort.DATE else hits


def other_places(index: Index, found: Sequence[PassageRecord]) -> dict[int, tuple[Place, ...]]:
    """Where each passage stands with near-identical words as well, by its row: the first `MAX_PLACES`."""
    twins = sorted({row for one in found for row in one.twins[:MAX_PLACES]})
    passages = {other.row: other.passage for other in index.passages(twins)}
    documents = _documents(index, (passage.document_id for passage in passages.values()))
    return {one.row: tuple(_places(one, passages, documents)) for one in found}


def records_of(index: Index, found: Iterable[Ranked]) -> dict[int, PassageRecord]:
    """The passages themselves, by their rows."""
    return {record.row: record for record in index.passages([one.row for one in found])}


def documents_of(index: Index, found: Iterable[Ranked]) -> dict[str, DocumentRecord]:
    """The documents that these passages stand in, by their ids."""
    return _documents(index, (one.document_id for one in found))


def _documents(index: Index, ids: Iterable[str]) -> dict[str, DocumentRecord]:
    return {document.id: document for document in index.documents(sorted(set(ids)))}


def _places(
    record: PassageRecord, passages: Mapping[int, Passage], documents: Mapping[str, DocumentRecord]
) -> Iterator[Place]:
    if not record.twins:
        return
    words = words_of(record.passage.text)
    for passage in (passages[row] for row in record.twins[:MAX_PLACES]):
        yield Place(
            document=documents[passage.document_id],
            passage=passage,
            is_identical=words_of(passage.text) == words,
        )
