"""An index of a benchmark's documents, made with the product's own chunking and encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kb import __version__
from kb.chunking import CHUNKING_VERSION, Window, chunk
from kb.describing import describe
from kb.documents import Block, Document, Kind, Locator, Metadata, Passage, Source
from kb.embedding import Encoder, load_encoder
from kb.errors import IndexUnavailable, InvalidQuestions
from kb.files import user_cache
from kb.generations import Generations
from kb.index import FORMAT_VERSION, DocumentRecord
from kb.index.stored import StoredVectors, embedded_text
from kb.indexing import Progress, passage_window
from kb.language import ANALYSIS_VERSION
from kb.parsing.cleaning import clean
from kb.publishing import Draft
from kb.settings import Settings

CORPUS = "corpus.jsonl"

_WRITTEN_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkDocument:
    """A document of a benchmark; the title is empty where it has none."""

    id: str
    title: str
    text: str


def benchmark_indexes(
    documents: Sequence[BenchmarkDocument],
    settings: Settings,
    *,
    cache: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Path:
    """The folder with an index of these documents, built now unless it is there already.

    Raises `InvalidQuestions` when no document holds words, `EncoderUnavailable`, `BuildInProgress` or
    `IndexNotWritten`.
    """
    digest = hashlib.sha256()
    for document in documents:
        digest.update(json.dumps([document.id, document.title, document.text]).encode())
    indexes = (cache or user_cache() / "benchmarks") / digest.hexdigest()[:16]
    encoder = load_encoder(settings)
    fingerprint = _fingerprint(digest.hexdigest(), settings, encoder)
    if not _is_live(indexes, fingerprint):
        _build(indexes, documents, settings, encoder, fingerprint, progress or (lambda _: None))
    return indexes


def _fingerprint(documents: str, settings: Settings, encoder: Encoder) -> str:
    identity = encoder.identity
    made_with = [
        settings.passage_words, settings.overlap_words, identity.model, identity.revision,
        identity.passage_prompt, identity.token_dimension,
        __version__, CHUNKING_VERSION, ANALYSIS_VERSION, FORMAT_VERSION,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps([documents, made_with]).encode()).hexdigest()


def _is_live(indexes: Path, fingerprint: str) -> bool:
    try:
        return Generations(indexes).manifest().fingerprint == fingerprint
    except IndexUnavailable:
        return False


def _build(
    indexes: Path,
    documents: Sequence[BenchmarkDocument],
    settings: Settings,
    encoder: Encoder,
    fingerprint: str,
    progress: Callable[[Progress], None],
) -> None:
    window = passage_window(settings, encoder)
    generations = Generations(indexes)
    with generations.building() as stage, Draft(generations, stage, encoder) as draft:
        for start in range(0, len(documents), _WRITTEN_AT_ONCE):
            batch = documents[start : start + _WRITTEN_AT_ONCE]
            for document, passages, vectors in _encode(map(_as_document, batch), encoder, window):
                draft.add(_record(document, len(passages)), passages, vectors)
            progress(
                Progress(
                    files_done=start + len(batch),
                    files_total=len(documents),
                    passages=draft.passages,
                    reused=0,
                )
            )
        if not draft.passages:
            raise InvalidQuestions(f"No document of {CORPUS} holds words")
        draft.finish()
        draft.publish(draft.manifest(corpus=CORPUS, fingerprint=fingerprint), keep=1)


def _encode(
    documents: Iterable[Document], encoder: Encoder, window: Window
) -> list[tuple[Document, list[Passage], list[StoredVectors]]]:
    """Each document with its passages and their vectors, encoded together."""
    chunked = [(document, chunk(document, window)) for document in documents]
    texts = [embedded_text(found) for _, passages in chunked for found in passages]
    vectors = [StoredVectors.of(one) for one in encoder.encode_passages(texts)]
    encoded, at = [], 0
    for document, passages in chunked:
        encoded.append((document, passages, vectors[at : at + len(passages)]))
        at += len(passages)
    return encoded


def _as_document(found: BenchmarkDocument) -> Document:
    """Its lines as blocks. Only the language is looked for: an id may hold a date, or the query itself."""
    source = Source(
        path=found.id, sha256=hashlib.sha256(found.text.encode()).hexdigest(), size=len(found.text.encode())
    )
    title = clean(found.title)
    # What has a title alone is found by it.
    blocks = tuple(_blocks(found.text)) or tuple(_blocks(title))
    language = describe(Document(source=source, metadata=Metadata(), blocks=blocks)).metadata.language
    return Document(source=source, metadata=Metadata(title=title or None, language=language), blocks=blocks)


def _blocks(text: str) -> Iterator[Block]:
    for number, line in enumerate(text.splitlines(), 1):
        if cleaned := clean(line):
            yield Block(text=cleaned, locator=Locator(line=number))


def _record(document: Document, passages: int) -> DocumentRecord:
    source, metadata = document.source, document.metadata
    return DocumentRecord(
        id=source.document_id,
        title=metadata.title or source.path,
        kind=Kind.OVERIG,
        source=source.path,
        sha256=source.sha256,
        size=source.size,
        language=metadata.language,
        passages=passages,
    )
