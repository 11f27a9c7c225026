"""Building the inverted lists of an index of many passages, and measuring what is lost by them.

There are four times as many lists as the square root of the number of passages (FAISS, "Guidelines to choose
an index"). A query looks into as few, of powers of two, as find what `LEAST_RECALL` asks.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from kb.chunking import sentences
from kb.index import Approximation, Rows, Scores
from kb.index.stored import NEAREST
from kb.index.vectors import ApproximateVectors, Floats, VectorRows

# Of the passages that truly are nearest to a query, the share that must be found.
LEAST_RECALL = 0.97
# How many nearest passages count, and of how many queries.
COUNTED = 10
SAMPLE = 256
# A query is made of so many words.
_WORDS = 6
# More of either makes the lists hardly better, and takes minutes.
_POINTS_PER_LIST = 40
_ROUNDS = 10
_FIRST_NPROBE = 8
_AT_ONCE = 16_384
_SEED = 2024
# Two ways to compute one product differ by less than this.
_ROUNDING = 1e-5

_log = logging.getLogger(__name__)


def query_of(text: str) -> str | None:
    """What somebody might ask who looks for a passage: the first words of the sentence in its middle.

    Passages themselves, or their vectors with noise, are no measure: they find each other far more easily
    than questions find them. These words are as hard as real questions are (BENCHMARKS.md). None for a
    passage without a sentence of so many words.
    """
    long = [words for start, end in sentences(text) if len(words := text[start:end].split()) >= _WORDS]
    return " ".join(long[len(long) // 2][:_WORDS]) if long else None


def approximate(
    folder: Path, rows: VectorRows, queries: Floats, learned_of: Rows | None = None
) -> Approximation | None:
    """Write `nearest.faiss` into `folder`, of the vectors in `rows`, and tell what it is.

    The lists are learned of the passages in `learned_of`, of all without it, so that what everybody finds
    does not depend on what only members may see. What it finds is measured with `queries`, of shape (queries,
    dimension): those of `query_of`. None, and no file, where vectors lie so that their nearest are not found
    by looking into half of the lists: all are compared then. Raises `OSError` when there is no room.
    """
    inverted = _built(rows, np.arange(rows.passages) if learned_of is None else learned_of)
    file = folder / NEAREST
    # Through a file of Python's: that of FAISS closes without a word when the disk is full.
    with file.open("wb") as stream:
        writer = faiss.PyCallbackIOWriter(stream.write)  # type: ignore[attr-defined]
        faiss.write_index(inverted, writer)
    found = _measured(inverted, rows, queries)
    if found is None:
        _log.warning(
            "the nearest of %d passages are not found by looking into half of the lists; all are compared",
            rows.passages,
        )
        file.unlink()
    return found


def _built(rows: VectorRows, learned_of: Rows) -> Any:
    count = min(math.ceil(4 * math.sqrt(rows.passages)), len(learned_of))
    quantizer = faiss.IndexFlatIP(rows.dimension)
    inverted = faiss.IndexIVFScalarQuantizer(
        quantizer, rows.dimension, count, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    inverted.cp.niter = _ROUNDS
    inverted.cp.max_points_per_centroid = _POINTS_PER_LIST
    inverted.cp.seed = _SEED
    points = min(len(learned_of), count * _POINTS_PER_LIST)
    random = np.random.default_rng(_SEED)
    inverted.train(rows.at(np.sort(random.choice(learned_of, points, replace=False))))
    for some in _blocks(rows):
        inverted.add(rows.at(some))
    return inverted


def _blocks(rows: VectorRows) -> Iterator[Rows]:
    for start in range(0, rows.passages, _AT_ONCE):
        yield np.arange(start, min(start + _AT_ONCE, rows.passages))


def _measured(inverted: Any, rows: VectorRows, queries: Floats) -> Approximation | None:
    """The fewest lists that must be looked into, and what is found by that."""
    least = least_scores(rows, queries)
    nprobe = _FIRST_NPROBE
    while nprobe <= max(_FIRST_NPROBE, inverted.nlist // 2):
        tried = Approximation(
            kind="ivf-sq8",
            lists=inverted.nlist,
            nprobe=min(nprobe, inverted.nlist),
            recall=0.0,
            sample=len(queries),
        )
        vectors = ApproximateVectors(inverted, rows, tried)
        found = [vectors.nearest(query, k=COUNTED, mask=None).scores for query in queries]
        if (recall := recall_of(found, least, passages=rows.passages)) >= LEAST_RECALL:
            return dataclasses.replace(tried, recall=round(recall, 4))
        nprobe *= 2
    return None


def recall_of(found: Sequence[Scores], least: Floats, *, passages: int) -> float:
    """The share that was found of what truly is nearest, of an index of so many passages: `found` has for
    each query the scores of `COUNTED` passages, and `least` is what `least_scores` tells.

    By their scores: of passages that are equally near any may be found.
    """
    right = sum(int((one >= last - _ROUNDING).sum()) for one, last in zip(found, least, strict=True))
    return right / (len(found) * min(COUNTED, passages))


def least_scores(rows: VectorRows, queries: Floats) -> Floats:
    """The score of the last of each query's `COUNTED` nearest passages, of shape (queries,); all are looked
    at."""
    best = np.empty((len(queries), 0), np.float32)
    for some in _blocks(rows):
        scores = np.concatenate([best, queries @ rows.at(some).T], axis=1)
        best = -np.partition(-scores, min(COUNTED, scores.shape[1]) - 1, axis=1)[:, :COUNTED]
    least: Floats = best.min(axis=1)
    return least
