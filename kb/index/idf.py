"""How rare terms are, by how many passages hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def idf(holders: npt.NDArray[np.integer], passages: int) -> npt.NDArray[np.float64]:
    """The weight of terms that so many of the passages hold; of the shape of `holders`.

    Robertson and Zaragoza (2009), with 1 added so that it is never negative, as Lucene does.
    """
    return np.log1p((passages - holders + 0.5) / (holders + 0.5))


def known_share(words: Sequence[Sequence[npt.NDArray[np.integer]]], passages: int) -> float:
    """The share of a query's words that any passage holds, by their idf; 0 for a query without words.

    Each word is given as the rows that hold each of its terms, in order.
    """
    if not words:
        return 0.0
    holders = np.array([_number_in(rows) for rows in words])
    weights = idf(holders, passages)
    total = float(weights.sum())
    return float(weights[holders > 0].sum()) / total if total else 0.0


def _number_in(lists: Sequence[npt.NDArray[np.integer]]) -> int:
    """How many rows are in any of the lists."""
    held = [rows for rows in lists if len(rows)]
    if len(held) < 2:
        return sum(map(len, held))
    # Faster than sorting when they are long.
    is_held = np.zeros(max(int(rows[-1]) for rows in held) + 1, np.bool_)
    for rows in held:
        is_held[rows] = True
    return int(np.count_nonzero(is_held))
