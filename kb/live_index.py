"""The index that questions are asked of: the live generation, or an intact older one in its place."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from kb.errors import IndexUnavailable, NoIndex
from kb.generations import CURRENT, Generations
from kb.index import Index
from kb.index.embedded import EmbeddedIndex
from kb.index.private import private_view
from kb.index.restricted import public_view
from kb.privacy import PrivacyList
from kb.privacy.live import LivePrivacy

_log = logging.getLogger(__name__)

# After this time what could not be opened is tried again, for it may have been put right by hand. Not with
# every request: to verify an index is to read all of it.
_RETRY_SECONDS = 60.0


class Live(Protocol):
    """What gives an index to ask; the same one must be used for all of a request."""

    def get(self) -> Index:
        """The index. Raises `IndexUnavailable`."""
        ...


class FirstIndex:
    """The index that `live` gave when it was first asked."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._index: Index | None = None

    def get(self) -> Index:
        """The index. Raises `IndexUnavailable`."""
        self._index = self._index or self._live.get()
        return self._index


class OneIndex:
    """Always this index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def get(self) -> Index:
        """The index."""
        return self._index


class PrivateIndex:
    """What the suppression list leaves of the index that `live` gives: one view of each, for as long as both
    are what they are."""

    def __init__(self, live: Live, privacy: LivePrivacy) -> None:
        self._live = live
        self._privacy = privacy
        self._lock = threading.Lock()
        self._seen: tuple[Index, PrivacyList, Index] | None = None

    def get(self) -> Index:
        """What may be read of the index. Raises `IndexUnavailable`."""
        index, privacy = self._live.get(), self._privacy.get()
        seen = self._seen
        if seen and seen[0] is index and seen[1] is privacy:
            return seen[2]
        # All wait for the first who looks: until then nobody knows what may be read.
        with self._lock:
            seen = self._seen
            if seen is None or seen[0] is not index or seen[1] is not privacy:
                seen = self._seen = (index, privacy, private_view(index, privacy))
            return seen[2]


class OpenIndex:
    """The open documents of the index that `live` gives: one view of each, for as long as it is live."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._seen: tuple[Index, Index] | None = None

    def get(self) -> Index:
        """What everybody may see of the index. Raises `IndexUnavailable`."""
        index = self._live.get()
        with self._lock:
            if self._seen is None or self._seen[0] is not index:
                self._seen = (index, public_view(index))
            return self._seen[1]


class LiveIndex:
    """The live generation, opened; `get` notices when another one was published."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations
        self._lock = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._index: EmbeddedIndex | None = None
        self._failure: IndexUnavailable | None = None
        self._failed_at = 0.0

    def get(self) -> EmbeddedIndex:
        """The index to ask for one request; the same one must be used for all of that request.

        A new generation is opened beside the old one and then takes its place. When it cannot be opened the
        old one stays; at a start the newest intact one before it is opened. Raises `IndexUnavailable` when
        there is none at all.
        """
        # One thread opens it, and the others go on with what there is.
        if self._is_due() and self._lock.acquire(blocking=self._index is None):
            try:
                if self._is_due():
                    self._reload()
            finally:
                self._lock.release()
        if self._index is None:
            raise self._told()
        return self._index

    @property
    def failure(self) -> str | None:
        """Why the index that `get` gives is not the live one; None when it is."""
        failure = self._failure
        return str(failure) if failure else None

    def _is_due(self) -> bool:
        if self._stamp() != self._seen or (self._index is None and self._failure is None):
            return True
        return self._failure is not None and time.monotonic() - self._failed_at > _RETRY_SECONDS

    def _reload(self) -> None:
        seen = self._stamp()
        try:
            name = self._generations.current().name
            if self._index is None or self._index.manifest.generation != name:
                # The old index is not closed: a request may still be reading it, and its files are
                # released with the last reference.
                self._index = self._generations.open_live()
            self._failure = None
        except IndexUnavailable as error:
            self._fall_back(error)
        self._seen = seen

    def _fall_back(self, error: IndexUnavailable) -> None:
        if self._index is None and not isinstance(error, NoIndex):
            self._index = self._generations.open_older()
        if self._index and str(error) != self.failure:
            _log.warning("generation %s is used: %s", self._index.manifest.generation, error)
        # Without what it was raised from: its frames would keep an index alive that was half opened.
        self._failure = type(error)(str(error))
        self._failed_at = time.monotonic()

    def _told(self) -> IndexUnavailable:
        """The failure again, as one of its own: one that is raised over and over grows."""
        failure = self._failure or NoIndex(f"There is no index in {self._generations.folder} yet")
        return type(failure)(str(failure))

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = (self._generations.folder / CURRENT).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
