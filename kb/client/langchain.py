"""A LangChain retriever over a service: the extra `langchain`.

LangChain sends traces to LangSmith only where LANGSMITH_TRACING is set in the environment. Leave it unset:
traces hold the queries and the passages.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SecretStr

from kb.client.answers import SearchAnswer
from kb.client.asynchronous import AsyncClient
from kb.client.blocking import Client
from kb.client.connecting import KEY_VARIABLE, Address
from kb.client.retrieved import metadata_of


class KennisbankRetriever(BaseRetriever):
    """Gives the passages that answer a query best, each with its source in `metadata`.

    `url` and `key` are as for `kb.client.Client`; a key that is not given is read from KENNISBANK_KEY and is
    never serialised. `limit` is how many passages; `options` are what else can be asked of a search, such as
    `{"kind": "verslag", "group_by": "document"}`. Raises the errors of `kb.client.errors`.
    """

    url: str | None = None
    key: SecretStr | None = None
    limit: int = Field(10, ge=1, le=100)
    options: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """True: LangChain can save it."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Where LangChain finds the class again."""
        return cls.__module__.split(".")

    @property
    def lc_secrets(self) -> dict[str, str]:
        """What is saved by the name of its variable alone."""
        return {"key": KEY_VARIABLE}

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        with Client(self.url, key=self._secret()) as client:
            return self._documents(client.search(query, **self._asked()))

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        async with AsyncClient(self.url, key=self._secret()) as client:
            return self._documents(await client.search(query, **self._asked()))

    def _asked(self) -> Any:
        return {"limit": self.limit, **self.options}

    def _secret(self) -> str | None:
        return self.key.get_secret_value() if self.key else None

    def _documents(self, answer: SearchAnswer) -> list[Document]:
        address = Address.of(self.url)
        return [
            Document(id=hit.passage_id, page_content=hit.text, metadata=metadata_of(hit, answer, address))
            for hit in answer.hits
        ]
