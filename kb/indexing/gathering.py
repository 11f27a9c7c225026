"""The documents of the corpus, as they are read or as the live index has them."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from kb.corpus import Corpus
from kb.documents import Source
from kb.errors import IndexUnavailable, ParseError
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing.findings import Findings
from kb.indexing.reuse import Reuse, Unchanged
from kb.indexing.staleness import scan_corpus
from kb.live_index import LiveIndex
from kb.privacy.live import LivePrivacy
from kb.readings import Readings
from kb.sandbox import Outcomes, ReaderProcesses, read_all, read_options
from kb.settings import Settings

READINGS = ".readings"
# Within the stage, and removed before it is published.
_WORKING = "working"

# What becomes of a document.
Made = TypeVar("Made")


class Read(Protocol):
    """What reads sources: `kb.sandbox.read_all`, or a cluster."""

    def __call__(
        self, corpus: Corpus, settings: Settings, *, readings: Readings, working: Path
    ) -> AbstractContextManager[Outcomes]:
        """Each source, in order, with its document or with why there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a build is: `phase` is starting, reading, writing, judging or publishing.

    `passages` counts those that are in the index or on their way into it, whether encoded or reused.
    """

    files_done: int
    files_total: int
    passages: int
    reused: int
    phase: str = "reading"


class Gathering:
    """One run over the corpus: what it reads with, and what it has found."""

    def __init__(
        self, settings: Settings, generations: Generations, progress: Callable[[Progress], None] | None
    ) -> None:
        self.settings = settings
        # As it is when the build begins: what changes meanwhile, readers are kept from and the next one does.
        self.privacy = LivePrivacy(settings).get()
        # It is checked, hundreds of megabytes of it, while the files of the corpus are.
        self._opening = ThreadPoolExecutor(max_workers=1, thread_name_prefix="opening")
        self._live = self._opening.submit(_live, generations)
        self.readings = Readings(settings.indexes / READINGS, read_options(settings))
        self._readers = ReaderProcesses(settings)
        self._started = time.monotonic()
        self._progress = progress or (lambda _: None)
        self._done = 0

    @property
    def live(self) -> EmbeddedIndex | None:
        """The live index, or what stands in for it where that is damaged."""
        return self._live.result()

    def close(self) -> None:
        """Let go of the live index. Nothing can be read after it."""
        self._readers.close()
        self._opening.shutdown()
        if not self._live.exception() and self.live:
            self.live.close()

    def scan(self) -> None:
        """Look which files there are. Raises `CorpusError`."""
        self.corpus, withheld = scan_corpus(self.settings, self.privacy)
        self.findings = Findings(
            self.corpus,
            self.privacy,
            withheld=withheld,
            live=lambda: self.live,
            started=self._started,
        )

    @property
    def remaining(self) -> int:
        """How many passages the live index has of the files that there still are."""
        paths = {source.path for source in self.corpus.sources}
        records = self.live.documents() if self.live else ()
        return sum(record.passages for record in records if record.source in paths)

    def start_readers(self) -> None:
        """Where a file was never read, have what will read it start meanwhile."""
        if not all(map(self.readings.holds, self.corpus.sources)):
            self._readers.start()

    def tell(self, phase: str) -> None:
        """Tell how far it is."""
        self._progress(
            Progress(
                files_done=self._done,
                files_total=len(self.corpus.sources),
                passages=self.findings.passages,
                reused=self.findings.reused,
                phase=phase,
            )
        )

    def documents(
        self,
        stage: Path,
        reuse: Reuse,
        make: Callable[[Outcomes], Iterator[tuple[Source, Made | ParseError]]],
        read: Read | None = None,
    ) -> Generator[Made | Unchanged, None, None]:
        """What is made of every document that can be read, or what the live index holds of it, in order of
        path; the rest is put down.

        `read` is what reads them, where the readers of this machine do not. `make` is given those that are
        new, without the names that must not be read; it may ask for them by another thread, which must ask
        for no more once this is closed.
        """
        working = stage / _WORKING
        working.mkdir()
        sources = self.corpus.sources
        unchanged = {source.path: found for source in sources if (found := reuse.of(source))}
        changed = tuple(source for source in sources if source.path not in unchanged)
        corpus = dataclasses.replace(self.corpus, sources=changed)
        read = read or partial(read_all, processes=self._readers)
        with read(corpus, self.settings, readings=self.readings, working=working) as outcomes:
            made = make((source, self.findings.readable(outcome)) for source, outcome in outcomes)
            for known in sources:
                self._done += 1
                if found := unchanged.get(known.path):
                    yield found
                else:
                    source, outcome = next(made)
                    if isinstance(outcome, ParseError):
                        self.findings.leave_out(source, outcome)
                    else:
                        yield outcome
                self.tell("reading")
        shutil.rmtree(working, ignore_errors=True)


def _live(generations: Generations) -> EmbeddedIndex | None:
    try:
        return LiveIndex(generations).get()
    except IndexUnavailable:
        return None
