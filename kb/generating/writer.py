"""What has answers written: the endpoint that the settings name, and the passages that they must rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.embedding import Encoder
from kb.generating.endpoint import Endpoint
from kb.generating.generated import Source
from kb.generating.generation import Generation
from kb.generating.support import Support, baseline_of
from kb.index import Index, PassageRecord
from kb.settings import Settings

# Documents of which a passage tells how alike texts of an index are that have nothing to do with each other.
_SAMPLED = 64
# Indexes, and views of them, of which that is known.
_KNOWN = 8


class Writer:
    """Has answers written, where the settings name an endpoint for it."""

    def __init__(self, settings: Settings) -> None:
        """Raises `SettingsError` when the endpoint cannot be one."""
        self._endpoint = Endpoint.of(settings)
        self._baselines: dict[tuple[str, int], float] = {}

    @property
    def is_set(self) -> bool:
        """Whether there is an endpoint."""
        return self._endpoint is not None

    def generation(
        self, index: Index, encoder: Encoder, question: str, passages: Sequence[PassageRecord]
    ) -> Generation | None:
        """An answer to be written from passages of the index; None without an endpoint."""
        if self._endpoint is None:
            return None
        documents = index.documents([record.passage.document_id for record in passages])
        sources = [
            Source(number=number, passage=record.passage, document=document)
            for number, (record, document) in enumerate(zip(passages, documents, strict=True), 1)
        ]
        support = Support(encoder, index.lexicon, baseline=self._baseline(index))
        return Generation(self._endpoint, support, question=question, sources=sources)

    def _baseline(self, index: Index) -> float:
        key = index.manifest.generation, index.manifest.passages
        if key not in self._baselines:
            if len(self._baselines) >= _KNOWN:
                self._baselines.clear()
            self._baselines[key] = _sampled_baseline(index)
        return self._baselines[key]


def _sampled_baseline(index: Index) -> float:
    """That of one passage of each of some documents, evenly over all."""
    rows = [index.document_rows(document.id) for document in index.documents()]
    first = [one.start for one in rows if len(one)]
    chosen = {first[at] for at in np.linspace(0, len(first) - 1, _SAMPLED, dtype=int)} if first else set()
    vectors = [index.vector(row) for row in sorted(chosen)]
    return baseline_of(np.stack(vectors)) if vectors else 0.0
