"""Documents into a draft: chunked, encoded where they are new, written."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Self

import numpy as np

from kb.chunking import chunk
from kb.documents import Document, Passage
from kb.embedding import Encoder
from kb.embedding.devices import device_of
from kb.errors import EncoderUnavailable
from kb.index import Manifest
from kb.index.stored import StoredVectors, embedded_hash
from kb.indexing.cluster import Cluster, ClusterReading
from kb.indexing.cluster_work import Job, short_hash
from kb.indexing.encoding import LocalEncoding, PassageEncoding
from kb.indexing.gathering import Gathering, Read
from kb.indexing.labelling import label
from kb.indexing.making import Made, Making, New
from kb.indexing.reuse import Reuse, Unchanged, conditions, program_digest
from kb.indexing.windows import passage_window
from kb.publishing import Draft

# How long one thread may keep others from Python. By default it is ten times as long: those that encode would
# wait so long for the one that writes, after each text, and a processor with them.
_TURN_SECONDS = 0.0005
# How long a build that is stopped waits for a cluster to tell something: it ends with the connection.
_CLUSTER_SECONDS = 1.0


class Embedding:
    """Documents into the draft, in order of path.

    Those that are new are made and encoded by a thread of its own, from the beginning: meanwhile those that
    are as they were are copied, and what does not need the vectors is written.
    """

    def __init__(
        self, build: Gathering, encoder: Encoder, draft: Draft, cluster: Cluster | None = None
    ) -> None:
        """With a `cluster`, that reads and encodes what is new."""
        self._build = build
        self._encoder = encoder
        self._draft = draft
        self._window = passage_window(build.settings, encoder)
        live = build.live
        self._previous = live if live and self._is_reusable(live.manifest) else None
        made_with = conditions(
            build.settings, encoder, build.readings, build.privacy, has_sentences=draft.has_sentences
        )
        self._reuse = Reuse(self._previous, made_with)
        self._read: Read | None = None
        given_up = threading.Event()
        local = LocalEncoding(encoder, has_sentences=draft.has_sentences, given_up=given_up)
        self._encoding: PassageEncoding = local
        # One thread for both: a cluster tells what it encoded of documents before it tells of others.
        patience = _CLUSTER_SECONDS if cluster else None
        self._making = Making(self._made, self._encoded, given_up, patience)
        self._turn = sys.getswitchinterval()
        if cluster:
            over = ClusterReading(cluster, self._job(), local)
            self._read, self._encoding = over.read_all, over

    def __enter__(self) -> Self:
        sys.setswitchinterval(_TURN_SECONDS)
        return self

    def __exit__(self, kind: object, error: BaseException | None, *_: object) -> None:
        """Wait for what is being encoded; the rest is given up."""
        try:
            self._making.close()
        finally:
            sys.setswitchinterval(self._turn)
        if isinstance(error, CancelledError) and (failure := self._making.failure):
            raise failure from None

    def run(self) -> None:
        """Write every document that can be read. The last vectors may still be missing then."""
        documents = self._build.documents(self._draft.folder, self._reuse, self._making.ahead, self._read)
        # Whatever happens: what makes documents waits for those that read them.
        with contextlib.closing(documents):
            for document in documents:
                if isinstance(document, Unchanged):
                    self._copy(document)
                else:
                    self._add(document)
        self._draft.group(self._build.findings.group())

    def _job(self) -> Job:
        """What a cluster is asked."""
        build = self._build
        hashes = self._previous.hashes() if self._previous else ()
        return Job(
            # Decided here: an index of which some is encoded in eight bits is not the one that is made here.
            settings=build.settings.model_copy(update={"device": device_of(build.settings)}),
            root=build.corpus.root,
            privacy=build.privacy,
            identity=self._encoder.identity,
            has_sentences=self._draft.has_sentences,
            program=program_digest(),
            made_with=build.readings.made_with,
            known=np.sort(np.fromiter(map(short_hash, hashes), np.uint64)),
        )

    def _is_reusable(self, before: Manifest) -> bool:
        """Whether an index holds all that is kept of a passage now."""
        return before.encoder.holds(self._draft.encoder) and (
            before.has_sentences or not self._draft.has_sentences
        )

    def _add(self, new: New) -> None:
        made = new.made
        record = self._build.findings.add(
            made.document,
            passages=len(made.passages),
            gaps=made.gaps,
            reused=sum(key in made.known for key in made.hashes),
        )
        self._draft.add(record, made.passages, new.encoded, made.labels, made.prepared)

    def _copy(self, unchanged: Unchanged) -> None:
        record = self._build.findings.keep(unchanged)
        self._draft.copy(record, self._reuse.kept(unchanged), unchanged.prepared)

    def _made(self, document: Document) -> Made:
        passages = chunk(document, self._window)
        found = label(document)
        gaps = (*document.gaps, *found.gaps)
        # The names that must not be read stand in no part of an index.
        readable = tuple(replace(gap, message=self._build.privacy.names.masked(gap.message)) for gap in gaps)
        prepared = self._reuse.prepared(document.source, document.metadata, readable)
        hashes = list(map(embedded_hash, passages))
        known = self._previous.vectors_by_hash(hashes) if self._previous else {}
        return Made(document, passages, hashes, known, found.labels, gaps, prepared)

    def _encoded(self, new: Mapping[str, Passage]) -> dict[str, StoredVectors]:
        try:
            return dict(zip(new, self._encoding.of(list(new.values())), strict=True))
        except RuntimeError as error:
            # Where an index is written, a RuntimeError tells that it cannot be.
            raise EncoderUnavailable(f"Passages cannot be encoded ({error})") from error
