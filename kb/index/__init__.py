"""One index: what it holds, how it is written and how it is asked.

`Index` is the contract; `kb.index.embedded` keeps it with FAISS and SQLite on this machine's disk.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from kb.documents import Access, Event, Kind, Passage, name_key
from kb.embedding import EncoderIdentity
from kb.index.labels import Label, LabelCount, LabelFacet, StatementRecord
from kb.language import Lexicon
from kb.minutes import StatementKind
from kb.themes import Theme

# Raised when files of an older version cannot be read any more.
FORMAT_VERSION = 8

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
# Which passages are meant, of shape (passages,).
Mask = npt.NDArray[np.bool_]
Terms = Mapping[str, float] | Sequence[str]
Words = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which passages may be ranked. An empty set allows all; a date bound excludes the undated.

    `events` holds ids or names; `documents` ids; `speakers` and `hosts` names, in which case and white space
    do not matter. `years` also excludes the undated. `only_open` leaves out what is for members.

    `themes`, `municipalities`, `provinces`, `statements` and `said_by` ask for passages with one of these
    labels, each by its key or its name (`kb.index.labels`).
    """

    kinds: frozenset[Kind] = frozenset()
    events: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    themes: frozenset[str] = frozenset()
    municipalities: frozenset[str] = frozenset()
    provinces: frozenset[str] = frozenset()
    statements: frozenset[StatementKind] = frozenset()
    said_by: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    only_open: bool = False
    date_from: dt.date | None = None
    date_to: dt.date | None = None

    @property
    def is_open(self) -> bool:
        """True when every passage is allowed."""
        return self == Filter()

    @property
    def labels(self) -> Mapping[LabelFacet, frozenset[str]]:
        """The labels of which a passage must have one of each facet, as far as any are asked."""
        asked = {
            LabelFacet.MUNICIPALITY: self.municipalities,
            LabelFacet.PROVINCE: self.provinces,
            LabelFacet.STATEMENT: frozenset(map(str, self.statements)),
            LabelFacet.SAID_BY: self.said_by,
            LabelFacet.THEME: self.themes,
        }
        return {facet: values for facet, values in asked.items() if values}

    def allows(self, record: DocumentRecord) -> bool:
        """True when passages of this document may be ranked, as far as they have the `labels` asked for."""
        event = record.event
        names = {event.id, event.name} if event else set()
        return (
            (not self.kinds or record.kind in self.kinds)
            and (not self.events or not self.events.isdisjoint(names))
            and (not self.languages or record.language in self.languages)
            and (not self.documents or record.id in self.documents)
            and _names_any(self.speakers, record.speakers)
            and _names_any(self.hosts, (record.host,) if record.host else ())
            and (not self.years or bool(record.date and record.date.year in self.years))
            and (not self.only_open or record.access is Access.OPEN)
            and (not self.date_from or bool(record.date and record.date >= self.date_from))
            and (not self.date_to or bool(record.date and record.date <= self.date_to))
        )


def _names_any(wanted: frozenset[str], names: Sequence[str]) -> bool:
    if not wanted:
        return True
    keys = {name_key(name) for name in names}
    return any(name_key(name) in keys for name in wanted)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of passages and their scores, best first; both of shape (n,)."""

    rows: Rows
    scores: Scores

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """What the index knows of a document. `source` is its path within the corpus.

    `masked` are the numbers of the pages or slides on which a suppressed name stood (`kb.privacy`), none
    where it stood elsewhere in the document or what is told of it; None without any such name.
    """

    id: str
    title: str
    kind: Kind
    source: str
    sha256: str
    size: int
    event: Event | None = None
    date: dt.date | None = None
    date_text: str | None = None
    place: str | None = None
    host: str | None = None
    speakers: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    language: str | None = None
    access: Access = Access.OPEN
    passages: int = 0
    masked: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRecord:
    """A passage as it lies in the index. `twins` are rows of near-identical passages."""

    row: int
    passage: Passage
    twins: tuple[int, ...] = ()


class Outline(NamedTuple):
    """What rankings are arranged by. `twins` are the rows of near-identical passages, in order."""

    row: int
    document_id: str
    twins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approximation:
    """How the nearest of many passages are found without a look at all of them.

    `kind` is "ivf-sq8": inverted lists with a byte a number, of which there are `lists` and `nprobe` are
    looked into. `recall` is the share that this found of the 10 passages that truly are nearest, over
    `sample` queries.
    """

    kind: str
    lists: int
    nprobe: int
    recall: float
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation says of itself.

    `open_documents` and `open_passages` are those that everybody may see; None where all are.
    `files` maps each of its files to its SHA-256; `sources` each document's path to the hashes of
    the file and of its sidecars. `corpus` is the folder that was read. `has_sentences` tells whether the
    vectors of sentences are there. `privacy` is the digest of the suppression list that it was built with, ""
    without any. Without an `approximation` every vector is compared.
    """

    generation: str
    created: dt.datetime
    encoder: EncoderIdentity
    corpus: str
    documents: int
    passages: int
    sources: Mapping[str, tuple[str, str]]
    fingerprint: str
    open_documents: int | None = None
    open_passages: int | None = None
    has_sentences: bool = False
    privacy: str = ""
    approximation: Approximation | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """The values a filter can name, each with its number of documents, most frequent first."""

    kinds: Mapping[str, int]
    languages: Mapping[str, int]
    events: Mapping[Event, int]
    speakers: Mapping[str, int] = field(default_factory=dict)
    hosts: Mapping[str, int] = field(default_factory=dict)
    themes: Mapping[str, int] = field(default_factory=dict)
    municipalities: Mapping[Label, int] = field(default_factory=dict)
    provinces: Mapping[Label, int] = field(default_factory=dict)
    statements: Mapping[Label, int] = field(default_factory=dict)
    said_by: Mapping[Label, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, records: Collection[DocumentRecord], labels: Mapping[LabelFacet, Sequence[LabelCount]]
    ) -> Self:
        """The values of these documents; a name that is spelled in several ways as it is most often.

        `labels` are those of the passages of these documents, by their facet (`Index.label_counts`).
        """
        counts = {facet: {one.label: one.documents for one in labels.get(facet, ())} for facet in LabelFacet}
        events = Counter(record.event for record in records if record.event)
        return cls(
            kinds=_ordered(Counter(record.kind.value for record in records)),
            languages=_ordered(Counter(record.language for record in records if record.language)),
            events=dict(sorted(events.items(), key=lambda item: (-item[1], item[0].name))),
            speakers=_named(record.speakers for record in records),
            hosts=_named((record.host,) for record in records if record.host),
            themes={label.name: count for label, count in counts[LabelFacet.THEME].items()},
            municipalities=counts[LabelFacet.MUNICIPALITY],
            provinces=counts[LabelFacet.PROVINCE],
            statements=counts[LabelFacet.STATEMENT],
            said_by=counts[LabelFacet.SAID_BY],
        )


def _named(of_documents: Iterable[Sequence[str]]) -> dict[str, int]:
    """In how many documents each name stands."""
    documents: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    for names in of_documents:
        documents.update({name_key(name) for name in names})
        for name in names:
            spellings.setdefault(name_key(name), Counter())[" ".join(name.split())] += 1
    return _ordered(Counter({best_spelling(spellings[key]): count for key, count in documents.items()}))


def best_spelling(spellings: Counter[str]) -> str:
    """The most frequent one; of equals the first in order."""
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class Index(Protocol):
    """An index that can be asked. Scores: higher is better. Nothing of it ever changes."""

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        ...

    @property
    def lexicon(self) -> Lexicon:
        """The words of its passages: what queries and highlights are analysed with."""
        ...

    @property
    def open_lexicon(self) -> Lexicon:
        """The words of those passages that everybody may see."""
        ...

    def dense(self, vector: npt.NDArray[np.float32], *, k: int, filter: Filter) -> Ranking:
        """The k nearest passages by inner product with `vector` of shape (dimension,)."""
        ...

    def lexical(self, terms: Terms, *, k: int, filter: Filter) -> Ranking:
        """The k best passages by BM25 over `terms`; passages that hold none are left out.

        `terms` as `kb.language.expand_query` gives them, with weights, or without, each then of weight 1.
        """
        ...

    def scores(self, vector: npt.NDArray[np.float32], rows: Rows) -> Scores:
        """The inner product of `vector` with each of `rows`."""
        ...

    def lexical_scores(self, terms: Terms, rows: Rows) -> Scores:
        """The BM25 score of each of `rows`; 0 for a passage that holds none of the terms."""
        ...

    def vector(self, row: int) -> npt.NDArray[np.float32]:
        """The vector of a passage, of shape (dimension,)."""
        ...

    def holders(self, term: str) -> Rows:
        """The rows of the passages that hold a term."""
        ...

    def known(self, words: Words) -> float:
        """The share of a query's words that any passage holds, each given as the terms that it may have.

        A word weighs its BM25 idf; one that no passage holds weighs most. 0 for a query without words.
        """
        ...

    def late_interaction(self, tokens: npt.NDArray[np.float32], rows: Rows) -> Scores | None:
        """MaxSim of a query's token vectors, of shape (tokens, dimension), with each of `rows`.

        None for an index without token vectors.
        """
        ...

    def token_similarities(self, tokens: npt.NDArray[np.float32], row: int) -> npt.NDArray[np.float32] | None:
        """Of shape (query tokens, passage tokens), or None for an index without token vectors."""
        ...

    def sentence_scores(self, vector: npt.NDArray[np.float32], row: int) -> Scores | None:
        """The inner product of `vector` with that of each sentence of a passage (`kb.chunking.sentences`),
        in reading order; None for an index without the vectors of sentences.
        """
        ...

    def outlines(self, rows: Iterable[int]) -> list[Outline]:
        """The passages in these rows without their words, in the order asked."""
        ...

    def passages(self, rows: Iterable[int]) -> list[PassageRecord]:
        """The passages in these rows, in the order asked."""
        ...

    def documents(self, ids: Iterable[str] | None = None) -> list[DocumentRecord]:
        """The documents with these ids, in that order; all, by path, without `ids`.

        Raises `NotFound` for an id that is not in the index.
        """
        ...

    def passage_row(self, passage_id: str) -> int:
        """The row of a passage. Raises `NotFound`."""
        ...

    def document_rows(self, document_id: str) -> range:
        """The rows of a document's passages, in reading order. Raises `NotFound`."""
        ...

    def rows(self, filter: Filter) -> Rows:
        """The rows of the passages that the filter allows, in order."""
        ...

    def labelled(self, facet: LabelFacet, values: Collection[str]) -> Rows:
        """The rows of the passages with any of these labels, each by its key or its name, in order."""
        ...

    def labels_of(self, rows: Iterable[int], facets: Collection[LabelFacet]) -> dict[int, tuple[Label, ...]]:
        """The labels of each of `rows` that has any of these facets, by facet as asked and name.

        Each is spelled as in its passage.
        """
        ...

    def label_counts(
        self, facet: LabelFacet, *, documents: Collection[str] | None = None
    ) -> list[LabelCount]:
        """The labels of a facet in these documents, by their ids, or in all; in most documents first.

        Ids that are not in the index are passed over.
        """
        ...

    def statements(self, document_ids: Iterable[str]) -> dict[str, tuple[StatementRecord, ...]]:
        """The statements of each of these documents, at offsets of its text, in order.

        Raises `NotFound` for an id that is not in the index.
        """
        ...

    def themes(self) -> tuple[Theme, ...]:
        """The themes that its passages were compared with when it was built, in the order of their file."""
        ...

    def facets(self) -> Facets:
        """The values that a filter can name."""
        ...

    def report(self) -> Mapping[str, Any]:
        """What the build that made it told; empty for an index without. Raises `CorruptIndex`."""
        ...

    def close(self) -> None:
        """Release the files. It cannot be asked any more."""
        ...
