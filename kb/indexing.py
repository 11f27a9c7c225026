"""Corpus to a published generation. A bad file is reported, not fatal."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb import __version__
from kb.chunking import CHUNKING_VERSION, Window, chunk
from kb.corpus import Corpus, scan
from kb.documents import Document, Kind, Passage
from kb.embedding import Encoder
from kb.errors import CorpusError, IndexUnavailable, ParseError, SettingsError
from kb.generations import Generations
from kb.index import DocumentRecord, Manifest
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import write_manifest
from kb.index.writing import IndexWriter, StoredVectors, embedded_hash, embedded_text
from kb.language import ANALYSIS_VERSION
from kb.reports import BuildReport, FileReport
from kb.sandbox import read_all
from kb.settings import Settings

REPORT = "report.json"

# Settings that do not change what an index holds.
_READERS_OWN = {
    "corpus", "indexes", "keep_generations", "synonyms", "device", "precision", "host", "port", "reranker",
    "rerank_milliseconds", "weights",
}  # fmt: skip

# Passages that are encoded in one call: enough to fill batches of nearly equal length, few enough to
# show progress and to bound memory.
_ENCODED_AT_ONCE = 128
# Room that the passage's context (title and headings) may take of the encoder's window.
_CONTEXT_TOKENS = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a build is. `passages` counts those that are in the index, whether encoded or reused."""

    files_done: int
    files_total: int
    passages: int
    reused: int


@dataclass(frozen=True, slots=True)
class _Pending:
    record: DocumentRecord
    passages: list[Passage]
    report: FileReport


def fingerprint(corpus: Corpus, settings: Settings) -> str:
    """A hash of all that decides what an index holds: files, sidecars, settings, versions."""
    decisive = settings.model_dump(
        mode="json",
        exclude=_READERS_OWN,
    )
    versions = [__version__, CHUNKING_VERSION, ANALYSIS_VERSION]
    sources = [[source.path, source.sha256, source.sidecar_sha256] for source in corpus.sources]
    return hashlib.sha256(json.dumps([sources, decisive, versions], sort_keys=True).encode()).hexdigest()


def is_stale(settings: Settings) -> bool:
    """True when the live generation is not what a build would make now, or there is none.

    Raises `CorpusError` when the corpus is missing or empty.
    """
    corpus = _scan(settings)
    try:
        return Generations(settings.indexes).manifest().fingerprint != fingerprint(corpus, settings)
    except IndexUnavailable:
        return True


def build_index(
    settings: Settings,
    load_encoder: Callable[[], Encoder],
    *,
    progress: Callable[[Progress], None] | None = None,
) -> BuildReport:
    """Build an index of the corpus and publish it.

    Raises `BuildInProgress`, `CorpusError` when there is nothing to index, `EncoderUnavailable`, or
    `IndexNotWritten` when the disk is full or may not be written.
    Whatever it raises, the live generation is as it was.
    """
    started = time.monotonic()
    generations = Generations(settings.indexes)
    with generations.building() as stage:
        corpus = _scan(settings)
        encoder = load_encoder()
        name = stage.name.split("-", 1)[1]
        with generations.writing():
            writer = index_writer(stage, encoder)
        with writer:
            build = _Build(settings, encoder, writer, _live(generations, encoder))
            reports = build.run(corpus, progress or (lambda _: None))
            if not writer.documents:
                raise CorpusError(_nothing_read(settings, reports))
            with generations.writing():
                writer.finish()
            report = BuildReport(
                generation=name,
                created=dt.datetime.now(dt.UTC),
                seconds=time.monotonic() - started,
                corpus=str(settings.corpus.resolve()),
                documents=writer.documents,
                passages=writer.passages,
                reused=build.reused,
                undated=build.undated,
                files=tuple(sorted(reports, key=lambda file: file.path)),
            )
        with generations.writing():
            (stage / REPORT).write_text(
                json.dumps(report.as_json(), ensure_ascii=False, indent=1), encoding="utf-8"
            )
            write_manifest(stage, _manifest(report, corpus, settings, encoder))
            generations.publish(stage, keep=settings.keep_generations)
    return report


class _Build:
    """One run over the corpus, document by document, in order of path."""

    def __init__(
        self, settings: Settings, encoder: Encoder, writer: IndexWriter, previous: EmbeddedIndex | None
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._writer = writer
        self._previous = previous
        self._window = passage_window(settings, encoder)
        self.reused = 0
        self.undated = 0

    def run(self, corpus: Corpus, progress: Callable[[Progress], None]) -> list[FileReport]:
        reports = [
            FileReport(path=left.path, status="left-out", code=left.code, message=left.message)
            for left in corpus.left_out
        ]
        total = len(corpus.sources)
        pending: list[_Pending] = []
        for done, (source, outcome) in enumerate(read_all(corpus, self._settings), 1):
            if isinstance(outcome, ParseError):
                reports.append(
                    FileReport(path=source.path, status="left-out", code=outcome.code, message=str(outcome))
                )
            else:
                pending.append(self._chunk(outcome))
            if done == total or sum(len(item.passages) for item in pending) >= _ENCODED_AT_ONCE:
                reports.extend(item.report for item in pending)
                self._add(pending)
                pending = []
            progress(
                Progress(
                    files_done=done, files_total=total, passages=self._writer.passages, reused=self.reused
                )
            )
        return reports

    def _chunk(self, document: Document) -> _Pending:
        passages = chunk(document, self._window)
        self.undated += document.metadata.date is None
        return _Pending(
            record=_record(document, len(passages)),
            passages=passages,
            report=FileReport(
                path=document.source.path, status="read", passages=len(passages), gaps=document.gaps
            ),
        )

    def _add(self, pending: Sequence[_Pending]) -> None:
        encoded = self._encoded([passage for item in pending for passage in item.passages])
        at = 0
        with Generations(self._settings.indexes).writing():
            for item in pending:
                self._writer.add(item.record, item.passages, encoded[at : at + len(item.passages)])
                at += len(item.passages)

    def _encoded(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        texts = [embedded_text(passage) for passage in passages]
        hashes = [embedded_hash(text) for text in texts]
        kept = self._previous.vectors_by_hash(hashes) if self._previous else {}
        new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in kept}
        self.reused += sum(key in kept for key in hashes)
        if new:
            encoded = self._encoder.encode_passages(list(new.values()))
            kept.update((key, StoredVectors.of(one)) for key, one in zip(new, encoded, strict=True))
        return [kept[key] for key in hashes]


def index_writer(folder: Path, encoder: Encoder) -> IndexWriter:
    """A writer for what this encoder gives, in an empty folder."""
    identity = encoder.identity
    return IndexWriter(folder, dimension=identity.dimension, token_dimension=identity.token_dimension)


def passage_window(settings: Settings, encoder: Encoder) -> Window:
    """The sizes of passages that the settings ask for and the encoder can read, their context included."""
    return Window(
        words=settings.passage_words,
        overlap_words=settings.overlap_words,
        tokens=encoder.window - _CONTEXT_TOKENS,
        count_tokens=encoder.count_tokens,
    )


def _scan(settings: Settings) -> Corpus:
    if settings.indexes.resolve().is_relative_to(settings.corpus.resolve()):
        raise SettingsError(
            f"The index's folder {settings.indexes} lies in the corpus {settings.corpus}: a build would read "
            "its own files. Set KB_INDEXES to a folder outside it"
        )
    return scan(settings.corpus, max_bytes=settings.file_megabytes * 1_000_000)


def _live(generations: Generations, encoder: Encoder) -> EmbeddedIndex | None:
    """The live index, where its vectors can be used again."""
    try:
        index = EmbeddedIndex.open(generations.current())
    except IndexUnavailable:
        return None
    return index if index.manifest.encoder == encoder.identity else None


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
        language=metadata.language,
        passages=passages,
    )


def _manifest(report: BuildReport, corpus: Corpus, settings: Settings, encoder: Encoder) -> Manifest:
    return Manifest(
        generation=report.generation,
        created=report.created,
        encoder=encoder.identity,
        corpus=report.corpus,
        documents=report.documents,
        passages=report.passages,
        sources={source.path: (source.sha256, source.sidecar_sha256) for source in corpus.sources},
        fingerprint=fingerprint(corpus, settings),
    )


def _nothing_read(settings: Settings, reports: Sequence[FileReport]) -> str:
    reasons = "\n".join(f"  {file.path}: {file.message}" for file in reports[:10])
    return f"No file in {settings.corpus} could be read:\n{reasons}"
