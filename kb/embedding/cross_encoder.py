"""A cross-encoder of sentence-transformers: query and passage read together, for those who have one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

# Pairs in one call of the model: the clock is looked at in between.
_AT_ONCE = 8


class SentenceTransformerReranker:
    """Scores how well passages answer a query with a cross-encoder. Safe to use from several threads."""

    def __init__(self, model: CrossEncoder) -> None:
        self._model = model

    def scores(self, query: str, texts: Sequence[str], *, deadline: float) -> npt.NDArray[np.float32] | None:
        """One score a text, of shape (texts,), higher is better; None when `deadline` passes first.

        `deadline` is a reading of `time.perf_counter`.
        """
        scores = np.empty(len(texts), np.float32)
        # Alike in length, so that little is padded.
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for at in range(0, len(order), _AT_ONCE):
            if time.perf_counter() >= deadline:
                return None
            some = order[at : at + _AT_ONCE]
            found = self._model.predict(
                [(query, texts[number]) for number in some],
                batch_size=_AT_ONCE,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            scores[some] = np.asarray(found, np.float32).reshape(len(some), -1)[:, 0]
        return scores


def refuse_other_models(model: CrossEncoder) -> None:
    """Raise `ValueError` for a model that gives no score: it would load, and order passages by chance."""
    saved = (model.config and model.config.architectures) or []
    loaded = type(model.model).__name__
    if saved and loaded not in saved:
        raise ValueError(f"it was saved as {saved[0]}, without the layer that scores a pair")
    score = np.asarray(model.predict([("query", "passage")], show_progress_bar=False), np.float32)
    if score.size != 1:
        raise ValueError(f"it gives {score.size} numbers for a pair; one that gives a single score is needed")
    if not np.isfinite(score).all():
        raise ValueError(f"its score of a pair is {float(score.reshape(-1)[0])}")
