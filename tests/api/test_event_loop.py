"""The promise that whoever only asks for a sign of life is answered while questions are encoded."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.assistants import create_assisted_app
from kb.embedding import Encoded
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.conftest import served
from tests.geometry import WordEncoder
from tests.library import publish, record

QUESTION = "wat kost het zaaksysteem?"
ASKED_BY_AN_ASSISTANT = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "search", "arguments": {"query": QUESTION}},
}


class HeldEncoder(WordEncoder):
    """Has no vector for a query before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = threading.Event()
        self.is_let_go = threading.Event()

    def encode_queries(self, texts: Sequence[str]) -> list[Encoded]:
        self.is_asked.set()
        assert self.is_let_go.wait(60)
        return super().encode_queries(texts)


@pytest.fixture
def encoder() -> HeldEncoder:
    return HeldEncoder()


@pytest.fixture
def address(tmp_path: Path, encoder: HeldEncoder) -> Iterator[str]:
    name = publish(tmp_path, {record("a.md"): ["Het zaaksysteem kost twee ton per jaar."]})
    index = EmbeddedIndex.open(tmp_path / name)
    knowledge_base = KnowledgeBase.over(index, Settings(indexes=tmp_path), encoder)
    try:
        with served(create_assisted_app(knowledge_base)) as address:
            yield address
    finally:
        encoder.is_let_go.set()


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/v1/search", {"params": {"q": QUESTION}}),
        ("POST", "/v1/search", {"json": {"q": QUESTION}}),
        ("POST", "/v1/searches", {"json": {"searches": [{"q": QUESTION}, {"q": "zaaksysteem"}]}}),
        ("GET", "/v1/answers", {"params": {"q": QUESTION}}),
        ("POST", "/v1/answers", {"json": {"q": QUESTION}}),
        ("GET", "/", {"params": {"q": QUESTION}}),
        ("POST", "/mcp", {"json": ASKED_BY_AN_ASSISTANT}),
    ],
)
def test_others_are_answered_while_a_question_is_encoded(
    address: str, encoder: HeldEncoder, method: str, path: str, sent: dict[str, Any]
) -> None:
    headers = {"accept": "text/html" if path == "/" else "application/json, text/event-stream"}
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(httpx2.request, method, address + path, headers=headers, timeout=60, **sent)
        try:
            assert encoder.is_asked.wait(30), "the encoder was never asked"
            # An event loop that waits for the encoder would answer nobody until it is let go.
            assert httpx2.get(f"{address}/v1/health/live", timeout=20).status_code == 200
            assert not asking.done()
        finally:
            encoder.is_let_go.set()
        answer = asking.result()
    assert answer.status_code == 200, answer.text
    assert "zaaksysteem" in answer.text
