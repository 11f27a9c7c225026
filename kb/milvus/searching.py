"""An index of which a Milvus ranks the passages, and the generation's folder holds the rest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kb.errors import EngineUnavailable
from kb.index import Filter, Ranking, Rows, Terms
from kb.index.best_rows import best, best_scored
from kb.index.embedded import EmbeddedIndex
from kb.milvus.collections import DENSE, SPARSE, check, name_of, term_number
from kb.milvus.connection import SEARCH_SECONDS, Connection, is_not_loaded
from kb.milvus.filters import expression

# The most that Milvus gives (milvus.io/docs/limitations.md).
_MOST = 16_384
# How many of a graph's points a search keeps in view: at least as many as are asked for, and never more than
# the most that 2.3 takes. With 128 one question in thirty misses one of its five nearest; this many take no
# longer that can be measured (BENCHMARKS.md).
_EF = 512
_MOST_EF = 32_768


class MilvusIndex(EmbeddedIndex):
    """A generation's folder for texts, records, labels and lexicon; its collection for both rankings.

    It asks its own collection by name, never the alias: what is published meanwhile does not mix into it.
    Where the server keeps no sparse vectors, BM25 is asked of the folder.
    """

    _connection: Connection
    _collection: str
    _has_sparse: bool

    @classmethod
    def over(cls, folder: Path, connection: Connection, *, owner: str) -> Self:
        """The generation in `folder`, verified and held, and its collection, checked and loaded.

        Raises `IndexUnavailable`: `CorruptIndex`, `IncompatibleIndex` or `EngineUnavailable`.
        """
        index = cls.open(folder)
        try:
            manifest = index.manifest
            index._connection = connection
            index._collection = name_of(folder, manifest, alias=connection.address.alias, owner=owner)
            index._has_sparse = check(connection, index._collection, index)
        except BaseException:
            index.close()
            raise
        return index

    def dense(self, vector: npt.NDArray[np.float32], *, k: int, filter: Filter) -> Ranking:
        """The k nearest passages. Raises `EngineUnavailable`."""
        asked = np.asarray(vector, np.float32).reshape(-1)
        if not np.isfinite(asked).all():
            return _nothing()
        parameters = {"ef": self._breadth(k, filter)}
        return self._search(DENSE, asked.tolist(), k=k, filter=filter, parameters=parameters)

    def _breadth(self, k: int, filter: Filter) -> int:
        """How many of the graph's points to keep in view: the more, the fewer of them the filter allows.

        Those that it refuses count among them. With 128 whatever the filter, milvus-lite gave 11 of the 20
        passages that one allowed of 2,000, and 2.3.5 missed two of the ten nearest of 200.
        """
        passages = self.manifest.passages
        allowed = passages if filter.is_open else int(np.count_nonzero(self._mask(filter)))
        least = max(_EF, min(k, _MOST))
        return max(least, min(least * passages // max(allowed, 1), passages, _MOST_EF))

    def lexical(self, terms: Terms, *, k: int, filter: Filter) -> Ranking:
        """The k best passages by BM25. Raises `EngineUnavailable`.

        A phrase scores only in passages that hold all of its terms, which no inner product tells. These
        passages are few: they are taken from the folder, beside the best by the other terms, and all are
        scored there. One that is in neither cannot be among the k best.
        """
        if not self._has_sparse:
            return super().lexical(terms, k=k, filter=filter)
        weights = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        single = {key: weight for key, weight in weights.items() if len(key.split()) == 1}
        query = {number: weight for number, weight in self._numbered(single).items() if weight > 0}
        found = (
            self._search(SPARSE, query, k=k, filter=filter, parameters={"drop_ratio_search": 0.0})
            if query
            else _nothing()
        )
        phrases = [key.split() for key in weights if len(key.split()) > 1]
        holders = [self._holders_of_all(phrase) for phrase in phrases]
        if not any(len(rows) for rows in holders):
            return best_scored(found.rows, found.scores, k)
        extra = np.unique(np.concatenate(holders))
        if not filter.is_open:
            extra = np.intersect1d(extra, self.rows(filter), assume_unique=True)
        rows = np.union1d(found.rows, extra)
        return best_scored(rows, self.lexical_scores(terms, rows), k)

    def _holders_of_all(self, phrase: list[str]) -> Rows:
        rows = self.holders(phrase[0])
        for term in phrase[1:]:
            rows = np.intersect1d(rows, self.holders(term))
        return rows

    def _numbered(self, weights: Mapping[str, float]) -> dict[int, float]:
        vocabulary = self._postings.terms
        return {term_number(vocabulary[key]): weight for key, weight in weights.items() if key in vocabulary}

    def _search(
        self, field: str, query: Any, *, k: int, filter: Filter, parameters: Mapping[str, Any]
    ) -> Ranking:
        asked = expression(filter, self, self._records)
        limit = min(k, self.manifest.passages, _MOST)
        if asked is None or limit < 1:
            return _nothing()
        named: dict[str, Any] = {
            "anns_field": field,
            "filter": asked,
            "limit": limit,
            "output_fields": ["row"],
            "search_params": {"metric_type": "IP", "params": dict(parameters)},
            "consistency_level": "Bounded",
            "seconds": SEARCH_SECONDS,
        }
        try:
            (hits,) = self._connection.call("search", self._collection, [query], **named)
        except EngineUnavailable as error:
            if not is_not_loaded(error):
                raise
            self._connection.call("load_collection", self._collection, seconds=SEARCH_SECONDS)
            (hits,) = self._connection.call("search", self._collection, [query], **named)
        # Servers before 2.4 do not know their primary key's name in an answer.
        rows = np.array([hit["row"] if "row" in hit else hit["id"] for hit in hits], np.int64)
        scores = np.array([hit["distance"] for hit in hits], np.float32)
        return best(rows, scores, k)


def _nothing() -> Ranking:
    return Ranking(np.empty(0, np.int64), np.empty(0, np.float32))
