"""Small indexes for tests, written with the real writer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from kb.chunking import Window, chunk
from kb.documents import Block, Document, Event, Kind, Locator, Metadata, Source, stable_id
from kb.embedding import Encoder
from kb.generations import Generations
from kb.index import DocumentRecord, Manifest
from kb.index.manifests import write_manifest
from kb.index.stored import StoredVectors, embedded_text, sentence_texts
from kb.index.writing import IndexWriter
from tests.geometry import WordEncoder

EVENING = Event(name="Avond over data", date=dt.date(2023, 4, 13), place="Waterrijk")


def record(path: str, **fields: object) -> DocumentRecord:
    """A document's record with sensible values for what a test does not care about."""
    values: dict[str, object] = {
        "id": stable_id("document", path),
        "title": path,
        "kind": Kind.VERSLAG,
        "source": path,
        "sha256": "0" * 64,
        "size": 1,
        "language": "nl",
    }
    return DocumentRecord(**{**values, **fields})  # type: ignore[arg-type]


def write_index(
    folder: Path,
    texts: Mapping[DocumentRecord, Sequence[str]],
    *,
    generation: str | None = None,
    encoder: Encoder | None = None,
) -> Manifest:
    """Write an index in which each text is a passage on a slide of its own."""
    encoder = encoder or WordEncoder()
    width = encoder.identity.dimension
    window = Window(words=160, overlap_words=0, tokens=400, count_tokens=encoder.count_tokens)
    tokens = encoder.identity.token_dimension
    with IndexWriter(folder, dimension=width, token_dimension=tokens, has_sentences=True) as writer:
        for document, paragraphs in texts.items():
            blocks = tuple(
                Block(text=text, locator=Locator(slide=number)) for number, text in enumerate(paragraphs, 1)
            )
            source = Source(path=document.source, sha256=document.sha256, size=document.size)
            passages = chunk(Document(source=source, metadata=Metadata(), blocks=blocks), window)
            encoded = encoder.encode_passages([embedded_text(found) for found in passages])
            sentences = [
                [one.vector for one in encoder.encode_passages(sentence_texts(found))] for found in passages
            ]
            writer.add(document, passages, list(map(StoredVectors.of, encoded, sentences)))
        writer.finish()
        manifest = Manifest(
            generation=generation or folder.name,
            created=dt.datetime.now(dt.UTC),
            encoder=encoder.identity,
            corpus=str(folder),
            documents=writer.documents,
            passages=writer.passages,
            open_documents=writer.open_documents,
            open_passages=writer.open_passages,
            sources={},
            fingerprint="",
            has_sentences=writer.has_sentences,
        )
    write_manifest(folder, manifest)
    return manifest


def publish(
    indexes: Path,
    texts: Mapping[DocumentRecord, Sequence[str]],
    *,
    keep: int = 3,
    encoder: Encoder | None = None,
    into: Generations | None = None,
) -> str:
    """Write an index and make it the live generation, of `into` where that is given; its name."""
    generations = into or Generations(indexes)
    with generations.building() as stage:
        name = stage.name.removeprefix(".stage-")
        write_index(stage, texts, generation=name, encoder=encoder)
        generations.publish(stage, keep=keep)
    return name
