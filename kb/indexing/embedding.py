"""Documents into a draft: chunked, encoded where they are new, written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from kb.chunking import chunk
from kb.documents import Access, Document, Passage
from kb.embedding import Encoder
from kb.errors import EncoderUnavailable
from kb.index import DocumentRecord, Manifest
from kb.index.copying import Prepared
from kb.index.labels import DocumentLabels
from kb.index.writing import StoredVectors, embedded_hash
from kb.indexing.cluster import Cluster, ClusterReading
from kb.indexing.cluster_work import Job, short_hash
from kb.indexing.encoding import LocalEncoding, PassageEncoding
from kb.indexing.gathering import Gathering, Read
from kb.indexing.labelling import label
from kb.indexing.reuse import Reuse, Unchanged, conditions, program_digest
from kb.indexing.windows import passage_window
from kb.publishing import Draft
from kb.sandbox import read_all

# Passages that are encoded in one call: enough to fill batches of nearly equal length, few enough to
# show progress and to bound memory.
_ENCODED_AT_ONCE = 128
# The last, when they are no more, are encoded while the rest of the index is written: so few that a build
# that is stopped need not wait for them.
_ENCODED_MEANWHILE = 32
# Documents that are written in one go: copies among them cost next to nothing.
_WRITTEN_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class _New:
    record: DocumentRecord
    passages: list[Passage]
    labels: DocumentLabels
    prepared: Prepared | None


@dataclass(frozen=True, slots=True)
class _Same:
    record: DocumentRecord
    unchanged: Unchanged


class Embedding:
    """Documents into the draft, in order of path."""

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
        self._read: Read = read_all
        self._encoding: PassageEncoding = LocalEncoding(encoder, has_sentences=draft.has_sentences)
        self._is_shared = cluster is not None
        if cluster:
            over = ClusterReading(cluster, self._job(), self._encoding)
            self._read, self._encoding = over.read_all, over

    def run(self) -> None:
        """Write every document that can be read."""
        pending: list[_New | _Same] = []
        new = 0
        for document in self._build.documents(self._draft.folder, self._reuse, self._read):
            if isinstance(document, Unchanged):
                pending.append(_Same(self._build.keep(document), document))
            else:
                pending.append(found := self._new(document))
                new += len(found.passages)
            if new >= _ENCODED_AT_ONCE or len(pending) >= _WRITTEN_AT_ONCE:
                self._add(pending)
                pending, new = [], 0
        self._add(pending, is_last=True)
        self._draft.group(self._build.group())

    def _job(self) -> Job:
        """What a cluster is asked."""
        build = self._build
        hashes = self._previous.hashes() if self._previous else ()
        return Job(
            settings=build.settings,
            root=build.corpus.root,
            privacy=build.privacy,
            identity=self._encoder.identity,
            has_sentences=self._draft.has_sentences,
            program=program_digest(),
            made_with=build.readings.made_with,
            known=np.sort(np.fromiter(map(short_hash, hashes), np.uint64)),
        )

    def _new(self, document: Document) -> _New:
        passages = chunk(document, self._window)
        found = label(document)
        gaps = (*document.gaps, *found.gaps)
        record = self._build.add(document, len(passages), gaps)
        # The names that must not be read stand in no part of an index.
        readable = tuple(replace(gap, message=self._build.privacy.names.masked(gap.message)) for gap in gaps)
        prepared = self._reuse.prepared(document.source, document.metadata, readable)
        return _New(record, passages, found.labels, prepared)

    def _is_reusable(self, before: Manifest) -> bool:
        """Whether an index holds all that is kept of a passage now."""
        return before.encoder.holds(self._draft.encoder) and (
            before.has_sentences or not self._draft.has_sentences
        )

    def _add(self, pending: Sequence[_New | _Same], *, is_last: bool = False) -> None:
        known, new = self._known([item for item in pending if isinstance(item, _New)])
        # The processor encodes few while what they stand among is written, which takes longer.
        is_meanwhile = is_last and not self._is_shared and len(new) <= _ENCODED_MEANWHILE
        if not is_meanwhile:
            self._encode(new, known)
        for item in pending:
            if isinstance(item, _New):
                encoded = partial(self._encoded, item.passages, known)
                self._draft.add(
                    item.record,
                    item.passages,
                    encoded if is_meanwhile else encoded(),
                    item.labels,
                    item.prepared,
                )
            else:
                self._copy(item)
        self._build.passages = self._draft.passages

    def _copy(self, item: _Same) -> None:
        record = item.record
        self._draft.copy(record, self._reuse.kept(item.unchanged), item.unchanged.prepared)
        self._build.reused += record.passages
        self._build.reused_open += record.passages if record.access is Access.OPEN else 0

    def _known(self, pending: Sequence[_New]) -> tuple[dict[str, StoredVectors], dict[str, Passage]]:
        """What the live index holds of the passages of new documents, by their hashes, and those that are
        new."""
        passages = [passage for item in pending for passage in item.passages]
        are_open = [item.record.access is Access.OPEN for item in pending for _ in item.passages]
        hashes = [embedded_hash(passage) for passage in passages]
        known = self._previous.vectors_by_hash(hashes) if self._previous else {}
        self._build.reused += sum(key in known for key in hashes)
        self._build.reused_open += sum(
            key in known for key, is_open in zip(hashes, are_open, strict=True) if is_open
        )
        return known, {key: one for key, one in zip(hashes, passages, strict=True) if key not in known}

    def _encoded(self, passages: Sequence[Passage], known: dict[str, StoredVectors]) -> list[StoredVectors]:
        """What is kept of passages; those that are new are among `known` then."""
        hashes = [embedded_hash(passage) for passage in passages]
        new = {key: one for key, one in zip(hashes, passages, strict=True) if key not in known}
        self._encode(new, known)
        return [known[key] for key in hashes]

    def _encode(self, new: Mapping[str, Passage], known: dict[str, StoredVectors]) -> None:
        try:
            known.update(zip(new, self._encoding.of(list(new.values())), strict=True))
        except RuntimeError as error:
            # Where an index is written, a RuntimeError tells that it cannot be.
            raise EncoderUnavailable(f"Passages cannot be encoded ({error})") from error
