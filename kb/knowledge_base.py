"""The reading side as one object, held by the API, the command line and Python callers."""

from __future__ import annotations

import copy
import datetime as dt
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from kb.candidates import Query
from kb.corpus import source_file
from kb.documents import Passage
from kb.embedding import Encoder, EncoderIdentity, load_encoder, load_reranker
from kb.errors import IncompatibleIndex, InvalidQuery, NotFound
from kb.files import sha256_of
from kb.generations import Generations
from kb.hits import GroupBy, Hits, Page, SimilarPassage
from kb.index import DocumentRecord, Facets, Filter, Index, Manifest
from kb.language import Synonyms, shipped_synonyms
from kb.live_index import LiveIndex
from kb.reranking import Reranking
from kb.search import Mode, Models, Observed, observe, read_query, search, similar
from kb.settings import Settings
from kb.weights import Weights

MAX_QUERY = 1_000
MAX_LIMIT = 100
MAX_OFFSET = 10_000
MAX_SIMILAR = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The hits of one query, with what they were found in.

    `seconds` is the time it took, the loading of the model before the first one left out.

    `asked` is the query as it was understood: the period it names, and what may be a typing error.
    """

    query: str
    asked: Query
    mode: Mode
    limit: int
    offset: int
    group_by: GroupBy | None
    seconds: float
    generation: str
    found: Hits


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageInContext:
    """A passage with its document and the passages before and after it, where there are any."""

    passage: Passage
    document: DocumentRecord
    previous: Passage | None
    next: Passage | None


class _Live(Protocol):
    def get(self) -> Index: ...


class KnowledgeBase:
    """Searches the live generation, and goes on to the next one when it is published."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generations = Generations(settings.indexes)
        self._newest = LiveIndex(self._generations)
        self._live: _Live = self._newest
        self._models = _LoadedOnce(settings)
        self._synonyms = Synonyms.load(settings.synonyms) if settings.synonyms else shipped_synonyms()
        self._unchanged: dict[str, tuple[int, int]] = {}

    def pinned(self) -> Self:
        """This knowledge base at one generation: the one that is live when it is first asked.

        For a request that asks more than once: what is published in between does not mix into it.
        """
        other = copy.copy(self)
        other._live = _FirstIndex(self._live)
        return other

    @classmethod
    def over(cls, index: Index, settings: Settings, encoder: Encoder) -> Self:
        """One over an index that is open already, whether it is published or not."""
        found = cls(settings)
        found._live = _OneIndex(index)
        found._models = _LoadedOnce(settings, encoder)
        return found

    @property
    def settings(self) -> Settings:
        """The settings it was made with."""
        return self._settings

    def warm(self) -> None:
        """Load index and encoder now rather than with the first query.

        Raises `IndexUnavailable` or `EncoderUnavailable`.
        """
        self._check(self._live.get(), self._models.get().encoder)

    @property
    def is_warm(self) -> bool:
        """True once the encoder is loaded and the live generation can be asked with it."""
        if not self._models.is_loaded:
            return False
        self._check(self._live.get(), self._models.get().encoder)
        return True

    def search(  # noqa: PLR0913 - one for each of the API's parameters
        self,
        query: str,
        *,
        mode: Mode = Mode.HYBRID,
        filter: Filter | None = None,
        limit: int = 10,
        offset: int = 0,
        dates: bool = True,
        group_by: GroupBy | None = None,
    ) -> Answered:
        """The hits of a query. Raises `InvalidQuery` with every fault of it, or `IndexUnavailable`.

        With `dates`, a period that the query names ("najaar 2018") prefers documents of that time. With
        `group_by`, each document is one hit, and `limit`, `offset` and the total count documents.
        """
        index = self._live.get()
        filter = filter or Filter()
        _refuse(_faults(query, limit, offset) + _filter_faults(filter, index))
        models = self._models.get()
        self._check(index, models.encoder)
        started = time.perf_counter()
        query = " ".join(query.split())
        # The single retrievers are what they are compared as: their own scores, without dates.
        asked = self._read(query, index, dates=dates and mode is Mode.HYBRID)
        page = Page(offset=offset, limit=limit, group_by=group_by)
        found = search(index, models, asked, mode=mode, filter=filter, page=page)
        return Answered(
            query=query,
            asked=asked,
            mode=mode,
            limit=limit,
            offset=offset,
            group_by=group_by,
            seconds=time.perf_counter() - started,
            generation=index.manifest.generation,
            found=found,
        )

    @property
    def weights(self) -> Weights:
        """The weights that it ranks with."""
        return self._models.weights

    def observe(self, query: str) -> Observed:
        """What `search` knows of a query before it weighs it: for `kb tune`. Raises as `search` does."""
        index = self._live.get()
        _refuse(_faults(query, 1, 0))
        models = self._models.get()
        self._check(index, models.encoder)
        return observe(index, models, self._read(" ".join(query.split()), index, dates=True))

    def faults(
        self,
        query: str | None,
        *,
        filter: Filter | None = None,
        limit: int = 10,
        offset: int = 0,
        max_limit: int = MAX_LIMIT,
    ) -> list[tuple[str, str, str]]:
        """Everything that `search` would refuse, as (parameter, code, message).

        Without a query, what it would refuse of the rest; with `max_limit` of `MAX_SIMILAR`, what `similar`
        would.
        """
        filter = filter or Filter()
        return _faults(query, limit, offset, max_limit) + _filter_faults(filter, self._live.get())

    def similar(
        self, passage_id: str, *, filter: Filter | None = None, limit: int = 10
    ) -> tuple[SimilarPassage, ...]:
        """The passages of other documents that say most nearly what this one says, nearest first.

        Those that are near-identical to it are left out. `limit` is at most `MAX_SIMILAR`. Raises
        `NotFound`, `InvalidQuery` or `IndexUnavailable`.
        """
        index = self._live.get()
        filter = filter or Filter()
        _refuse(_faults(None, limit, 0, MAX_SIMILAR) + _filter_faults(filter, index))
        return similar(index, passage_id, filter=filter, limit=limit)

    def manifest(self) -> Manifest:
        """What the live generation says of itself."""
        return self._live.get().manifest

    def report(self) -> Mapping[str, Any]:
        """The report of the build that made the live generation."""
        return self._live.get().report()

    def generations(self) -> list[str]:
        """The names of all generations on disk, oldest first."""
        return self._generations.names()

    @property
    def fallback(self) -> str | None:
        """Why an older generation is searched than the live one; None when the live one is.

        Raises `IndexUnavailable` when none can be.
        """
        self._newest.get()
        return self._newest.failure

    def facets(self) -> Facets:
        """The values that a filter can name."""
        return self._live.get().facets()

    def documents(self, filter: Filter | None = None) -> list[DocumentRecord]:
        """All documents that the filter allows, by path."""
        allowed = filter or Filter()
        return [record for record in self._live.get().documents() if allowed.allows(record)]

    def document(self, document_id: str) -> DocumentRecord:
        """One document. Raises `NotFound`."""
        return self._live.get().documents([document_id])[0]

    def passages_of(self, document_id: str) -> list[Passage]:
        """A document's passages in reading order. Raises `NotFound`."""
        index = self._live.get()
        return [record.passage for record in index.passages(index.document_rows(document_id))]

    def passage(self, passage_id: str) -> PassageInContext:
        """A passage with its neighbours in the same document. Raises `NotFound`."""
        index = self._live.get()
        row = index.passage_row(passage_id)
        (record,) = index.passages([row])
        rows = index.document_rows(record.passage.document_id)
        near = {
            found.row: found.passage for found in index.passages(n for n in (row - 1, row + 1) if n in rows)
        }
        return PassageInContext(
            passage=record.passage,
            document=index.documents([record.passage.document_id])[0],
            previous=near.get(row - 1),
            next=near.get(row + 1),
        )

    def file(self, document_id: str) -> Path:
        """The file a document was read from.

        Only files of the live generation can be named. Raises `NotFound` when the file is gone or has
        changed since: its passages could not be found in it.
        """
        index = self._live.get()
        record = index.documents([document_id])[0]
        root = Path(index.manifest.corpus)
        file = source_file(root, record.source)
        try:
            inside = file.resolve(strict=True).is_relative_to(root.resolve())
            status = file.stat()
        except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself, before Python 3.13
            inside = False
        if not inside:
            raise NotFound(f"{record.source} is no longer in {root}. Build the index again: kb build")
        stamp = (status.st_size, status.st_mtime_ns)
        if self._unchanged.get(record.sha256) != stamp:
            if sha256_of(file) != record.sha256:
                raise NotFound(
                    f"{record.source} has changed since it was indexed. Build the index again: kb build"
                )
            self._unchanged[record.sha256] = stamp
        return file

    def _read(self, query: str, index: Index, *, dates: bool) -> Query:
        today = dt.datetime.now().astimezone().date() if dates else None
        return read_query(query, index=index, synonyms=self._synonyms, today=today)

    def _check(self, index: Index, encoder: Encoder) -> None:
        made_by = index.manifest.encoder
        if made_by != encoder.identity:
            mine = encoder.identity
            raise IncompatibleIndex(
                f"Generation {index.manifest.generation} was made with model {made_by.model} "
                f"({made_by.revision}, {_late(made_by)}), but KB_MODEL is {mine.model} ({mine.revision}, "
                f"{_late(mine)}) with prompts {mine.query_prompt!r} and {mine.passage_prompt!r}. "
                f"Build the index again: kb build --corpus {index.manifest.corpus}"
            )


class _FirstIndex:
    """The index that `live` gave when it was first asked."""

    def __init__(self, live: _Live) -> None:
        self._live = live
        self._index: Index | None = None

    def get(self) -> Index:
        self._index = self._index or self._live.get()
        return self._index


class _OneIndex:
    """Always this index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def get(self) -> Index:
        return self._index


class _LoadedOnce:
    """The models, loaded when they are first needed, by one thread for all."""

    def __init__(self, settings: Settings, encoder: Encoder | None = None) -> None:
        self._settings = settings
        self._encoder = encoder
        # A file with faults is told at the start, not with the first query.
        self.weights = Weights.load(settings.weights)
        self._models: Models | None = None
        self._loading = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        return self._models is not None

    def get(self) -> Models:
        if self._models is None:
            with self._loading:
                if self._models is None:
                    self._models = self._load()
        return self._models

    def _load(self) -> Models:
        seconds = self._settings.rerank_milliseconds / 1000
        return Models(
            encoder=self._encoder or load_encoder(self._settings),
            reranking=Reranking(reranker=load_reranker(self._settings), seconds=seconds),
            weights=self.weights,
        )


def _late(identity: EncoderIdentity) -> str:
    return f"KB_LATE_INTERACTION {'on' if identity.token_dimension else 'off'}"


def _refuse(faults: list[tuple[str, str, str]]) -> None:
    if faults:
        raise InvalidQuery(faults)


def _faults(
    query: str | None, limit: int, offset: int, max_limit: int = MAX_LIMIT
) -> list[tuple[str, str, str]]:
    faults = []
    query = "-" if query is None else query
    if not query.strip():
        faults.append(("q", "empty", "The query is empty"))
    if len(query) > MAX_QUERY:
        faults.append(
            ("q", "too-long", f"The query has {len(query)} characters; at most {MAX_QUERY} are allowed")
        )
    if _CONTROL.search(query):
        faults.append(("q", "control-characters", "The query holds control characters"))
    if not 1 <= limit <= max_limit:
        faults.append(("limit", "out-of-range", f"limit is {limit}; it must be from 1 to {max_limit}"))
    if not 0 <= offset <= MAX_OFFSET:
        faults.append(("offset", "out-of-range", f"offset is {offset}; it must be from 0 to {MAX_OFFSET}"))
    return faults


def _filter_faults(filter: Filter, index: Index) -> list[tuple[str, str, str]]:
    faults = []
    facets = index.facets()
    events = {value for event in facets.events for value in (event.id, event.name)}
    documents = {record.id for record in index.documents()} if filter.documents else set()
    for name, wanted, known in (
        ("event", filter.events, events),
        ("language", filter.languages, set(facets.languages)),
        ("document", filter.documents, documents),
    ):
        faults += [
            (name, "unknown-value", f"There is no {name} {value!r} in the index")
            for value in sorted(wanted - known)
        ]
    if filter.date_from and filter.date_to and filter.date_from > filter.date_to:
        faults.append(("dateFrom", "out-of-range", "dateFrom is after dateTo"))
    return faults
