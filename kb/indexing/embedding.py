"""Documents into a draft: chunked, encoded where they are new, written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.chunking import Window, chunk
from kb.documents import Access, Passage
from kb.embedding import Encoder
from kb.index import DocumentRecord
from kb.index.writing import StoredVectors, embedded_hash, embedded_text
from kb.indexing.gathering import Gathering
from kb.publishing import Draft
from kb.settings import Settings

# Passages that are encoded in one call: enough to fill batches of nearly equal length, few enough to
# show progress and to bound memory.
_ENCODED_AT_ONCE = 128
# Room that the passage's context (title and headings) may take of the encoder's window.
_CONTEXT_TOKENS = 96


@dataclass(frozen=True, slots=True)
class _Pending:
    record: DocumentRecord
    passages: list[Passage]


class Embedding:
    """Documents into the draft, in order of path."""

    def __init__(self, build: Gathering, encoder: Encoder, draft: Draft) -> None:
        self._build = build
        self._encoder = encoder
        self._draft = draft
        self._window = passage_window(build.settings, encoder)
        live = build.live
        self._previous = live if live and live.manifest.encoder == encoder.identity else None

    def run(self) -> None:
        """Write every document that can be read."""
        pending: list[_Pending] = []
        for document in self._build.documents(self._draft.folder):
            passages = chunk(document, self._window)
            pending.append(_Pending(self._build.add(document, len(passages)), passages))
            if sum(len(item.passages) for item in pending) >= _ENCODED_AT_ONCE:
                self._add(pending)
                pending = []
        self._add(pending)

    def _add(self, pending: Sequence[_Pending]) -> None:
        encoded = self._encoded(pending)
        at = 0
        for item in pending:
            self._draft.add(item.record, item.passages, encoded[at : at + len(item.passages)])
            at += len(item.passages)
        self._build.passages = self._draft.passages

    def _encoded(self, pending: Sequence[_Pending]) -> list[StoredVectors]:
        texts = [embedded_text(passage) for item in pending for passage in item.passages]
        are_open = [item.record.access is Access.OPEN for item in pending for _ in item.passages]
        hashes = [embedded_hash(text) for text in texts]
        kept = self._previous.vectors_by_hash(hashes) if self._previous else {}
        new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in kept}
        self._build.reused += sum(key in kept for key in hashes)
        self._build.reused_open += sum(
            key in kept for key, is_open in zip(hashes, are_open, strict=True) if is_open
        )
        if new:
            encoded = self._encoder.encode_passages(list(new.values()))
            kept.update((key, StoredVectors.of(one)) for key, one in zip(new, encoded, strict=True))
        return [kept[key] for key in hashes]


def passage_window(settings: Settings, encoder: Encoder) -> Window:
    """The sizes of passages that the settings ask for and the encoder can read, their context included."""
    return Window(
        words=settings.passage_words,
        overlap_words=settings.overlap_words,
        tokens=encoder.window - _CONTEXT_TOKENS,
        count_tokens=encoder.count_tokens,
    )
