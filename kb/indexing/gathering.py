"""The documents of the corpus, read or left out, and what has changed of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from kb.changes import MOST_REMOVED, Changes, Hashes
from kb.corpus import Corpus
from kb.documents import Access, Document, Event, Gap, Kind, Metadata, Source
from kb.errors import IndexUnavailable, ParseError, TooManyRemovals
from kb.generations import Generations
from kb.index import DocumentRecord
from kb.index.embedded import EmbeddedIndex
from kb.indexing.meetings import meetings
from kb.indexing.reuse import Reuse, Unchanged
from kb.indexing.staleness import scan_corpus
from kb.live_index import LiveIndex
from kb.privacy.documents import masked_document, masked_event
from kb.privacy.live import LivePrivacy
from kb.privacy.reports import is_withheld, told_report
from kb.readings import Readings
from kb.reports import BuildReport, FileReport
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
    """What one run over the corpus knows and has found."""

    def __init__(
        self, settings: Settings, generations: Generations, progress: Callable[[Progress], None] | None
    ) -> None:
        self.settings = settings
        self.files: list[FileReport] = []
        self.records: list[DocumentRecord] = []
        self.passages = 0
        self.reused = 0
        self.reused_open = 0
        # As it is when the build begins: what changes meanwhile, readers are kept from and the next one does.
        self.privacy = LivePrivacy(settings).get()
        self.withheld: Counter[str] = Counter()
        # It is checked, hundreds of megabytes of it, while the files of the corpus are.
        self._opening = ThreadPoolExecutor(max_workers=1, thread_name_prefix="opening")
        self._live = self._opening.submit(_live, generations)
        self.readings = Readings(settings.indexes / READINGS, read_options(settings))
        self._readers = ReaderProcesses(settings)
        self._started = time.monotonic()
        self._progress = progress or (lambda _: None)
        self._done = 0
        # Documents in which names were masked: on which pages, by id.
        self._masked: dict[str, tuple[int, ...]] = {}
        # The metadata of documents that were read, by path.
        self._described: dict[str, Metadata] = {}

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

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._started

    def scan(self) -> None:
        """Look which files there are. Raises `CorpusError`."""
        self.corpus, self.withheld = scan_corpus(self.settings, self.privacy)
        self.files += [
            FileReport(path=left.path, status="left-out", code=left.code, message=left.message)
            for left in self.corpus.left_out
        ]

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
                passages=self.passages,
                reused=self.reused,
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
            made = make((source, self._readable(outcome)) for source, outcome in outcomes)
            for known in sources:
                self._done += 1
                if found := unchanged.get(known.path):
                    yield found
                else:
                    source, outcome = next(made)
                    if isinstance(outcome, ParseError):
                        self._leave_out(source, outcome)
                    else:
                        yield outcome
                self.tell("reading")
        shutil.rmtree(working, ignore_errors=True)

    def _leave_out(self, source: Source, error: ParseError) -> None:
        left = FileReport(path=source.path, status="left-out", code=error.code, message=str(error))
        self.files.append(left)

    def _readable(self, document: Document | ParseError) -> Document | ParseError:
        if isinstance(document, ParseError):
            return document
        found = masked_document(document, self.privacy)
        if found.pages is not None:
            self._masked[document.source.document_id] = found.pages
        return found.document

    def add(self, document: Document, passages: int, gaps: Sequence[Gap]) -> DocumentRecord:
        """Put down a document that was read, and what of it was not."""
        masked = self._masked.get(document.source.document_id)
        record = dataclasses.replace(_record(document, passages), masked=masked)
        self._put_down(record, document.metadata, gaps)
        return record

    def keep(self, unchanged: Unchanged) -> DocumentRecord:
        """Put down a document that is as it was."""
        # Of which meeting it is depends on the others.
        record = dataclasses.replace(unchanged.record, event=None)
        if record.masked is not None:
            self._masked[record.id] = record.masked
        self._put_down(record, unchanged.prepared.metadata, unchanged.prepared.gaps)
        return record

    def _put_down(self, record: DocumentRecord, metadata: Metadata, gaps: Sequence[Gap]) -> None:
        self.records.append(record)
        read = FileReport(path=record.source, status="read", passages=record.passages, gaps=tuple(gaps))
        self.files.append(read)
        self._described[record.source] = metadata

    def group(self) -> dict[str, Event]:
        """The events of the documents that were put down, by their ids."""
        events = {
            path: masked_event(event, self.privacy) for path, event in meetings(self._described).items()
        }
        self.records = [
            dataclasses.replace(record, event=events.get(record.source)) for record in self.records
        ]
        return {record.id: record.event for record in self.records if record.event}

    def report(self, name: str, *, near_duplicates: Sequence[tuple[str, str]] = ()) -> BuildReport:
        """What it has come to."""
        paths = {record.source for record in self.records}
        report = BuildReport(
            generation=name,
            created=dt.datetime.now(dt.UTC),
            seconds=self.seconds,
            corpus=str(self.settings.corpus.resolve()),
            documents=len(self.records),
            passages=self.passages,
            reused=self.reused,
            undated=tuple(record.source for record in self.records if record.date is None),
            near_duplicates=tuple(near_duplicates),
            changes=self._changes(paths),
            files=tuple(sorted(self.files, key=lambda file: file.path)),
            withheld=dict(self.withheld),
            masked=len(self._masked),
        )
        return self.told(dataclasses.replace(report, open=self._open(report)))

    def told(self, report: BuildReport) -> BuildReport:
        """A report without the names that must not be read."""
        if not self.privacy.names:
            return report
        return BuildReport.from_json(told_report(report.as_json(), self.privacy))

    def _open(self, report: BuildReport) -> BuildReport | None:
        """The report as it is when only open documents count; None where there are and were no others."""
        now = {record.source for record in self.records if record.access is Access.OPEN}
        before = self._before(only_open=True)
        closed = {source.path for source in self.corpus.sources if source.sidecar.access is Access.MEMBERS}
        if len(now) == len(self.records) and len(before) == len(self._before()) and not closed:
            return None
        sources = {source.path for source in self.corpus.sources} - closed
        files = tuple(
            file for file in report.files if file.path in (now if file.status == "read" else sources)
        )
        passages = sum(record.passages for record in self.records if record.source in now)
        return dataclasses.replace(
            report,
            documents=len(now),
            passages=passages,
            reused=self.reused_open,
            undated=tuple(path for path in report.undated if path in now),
            near_duplicates=tuple(pair for pair in report.near_duplicates if now.issuperset(pair)),
            changes=self._changes(now, only_open=True),
            files=files,
            withheld={},
            masked=sum(record.masked is not None for record in self.records if record.source in now),
        )

    def refuse_removals(self, paths: set[str]) -> None:
        """Raise `TooManyRemovals` when these documents are too few of those that there were."""
        changes = self._changes(paths)
        if changes.remove_too_much:
            some = "\n".join(f"  {self.privacy.names.masked(path)}" for path in changes.removed[:10])
            report = dataclasses.replace(self.report(""), changes=changes)
            if report.open:
                kept = paths & set(self._before(only_open=True))
                open_changes = self._changes(kept, only_open=True)
                report = dataclasses.replace(
                    report, open=dataclasses.replace(report.open, changes=open_changes)
                )
            raise TooManyRemovals(
                f"{len(changes.removed)} of {changes.before} documents would be removed, more than "
                f"{MOST_REMOVED:.0%}. Is a folder missing, or KB_CORPUS another one? "
                f"If they must go: kb build --allow-removals\n{some}",
                report=self.told(report).as_json(),
            )

    def _changes(self, paths: set[str], *, only_open: bool = False) -> Changes:
        now = {path: hashes for path, hashes in self.corpus.hashes.items() if path in paths}
        return Changes.between(self._before(only_open=only_open), now)

    def _before(self, *, only_open: bool = False) -> Hashes:
        """The documents that there were, without those that are withheld now: these are not told of."""
        return {
            path: hashes
            for path, hashes in _before(self.live, only_open=only_open).items()
            if not is_withheld(path, self.privacy)
        }


def _record(document: Document, passages: int) -> DocumentRecord:
    metadata, source = document.metadata, document.source
    return DocumentRecord(
        id=source.document_id,
        title=metadata.title or source.path.rsplit("/", 1)[-1],
        kind=metadata.kind or Kind.OVERIG,
        source=source.path,
        sha256=source.sha256,
        size=source.size,
        event=metadata.event,
        date=metadata.date,
        date_text=metadata.date_text,
        place=metadata.place,
        host=metadata.host,
        speakers=metadata.speakers,
        themes=metadata.themes,
        language=metadata.language,
        access=metadata.access or Access.OPEN,
        passages=passages,
    )


def _before(live: EmbeddedIndex | None, *, only_open: bool = False) -> Hashes:
    if not live:
        return {}
    sources = live.manifest.sources
    return {
        record.source: sources.get(record.source, (record.sha256, ""))
        for record in live.documents()
        if record.access is Access.OPEN or not only_open
    }


def _live(generations: Generations) -> EmbeddedIndex | None:
    try:
        return LiveIndex(generations).get()
    except IndexUnavailable:
        return None
