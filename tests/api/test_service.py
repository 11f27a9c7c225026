"""Promises of the service as a whole: headers, methods, readiness, crashes, the OpenAPI document."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

import kb
from api import answers, schemas
from api.app import create_app, from_environment
from kb.errors import SettingsError
from kb.index import DocumentRecord
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.conftest import served

Document = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/v1/health/live", "default-src 'none'; frame-ancestors 'none'"),
        ("/v1/nergens", "default-src 'none'; frame-ancestors 'none'"),
        ("/v1/search", "default-src 'none'; frame-ancestors 'none'"),
        ("/", "style-src 'self'"),
        ("/nergens", "style-src 'self'"),
        ("/static/style.css", "style-src 'self'"),
    ],
)
def test_every_answer_has_its_version_and_security_headers(
    client: TestClient, path: str, policy: str
) -> None:
    headers = client.get(path).headers
    assert headers["api-version"] == kb.__version__
    assert policy in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert ("script-src 'self'" in headers["content-security-policy"]) is not path.startswith("/v1")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == ("no-referrer" if path.startswith("/v1") else "same-origin")
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


def test_only_the_openapi_document_is_for_other_origins(client: TestClient) -> None:
    other = {"origin": "https://elders.example"}
    assert client.get("/v1/openapi.json", headers=other).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get("/v1/documents", headers=other).headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/search", "GET, HEAD, POST"),
        ("PUT", "/v1/documents", "GET, HEAD, POST"),
        ("POST", "/v1/generations/live", "PUT"),
        ("PUT", "/v1/health/live", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ],
)
def test_another_method_is_refused_with_those_that_are_allowed(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path, headers={"origin": "http://testserver"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed


def test_head_answers_as_get_without_the_body(client: TestClient, document: Document) -> None:
    for path in ("/v1/documents", document(".pdf")["links"]["file"], "/"):
        head, get = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("text/html, application/*;q=0.5", 200),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
    ],
)
def test_who_cannot_read_json_is_told_so(client: TestClient, accept: str, status: int) -> None:
    answer = client.get("/v1/status", headers={"accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == (
        "application/json" if status == 200 else "application/problem+json"
    )


def test_an_address_has_no_trailing_slash(client: TestClient) -> None:
    assert client.get("/v1/documents/", follow_redirects=False).status_code == 404


def test_without_an_index_every_question_says_what_to_do(without_index: TestClient) -> None:
    assert without_index.get("/v1/health/live").json() == {"status": "live"}
    for path in (
        "/v1/health/ready",
        "/v1/search?q=a",
        "/v1/documents",
        "/v1/documents/0/file",
        "/v1/status",
        "/v1/passages/0",
    ):
        answer = without_index.get(path)
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"].isdecimal()
        assert "kb build" in answer.json()["detail"]


def test_a_problem_names_no_folder_of_the_server(without_index: TestClient, tmp_path: Path) -> None:
    for path in ("/v1/search?q=a", "/"):
        assert str(tmp_path) not in without_index.get(path).text


def test_an_index_of_another_model_is_unavailable_until_it_is_built_again(settings: Settings) -> None:
    other = settings.model_copy(update={"query_prompt": "vraag: "})
    with TestClient(create_app(KnowledgeBase(other))) as client:
        answer = client.get("/v1/search", params={"q": "a"})
        assert answer.status_code == 503
        assert "another model" in answer.json()["detail"]
        assert client.get("/v1/health/ready").status_code == 503


def test_a_model_that_cannot_be_loaded_is_told(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"model": str(tmp_path / "no-model")})
    with TestClient(create_app(KnowledgeBase(other))) as client:
        answer = client.get("/v1/search", params={"q": "a"})
        assert answer.status_code == 503
        assert "KB_MODEL" in answer.json()["detail"]


def test_the_service_listens_at_once_and_is_ready_when_all_is_loaded(settings: Settings) -> None:
    started = time.monotonic()
    with served(create_app(KnowledgeBase(settings))) as address:
        assert httpx2.get(f"{address}/v1/health/live").status_code == 200
        early = httpx2.get(f"{address}/v1/health/ready")
        assert time.monotonic() - started < 20
        if early.status_code != 200:
            assert early.status_code == 503
            assert early.headers["retry-after"].isdecimal()
        deadline = time.monotonic() + 60
        while httpx2.get(f"{address}/v1/health/ready").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert httpx2.get(f"{address}/v1/search", params={"q": "licht"}).status_code == 200


def test_a_file_is_given_in_ranges(address: str, document: Document, settings: Settings) -> None:
    found = document(".pdf")
    content = (settings.corpus / found["source"]).read_bytes()
    link = address + found["links"]["file"]
    part = httpx2.get(link, headers={"range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(content)}"
    assert httpx2.get(link, headers={"range": "bytes=-10"}).content == content[-10:]
    etag = part.headers["etag"]
    resumed = httpx2.get(link, headers={"range": "bytes=5-", "if-range": etag})
    assert resumed.content == content[5:]
    beyond = httpx2.get(link, headers={"range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(content)}"
    assert beyond.json()["status"] == 416


def test_many_searches_at_once_are_all_answered(address: str) -> None:
    answers: list[int] = []

    def ask(number: int) -> None:
        answer = httpx2.get(f"{address}/v1/search", params={"q": f"verlichting {number}"}, timeout=60)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 16


class Broken(KnowledgeBase):
    """A knowledge base with a mistake in it."""

    def documents(self) -> list[DocumentRecord]:
        raise RuntimeError("the secret inside")

    def document(self, document_id: str) -> DocumentRecord:
        raise RuntimeError(f"the secret inside {document_id}")


def test_a_crash_tells_nothing_of_the_inside(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    client = TestClient(create_app(Broken(settings)))
    answer = client.get("/v1/documents")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = client.get("/documenten/0")
    assert page.status_code == 500
    assert "Er ging iets mis" in page.text
    assert "the secret inside" not in answer.text + page.text
    assert "the secret inside" in caplog.text


def test_the_application_is_made_from_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEXES", str(settings.indexes))
    monkeypatch.setenv("KB_CORPUS", str(settings.corpus))
    assert TestClient(from_environment()).get("/v1/documents").status_code == 200
    monkeypatch.setenv("KB_INDEXS", "typo")
    with pytest.raises(SettingsError, match="KB_INDEXES"):
        from_environment()


def operations(client: TestClient) -> dict[tuple[str, str], dict[str, Any]]:
    paths = client.get("/v1/openapi.json").json()["paths"]
    return {(path, method): operation for path, item in paths.items() for method, operation in item.items()}


def asked(client: TestClient, path: str) -> dict[str, Any]:
    """The parameters of an address, its headers left out."""
    found = operations(client)[path, "get"]["parameters"]
    return {item["name"]: item for item in found if item["in"] != "header"}


def test_the_openapi_document_names_every_address(client: TestClient) -> None:
    assert set(operations(client)) == {
        ("/answers", "get"),
        ("/answers", "post"),
        ("/search", "get"),
        ("/search", "post"),
        ("/searches", "post"),
        ("/suggestions", "get"),
        ("/documents", "get"),
        ("/documents", "post"),
        ("/events", "get"),
        ("/events/{id}", "get"),
        ("/themes", "get"),
        ("/themes/suggestions", "get"),
        ("/themes/{id}/timeline", "get"),
        ("/gaps", "get"),
        ("/builds", "get"),
        ("/builds", "post"),
        ("/builds/{id}", "get"),
        ("/generations", "get"),
        ("/generations/live", "put"),
        ("/generations/{name}/report", "get"),
        ("/status", "get"),
        ("/documents/{id}", "get"),
        ("/documents/{id}/file", "get"),
        ("/passages", "get"),
        ("/passages/{id}", "get"),
        ("/passages/{id}/similar", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
        ("/openapi.json", "get"),
    }
    document = client.get("/v1/openapi.json").json()
    assert document["servers"][0]["url"] == "/v1"
    assert document["info"]["version"] == kb.__version__
    assert [tag["name"] for tag in document["tags"]] == [
        "Zoeken", "Documenten", "Bijeenkomsten", "Thema's", "Status", "Beheer",
    ]  # fmt: skip


def test_the_openapi_document_names_every_parameter_of_a_search(client: TestClient) -> None:
    document = client.get("/v1/openapi.json").json()
    found = asked(client, "/search")
    body = document["components"]["schemas"]["SearchParameters"]
    assert set(found) == set(body["properties"]) == {
        "q", "limit", "offset", "mode", "kind", "event", "dateFrom", "dateTo", "language", "document",
        "dates", "groupBy", "speaker", "host", "theme", "year", "minRelevance", "sort", "facets", "format",
        "municipality", "province", "statement", "saidBy",
    }  # fmt: skip
    assert [name for name, item in found.items() if item["required"]] == body["required"] == ["q"]
    assert found["kind"]["schema"]["type"] == "array"
    assert (found["limit"]["schema"]["minimum"], found["limit"]["schema"]["maximum"]) == (1, 100)


def test_the_openapi_document_names_what_can_be_asked_of_similar_passages(client: TestClient) -> None:
    found = asked(client, "/passages/{id}/similar")
    assert set(found) == {
        "id", "limit", "kind", "event", "dateFrom", "dateTo", "language", "speaker", "host", "theme", "year",
        "municipality", "province", "statement", "saidBy",
    }  # fmt: skip
    assert [name for name, item in found.items() if item["required"]] == ["id"]
    assert (found["limit"]["schema"]["minimum"], found["limit"]["schema"]["maximum"]) == (1, 50)


def test_what_the_api_answers_is_what_its_document_says(client: TestClient, document: Document) -> None:
    shapes: dict[str, type[BaseModel]] = {
        "/v1/search?q=verlichting": answers.SearchAnswer,
        "/v1/documents": schemas.DocumentsAnswer,
        document(".pdf")["links"]["self"]: schemas.DocumentDetails,
        client.get("/v1/search?q=licht").json()["hits"][0]["links"]["self"]: schemas.PassageDetails,
        client.get("/v1/search?q=licht").json()["hits"][0]["links"]["similar"]: answers.SimilarAnswer,
        "/v1/health/ready": schemas.Health,
    }
    for path, shape in shapes.items():
        answer = client.get(path)
        assert answer.status_code == 200, path
        shape.model_validate_json(answer.content)
