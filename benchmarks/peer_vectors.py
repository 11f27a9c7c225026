"""Passage vectors that peers share: a text that several set-ups hold is encoded once.

Runs in the peers' environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class SharedVectors:
    """Unit vectors by text, in a file, with the seconds that each took to encode.

    `borrowed_seconds` is what the texts that were known already took when they were encoded; `texts` is
    everything that was asked for, with its prefix.
    """

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB, seconds REAL)"
        )
        self.borrowed_seconds = 0.0
        self.texts: list[str] = []

    def of(self, texts: Sequence[str], encode: Callable[[list[int]], Any]) -> Vectors:
        """The vectors of `texts`, shape (texts, dimension); `encode` gives those at some of the positions."""
        self.texts += texts
        keys = [hashlib.sha256(text.encode()).digest() for text in texts]
        known = {key: found for key in set(keys) if (found := self._known(key))}
        self.borrowed_seconds += sum(seconds for _, seconds in known.values())
        missing = {key: at for at, key in enumerate(keys) if key not in known}
        if missing:
            positions = list(missing.values())
            start = time.perf_counter()
            fresh = np.asarray(encode(positions), np.float32)
            share = (time.perf_counter() - start) / len(positions)
            # Not every peer's encoder ends in unit length; each of them normalises what it is given.
            fresh = fresh / np.linalg.norm(fresh, axis=1, keepdims=True)
            known |= {key: (vector, share) for key, vector in zip(missing, fresh, strict=True)}
            self._keep([(key, known[key][0].tobytes(), share) for key in missing])
        return np.stack([known[key][0] for key in keys])

    def _known(self, key: bytes) -> tuple[Vectors, float] | None:
        row = self._database.execute("SELECT vector, seconds FROM vectors WHERE key = ?", (key,)).fetchone()
        return (np.frombuffer(row[0], np.float32), row[1]) if row else None

    def _keep(self, rows: Sequence[tuple[bytes, bytes, float]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")


@contextlib.contextmanager
def shared(vectors: SharedVectors) -> Iterator[None]:
    """While this lasts, the peers' encoders take vectors that are known and keep those that are not."""
    from sentence_transformers import SentenceTransformer
    from txtai.models.pooling.base import Pooling

    by_library, by_txtai = SentenceTransformer.encode, Pooling.encode

    def encode(model: Any, inputs: Any, *args: Any, **options: Any) -> Any:
        # What a peer gives beyond texts and their prompt must not go by in silence.
        unknown = set(options) - {
            "batch_size", "normalize_embeddings", "precision", "prompt_name", "show_progress_bar",
        }  # fmt: skip
        if args or unknown or options.get("precision", "float32") != "float32":
            raise TypeError(f"Vectors cannot be shared with these options: {args} {options}")
        prompt = (model.prompts or {}).get(options.get("prompt_name"), "")
        texts = [prompt + text for text in inputs]
        return vectors.of(texts, lambda some: by_library(model, [inputs[at] for at in some], **options))

    def encode_pooled(model: Any, documents: Any, batch: int = 32, category: Any = None) -> Any:
        if model.prompts:
            raise TypeError("Vectors cannot be shared when txtai adds the model's prompts by itself")
        return vectors.of(
            documents, lambda some: by_txtai(model, [documents[at] for at in some], batch, category)
        )

    SentenceTransformer.encode, Pooling.encode = encode, encode_pooled
    try:
        yield
    finally:
        SentenceTransformer.encode, Pooling.encode = by_library, by_txtai
