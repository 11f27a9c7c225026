"""The reading side as one object, held by the API, the command line and Python callers."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from kb.answered import Answered, AnsweredQuestion, PassageInContext, timeliness_of
from kb.answers.answering import answer
from kb.arrivals import Arrival, arrivals
from kb.candidates import Query
from kb.corpus.originals import Originals
from kb.documents import Passage
from kb.embedding import Encoder
from kb.errors import FileWithheld
from kb.generating import Ending, Generation, Writer
from kb.generations import Generations
from kb.history import History
from kb.hits import GroupBy, Page, SimilarPassage
from kb.index import DocumentRecord, Facets, Filter, Index, Manifest
from kb.index.labels import Told
from kb.index.private import NOBODY
from kb.index.telling import told_by_id, told_of
from kb.language import Synonyms, shipped_synonyms
from kb.listing import PassageList, list_documents, list_passages
from kb.live_index import FirstIndex, Live, LiveIndex, OneIndex, OpenIndex, PrivateIndex
from kb.masking import DOT
from kb.milestones import load_milestones
from kb.models import LoadedModels, Models
from kb.permalinks import Permalink, Whereabouts, find_again
from kb.privacy.live import LivePrivacy
from kb.privacy.reports import told_report
from kb.reports import open_report, read_report
from kb.search import Observed, observe, read_query, search, similar
from kb.search_request import (
    MAX_LIMIT,
    MAX_SIMILAR,
    MAX_SUGGESTIONS,
    MAX_TYPED,
    Faults,
    Mode,
    SearchRequest,
    answer_faults,
    filter_faults,
    page_faults,
    query_faults,
    refuse,
)
from kb.settings import Settings
from kb.suggestions import Suggested
from kb.suggestions.learning import LearnedSuggestions
from kb.suggestions.themes import LearnedThemes
from kb.weights import Weights

__all__ = ["Answered", "AnsweredQuestion", "KnowledgeBase", "PassageInContext"]


class KnowledgeBase:
    """Searches the live generation, and goes on to the next one when it is published."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generations = Generations.of(settings)
        self._newest = LiveIndex(self._generations)
        self._privacy = LivePrivacy(settings)
        self._live: Live = PrivateIndex(self._newest, self._privacy)
        self._open: Live = OpenIndex(self._live)
        self._models = LoadedModels(settings)
        self._synonyms = Synonyms.load(settings.synonyms) if settings.synonyms else shipped_synonyms()
        self._milestones = load_milestones(settings.milestones)
        self._suggestions = LearnedSuggestions()
        self._suggested_themes = LearnedThemes()
        self._writer = Writer(settings)
        self._originals = Originals()
        self._sees_members = True

    def pinned(self, *, members: bool = True) -> Self:
        """This knowledge base at one generation: the one that is live when it is first asked.

        For a request that asks more than once: what is published in between does not mix into it. Without
        `members` it is as if the documents for members were not there.
        """
        other = copy.copy(self)
        other._live = FirstIndex(self._live if members else self._open)
        other._sees_members = members
        return other

    @classmethod
    def over(cls, index: Index, settings: Settings, encoder: Encoder) -> Self:
        """One over an index that is open already, whether it is published or not."""
        found = cls(settings)
        found._live = PrivateIndex(OneIndex(index), found._privacy)
        found._open = OpenIndex(found._live)
        found._models = LoadedModels(settings, encoder)
        return found

    def check_engine(self) -> None:
        """Return when what ranks would answer. Raises `EngineUnavailable`."""
        self._generations.engine.check()

    @property
    def settings(self) -> Settings:
        """The settings it was made with."""
        return self._settings

    @property
    def privacy(self) -> LivePrivacy:
        """The suppression list: what must not be read of the documents."""
        return self._privacy

    def warm(self) -> None:
        """Load index and encoder now rather than with the first query.

        Raises `IndexUnavailable` or `EncoderUnavailable`.
        """
        self._models.fitting(self._live.get().manifest)
        for live in (self._live, self._open):
            self._suggestions.of(live.get())

    @property
    def is_warm(self) -> bool:
        """True once the encoder is loaded and the live generation can be asked with it."""
        if not self._models.is_loaded:
            return False
        self._models.fitting(self._live.get().manifest)
        return True

    def search(  # noqa: PLR0913 - what is asked most, in the words of the API
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
        """The hits of a query: `ask`, with what is asked in parameters."""
        return self.ask(
            SearchRequest(
                query=query,
                mode=mode,
                filter=filter or Filter(),
                page=Page(offset=offset, limit=limit, group_by=group_by),
                dates=dates,
            )
        )

    def ask(self, request: SearchRequest) -> Answered:
        """The hits that are asked for. Raises `InvalidQuery` with every fault, or `IndexUnavailable`."""
        index = self._live.get()
        refuse(request.faults(index))
        models = self._models.fitting(index.manifest)
        started = time.perf_counter()
        return self._answer(index, models, request, self._understood(request, index), started)

    def answer(self, request: SearchRequest, *, answer_from: float | None = None) -> AnsweredQuestion:
        """The sentences that answer a question, or none, with the hits that are asked for.

        The answer is chosen from the best passages that the filter allows, whichever hits are shown;
        `answer_from` is another threshold for it than that of the settings.
        Raises as `ask` does, and for a single retriever, which does not judge what it finds.
        """
        index = self._live.get()
        refuse(answer_faults(request, index))
        models = self._models.fitting(index.manifest)
        started = time.perf_counter()
        query = self._understood(request, index)
        encoded = query.encoded or models.encoder.encode_query(query.dense_text)
        query = dataclasses.replace(query, encoded=encoded)
        answered = self._answer(index, models, request, query, started)
        least = self._settings.answer_from if answer_from is None else answer_from
        found = answer(index, models.encoder, encoded, query.text, answered.found, answer_from=least)
        return AnsweredQuestion(answered=answered, answer=found, seconds=time.perf_counter() - started)

    def generation(self, asked: AnsweredQuestion) -> Generation | Ending:
        """What writes an answer to a question that was answered, from the same passages; or why nothing does.

        To be asked of a pinned knowledge base, as the question was.
        """
        if not self._writer.is_set or not asked.answer.is_answered:
            return Ending.NOT_ANSWERED if self._writer.is_set else Ending.OFF
        index = self._live.get()
        encoder = self._models.fitting(index.manifest).encoder
        answered = asked.answered
        return self._writer.generation(index, encoder, answered.query, answered.found.first) or Ending.OFF

    def search_many(self, requests: Sequence[SearchRequest]) -> list[Answered]:
        """The answers to several, in their order; their queries are encoded together.

        `seconds` of each leaves that out. Raises as `ask` does, at the first that has faults.
        """
        index = self._live.get()
        for request in requests:
            refuse(request.faults(index))
        models = self._models.fitting(index.manifest)
        queries = [self._understood(request, index) for request in requests]
        together = models.encoder.encode_queries([query.dense_text for query in queries]) if queries else []
        return [
            self._answer(
                index, models, request, dataclasses.replace(query, encoded=encoded), time.perf_counter()
            )
            for request, query, encoded in zip(requests, queries, together, strict=True)
        ]

    @property
    def weights(self) -> Weights:
        """The weights that it ranks with."""
        return self._models.weights

    def observe(self, query: str) -> Observed:
        """What `search` knows of a query before it weighs it: for `kb tune`. Raises as `search` does."""
        index = self._live.get()
        request = SearchRequest(query=query)
        refuse(request.faults(index))
        models = self._models.fitting(index.manifest)
        return observe(index, models, self._understood(request, index))

    def faults(self, request: SearchRequest) -> Faults:
        """Everything for which `ask` would refuse a request."""
        return request.faults(self._live.get())

    def answer_faults(self, request: SearchRequest) -> Faults:
        """Everything for which `answer` would refuse a request."""
        return answer_faults(request, self._live.get())

    def list_faults(
        self, filter: Filter, *, limit: int, offset: int = 0, max_limit: int = MAX_LIMIT
    ) -> Faults:
        """Everything that is wrong with a list that is asked for.

        With `max_limit` of `MAX_SIMILAR`, everything for which `similar` would refuse it.
        """
        return page_faults(limit, offset, max_limit=max_limit) + filter_faults(filter, self._live.get())

    def similar(
        self, passage_id: str, *, filter: Filter | None = None, limit: int = 10
    ) -> tuple[SimilarPassage, ...]:
        """The passages of other documents that say most nearly what this one says, nearest first.

        Those that are near-identical to it are left out. `limit` is at most `MAX_SIMILAR`. Raises
        `NotFound`, `InvalidQuery` or `IndexUnavailable`.
        """
        index = self._live.get()
        filter = filter or Filter()
        refuse(page_faults(limit, max_limit=MAX_SIMILAR) + filter_faults(filter, index))
        return similar(index, passage_id, filter=filter, limit=limit)

    def suggestions(self, typed: str, *, limit: int = 8) -> Suggested:
        """What may be meant by the beginning of a query. Raises `InvalidQuery` or `IndexUnavailable`."""
        refuse(self.suggestion_faults(typed, limit=limit))
        return self._suggestions.of(self._live.get()).suggest(typed, limit)

    @staticmethod
    def suggestion_faults(typed: str, *, limit: int) -> Faults:
        """Everything for which `suggestions` would refuse what was typed."""
        return [
            *query_faults(typed, max_length=MAX_TYPED),
            *page_faults(limit, max_limit=MAX_SUGGESTIONS),
        ]

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
        """All documents with passages that the filter allows, by path."""
        return list_documents(self._live.get(), filter or Filter())

    def passages(self, filter: Filter | None = None, *, limit: int = 10, offset: int = 0) -> PassageList:
        """The passages that the filter allows, those of the newest documents first.

        Raises `InvalidQuery` or `IndexUnavailable`.
        """
        index = self._live.get()
        filter = filter or Filter()
        refuse(page_faults(limit, offset) + filter_faults(filter, index))
        return list_passages(index, filter, limit=limit, offset=offset)

    def told(self, passages: Sequence[Passage]) -> dict[str, Told]:
        """What each of these passages states and which places it names, by its id. Raises `NotFound`."""
        return told_by_id(self._live.get(), passages)

    def document(self, document_id: str) -> DocumentRecord:
        """One document. Raises `NotFound`."""
        return self._live.get().documents([document_id])[0]

    def history(self) -> History:
        """The meetings and themes of the documents. Raises `IndexUnavailable`."""
        return History(self._live.get(), self._suggested_themes)

    def arrivals(self) -> list[Arrival]:
        """What the builds of the generations on disk brought of the documents there are, the newest first."""
        index = self._live.get()
        live = index.manifest.generation
        told = [index.report()]
        for name in reversed([name for name in self._generations.names() if name < live]):
            report = told_report(self._generations.report(name), self._privacy.get())
            told.append(report if self._sees_members else open_report(report))
        return arrivals(index.documents(), filter(None, map(read_report, told)))

    def find_again(self, link: Permalink) -> Whereabouts:
        """What became of the passage of a link that was given out before."""
        return find_again(link, self._live.get())

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
            told=told_of(index, [record])[row],
        )

    def file(self, document_id: str) -> Path:
        """The file a document was read from.

        Only files of the live generation can be named. Raises `NotFound` when the file is gone or has
        changed since: its passages could not be found in it; `FileWithheld` when a name stands in it that
        must not be read.
        """
        record = self.document(document_id)
        if record.masked is not None:
            raise FileWithheld("A name that must not be read stands in this file. Its text is there, masked")
        return self.drawn_file(document_id)

    def drawn_file(self, document_id: str) -> Path:
        """The file of a document, to draw those pages of it that may be seen (`DocumentRecord.masked`).

        Raises as `file` does, `FileWithheld` only where its own name must not be read.
        """
        index = self._live.get()
        record = index.documents([document_id])[0]
        if DOT in record.source:
            raise FileWithheld("The name of this file must not be read")
        return self._originals.find(Path(index.manifest.corpus), record.source, record.sha256)

    def _understood(self, request: SearchRequest, index: Index) -> Query:
        # The single retrievers are what they are compared as: their own scores, without dates.
        dates = request.dates and request.mode is Mode.HYBRID
        today = dt.datetime.now().astimezone().date() if dates else None
        query = self._privacy.get().names.masked(" ".join(request.query.split()))
        return read_query(query, index=index, synonyms=self._synonyms, today=today)

    def _answer(
        self, index: Index, models: Models, request: SearchRequest, query: Query, started: float
    ) -> Answered:
        # Who asks for nothing but a name that must not be read is given nothing.
        is_hidden = DOT in query.text and not any(map(str.isalnum, query.text))
        wanted = dataclasses.replace(request.filter, documents=NOBODY) if is_hidden else request.filter
        found = search(index, models, query, mode=request.mode, filter=wanted, page=request.page)
        return Answered(
            request=request,
            asked=query,
            seconds=time.perf_counter() - started,
            generation=index.manifest.generation,
            found=found,
            timeliness=timeliness_of(query.text, found, self._milestones),
        )
