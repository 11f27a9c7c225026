"""One knowledge base for all tests of the web application: real files, the real encoder."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.limits import Bounds
from kb.embedding import load_encoder
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.administrator import Ask, asking, make_home, make_secrets


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, root: Path, files: Path) -> Settings:
    """Settings with a published index of tests/files/api and one event of the project's own corpus."""
    folder = tmp_path_factory.mktemp("api")
    shutil.copytree(files / "api", folder / "corpus")
    (event,) = (root / "corpus").glob("2024-10-03-*")
    shutil.copytree(event, folder / "corpus" / "duinmeer")
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes")
    build_index(settings, lambda: load_encoder(settings))
    return settings


@pytest.fixture(scope="session")
def knowledge_base(settings: Settings) -> KnowledgeBase:
    knowledge_base = KnowledgeBase(settings)
    knowledge_base.warm()
    return knowledge_base


@pytest.fixture(scope="session")
def client(knowledge_base: KnowledgeBase) -> Iterator[TestClient]:
    with TestClient(create_app(knowledge_base), client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def without_index(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a service that has nothing to search yet."""
    app = create_app(KnowledgeBase(Settings(indexes=tmp_path)))
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture(scope="session")
def document(client: TestClient) -> Callable[[str], dict[str, Any]]:
    """The document of which the path ends so."""
    found = client.get("/v1/documents", params={"limit": 100}).json()["documents"]

    def ending(path: str) -> dict[str, Any]:
        (one,) = [item for item in found if item["source"].endswith(path)]
        return dict(one)

    return ending


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """A real server on a free port; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="session")
def address(knowledge_base: KnowledgeBase) -> Iterator[str]:
    with served(create_app(knowledge_base)) as address:
        yield address


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a service of which the tests change the corpus."""
    return make_home(tmp_path_factory.mktemp("administration"))


@pytest.fixture(scope="session")
def secrets(home: Settings) -> Mapping[str, str]:
    """A key for each scope."""
    return make_secrets(home)


@pytest.fixture(scope="session")
def service(home: Settings) -> Iterator[str]:
    """A real service over `home`, impatient with slow clients; its address."""
    app = create_app(KnowledgeBase(home), bounds=Bounds(patience=1.0))
    with served(app) as address:
        yield address


@pytest.fixture
def ask(service: str, secrets: Mapping[str, str]) -> Ask:
    """Asks as the administrator."""
    return asking(service, secrets["admin"])
