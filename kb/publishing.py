"""From written passages to a published generation: the one way in which an index comes to be."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from kb.changes import Hashes
from kb.documents import Event, Passage
from kb.embedding import Encoded, Encoder, EncoderIdentity
from kb.errors import EncoderUnavailable, IndexNotWritten
from kb.files import sha256_of, sync
from kb.generations import Generations
from kb.index import DocumentRecord, Manifest, Rows
from kb.index.copying import KeptDocument, Prepared
from kb.index.embedded import REPORT, EmbeddedIndex
from kb.index.label_tables import add_themes
from kb.index.labels import DocumentLabels
from kb.index.manifests import write_manifest
from kb.index.opening import UNREADABLE
from kb.index.stored import PASSAGES
from kb.index.writing import Encodings, IndexWriter
from kb.settings import EXACT_PASSAGES
from kb.themes import Theme


class Draft:
    """A generation under way in a stage that `Generations.building` gave.

    Every method raises `IndexNotWritten` when the disk is full or may not be written.
    """

    def __init__(
        self,
        generations: Generations,
        stage: Path,
        encoder: Encoder,
        *,
        has_sentences: bool = False,
        exact_passages: int = EXACT_PASSAGES,
        token_passages: int | None = None,
    ) -> None:
        """With `has_sentences` the vectors of sentences are kept as well.

        Of more than `exact_passages` the nearest are found by an approximation; of more than
        `token_passages`, where it is given, no token vectors are kept.
        """
        self._generations = generations
        self._encoder = encoder
        self._identity = identity = encoder.identity
        self.folder = stage
        self._settling = ThreadPoolExecutor(max_workers=1, thread_name_prefix="settling")
        # The hash of each file that is not written to any more, by its name.
        self._settled: dict[str, Future[str]] = {}
        with generations.writing():
            self._writer = IndexWriter(
                stage,
                dimension=identity.dimension,
                token_dimension=identity.token_dimension,
                has_sentences=has_sentences,
                exact_passages=exact_passages,
                token_passages=token_passages,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.__exit__(*error)
        self._settling.shutdown(cancel_futures=any(error))

    @property
    def name(self) -> str:
        """The name that it will be published by."""
        return self._generations.name_of(self.folder)

    @property
    def encoder(self) -> EncoderIdentity:
        """What it is encoded with, of which the vectors of tokens are kept or not."""
        if self._writer.has_tokens:
            return self._identity
        return dataclasses.replace(self._identity, token_dimension=0)

    @property
    def has_sentences(self) -> bool:
        """Whether the vectors of sentences are kept."""
        return self._writer.has_sentences

    @property
    def documents(self) -> int:
        """How many documents were added."""
        return self._writer.documents

    @property
    def passages(self) -> int:
        """How many passages were added."""
        return self._writer.passages

    @property
    def near_identical(self) -> list[tuple[str, str]]:
        """Once it is finished: pairs of paths, as `kb.index.doubles.near_identical_documents` gives them."""
        return self._writer.near_identical

    def add(
        self,
        document: DocumentRecord,
        passages: Sequence[Passage],
        encoded: Encodings,
        labels: DocumentLabels | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        """Append a document, its passages in reading order, what they were encoded to and what was found in
        it. Where `prepared` is given, the next build may copy it."""
        with self._generations.writing():
            self._writer.add(document, passages, encoded, labels or DocumentLabels(), prepared)

    def copy(self, document: DocumentRecord, kept: KeptDocument, prepared: Prepared) -> None:
        """Append a document as the live index has it."""
        with self._generations.writing():
            self._writer.copy(document, kept, prepared)

    def group(self, events: Mapping[str, Event]) -> None:
        """Say of which event documents are, by their ids; what is not among them is of none."""
        self._writer.group(events)

    def finish(self) -> None:
        """Write what is still in memory. Nothing can be added after it."""
        with self._generations.writing():
            self._writer.finish(self._encode_queries, written=self._settle)
        for file in self.folder.rglob("*"):
            # Themes are still to be written into that one.
            if file.is_file() and file.name != PASSAGES and self._name(file) not in self._settled:
                self._settle(file)

    def _settle(self, file: Path, hashed: str | None = None) -> None:
        """Have a file go to the disk, and hash it unless that was done, while the rest is being done."""
        self._settled[self._name(file)] = self._settling.submit(_settle, file, hashed)

    def _name(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()

    def _encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        try:
            return self._encoder.encode_queries(texts)
        except RuntimeError as error:
            # Beside it, a RuntimeError tells that the index cannot be written.
            raise EncoderUnavailable(f"Queries cannot be encoded to measure the index ({error})") from error

    def add_themes(self, themes: Iterable[tuple[Theme, Rows]]) -> None:
        """Say which passages belong to each theme, by their rows.

        After `finish`, while nothing has it open.
        """
        with self._generations.writing():
            add_themes(self.folder / PASSAGES, themes)

    def manifest(
        self, *, corpus: str, fingerprint: str = "", privacy: str = "", sources: Hashes | None = None
    ) -> Manifest:
        """What the generation will say of itself, without the checksums of its files."""
        return Manifest(
            generation=self.name,
            created=dt.datetime.now(dt.UTC),
            encoder=self.encoder,
            corpus=corpus,
            documents=self.documents,
            passages=self.passages,
            open_documents=self._writer.open_documents,
            open_passages=self._writer.open_passages,
            sources=sources or {},
            fingerprint=fingerprint,
            has_sentences=self.has_sentences,
            privacy=privacy,
            approximation=self._writer.approximation,
        )

    @contextlib.contextmanager
    def opened(self, manifest: Manifest) -> Iterator[EmbeddedIndex]:
        """What was written, to be asked before anybody else can: it is the proof that it can be read."""
        try:
            index = EmbeddedIndex(self.folder, manifest)
        except UNREADABLE as error:
            raise IndexNotWritten(
                f"What was written in {self.folder} cannot be read ({error}). See that its disk is sound and "
                "has room; then build again"
            ) from error
        with contextlib.closing(index):
            yield index

    def publish(self, manifest: Manifest, *, keep: int, report: Mapping[str, Any] | None = None) -> None:
        """Make it the live generation, with its report, and remove all but the `keep` newest."""
        with self._generations.writing():
            # The kernel may tell only once that a file could not be written: publishing syncs all again.
            hashes = {name: file.result() for name, file in self._settled.items()}
            if report is not None:
                text = json.dumps(report, ensure_ascii=False, indent=1)
                (self.folder / REPORT).write_text(text, encoding="utf-8")
            write_manifest(self.folder, manifest, hashes)
            self._generations.publish(self.folder, keep=keep)


def _settle(file: Path, hashed: str | None) -> str:
    """Wait until a file is on disk; its hash."""
    sync(file)
    return hashed or sha256_of(file)
