"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx2

from kb.client import answers, calls, history, upkeep
from kb.client.asking import (
    AnswerOptions,
    DocumentsOptions,
    PassagesOptions,
    Search,
    SearchOptions,
    SimilarOptions,
)
from kb.client.calls import Call, JsonObject
from kb.client.connecting import Address, Verify, headers_of
from kb.client.errors import ClientError, UnexpectedAnswer
from kb.client.paging import PAGE, Pages
from kb.client.passages import ListedPassage, PassagesAnswer
from kb.client.receiving import MAX_ANSWER, Incoming, answer_of, place_of, refusal_of, translated
from kb.client.retrying import Attempts, Retrying

T = TypeVar("T")


class Client:
    """Asks a service over HTTP. It may be shared by threads; close it, or use it in `with`.

    `url` is where the service is (else the variable KENNISBANK_URL, else http://127.0.0.1:8000); `key` is an
    API key (else KENNISBANK_KEY, else none). `timeout` is how many seconds the service may be silent;
    `retrying` says how often and how long is tried in all. `verify` is an `ssl.SSLContext` where the system's
    certificates do not do. Every method raises the errors of `kb.client.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout: float = 10.0,
        retrying: Retrying | None = None,
        verify: Verify = True,
    ) -> None:
        self._address = Address.of(url)
        self._timeout = timeout
        self._retrying = retrying or Retrying()
        self._http = httpx2.Client(headers=headers_of(key), verify=verify, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address.url!r})"

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def url(self, link: str) -> str:
        """The whole address of a link in an answer, such as `hit.links.file`."""
        return self._address.link(link)

    def search(self, query: str, **options: Unpack[SearchOptions]) -> answers.SearchAnswer:
        """The passages that answer a query best, a page of them."""
        return self._send(calls.search(query, options))

    def iter_search(self, query: str, **options: Unpack[SearchOptions]) -> Iterator[answers.SearchHit]:
        """All hits of a query from `offset` on, page by page; `limit` is how many to fetch at once.

        Raises `GenerationChanged` when another index goes live between two pages.
        """
        pages = Pages(options.get("offset", 0))
        asked: SearchOptions = {"limit": PAGE, **options}
        while pages.offset is not None:
            asked["offset"] = pages.offset
            found = self.search(query, **asked)
            pages.turn(items=len(found.hits), total=found.total, generation=found.generation)
            yield from found.hits

    def answer(self, question: str, **options: Unpack[AnswerOptions]) -> answers.QuestionAnswer:
        """The sentences that answer a question, word for word, or that there are none."""
        return self._send(calls.answer(question, options))

    def search_many(
        self, searches: Iterable[str | Search], **options: Unpack[SearchOptions]
    ) -> tuple[answers.SearchAnswer, ...]:
        """The answers to up to 100 searches, in their order, from one index; their queries are encoded
        together. `options` are for all of them; a search may be a query or a dict with its own.
        """
        return (self._send(calls.search_many(searches, options))).answers

    def suggestions(self, typed: str, *, limit: int = 8) -> answers.SuggestionsAnswer:
        """What may be meant by the beginning of a query."""
        return self._send(calls.suggestions(typed, limit=limit))

    def export(self, query: str, *, format: str, **options: Unpack[SearchOptions]) -> bytes:  # noqa: A002
        """A page of hits as csv, csvExcel, jsonl, ris or bibtex, in UTF-8."""
        return self._send(calls.export(query, format, options))

    def passage(self, passage_id: str) -> answers.PassageDetails:
        """A passage with the ones before and after it."""
        return self._send(calls.passage(passage_id))

    def passages(self, **options: Unpack[PassagesOptions]) -> PassagesAnswer:
        """The passages that filters allow, without a query: what was decided at a meeting, who said what."""
        return self._send(calls.passages(options))

    def iter_passages(self, **options: Unpack[PassagesOptions]) -> Iterator[ListedPassage]:
        """All passages that filters allow, from `offset` on; `limit` is how many to fetch at once.

        Raises `GenerationChanged` when another index goes live between two pages.
        """
        pages = Pages(options.get("offset", 0))
        asked: PassagesOptions = {"limit": PAGE, **options}
        while pages.offset is not None:
            asked["offset"] = pages.offset
            found = self.passages(**asked)
            pages.turn(items=len(found.passages), total=found.total, generation=found.generation)
            yield from found.passages

    def similar(self, passage_id: str, **options: Unpack[SimilarOptions]) -> answers.SimilarAnswer:
        """The passages of other documents that are most like a passage."""
        return self._send(calls.similar(passage_id, options))

    def documents(self, **options: Unpack[DocumentsOptions]) -> answers.DocumentsAnswer:
        """The documents, by path, a page of them."""
        return self._send(calls.documents(options))

    def iter_documents(self, **options: Unpack[DocumentsOptions]) -> Iterator[answers.DocumentDetails]:
        """All documents from `offset` on, by path; `limit` is how many to fetch at once.

        Raises `GenerationChanged` when another index goes live between two pages.
        """
        pages = Pages(options.get("offset", 0))
        asked: DocumentsOptions = {"limit": PAGE, **options}
        while pages.offset is not None:
            asked["offset"] = pages.offset
            found = self.documents(**asked)
            pages.turn(items=len(found.documents), total=found.total, generation=found.generation)
            yield from found.documents

    def export_documents(
        self,
        *,
        format: str,  # noqa: A002
        **options: Unpack[DocumentsOptions],
    ) -> bytes:
        """A page of the documents as csv, csvExcel, jsonl, ris or bibtex, in UTF-8."""
        return self._send(calls.export_documents(format, options))

    def document(self, document_id: str) -> answers.DocumentDetails:
        """What is known of a document."""
        return self._send(calls.document(document_id))

    def download(self, document_id: str, path: Path | str) -> Path:
        """Put the file of a document at `path`, or under its own name in that folder; the file's path.

        It is streamed, and takes its place when it is whole and has the SHA-256 that was indexed; a file that
        is there already is replaced. `total_seconds` bounds when it is begun anew, not how long it takes.
        Raises `FileDamaged` when it is another file.
        """
        details = self.document(document_id)
        place = place_of(path, details.source)
        call = calls.file(document_id)
        return self._repeat(call, lambda _: self._receive(call, place, details.sha256))

    def events(self, **options: Unpack[DocumentsOptions]) -> history.EventsAnswer:
        """The meetings, the latest first, a page of them; years and dates are those of the meeting itself."""
        return self._send(calls.events(options))

    def iter_events(self, **options: Unpack[DocumentsOptions]) -> Iterator[history.EventInList]:
        """All meetings from `offset` on, the latest first; `limit` is how many to fetch at once.

        Raises `GenerationChanged` when another index goes live between two pages.
        """
        pages = Pages(options.get("offset", 0))
        asked: DocumentsOptions = {"limit": PAGE, **options}
        while pages.offset is not None:
            asked["offset"] = pages.offset
            found = self.events(**asked)
            pages.turn(items=len(found.events), total=found.total, generation=found.generation)
            yield from found.events

    def event(self, event_id: str) -> history.EventDetails:
        """What is known of a meeting, and what was said and decided at it."""
        return self._send(calls.event(event_id))

    def themes(self) -> tuple[history.ThemeDetails, ...]:
        """The themes with the numbers of their passages and documents."""
        return (self._send(calls.themes())).themes

    def theme_suggestions(self) -> history.ThemeSuggestionsAnswer:
        """Subjects that the documents come back to and that are no theme yet."""
        return self._send(calls.theme_suggestions())

    def timeline(self, theme: str) -> history.TimelineAnswer:
        """How much is said of a theme, by its id or name, in each year."""
        return self._send(calls.timeline(theme))

    def status(self) -> upkeep.Status:
        """What the index holds, and whether a build is under way."""
        return self._send(calls.status())

    def live(self) -> answers.Health:
        """Whether the service lives; asked once."""
        return self._send(calls.live())

    def ready(self) -> answers.Health:
        """Whether it can answer; asked once. Raises `Unavailable` until index and model are loaded."""
        return self._send(calls.ready())

    def openapi(self) -> JsonObject:
        """The OpenAPI document."""
        return self._send(calls.openapi())

    def start_build(self, *, allow_removals: bool = False) -> upkeep.Build:
        """Start a build. Raises `Conflict` with its `build_id` when one is under way. Needs scope admin."""
        return self._send(calls.start_build(allow_removals=allow_removals))

    def builds(self) -> tuple[upkeep.BuildProgress, ...]:
        """The last builds, newest first. Needs scope admin."""
        return self._send(calls.builds()).builds

    def build(self, build_id: str) -> upkeep.Build:
        """How a build fares, with its report once it has ended. Needs scope admin."""
        return self._send(calls.build(build_id))

    def gaps(self) -> upkeep.GapsAnswer:
        """What three or more asked in a month and no document answers. Needs scope admin."""
        return self._send(calls.gaps())

    def generations(self) -> tuple[upkeep.Generation, ...]:
        """The indexes that are kept, newest first. Needs scope admin."""
        return self._send(calls.generations()).generations

    def make_live(self, name: str) -> upkeep.Generation:
        """Make another index the live one; it is verified first. Needs scope admin."""
        return self._send(calls.make_live(name))

    def report(self, name: str = "live") -> JsonObject:
        """The full report of the build that made an index, with names of files. Needs scope admin."""
        return self._send(calls.report(name))

    def add_document(self, path: Path | str, *, folder: str = "") -> upkeep.AddedDocument:
        """Add a file to a folder of the corpus; it is found after the next build. Needs scope admin.

        Raises `Conflict` when a file of that name is there. It is sent once: when the connection breaks,
        look whether it has arrived.
        """
        path = Path(path)
        with path.open("rb") as stream:
            form = {"files": {"file": (path.name, stream)}, "data": {"folder": folder} if folder else {}}
            return self._send(calls.add_document(), form)

    def _send(self, call: Call[T], form: JsonObject | None = None) -> T:
        return self._repeat(call, lambda attempts: self._attempt(call, attempts, form or {}))

    def _repeat(self, call: Call[Any], attempt: Callable[[Attempts], T]) -> T:
        attempts = Attempts(self._retrying, is_repeatable=call.is_repeatable)
        while True:
            try:
                return attempt(attempts)
            except ClientError as error:
                pause = attempts.pause_after(error)
                if pause is None:
                    raise
            time.sleep(pause)

    def _attempt(self, call: Call[T], attempts: Attempts, form: JsonObject) -> T:
        timeout = attempts.timeout(self._timeout)
        body = bytearray()
        with (
            translated(),
            self._http.stream(**self._address.request(call), **form, timeout=timeout) as response,
        ):
            for part in response.iter_bytes():
                body += part
                # A form is as long as its file; what comes back is bounded all the same.
                if not form:
                    attempts.check_time()
                if len(body) > MAX_ANSWER:
                    raise UnexpectedAnswer(f"The answer is larger than {MAX_ANSWER} bytes")
        return answer_of(call, response, bytes(body))

    def _receive(self, call: Call[bytes], place: Path, sha256: str) -> Path:
        with (
            translated(),
            self._http.stream(**self._address.request(call), timeout=self._timeout) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                raise refusal_of(response, response.read())
            with Incoming(place, sha256) as incoming:
                for part in response.iter_bytes():
                    incoming.write(part)
                return incoming.finish()
