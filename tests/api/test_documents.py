"""Promises of /v1/documents and /v1/passages."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from kb.settings import Settings

Document = Callable[[str], dict[str, Any]]


def test_documents_are_listed_by_path_in_pages(client: TestClient) -> None:
    whole = client.get("/v1/documents", params={"limit": 100}).json()
    sources = [document["source"] for document in whole["documents"]]
    assert sources == sorted(sources)
    assert whole["total"] == len(sources)
    page = client.get("/v1/documents", params={"limit": 2, "offset": 1}).json()
    assert page["documents"] == whole["documents"][1:3]
    assert page["total"] == whole["total"]


def test_documents_are_filtered(client: TestClient) -> None:
    def sources(**parameters: str) -> set[str]:
        found = client.get("/v1/documents", params={"limit": "100", **parameters}).json()
        return {document["source"] for document in found["documents"]}

    assert sources(language="en") == {"elders/report.md"}
    assert sources(event="Avond over verlichting") == {"avond/verslag.md", "avond/afschrift.txt"}
    assert "elders/report.md" in sources(kind="paper")
    assert sources(dateTo="2023-12-31") == {"elders/report.md"}


def test_faults_of_a_list_are_told_together(client: TestClient) -> None:
    answer = client.get("/v1/documents", params={"limit": "0", "kind": "x", "q": "a", "dateFrom": "gisteren"})
    assert answer.status_code == 400
    found = {(fault["location"], fault["code"]) for fault in answer.json()["errors"]}
    assert found == {
        ("limit", "out-of-range"),
        ("kind", "unknown-value"),
        ("q", "unknown-parameter"),
        ("dateFrom", "not-a-date"),
    }


def test_a_document_tells_all_that_is_known_of_it(
    client: TestClient, document: Document, settings: Settings
) -> None:
    listed = document("avond/verslag.md")
    found = client.get(listed["links"]["self"]).json()
    assert found == listed
    assert found["title"] == "Verslag van de avond over verlichting"
    assert found["event"]["name"] == "Avond over verlichting"
    assert found["event"]["date"] == "2024-11-07"
    assert found["event"]["speakers"] == ["Anna de Wit"]
    file = settings.corpus / "avond/verslag.md"
    assert found["size"] == file.stat().st_size
    assert found["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found["passages"] > 0
    assert client.get(found["links"]["page"]).status_code == 200


def test_a_passage_comes_with_its_neighbours(client: TestClient, document: Document) -> None:
    source = document(".pptx")
    hits = client.get("/v1/search", params={"q": "back-up", "document": source["id"], "limit": 100}).json()[
        "hits"
    ]
    passages = [client.get(hit["links"]["self"]).json() for hit in hits]
    assert len(passages) == source["passages"]
    firsts = [passage for passage in passages if passage["previous"] is None]
    assert len(firsts) == 1
    passage = firsts[0]
    read = [passage["passageId"]]
    while passage["next"]:
        following = client.get(passage["next"]["links"]["self"]).json()
        assert following["previous"]["text"] == passage["text"]
        passage = following
        read.append(passage["passageId"])
    assert sorted(read) == sorted(found["passageId"] for found in passages)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/documents/0",
        "/v1/documents/0/file",
        "/v1/passages/0",
        "/v1/documents/..%2F..%2Fetc",
        "/v1",
        "/v1/x",
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_an_address_without_parameters_takes_none(client: TestClient, document: Document) -> None:
    answer = client.get(document(".pdf")["links"]["self"], params={"fields": "title"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"] == "fields"


@pytest.mark.parametrize(
    ("name", "media_type", "disposition"),
    [
        (".pdf", "application/pdf", "inline"),
        ("avond/verslag.md", "text/plain; charset=utf-8", "inline"),
        ("oude-notitie.txt", "text/plain; charset=windows-1252", "inline"),
        ("vijandig.html", "text/html", "attachment"),
        (".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "attachment"),
    ],
)
def test_a_file_is_shown_or_saved_by_what_it_could_do(
    client: TestClient, document: Document, settings: Settings, name: str, media_type: str, disposition: str
) -> None:
    found = document(name)
    answer = client.get(found["links"]["file"])
    assert answer.content == (settings.corpus / found["source"]).read_bytes()
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"].startswith(f"{disposition}; filename")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_file_that_has_changed_since_it_was_read_is_not_given(
    client: TestClient, document: Document, settings: Settings
) -> None:
    found = document("elders/report.md")
    file = settings.corpus / found["source"]
    original, times = file.read_bytes(), file.stat()
    try:
        file.write_bytes(original + b"Something else.")
        answer = client.get(found["links"]["file"])
        assert answer.status_code == 404
        assert "kb build" in answer.json()["detail"]
        page = client.get(f"/documenten/{found['id']}/bestand")
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
    finally:
        file.write_bytes(original)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert client.get(found["links"]["file"]).content == original


def test_a_link_out_of_the_corpus_is_not_followed(
    client: TestClient, document: Document, settings: Settings, tmp_path: Path
) -> None:
    found = document("elders/report.md")
    file = settings.corpus / found["source"]
    kept = tmp_path / "report.md"
    file.rename(kept)
    try:
        # The very same bytes, but outside of the corpus.
        file.symlink_to(kept)
        assert client.get(found["links"]["file"]).status_code == 404
    finally:
        file.unlink(missing_ok=True)
        kept.rename(file)
