"""Promises of HEAD, of conditional requests, and of what caches and pages of another origin may do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.conditional import answering_version
from kb.documents import Access
from kb.keys import Keys, Scope
from kb.knowledge_base import Answered, KnowledgeBase
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.library import publish, record

Document = Callable[[str], dict[str, Any]]


class Counting(KnowledgeBase):
    """Counts how often it really searches."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.searches: list[str] = []

    def ask(self, request: SearchRequest) -> Answered:
        self.searches.append(request.query)
        return super().ask(request)


@pytest.fixture(scope="module")
def paths(client: TestClient, document: Document) -> list[str]:
    """An address of each kind that has an entity tag."""
    hit = client.get("/v1/search?q=verlichting").json()["hits"][0]
    own = document(".pdf")["links"]
    return [
        "/v1/search?q=verlichting",
        "/v1/answers?q=verlichting",
        "/v1/documents",
        own["self"],
        own["file"],
        hit["links"]["self"],
        hit["links"]["similar"],
        "/v1/events",
        client.get("/v1/events").json()["events"][0]["links"]["self"],
        "/v1/themes",
        client.get("/v1/themes").json()["themes"][0]["links"]["timeline"],
        "/v1/openapi.json",
    ]


def test_who_has_the_answer_already_is_told_so(client: TestClient, paths: list[str]) -> None:
    for path in paths:
        full = client.get(path)
        tag = full.headers["etag"]
        for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            again = client.get(path, headers={"if-none-match": known})
            assert again.status_code == 304, path
            assert again.content == b""
            for name in ("etag", "cache-control", "vary", "api-version"):
                assert again.headers[name] == full.headers[name], (path, name)
            assert "content-type" not in again.headers
        for other in ('"other"', 'W/"other"', "", tag.strip('W/"')):
            assert client.get(path, headers={"if-none-match": other}).status_code == 200, (path, other)


def test_head_is_told_so_as_well(client: TestClient, paths: list[str]) -> None:
    for path in paths:
        head, get = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.content == b""
        for name in ("etag", "cache-control", "content-type", "vary"):
            assert head.headers[name] == get.headers[name], (path, name)
        assert client.head(path, headers={"if-none-match": get.headers["etag"]}).status_code == 304


def test_an_answer_that_is_known_is_not_searched_for_again(settings: Settings) -> None:
    knowledge_base = Counting(settings)
    client = TestClient(create_app(knowledge_base))
    # A pinned copy shares the list.
    tag = client.get("/v1/search?q=licht").headers["etag"]
    assert client.get("/v1/search?q=licht", headers={"if-none-match": tag}).status_code == 304
    assert knowledge_base.searches == ["licht"]


def test_a_question_that_is_wrong_is_refused_whatever_its_client_has(client: TestClient) -> None:
    known = {"if-none-match": "*"}
    assert client.get("/v1/search?q=", headers=known).status_code == 400
    assert client.get("/v1/documents?limit=0", headers=known).status_code == 400
    assert client.get("/v1/documents/nergens", headers=known).status_code == 404
    assert client.get("/v1/passages/nergens", headers=known).status_code == 404
    assert client.get("/v1/passages/nergens/similar", headers=known).status_code == 404


def test_a_search_by_post_and_what_goes_on_changing_have_no_tag(client: TestClient) -> None:
    posted = client.post("/v1/search", json={"q": "licht"}, headers={"if-none-match": "*"})
    assert posted.status_code == 200
    assert "etag" not in posted.headers
    for path in ("/v1/status", "/v1/health/live", "/v1/health/ready"):
        answer = client.get(path, headers={"if-none-match": "*"})
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


@pytest.fixture
def changing(tmp_path: Path) -> Settings:
    """Settings of a knowledge base with an open document and one for members."""
    settings = Settings(indexes=tmp_path / "indexes")
    publish(settings.indexes, LIBRARY)
    return settings


LIBRARY = {
    record("open.md"): ["lantaarnpalen en verlichting"],
    record("besloten.md", access=Access.MEMBERS): ["lantaarnpalen in beslotenheid"],
}


def tag_of(client: TestClient, secret: str = "") -> str:
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    return str(client.get("/v1/documents", headers=headers).headers["etag"])


def test_a_new_index_has_new_tags(changing: Settings) -> None:
    client = TestClient(create_app(KnowledgeBase(changing)))
    before = tag_of(client)
    assert tag_of(client) == before
    publish(changing.indexes, LIBRARY)
    assert tag_of(client) != before


def test_who_sees_more_has_other_tags_and_keeps_nothing_on_disk(changing: Settings) -> None:
    _, secret = Keys(changing.keys_file).create("leden", [Scope.SEARCH, Scope.MEMBERS])
    client = TestClient(create_app(KnowledgeBase(changing)))
    assert tag_of(client) != tag_of(client, secret)
    headers = {"authorization": f"Bearer {secret}", "if-none-match": tag_of(client)}
    full = client.get("/v1/documents", headers=headers)
    assert full.status_code == 200
    assert full.headers["cache-control"] == "no-store"
    assert client.get("/v1/documents").headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Accept"} <= set(full.headers["vary"].split(", "))


def test_tomorrow_the_same_words_may_mean_another_period(
    changing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(create_app(KnowledgeBase(changing)))
    tags = set()
    # 25 hours apart: it is never the same day in both.
    for zone in ("Etc/GMT+11", "Etc/GMT-14"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        tags.add(tag_of(client))
    monkeypatch.undo()
    time.tzset()
    assert len(tags) == 2


def test_other_settings_have_other_tags(changing: Settings, tmp_path: Path) -> None:
    weights = tmp_path / "synoniemen.yaml"
    weights.write_text("[]")
    own = changing.model_copy(update={"synonyms": weights})
    assert answering_version(own) != answering_version(changing)
    before = answering_version(own)
    weights.write_text("- [lantaarn, lamp]")
    assert answering_version(own) != before


def test_an_answer_that_time_cut_short_is_not_kept(settings: Settings) -> None:
    hurried = settings.model_copy(update={"rerank_milliseconds": 0})
    with TestClient(create_app(KnowledgeBase(hurried))) as client:
        for path in ("/v1/search", "/v1/answers"):
            answer = client.get(f"{path}?q=licht")
            assert answer.json()["secondStage"] == "timedOut"
            assert "etag" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"


def test_a_file_is_known_by_its_own_hash(client: TestClient, document: Document) -> None:
    found = document(".pdf")
    assert client.get(found["links"]["file"]).headers["etag"] == f'"{found["sha256"]}"'
    page = found["links"]["page"] + "/bestand"
    tag = client.get(page).headers["etag"]
    assert client.get(page, headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    "asked", ["pages=1-2", "items=0-5", "bytes", "bytes=", "bytes=a-b", "bytes=5-3", "bytes=--1", "0-5"]
)
def test_a_range_of_another_unit_or_form_is_ignored(address: str, document: Document, asked: str) -> None:
    link = address + document(".pdf")["links"]["file"]
    answer = httpx2.get(link, headers={"range": asked})
    assert answer.status_code == 200
    assert answer.content == httpx2.get(link).content


def test_a_page_of_another_origin_may_ask_for_the_document_with_headers(client: TestClient) -> None:
    asked = {
        "origin": "https://elders.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "if-none-match",
    }
    answer = client.options("/v1/openapi.json", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    assert "If-None-Match" in answer.headers["access-control-allow-headers"]
    full = client.get("/v1/openapi.json", headers=asked)
    assert "API-Version" in full.headers["access-control-expose-headers"]
    known = client.get("/v1/openapi.json", headers={**asked, "if-none-match": full.headers["etag"]})
    assert known.headers["access-control-allow-origin"] == "*"
    for path in ("/v1/search", "/v1/documents"):
        refused = client.options(path, headers=asked)
        assert refused.status_code == 405
        assert "access-control-allow-origin" not in refused.headers


def test_only_what_comes_over_tls_asks_browsers_to_stay_there(settings: Settings) -> None:
    app = create_app(KnowledgeBase(settings))
    secure = TestClient(app, base_url="https://kennisbank.example.org")
    assert secure.get("/v1/health/live").headers["strict-transport-security"] == "max-age=31536000"
    plain = TestClient(app, base_url="http://kennisbank.example.org")
    assert "strict-transport-security" not in plain.get("/v1/health/live").headers
