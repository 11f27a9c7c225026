"""A ranking of passages into what a reader sees: each text once, and no page of one document alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.documents import Passage
from kb.hits import Place
from kb.index import DocumentRecord, Index, PassageRecord, Ranking
from kb.near_duplicates import words_of

# Hits of one document before those of others have their turn.
MAX_PER_DOCUMENT = 5
# Further passages that a document shows under its best one.
MAX_FURTHER = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage and its score in a ranking. `further` are passages that are shown under it."""

    record: PassageRecord
    score: float
    further: tuple[Ranked, ...] = ()

    @property
    def document_id(self) -> str:
        """The document it stands in."""
        return self.record.passage.document_id


def ranked(index: Index, ranking: Ranking) -> list[Ranked]:
    """The passages of a ranking, best first."""
    records = index.passages(ranking.rows)
    return [Ranked(record, float(score)) for record, score in zip(records, ranking.scores, strict=True)]


def collapse(found: Iterable[Ranked]) -> list[Ranked]:
    """The same ranking with the best of near-identical passages alone."""
    best: dict[int, Ranked] = {}
    for one in found:
        best.setdefault(min((one.record.row, *one.record.twins)), one)
    return list(best.values())


def spread(found: Iterable[Ranked]) -> list[Ranked]:
    """The same passages, in which a document has its next ones only after every other had its turn.

    A turn is `MAX_PER_DOCUMENT` passages; within it the order stays as it was.
    """
    seen: Counter[str] = Counter()
    turns: list[tuple[int, Ranked]] = []
    for one in found:
        turns.append((seen[one.document_id] // MAX_PER_DOCUMENT, one))
        seen[one.document_id] += 1
    return [one for _, one in sorted(turns, key=lambda turn: turn[0])]


def by_document(found: Iterable[Ranked]) -> list[Ranked]:
    """Each document once, at the rank of its best passage, with the next best ones under it."""
    documents: dict[str, list[Ranked]] = {}
    for one in found:
        documents.setdefault(one.document_id, []).append(one)
    return [replace(best, further=tuple(rest[:MAX_FURTHER])) for best, *rest in documents.values()]


def other_places(index: Index, found: Sequence[Ranked]) -> dict[int, tuple[Place, ...]]:
    """Where each passage stands with near-identical words as well, by its row."""
    twins = sorted({row for one in found for row in one.record.twins})
    passages = {other.row: other.passage for other in index.passages(twins)}
    documents = _documents(index, (passage.document_id for passage in passages.values()))
    return {one.record.row: tuple(_places(one.record, passages, documents)) for one in found}


def documents_of(index: Index, found: Iterable[Ranked]) -> dict[str, DocumentRecord]:
    """The documents that these passages stand in, by their ids."""
    return _documents(index, (one.document_id for one in found))


def _documents(index: Index, ids: Iterable[str]) -> dict[str, DocumentRecord]:
    return {document.id: document for document in index.documents(sorted(set(ids)))}


def _places(
    record: PassageRecord, passages: Mapping[int, Passage], documents: Mapping[str, DocumentRecord]
) -> Iterator[Place]:
    words = words_of(record.passage.text)
    for passage in (passages[row] for row in record.twins):
        yield Place(
            document=documents[passage.document_id],
            passage=passage,
            is_identical=words_of(passage.text) == words,
        )
