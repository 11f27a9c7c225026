"""Questions without an answer: counted by who asks, told to administrators, and otherwise to nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.gaps.keeping import FILE
from kb.index.embedded import EmbeddedIndex
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a service in which nothing is ever certain enough to be an answer."""
    publish(tmp_path, {record("besluit.md"): ["De raad besluit over de begroting van volgend jaar."]})
    return Settings(
        indexes=tmp_path, corpus=tmp_path, public="on", gaps="on", answer_from=1.0, log_queries="off"
    )


@pytest.fixture
def secrets(settings: Settings) -> Mapping[Scope, str]:
    return {scope: Keys(settings.keys_file).create(scope.value, [scope])[1] for scope in Scope}


@pytest.fixture
def at(settings: Settings, secrets: Mapping[Scope, str]) -> Iterator[Callable[..., TestClient]]:
    """A client of the service at an address, with a key or none."""
    index = EmbeddedIndex.open(settings.indexes / (settings.indexes / "CURRENT").read_text().strip())
    app = create_app(KnowledgeBase.over(index, settings, WordEncoder()))

    def client(address: str, scope: Scope | None = None) -> TestClient:
        headers = {"authorization": f"Bearer {secrets[scope]}"} if scope else {}
        return TestClient(app, client=(address, 50_000), headers=headers)

    with TestClient(app):
        yield client


def told(client: TestClient) -> Any:
    answer = client.get("/v1/gaps")
    assert answer.status_code == 200, answer.text
    return [(gap["words"], gap["askers"]) for gap in answer.json()["gaps"]]


def test_three_askers_make_a_gap_whether_they_use_the_page_or_the_api(at: Callable[..., TestClient]) -> None:
    admin = at("192.0.2.9", Scope.ADMIN)
    at(ADDRESSES[0]).get("/", params={"q": "datalek melden"})
    at(ADDRESSES[1]).get("/v1/answers", params={"q": "hoe een datalek melden"})
    assert told(admin) == []
    at(ADDRESSES[2]).post("/v1/answers", json={"q": "Datalekken melden?"})
    assert told(admin) == [("datalek melden", 3)]


def test_a_key_is_one_asker_at_any_address(at: Callable[..., TestClient]) -> None:
    for address in ADDRESSES:
        at(address, Scope.SEARCH).get("/", params={"q": "datalek melden"})
    assert told(at("192.0.2.9", Scope.ADMIN)) == []


def test_a_question_within_a_part_of_the_documents_is_no_gap(at: Callable[..., TestClient]) -> None:
    for address in ADDRESSES:
        at(address).get("/", params={"q": "datalek melden", "kind": "verslag"})
        at(address).get("/", params={"q": "datalek melden", "page": "2"})
    assert told(at("192.0.2.9", Scope.ADMIN)) == []


def test_a_question_with_an_answer_is_no_gap(settings: Settings) -> None:
    index = EmbeddedIndex.open(settings.indexes / (settings.indexes / "CURRENT").read_text().strip())
    easy = settings.model_copy(update={"answer_from": 0.0})
    app = create_app(KnowledgeBase.over(index, easy, WordEncoder()))
    with TestClient(app):
        for address in ADDRESSES:
            client = TestClient(app, client=(address, 50_000))
            assert client.get("/v1/answers", params={"q": "wat besluit de raad?"}).json()["answered"]
    assert not (settings.indexes / FILE).exists()


def test_only_administrators_are_told(at: Callable[..., TestClient]) -> None:
    for path in ("/v1/gaps", "/beheer/vragen"):
        assert at(ADDRESSES[0]).get(path).status_code == 401
        for scope in (Scope.SEARCH, Scope.MEMBERS):
            assert at(ADDRESSES[0], scope).get(path).status_code == 403
        assert at(ADDRESSES[0], Scope.ADMIN).get(path).status_code == 200


def test_the_page_shows_them_by_month_and_leads_to_the_search(at: Callable[..., TestClient]) -> None:
    admin = at("192.0.2.9", Scope.ADMIN)
    assert (
        "Er is nog niets dat 3 of meer vragers zonder antwoord zochten." in admin.get("/beheer/vragen").text
    )
    for address in ADDRESSES:
        at(address).get("/", params={"q": "<b>datalek</b> & melden"})
    page = admin.get("/beheer/vragen").text
    assert '<a class="nl-link" href="/?q=b+datalek+melden"><bdi>b datalek melden</bdi></a>' in page
    assert "Wie iets zocht, en op welke dag of tijd, wordt niet bewaard." in page


def test_a_damaged_file_is_told_to_administrators_and_harms_no_search(
    at: Callable[..., TestClient], settings: Settings
) -> None:
    (settings.indexes / FILE).mkdir()
    for address in ADDRESSES:
        assert at(address).get("/", params={"q": "datalek melden"}).status_code == 200
    assert at("192.0.2.9", Scope.ADMIN).get("/v1/gaps").status_code == 503


def test_nothing_of_it_is_logged(at: Callable[..., TestClient], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        for address in ADDRESSES:
            at(address).get("/", params={"q": "datalek melden"})
        told(at("192.0.2.9", Scope.ADMIN))
    own = [one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]
    assert own
    assert "datalek" not in "\n".join(own)


def test_the_command_line_prints_them(at: Callable[..., TestClient], settings: Settings) -> None:
    for address in ADDRESSES:
        at(address).get("/", params={"q": "datalek melden"})

    def run(**changes: object) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        command = [sys.executable, "-m", "kb", "gaps", *(["--json"] if changes.pop("as_json", 0) else [])]
        done = subprocess.run(
            command,
            env=environment | settings.model_copy(update=changes).environment(),
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout

    assert "3 vragers: datalek melden" in run()
    assert (
        json.loads(run(as_json=True))["gaps"] == at("192.0.2.9", Scope.ADMIN).get("/v1/gaps").json()["gaps"]
    )
    assert "Zet daarvoor KB_GAPS op on." in run(gaps="off")
