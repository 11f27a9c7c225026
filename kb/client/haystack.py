"""A Haystack retriever over a service: the extra `haystack`.

Haystack tells its makers which components run, unless HAYSTACK_TELEMETRY_ENABLED is False when it is first
imported. Nothing leaves the building, so this module sets that where nobody has set it. A program that
imports haystack before this module sets it itself.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.utils import Secret

from kb.client.answers import SearchAnswer
from kb.client.asynchronous import AsyncClient
from kb.client.blocking import Client
from kb.client.connecting import KEY_VARIABLE, Address
from kb.client.retrieved import metadata_of


@component
class KennisbankRetriever:
    """Gives the passages that answer a query best, each with its source in `meta`.

    `url` is as for `kb.client.Client`; `key` is read from KENNISBANK_KEY unless given. `top_k` is how many
    passages; `options` are what else can be asked of a search, such as `{"kind": "verslag"}`. A document's
    `score` is its relevance, from 0 to 1. Raises the errors of `kb.client.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: Secret | None = Secret.from_env_var(KEY_VARIABLE, strict=False),  # noqa: B008 - it is frozen
        top_k: int = 10,
        options: dict[str, Any] | None = None,
    ) -> None:
        if not 1 <= top_k <= 100:
            raise ValueError(f"top_k is {top_k}; it must be from 1 to 100")
        self.url = url
        self.key = key
        self.top_k = top_k
        self.options = options or {}

    def to_dict(self) -> dict[str, Any]:
        """The component as a pipeline saves it. Raises `ValueError` for a key that is no variable's."""
        key = self.key.to_dict() if self.key else None
        found: dict[str, Any] = default_to_dict(
            self, url=self.url, key=key, top_k=self.top_k, options=self.options
        )
        return found

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> KennisbankRetriever:
        """The component that `to_dict` saved."""
        parameters = dict(data["init_parameters"])
        key = parameters.get("key")
        # Newer versions of Haystack have read it already.
        parameters["key"] = Secret.from_dict(key) if isinstance(key, dict) else key
        found: KennisbankRetriever = default_from_dict(cls, {**data, "init_parameters": parameters})
        return found

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int | None = None) -> dict[str, list[Document]]:
        """Search, and wait for the answer."""
        with Client(self.url, key=self._secret()) as client:
            return self._documents(client.search(query, **self._asked(top_k)))

    @component.output_types(documents=list[Document])
    async def run_async(self, query: str, top_k: int | None = None) -> dict[str, list[Document]]:
        """Search in a pipeline that does other things meanwhile."""
        async with AsyncClient(self.url, key=self._secret()) as client:
            return self._documents(await client.search(query, **self._asked(top_k)))

    def _asked(self, top_k: int | None) -> Any:
        return {"limit": top_k or self.top_k, **self.options}

    def _secret(self) -> str | None:
        return self.key.resolve_value() if self.key else None

    def _documents(self, answer: SearchAnswer) -> dict[str, list[Document]]:
        address = Address.of(self.url)
        return {
            "documents": [
                Document(
                    id=hit.passage_id,
                    content=hit.text,
                    meta=metadata_of(hit, answer, address),
                    score=hit.score if hit.relevance is None else hit.relevance,
                )
                for hit in answer.hits
            ]
        }
