"""Promises of several services on one index that only its builder may write: they follow it by themselves."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from kb.keys import Keys, Scope
from kb.rendering.store import ViewStore
from kb.settings import Settings
from tests.api.administrator import environment, make_home
from tests.serving import Service, serving

NEW = "# Gemaal\n\nHet gemaal van de polder draait voortaan op stroom.\n"


@contextlib.contextmanager
def seen_read_only(folder: Path, at: Path) -> Iterator[None]:
    """The folder once more, at a place where nobody can write in it, whoever he is."""
    at.mkdir()
    if os.geteuid() or subprocess.run(["mount", "--bind", folder, at], check=False).returncode:
        pytest.skip("a read-only disk cannot be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", at], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Settings:
    """Settings of who builds, with an index of two documents."""
    made = make_home(tmp_path_factory.mktemp("builder"))
    shutil.copy(files / "pdf" / "verslag.pdf", made.corpus)
    build(made)
    return made


@pytest.fixture(scope="module")
def replica(builder: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of who sees index and documents read-only, and keeps keys where they can be written."""
    folder = tmp_path_factory.mktemp("replica")
    indexes, corpus = folder / "indexes", folder / "corpus"
    with seen_read_only(builder.indexes, indexes), seen_read_only(builder.corpus, corpus):
        (keys := folder / "keys").mkdir()
        changed = {"indexes": indexes, "corpus": corpus, "keys": keys / "keys.json", "log_format": "json"}
        yield builder.model_copy(update=changed)


@pytest.fixture(scope="module")
def secret(replica: Settings) -> str:
    return Keys(replica.keys_file).create("Anneke", [Scope.MEMBERS])[1]


@pytest.fixture(scope="module")
def replicas(
    replica: Settings, secret: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, Service]]:
    assert secret
    folder = tmp_path_factory.mktemp("log")
    with serving(replica, folder) as one, serving(replica, folder) as other:
        yield one, other


def build(settings: Settings) -> None:
    command = [sys.executable, "-m", "kb", "build"]
    done = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def found(service: Service, words: str) -> set[str]:
    """The files of the documents whose own words are these."""
    answer = service.get("/v1/search", params={"q": words, "mode": "lexical"})
    assert answer.status_code == 200, answer.text
    return {hit["document"]["source"] for hit in answer.json()["hits"]}


def generation(service: Service) -> str:
    answer = service.get("/v1/status")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["generation"])


def test_replicas_that_cannot_write_answer_from_what_another_process_publishes(
    builder: Settings, replicas: tuple[Service, Service]
) -> None:
    before = (builder.indexes / "CURRENT").read_text().strip()
    for service in replicas:
        assert generation(service) == before
        assert found(service, "lantaarnpalen") == {"besluiten.md"}
        assert found(service, "gemaal") == set()
    (builder.corpus / "gemaal.md").write_text(NEW, encoding="utf-8")
    build(builder)
    now = (builder.indexes / "CURRENT").read_text().strip()
    assert now != before
    for service in replicas:
        service.until(lambda service=service: generation(service) == now)  # type: ignore[misc]
        assert found(service, "gemaal") == {"gemaal.md"}
        assert found(service, "lantaarnpalen") == {"besluiten.md"}
        assert service.is_ready()
        assert [line for line in service.lines if line["level"] not in ("debug", "info")] == []


def test_who_logged_in_at_one_replica_is_known_at_the_other(
    replicas: tuple[Service, Service], secret: str
) -> None:
    one, other = replicas
    answer = httpx2.post(
        one.address + "/inloggen", data={"sleutel": secret, "terug": "/"}, headers={"origin": one.address}
    )
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert "Anneke" not in other.get("/inloggen").text
    for service in replicas:
        assert "Anneke" in service.get("/inloggen", headers={"cookie": cookie}).text


def test_a_replica_shows_pages_and_takes_pictures_that_another_service_kept(
    builder: Settings, replica: Settings, replicas: tuple[Service, Service]
) -> None:
    (document,) = (
        document["id"]
        for document in replicas[0].get("/v1/documents").json()["documents"]
        if document["source"] == "verslag.pdf"
    )
    for service in replicas:
        picture = service.get(f"/documenten/{document}/bladen/1.png")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    ViewStore(builder.indexes / ".views", most_bytes=1_000).put(b"view", "key")
    assert ViewStore(replica.indexes / ".views", most_bytes=1_000).get("key") == b"view"
