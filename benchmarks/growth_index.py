"""An index of as many passages as asked, of real passages and real ones with noise.

Every turn through the documents after the first makes other documents of them: of each passage one word in
eight is another word of the corpus, drawn as often as it stands there, and its vector has noise, so that its
cosine with the real one is about 0.9. Labels, places and dates (a day later each turn) come along;
token vectors and those of sentences do not.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import math
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kb.documents import stable_id
from kb.embedding import Encoder
from kb.generations import Generations
from kb.index import DocumentRecord
from kb.index.copying import KeptDocument, Prepared
from kb.index.embedded import EmbeddedIndex
from kb.publishing import Draft

_LIKENESS = 0.9
_ONE_IN = 8
# Where the text stands in `kb.index.records.STORED_COLUMNS`, and what else is of the passage itself.
_ID, _TEXT, _EMBEDDED = 0, 4, 7


def write_index(source: EmbeddedIndex, target: Path, size: int, encoder: Encoder) -> int:
    """Publish an index of `size` passages, or a few less, in `target`; how many it has in the end."""
    noise = _Noise(source)
    generations = Generations(target)
    with generations.building() as stage, Draft(generations, stage, encoder) as draft:
        for turn, row in _turns(source):
            record, prepared = source.prepared(row)
            if draft.passages + record.passages > size:
                break
            kept = dataclasses.replace(source.kept(row), tokens=None, sentences=None)
            if turn:
                record, prepared, kept = noise.another(turn, record, prepared, kept)
            draft.copy(record, kept, prepared)
        draft.finish()
        manifest = draft.manifest(corpus=source.manifest.corpus)
        draft.publish(manifest, keep=1, report=source.report())
        return manifest.passages


def _turns(source: EmbeddedIndex) -> Iterator[tuple[int, int]]:
    rows = sorted(source.works().values())
    if not any(source.prepared(row)[0].passages for row in rows):
        raise ValueError("there are no passages to make others of")
    turn = 0
    while True:
        yield from ((turn, row) for row in rows)
        turn += 1


class _Noise:
    """Makes other documents of real ones; the same every time."""

    def __init__(self, source: EmbeddedIndex) -> None:
        self._random = random.Random(11)  # noqa: S311 - no secret
        self._numbers = np.random.default_rng(11)
        self._words = [
            word for record in source.documents() for text in source.texts(record.id) for word in text.split()
        ]

    def another(
        self, turn: int, record: DocumentRecord, prepared: Prepared, kept: KeptDocument
    ) -> tuple[DocumentRecord, Prepared, KeptDocument]:
        path = f"{turn}/{record.source}"
        event = record.event
        made = dataclasses.replace(
            record,
            id=stable_id("document", path),
            source=path,
            title=f"{record.title} {turn}",
            date=record.date + dt.timedelta(days=turn) if record.date else None,
            event=dataclasses.replace(event, name=f"{event.name} {turn}") if event else None,
        )
        passages = []
        for row in kept.passages:
            values = list(row)
            values[_ID] = stable_id("passage", values[_ID], str(turn))
            values[_TEXT] = self._text(values[_TEXT])
            values[_EMBEDDED] = hashlib.sha256(f"{turn}{values[_EMBEDDED]}".encode()).hexdigest()
            passages.append(tuple(values))
        work = hashlib.sha256(f"{turn}{prepared.work}".encode()).hexdigest()
        return (
            made,
            dataclasses.replace(prepared, work=work),
            dataclasses.replace(kept, passages=passages, vectors=self._vectors(kept)),
        )

    def _text(self, text: str) -> str:
        words = text.split(" ")
        for _ in range(max(1, len(words) // _ONE_IN)):
            words[self._random.randrange(len(words))] = self._random.choice(self._words)
        return " ".join(words)

    def _vectors(self, kept: KeptDocument) -> np.ndarray:
        real = kept.vectors
        size = math.sqrt((1 / _LIKENESS**2 - 1) / real.shape[1])
        noisy = real + size * self._numbers.standard_normal(real.shape, np.float32)
        return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
