"""Promises about builds and generations through the API; builds run in real processes."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import records, schemas
from kb.builds import Builds
from kb.settings import Settings
from tests.api.administrator import Ask, ended, upload


def test_a_file_is_added_and_found_after_a_build(ask: Ask, service: str, home: Settings) -> None:
    content = b"# Notitie\n\nDe veerpont naar Waterrijk vaart elk kwartier.\n"
    added = upload(ask, "veerpont.md", content, folder="2024 avond/stukken")
    assert added.status_code == 201, added.text
    body = records.AddedDocument.model_validate_json(added.content)
    assert body.path == "2024 avond/stukken/veerpont.md"
    assert (home.corpus / body.path).read_bytes() == content
    assert "volgende bouwopdracht" in body.note

    started = ask("POST", "/builds")
    assert started.status_code == 202, started.text
    location = started.headers["location"]
    second = ask("POST", "/builds", json={"allowRemovals": True})
    assert second.status_code == 409
    assert second.json()["buildId"] == started.json()["id"] == location.rsplit("/", 1)[-1]
    schemas.Problem.model_validate_json(second.content)
    assert httpx2.get(f"{service}/v1/status").json()["building"] is True

    build = ended(ask, started.json()["id"])
    assert build["state"] == "published", build
    records.Build.model_validate(build)
    assert build["summary"][0].startswith("1 document toegevoegd")
    assert "veerpont" in str(build["report"])
    found = httpx2.get(f"{service}/v1/search", params={"q": "veerpont"}, timeout=60).json()
    assert found["hits"][0]["document"]["id"] == body.document_id
    assert httpx2.get(service + added.headers["location"]).status_code == 200

    status = httpx2.get(f"{service}/v1/status")
    records.Status.model_validate_json(status.content)
    told = status.json()
    assert (told["documents"], told["changes"]["added"], told["building"]) == (2, 1, False)
    assert told["generation"] == build["generation"]
    assert "veerpont" not in status.text
    listed = records.BuildsAnswer.model_validate_json(ask("GET", "/builds").content)
    assert build["id"] in [one.id for one in listed.builds]


def test_an_older_generation_is_made_live_and_its_report_read(ask: Ask, service: str) -> None:
    kept = records.GenerationsAnswer.model_validate_json(ask("GET", "/generations").content).generations
    newest, *_, oldest = kept
    assert newest.live
    report = ask("GET", f"/generations/{oldest.name}/report").json()
    assert report["generation"] == oldest.name
    assert "besluiten.md" in str(report)
    made = ask("PUT", "/generations/live", json={"name": oldest.name})
    assert made.status_code == 200, made.text
    assert made.json()["name"] == oldest.name
    assert httpx2.get(f"{service}/v1/status").json()["generation"] == oldest.name
    assert ask("GET", "/generations/live/report").json()["generation"] == oldest.name
    assert ask("PUT", "/generations/live", json={"name": newest.name}).status_code == 200
    assert ask("GET", "/generations/20200101T000000000Z/report").status_code == 404
    assert ask("GET", "/generations/..%2f..%2fetc/report").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "options", "faults"),
    [
        ("PUT", "/generations/live", {"json": {}}, [("/name", "missing")]),
        ("PUT", "/generations/live", {"json": {"name": "../x"}}, [("/name", "unknown-value")]),
        ("PUT", "/generations/live", {"json": {"name": 3, "x": 1}},
         [("/name", "invalid"), ("/x", "unknown-parameter")]),
        ("POST", "/builds", {"json": {"allowRemovals": "yes"}}, [("/allowRemovals", "invalid")]),
        ("POST", "/builds", {"json": {"alowRemovals": True}}, [("/alowRemovals", "unknown-parameter")]),
        ("POST", "/builds", {"json": []}, [("", "not-an-object")]),
        ("POST", "/builds?x=1", {}, [("x", "unknown-parameter")]),
    ],
)  # fmt: skip
def test_every_fault_of_a_request_is_told(
    ask: Ask, method: str, path: str, options: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    answer = ask(method, path, **options)
    assert answer.status_code == 400, answer.text
    assert [(fault["location"], fault["code"]) for fault in answer.json()["errors"]] == faults


def test_a_build_that_is_killed_is_broken_off_and_the_index_as_it_was(
    ask: Ask, service: str, home: Settings
) -> None:
    before = httpx2.get(f"{service}/v1/status").json()["generation"]
    started = ask("POST", "/builds").json()
    deadline = time.monotonic() + 60
    while (record := Builds(home.indexes).get(started["id"])).pid == os.getpid():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(record.pid, signal.SIGKILL)
    found = ended(ask, started["id"])
    assert found["state"] == "broken-off"
    assert httpx2.get(f"{service}/v1/status").json()["generation"] == before


def test_a_build_that_is_refused_tells_why(ask: Ask, home: Settings, tmp_path: Path) -> None:
    away = tmp_path / "weg"
    shutil.move(home.corpus, away)
    try:
        home.corpus.mkdir()
        (home.corpus / "ander.md").write_text("Iets heel anders.")
        found = ended(ask, ask("POST", "/builds").json()["id"])
        assert found["state"] == "refused", found
        assert found["error"]["code"] == "too-many-removals"
    finally:
        shutil.rmtree(home.corpus)
        shutil.move(away, home.corpus)


def test_a_damaged_generation_is_not_made_live(ask: Ask, service: str, home: Settings) -> None:
    live = httpx2.get(f"{service}/v1/status").json()["generation"]
    damaged = home.indexes / "20200101T000000000Z"
    shutil.copytree(home.indexes / live, damaged)
    with (damaged / "passages.sqlite").open("ab") as file:
        file.write(b"x")
    try:
        answer = ask("PUT", "/generations/live", json={"name": damaged.name})
        assert answer.status_code == 409
        assert "damaged" in answer.json()["detail"]
        assert httpx2.get(f"{service}/v1/status").json()["generation"] == live
    finally:
        shutil.rmtree(damaged)
