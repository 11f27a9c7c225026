"""What views of an index have in common: some documents and passages of it are as if they were not there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kb.errors import NotFound
from kb.index import DocumentRecord, Facets, Index, Manifest, Mask, Outline, Rows, Words
from kb.index.idf import known_share


class View(ABC):
    """Some documents of an index. The others, and their passages, are answered as what does not exist.

    A view sets, when it is made: the documents that are seen, as they are seen, by id; which rows are those
    of their passages, of shape (rows of the index,), and how many; the manifest and facets that tell of them.
    """

    _index: Index
    _records: Mapping[str, DocumentRecord]
    _visible: Mask
    _passages: int
    _manifest: Manifest
    _facets: Facets

    @property
    def manifest(self) -> Manifest:
        """What it says of itself, of what is seen."""
        return self._manifest

    @abstractmethod
    def holders(self, term: str) -> Rows:
        """The rows of the passages that are seen to hold a term."""

    def known(self, words: Words) -> float:
        """The share of a query's words that any passage is seen to hold."""
        return known_share([[self.holders(term) for term in terms] for terms in words], self._passages)

    def vector(self, row: int) -> npt.NDArray[np.float32]:
        """The vector of a passage that is seen."""
        return self._index.vector(int(self._checked([row])[0]))

    def outlines(self, rows: Iterable[int]) -> list[Outline]:
        """The passages that are seen in these rows, without their words and the twins that are not."""
        visible = self._visible
        outlines = self._index.outlines(self._checked(list(rows)))
        if visible.all():
            return outlines
        return [
            found
            if not found.twins or all(visible[row] for row in found.twins)
            else found._replace(twins=tuple(row for row in found.twins if visible[row]))
            for found in outlines
        ]

    def documents(self, ids: Iterable[str] | None = None) -> list[DocumentRecord]:
        """The documents that are seen. Raises `NotFound`, also for the id of another."""
        if ids is None:
            return list(self._records.values())
        return [self._records[self._known(identifier)] for identifier in ids]

    def passage_row(self, passage_id: str) -> int:
        """The row of a passage that is seen. Raises `NotFound`, also for the id of another."""
        row = self._index.passage_row(passage_id)
        if not self._visible[row]:
            raise NotFound(f"There is no passage {passage_id} in generation {self._manifest.generation}")
        return row

    def document_rows(self, document_id: str) -> range:
        """The rows of a document's passages. Raises `NotFound`, also for the id of one that is not seen."""
        return self._index.document_rows(self._known(document_id))

    def facets(self) -> Facets:
        """The values that a filter can name, of documents that are seen."""
        return self._facets

    def close(self) -> None:
        """Release the files."""
        self._index.close()

    def _known(self, document_id: str) -> str:
        if document_id not in self._records:
            raise NotFound(f"There is no document {document_id} in generation {self._manifest.generation}")
        return document_id

    def _checked(self, rows: Sequence[int] | Rows) -> Rows:
        """The rows, all of which are seen. Raises `NotFound`: no caller can have learned of another."""
        checked: Rows = np.asarray(rows, np.int64)
        if not self._visible[checked].all():
            raise NotFound("There is no such passage")
        return checked
