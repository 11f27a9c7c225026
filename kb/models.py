"""The models of a search: loaded once, and only asked of an index that was made with the same encoder."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from kb.embedding import Encoder, EncoderIdentity, load_encoder, load_reranker
from kb.embedding.remembering import RememberingEncoder
from kb.errors import IncompatibleIndex
from kb.index import Manifest
from kb.reranking import Reranking
from kb.settings import Settings
from kb.weights import Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What a search is done with, beside an index."""

    encoder: Encoder
    reranking: Reranking = field(default_factory=Reranking)
    weights: Weights = field(default_factory=Weights)


class LoadedModels:
    """The models, loaded when they are first needed, by one thread for all."""

    def __init__(self, settings: Settings, encoder: Encoder | None = None) -> None:
        self._settings = settings
        self._encoder = encoder
        # A file with faults is told at the start, not with the first query.
        self.weights = Weights.load(settings.weights)
        self._models: Models | None = None
        self._loading = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """True once they are."""
        return self._models is not None

    def fitting(self, manifest: Manifest) -> Models:
        """The models, for the index with this manifest.

        Raises `EncoderUnavailable`, or `IncompatibleIndex` when another encoder made the index.
        """
        if self._models is None:
            with self._loading:
                if self._models is None:
                    self._models = self._load()
        _check(manifest, self._models.encoder.identity, self._settings)
        return self._models

    def _load(self) -> Models:
        seconds = self._settings.rerank_milliseconds / 1000
        return Models(
            encoder=RememberingEncoder(self._encoder or load_encoder(self._settings)),
            reranking=Reranking(reranker=load_reranker(self._settings), seconds=seconds),
            weights=self.weights,
        )


def _check(manifest: Manifest, mine: EncoderIdentity, settings: Settings) -> None:
    made_by = manifest.encoder
    # By itself a build keeps no token vectors of many passages.
    fits = mine.holds(made_by) if settings.late_interaction == "auto" else made_by == mine
    if not fits:
        raise IncompatibleIndex(
            f"Generation {manifest.generation} was made with model {made_by.model} "
            f"({made_by.revision}, {_late(made_by)}), but KB_MODEL is {mine.model} ({mine.revision}, "
            f"{_late(mine)}) with prompts {mine.query_prompt!r} and {mine.passage_prompt!r}. "
            f"Build the index again: kb build --corpus {manifest.corpus}"
        )


def _late(identity: EncoderIdentity) -> str:
    return f"KB_LATE_INTERACTION {'on' if identity.token_dimension else 'off'}"
