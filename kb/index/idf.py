"""How rare terms are, from the postings of an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.index import Mask, Rows


def idf(holders: npt.NDArray[np.integer], passages: int) -> npt.NDArray[np.float64]:
    """The weight of terms that so many of the passages hold; of the shape of `holders`.

    Robertson and Zaragoza (2009), with 1 added so that it is never negative, as Lucene does.
    """
    return np.log1p((passages - holders + 0.5) / (holders + 0.5))


def column_sums(postings: Mapping[str, Any], mask: Mask) -> npt.NDArray[np.int64]:
    """How many of the passages in `mask`, of shape (passages,), hold each term; of shape (terms,).

    `postings` is a sparse matrix by column as bm25s keeps it.
    """
    starts, rows = postings["indptr"], postings["indices"]
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(mask[rows], dtype=np.int64)])
    sums: npt.NDArray[np.int64] = before[starts[1:]] - before[starts[:-1]]
    return sums


def known_share(words: Sequence[Sequence[Rows]], passages: int) -> float:
    """The share of a query's words that any passage holds, by their idf; 0 for a query without words.

    Each word is given as the rows that hold each of its terms.
    """
    if not words:
        return 0.0
    holders = np.array([len(np.unique(np.concatenate(rows))) if rows else 0 for rows in words])
    weights = idf(holders, passages)
    total = float(weights.sum())
    return float(weights[holders > 0].sum()) / total if total else 0.0
