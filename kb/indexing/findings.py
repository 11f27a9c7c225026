"""What a build has found: documents, files that were left out, what changed; and the report of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence

from kb.changes import MOST_REMOVED, Changes, Hashes
from kb.corpus import Corpus
from kb.documents import Access, Document, Event, Gap, Kind, Metadata, Source
from kb.errors import ParseError, TooManyRemovals
from kb.index import DocumentRecord
from kb.index.embedded import EmbeddedIndex
from kb.indexing.meetings import meetings
from kb.indexing.reuse import Unchanged
from kb.privacy import PrivacyList
from kb.privacy.documents import masked_document, masked_event
from kb.privacy.reports import is_withheld, told_report
from kb.reports import BuildReport, FileReport


class Findings:
    """What is put down of each file, in order of path."""

    def __init__(
        self,
        corpus: Corpus,
        privacy: PrivacyList,
        *,
        withheld: Mapping[str, int],
        live: Callable[[], EmbeddedIndex | None],
        started: float,
    ) -> None:
        """`withheld` counts the files that must not be read, `live` tells what index there was, and `started`
        is when the build began, by `time.monotonic`."""
        self._corpus = corpus
        self._privacy = privacy
        self._withheld = withheld
        self._live = live
        self._started = started
        self.files = [
            FileReport(path=left.path, status="left-out", code=left.code, message=left.message)
            for left in corpus.left_out
        ]
        self.records: list[DocumentRecord] = []
        # Passages that are in the index or on their way into it, and how many of these keep their vectors.
        self.passages = 0
        self.reused = 0
        self._reused_open = 0
        # Documents in which names were masked: on which pages, by id.
        self._masked: dict[str, tuple[int, ...]] = {}
        # The metadata of documents that were read, by path.
        self._described: dict[str, Metadata] = {}

    @property
    def seconds(self) -> float:
        """How long the build has taken so far."""
        return time.monotonic() - self._started

    def readable(self, document: Document | ParseError) -> Document | ParseError:
        """A document without the names that must not be read. Another thread may ask."""
        if isinstance(document, ParseError):
            return document
        found = masked_document(document, self._privacy)
        if found.pages is not None:
            self._masked[document.source.document_id] = found.pages
        return found.document

    def leave_out(self, source: Source, error: ParseError) -> None:
        """Put down a file that cannot be read."""
        left = FileReport(path=source.path, status="left-out", code=error.code, message=str(error))
        self.files.append(left)

    def add(
        self, document: Document, *, passages: int, gaps: Sequence[Gap], reused: int = 0
    ) -> DocumentRecord:
        """Put down a document that was read, what of it was not, and of how many passages the vectors are
        kept."""
        masked = self._masked.get(document.source.document_id)
        record = dataclasses.replace(_record(document, passages), masked=masked)
        self._put_down(record, document.metadata, gaps, reused)
        return record

    def keep(self, unchanged: Unchanged) -> DocumentRecord:
        """Put down a document that is as it was."""
        # Of which meeting it is depends on the others.
        record = dataclasses.replace(unchanged.record, event=None)
        if record.masked is not None:
            self._masked[record.id] = record.masked
        self._put_down(record, unchanged.prepared.metadata, unchanged.prepared.gaps, record.passages)
        return record

    def _put_down(self, record: DocumentRecord, metadata: Metadata, gaps: Sequence[Gap], reused: int) -> None:
        self.records.append(record)
        read = FileReport(path=record.source, status="read", passages=record.passages, gaps=tuple(gaps))
        self.files.append(read)
        self._described[record.source] = metadata
        self.passages += record.passages
        self.reused += reused
        self._reused_open += reused if record.access is Access.OPEN else 0

    def group(self) -> dict[str, Event]:
        """The events of the documents that were put down, by their ids."""
        events = {
            path: masked_event(event, self._privacy) for path, event in meetings(self._described).items()
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
            corpus=str(self._corpus.root.resolve()),
            documents=len(self.records),
            passages=self.passages,
            reused=self.reused,
            undated=tuple(record.source for record in self.records if record.date is None),
            near_duplicates=tuple(near_duplicates),
            changes=self._changes(paths),
            files=tuple(sorted(self.files, key=lambda file: file.path)),
            withheld=dict(self._withheld),
            masked=len(self._masked),
        )
        return self.told(dataclasses.replace(report, open=self._open(report)))

    def told(self, report: BuildReport) -> BuildReport:
        """A report without the names that must not be read."""
        if not self._privacy.names:
            return report
        return BuildReport.from_json(told_report(report.as_json(), self._privacy))

    def _open(self, report: BuildReport) -> BuildReport | None:
        """The report as it is when only open documents count; None where there are and were no others."""
        now = {record.source for record in self.records if record.access is Access.OPEN}
        before = self._before(only_open=True)
        closed = {source.path for source in self._corpus.sources if source.sidecar.access is Access.MEMBERS}
        if len(now) == len(self.records) and len(before) == len(self._before()) and not closed:
            return None
        sources = {source.path for source in self._corpus.sources} - closed
        files = tuple(
            file for file in report.files if file.path in (now if file.status == "read" else sources)
        )
        passages = sum(record.passages for record in self.records if record.source in now)
        return dataclasses.replace(
            report,
            documents=len(now),
            passages=passages,
            reused=self._reused_open,
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
            some = "\n".join(f"  {self._privacy.names.masked(path)}" for path in changes.removed[:10])
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
        now = {path: hashes for path, hashes in self._corpus.hashes.items() if path in paths}
        return Changes.between(self._before(only_open=only_open), now)

    def _before(self, *, only_open: bool = False) -> Hashes:
        """The documents that there were, without those that are withheld now: these are not told of."""
        return {
            path: hashes
            for path, hashes in _before(self._live(), only_open=only_open).items()
            if not is_withheld(path, self._privacy)
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
