"""Documents into a draft: chunked, encoded where they are new, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from kb.chunking import Window, chunk
from kb.documents import Access, Document, Passage
from kb.embedding import Encoder, Vectors
from kb.index import DocumentRecord, Manifest
from kb.index.copying import Prepared
from kb.index.labels import DocumentLabels
from kb.index.writing import StoredVectors, embedded_hash, embedded_text, sentence_texts
from kb.indexing.gathering import Gathering
from kb.indexing.labelling import label
from kb.indexing.reuse import Reuse, Unchanged, conditions
from kb.publishing import Draft
from kb.settings import Settings

# Passages that are encoded in one call: enough to fill batches of nearly equal length, few enough to
# show progress and to bound memory.
_ENCODED_AT_ONCE = 128
_SENTENCES_AT_ONCE = 1_024
# Documents that are written in one go: copies among them cost next to nothing.
_WRITTEN_AT_ONCE = 512
# Room that the passage's context (title and headings) may take of the encoder's window.
_CONTEXT_TOKENS = 96


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

    def __init__(self, build: Gathering, encoder: Encoder, draft: Draft) -> None:
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

    def run(self) -> None:
        """Write every document that can be read."""
        pending: list[_New | _Same] = []
        new = 0
        for document in self._build.documents(self._draft.folder, self._reuse):
            if isinstance(document, Unchanged):
                pending.append(_Same(self._build.keep(document), document))
            else:
                pending.append(found := self._new(document))
                new += len(found.passages)
            if new >= _ENCODED_AT_ONCE or len(pending) >= _WRITTEN_AT_ONCE:
                self._add(pending)
                pending, new = [], 0
        self._add(pending)
        self._draft.group(self._build.group())

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

    def _add(self, pending: Sequence[_New | _Same]) -> None:
        encoded = iter(self._encoded([item for item in pending if isinstance(item, _New)]))
        for item in pending:
            if isinstance(item, _New):
                own = list(islice(encoded, len(item.passages)))
                self._draft.add(item.record, item.passages, own, item.labels, item.prepared)
            else:
                self._copy(item)
        self._build.passages = self._draft.passages

    def _copy(self, item: _Same) -> None:
        record = item.record
        self._draft.copy(record, self._reuse.kept(item.unchanged), item.unchanged.prepared)
        self._build.reused += record.passages
        self._build.reused_open += record.passages if record.access is Access.OPEN else 0

    def _encoded(self, pending: Sequence[_New]) -> list[StoredVectors]:
        passages = [passage for item in pending for passage in item.passages]
        are_open = [item.record.access is Access.OPEN for item in pending for _ in item.passages]
        hashes = [embedded_hash(passage) for passage in passages]
        kept = self._previous.vectors_by_hash(hashes) if self._previous else {}
        new = {key: passage for key, passage in zip(hashes, passages, strict=True) if key not in kept}
        self._build.reused += sum(key in kept for key in hashes)
        self._build.reused_open += sum(
            key in kept for key, is_open in zip(hashes, are_open, strict=True) if is_open
        )
        kept.update(zip(new, self._encode(list(new.values())), strict=True))
        return [kept[key] for key in hashes]

    def _encode(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of new passages."""
        if not passages:
            return []
        texts = [embedded_text(passage) for passage in passages]
        encoded = self._encoder.encode_passages(texts)
        known = {text: one.vector for text, one in zip(texts, encoded, strict=True)}
        sentences = [sentence_texts(one) if self._draft.has_sentences else [] for one in passages]
        vectors = self._vectors(known, chain.from_iterable(sentences))
        return [
            StoredVectors.of(one, [vectors[text] for text in own])
            for one, own in zip(encoded, sentences, strict=True)
        ]

    def _vectors(self, known: Mapping[str, Vectors], texts: Iterable[str]) -> dict[str, Vectors]:
        """The vectors of texts, each encoded once unless it is known; their tokens are let go."""
        found = dict(known)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        for start in range(0, len(new), _SENTENCES_AT_ONCE):
            some = new[start : start + _SENTENCES_AT_ONCE]
            encoded = self._encoder.encode_passages(some)
            found.update((text, one.vector) for text, one in zip(some, encoded, strict=True))
        return found


def passage_window(settings: Settings, encoder: Encoder) -> Window:
    """The sizes of passages that the settings ask for and the encoder can read, their context included."""
    return Window(
        words=settings.passage_words,
        overlap_words=settings.overlap_words,
        tokens=encoder.window - _CONTEXT_TOKENS,
        count_tokens=encoder.count_tokens,
    )
