"""Promises about who may read: everybody or who has a key, as the operator wants, on API and pages alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.documents import Access
from kb.index.embedded import EmbeddedIndex
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

PAGES = ["/", "/?q=raad", "/documenten/{id}", "/documenten/{id}/bestand"]
ALWAYS_OPEN = ["/v1/health/live", "/v1/health/ready", "/v1/openapi.json", "/static/style.css"]
Clients = Mapping[str, TestClient]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("reading")
    texts = {
        record("open.txt", title="Verslag"): ["de raad besluit"],
        record("dicht.txt", title="Notulen", access=Access.MEMBERS): ["de raad zwijgt"],
    }
    publish(folder, texts)
    return Settings(indexes=folder, corpus=folder, rate_wrong_keys=0)


@pytest.fixture(scope="module")
def keys(settings: Settings) -> Mapping[str, str]:
    wanted = {
        "search": [Scope.SEARCH],
        "members": [Scope.MEMBERS],
        "admin": [Scope.ADMIN],
        "search and members": [Scope.SEARCH, Scope.MEMBERS],
    }
    return {name: Keys(settings.keys_file).create(name, scopes)[1] for name, scopes in wanted.items()}


@pytest.fixture(scope="module")
def clients(settings: Settings) -> Iterator[Clients]:
    """A client of a service that asks a key for reading, and one of a service that does not."""
    found = {}
    for reading in ("auto", "key"):
        index = EmbeddedIndex.open(settings.indexes / (settings.indexes / "CURRENT").read_text().strip())
        own = settings.model_copy(update={"reading": reading})
        app = create_app(KnowledgeBase.over(index, own, WordEncoder()))
        found[reading] = TestClient(app, client=("127.0.0.1", 50_000))
    with found["auto"], found["key"]:
        found["auto"].get("/v1/search?q=raad")
        found["key"].app.state.knowledge_base.warm()  # type: ignore[attr-defined]
        yield found


def get(client: TestClient, path: str, secret: str | None = None) -> tuple[int, str]:
    path = path.replace("{id}", record("open.txt").id)
    answer = client.get(path, headers={"authorization": f"Bearer {secret}"} if secret else {})
    return answer.status_code, answer.text


def reading(client: TestClient) -> list[str]:
    """An address of each operation that reads."""
    found = []
    for path, item in client.get("/v1/openapi.json").json()["paths"].items():
        is_open = "get" in item and {} in item["get"].get("security", [{}])
        if is_open and f"/v1{path}" not in ALWAYS_OPEN:
            found.append(
                f"/v1{path}" + ("?q=raad" if path in ("/answers", "/search", "/suggestions") else "")
            )
    assert len(found) > 5
    return found


def test_without_a_key_nothing_can_be_read_where_one_is_asked(
    clients: Clients, keys: Mapping[str, str]
) -> None:
    client = clients["key"]
    for path in reading(client):
        assert get(client, path)[0] == 401, path
        assert get(client, path, "kb_wrong")[0] == 401, path
        for name in ("admin", "members"):
            assert get(client, path, keys[name])[0] == 403, (path, name)
        for name in ("search", "search and members"):
            assert get(client, path, keys[name])[0] in (200, 404), (path, name)
    for method, path in (("POST", "/v1/search"), ("POST", "/v1/searches")):
        assert client.request(method, path, json={"q": "raad"}).status_code == 401
    for path in ALWAYS_OPEN:
        assert get(client, path)[0] == 200, path


def test_a_page_that_asks_a_key_says_in_dutch_what_to_do(clients: Clients, keys: Mapping[str, str]) -> None:
    client = clients["key"]
    for path in PAGES:
        status, text = get(client, path)
        assert status == 401
        assert "sleutel" in text
        assert "beheerder" in text
        # The query alone, which leads back after logging in.
        assert "de raad" not in text
        assert get(client, path, keys["admin"])[0] == 403
    assert client.get("/").headers["www-authenticate"].startswith("Bearer ")
    # Of a proxy that sends one along.
    assert "de raad besluit" in client.get(
        "/?q=raad", headers={"authorization": f"Bearer {keys['search']}"}
    ).text.replace("<mark>", "").replace("</mark>", "")


def test_where_reading_is_open_any_key_reads_and_a_wrong_one_does_not(
    clients: Clients, keys: Mapping[str, str]
) -> None:
    client = clients["auto"]
    for path in (*reading(client), *PAGES):
        for secret in (None, *keys.values()):
            assert get(client, path, secret)[0] in (200, 404), path
        assert get(client, path, "kb_wrong")[0] == 401, path
        basic = client.get(path.replace("{id}", "x"), headers={"authorization": "Basic dTpw"})
        # A proxy's own password is not for us.
        assert basic.status_code in (200, 404)


def test_no_scope_brings_another(clients: Clients, keys: Mapping[str, str]) -> None:
    def found(client: str, name: str | None) -> int:
        status, text = get(clients[client], "/v1/documents", keys[name] if name else None)
        return text.count('"title"') if status == 200 else -status

    assert [found("auto", name) for name in (None, "search", "admin", "members", "search and members")] == [
        1, 1, 1, 2, 2,
    ]  # fmt: skip
    assert [found("key", name) for name in (None, "search", "admin", "members", "search and members")] == [
        -401, 1, -403, -403, 2,
    ]  # fmt: skip


def test_on_an_address_that_others_reach_reading_asks_a_key(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"indexes": tmp_path, "host": "::"})
    for public, status in (("off", 401), ("on", 503)):
        app = create_app(KnowledgeBase(own.model_copy(update={"public": public})))
        with TestClient(app, client=("127.0.0.1", 50_000)) as client:
            assert client.get("/v1/documents").status_code == status
            assert client.get("/").status_code == status
