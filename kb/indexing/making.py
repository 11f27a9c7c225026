"""New documents, made and encoded by a thread of its own while others are written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from queue import SimpleQueue

from kb.documents import Document, Gap, Passage, Source
from kb.errors import ParseError
from kb.index.copying import Prepared
from kb.index.labels import DocumentLabels
from kb.index.stored import StoredVectors
from kb.sandbox import Outcomes

# Passages that are made before they are encoded: enough for who reads to be ahead, few enough to bound memory
# and to show progress.
_ENCODED_AT_ONCE = 64
# Groups of documents with so many passages that are made and not yet taken.
_GROUPS_AHEAD = 2

_Vectors = Mapping[str, StoredVectors]


@dataclass(frozen=True, slots=True)
class Made:
    """A new document, cut into passages with these hashes, and what is known already of some of them."""

    document: Document
    passages: list[Passage]
    hashes: list[str]
    known: _Vectors
    labels: DocumentLabels
    gaps: tuple[Gap, ...]
    prepared: Prepared | None

    @property
    def new(self) -> dict[str, Passage]:
        """The passages that must be encoded, by their hashes."""
        passages = zip(self.hashes, self.passages, strict=True)
        return {key: passage for key, passage in passages if key not in self.known}


@dataclass(frozen=True, slots=True)
class New:
    """A document that was made, and whose passages will be encoded."""

    made: Made
    _encoding: Future[_Vectors]

    def encoded(self) -> list[StoredVectors]:
        """What its passages are encoded to, once they are. Raises what encoding them raised."""
        found = self._encoding.result()
        known = self.made.known
        return [known[key] if key in known else found[key] for key in self.made.hashes]

    def is_with(self, other: New) -> bool:
        """Whether both are encoded together."""
        return self._encoding is other._encoding


_Item = tuple[Source, New | ParseError]


@dataclass(slots=True)
class Making:
    """Makes documents with `make`, and encodes their passages with `encode`, a few groups ahead.

    `close` waits `patience` seconds for what is being made; without, until it is. `encode` may look at
    `given_up` as well.
    """

    make: Callable[[Document], Made]
    encode: Callable[[Mapping[str, Passage]], _Vectors]
    given_up: threading.Event = field(default_factory=threading.Event)
    patience: float | None = None
    # Why nothing more is made, where that is no fault of what encodes.
    failure: BaseException | None = None
    _items: SimpleQueue[_Item | BaseException] = field(default_factory=SimpleQueue)
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_GROUPS_AHEAD))
    _thread: threading.Thread | None = None
    # Of the group that is made or encoded now.
    _encoding: Future[_Vectors] = field(default_factory=Future)

    def ahead(self, outcomes: Outcomes) -> Iterator[_Item]:
        """What becomes of each of these, begun at once. Raises what making or encoding them raised."""
        # Should its end not be waited for, it must not keep the process.
        thread = threading.Thread(target=self._work, args=(outcomes,), name="making", daemon=True)
        thread.start()
        self._thread = thread
        return self._taken()

    def close(self) -> None:
        """Wait for what is being made or encoded; the rest is given up, also by who waits to write it."""
        self.given_up.set()
        self._room.release()
        if self._thread:
            self._thread.join(self.patience)
            if self._thread.is_alive():
                self._encoding.cancel()

    def _taken(self) -> Iterator[_Item]:
        last: New | None = None
        while True:
            item = self._items.get()
            if isinstance(item, BaseException):
                raise item
            _, found = item
            if isinstance(found, New):
                if last and not found.is_with(last):
                    self._room.release()
                last = found
            yield item

    def _work(self, outcomes: Outcomes) -> None:
        try:
            is_more = True
            while is_more:
                self._room.acquire()
                is_more = self._group(outcomes)
            # For who asks for more than there is.
            self._items.put(LookupError("there are no more documents"))
        except BaseException as error:
            self._items.put(error)

    def _group(self, outcomes: Outcomes) -> bool:
        """Make documents until there is enough to encode, and encode it; whether there may be more."""
        encoding = self._encoding = Future()
        try:
            new, is_more = self._new(outcomes, encoding)
        except BaseException as error:
            self.failure = error
            # Who writes would tell of an error of its own: that of this thread is the one to be told.
            encoding.cancel()
            raise
        try:
            encoding.set_result(self.encode(new))
        except BaseException as error:
            encoding.set_exception(error)
            raise
        return is_more

    def _new(self, outcomes: Outcomes, encoding: Future[_Vectors]) -> tuple[dict[str, Passage], bool]:
        """Make documents until there is enough to encode: what that is, and whether there may be more."""
        new: dict[str, Passage] = {}
        passages = 0
        while passages < _ENCODED_AT_ONCE:
            if self.given_up.is_set():
                raise CancelledError
            item = next(outcomes, None)
            if item is None:
                return new, False
            source, outcome = item
            if isinstance(outcome, ParseError):
                self._items.put((source, outcome))
                continue
            made = self.make(outcome)
            # At once: who writes need not wait for others of its group.
            self._items.put((source, New(made, encoding)))
            new.update(made.new)
            passages += len(made.passages)
        return new, True
