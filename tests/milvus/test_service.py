"""Promises of `kb serve` whose Milvus goes away: it says so, and goes on by itself."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import httpx2
import pytest

pytest.importorskip("pymilvus", reason="the client of Milvus has an environment of its own: make milvus")

from kb.indexing import build_index
from kb.settings import Settings
from tests.api.administrator import until
from tests.clients.services import Service
from tests.conftest import ROOT
from tests.geometry import WordEncoder
from tests.milvus.conftest import known_as
from tests.milvus.servers import Server, free_port


def test_a_service_without_its_milvus_answers_503_and_goes_on_when_it_is_back(
    mortal: Server, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "tests" / "files" / "api", tmp_path / "corpus")
    settings = Settings(
        corpus=tmp_path / "corpus",
        indexes=tmp_path / "indexes",
        port=free_port(),
        index=known_as(mortal.index, "served"),
    )
    build_index(settings, WordEncoder)
    with Service(settings) as service:

        def ask(path: str) -> httpx2.Response:
            return httpx2.get(f"{service.url}/v1{path}", timeout=60)

        def found() -> list[str]:
            return [hit["text"] for hit in ask("/search?q=lantaarnpalen").json()["hits"]]

        before = found()
        assert before
        mortal.stop(signal.SIGKILL)
        for path in ("/search?q=lantaarnpalen", "/health/ready"):
            refused = ask(path)
            assert refused.status_code == 503, path
            assert int(refused.headers["Retry-After"]) > 0
            assert "search engine cannot be reached" in refused.json()["detail"]
        assert ask("/health/live").status_code == 200
        mortal.start()
        until(lambda: ask("/health/ready").status_code == 200)
        until(lambda: ask("/search?q=lantaarnpalen").status_code == 200)
        assert found() == before
