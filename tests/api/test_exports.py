"""Promises of lists in the forms of other programs, over HTTP."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import bibtexparser
import pytest
import rispy
from starlette.testclient import TestClient

from api.app import create_app
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

MEDIA_TYPES = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "ris": "application/x-research-info-systems",
    "bibtex": "application/x-bibtex",
}
SUFFIXES = {"csv": ".csv", "csvExcel": ".csv", "jsonl": ".jsonl", "ris": ".ris", "bibtex": ".bib"}


@pytest.fixture(scope="module")
def hits(client: TestClient) -> list[dict[str, Any]]:
    found = client.get("/v1/search?q=verlichting").json()["hits"]
    assert len({hit["document"]["id"] for hit in found}) > 1
    return list(found)


@pytest.mark.parametrize("wanted", SUFFIXES)
@pytest.mark.parametrize("path", ["/v1/search?q=verlichting", "/v1/documents?limit=5"])
def test_each_form_has_its_media_type_and_a_file_name(client: TestClient, wanted: str, path: str) -> None:
    answer = client.get(f"{path}&format={wanted}")
    assert answer.status_code == 200
    media_type = MEDIA_TYPES.get(wanted, "text/csv")
    assert answer.headers["content-type"].partition(";")[0] == media_type
    name = "treffers" if "search" in path else "documenten"
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="kennisbank-{name}{SUFFIXES[wanted]}"'
    )
    assert {"Accept", "Authorization"} <= set(answer.headers["vary"].split(", "))
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("wanted", MEDIA_TYPES)
def test_accept_gets_the_same_as_the_name(client: TestClient, wanted: str) -> None:
    path = "/v1/search?q=verlichting"
    accepted = client.get(path, headers={"accept": MEDIA_TYPES[wanted]})
    named = client.get(f"{path}&format={wanted}")
    assert accepted.content == named.content
    posted = client.post(
        "/v1/search", json={"q": "verlichting"}, headers={"accept": f"text/html, {MEDIA_TYPES[wanted]};q=0.9"}
    )
    assert posted.content == named.content
    assert client.post("/v1/search", json={"q": "verlichting", "format": wanted}).content == named.content


def test_what_a_client_likes_best_is_given(client: TestClient) -> None:
    def form(accept: str, asked: str = "") -> str:
        answer = client.get(f"/v1/documents?limit=1{asked}", headers={"accept": accept})
        return str(answer.headers["content-type"].partition(";")[0])

    assert form("text/csv;q=0.5, application/json;q=0.4") == "text/csv"
    assert form("text/csv;q=0.4, application/json;q=0.5") == "application/json"
    assert form("*/*") == form("application/*") == "application/json"
    assert form("text/*") == "text/csv"
    assert form("application/json", "&format=csv") == "text/csv"
    assert form("application/json;q=0, */*;q=0.1") == "text/csv"


def test_what_is_not_there_is_refused(client: TestClient) -> None:
    answer = client.get("/v1/search?q=licht", headers={"accept": "application/pdf"})
    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]
    assert client.post("/v1/search", json={"q": "a"}, headers={"accept": "text/html"}).status_code == 406
    wrong = client.get("/v1/search?q=licht&format=xlsx")
    assert [(fault["location"], fault["code"]) for fault in wrong.json()["errors"]] == [
        ("format", "unknown-value")
    ]
    # No other list has forms.
    assert client.get("/v1/status", headers={"accept": "text/csv"}).status_code == 406
    assert client.post("/v1/searches", json={"searches": [{"q": "a", "format": "csv"}]}).status_code == 400


def test_a_table_holds_the_hits(client: TestClient, hits: list[dict[str, Any]]) -> None:
    text = client.get("/v1/search?q=verlichting&format=csv").text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["passageId"] for row in rows] == [hit["passageId"] for hit in hits]
    for row, hit in zip(rows, hits, strict=True):
        assert row["text"].removeprefix("'") == hit["text"]
        assert row["relevanceLabel"] == hit["relevanceLabel"]
        assert row["source"] == hit["document"]["source"]
        page = f"/documenten/{hit['document']['id']}"
        assert row["link"].startswith(f"http://testserver/passages/{hit['passageId']}?document=")
        opened = client.get(row["link"])
        assert opened.status_code == 200
        assert (opened.url.path, opened.url.fragment) == (page, f"passage-{hit['passageId']}")
        assert f'id="passage-{hit["passageId"]}"' in opened.text


def test_lines_of_json_are_the_hits_as_json_has_them(client: TestClient, hits: list[dict[str, Any]]) -> None:
    lines = client.get("/v1/search?q=verlichting&format=jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == hits
    documents = client.get("/v1/documents?limit=3").json()["documents"]
    lines = client.get("/v1/documents?limit=3&format=jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == documents


def test_a_list_of_literature_names_the_documents_of_the_hits(
    client: TestClient, hits: list[dict[str, Any]]
) -> None:
    expected = list(dict.fromkeys(hit["document"]["id"] for hit in hits))
    entries = rispy.loads(client.get("/v1/search?q=verlichting&format=ris").text)
    assert [entry["id"] for entry in entries] == expected
    for entry in entries:
        assert entry["urls"] == [f"http://testserver/documenten/{entry['id']}"]
        assert any(note.startswith("Vindplaats: ") for note in entry["notes"])
    library = bibtexparser.parse_string(client.get("/v1/search?q=verlichting&format=bibtex").text)
    assert [entry.key for entry in library.entries] == expected


def test_where_more_follows_a_header_says(client: TestClient) -> None:
    answer = client.get("/v1/documents?limit=2&offset=2&format=csv")
    assert answer.headers["link"] == (
        '</v1/documents?limit=2&format=csv&offset=4>; rel="next", '
        '</v1/documents?limit=2&format=csv&offset=0>; rel="prev"'
    )
    seen, path = [], "/v1/documents?limit=2&format=csv"
    while path:
        answer = client.get(path)
        seen += [row["documentId"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
        path = answer.links.get("next", {}).get("url", "")
    listed = client.get("/v1/documents?limit=100").json()["documents"]
    assert seen == [document["id"] for document in listed]


def test_each_form_has_an_entity_tag_of_its_own(client: TestClient) -> None:
    path = "/v1/search?q=verlichting"
    tags = {client.get(f"{path}&format={wanted}").headers["etag"] for wanted in SUFFIXES}
    tags.add(client.get(path).headers["etag"])
    assert len(tags) == len(SUFFIXES) + 1
    csv_tag = client.get(path, headers={"accept": "text/csv"}).headers["etag"]
    known = {"if-none-match": csv_tag}
    assert client.get(path, headers={**known, "accept": "text/csv"}).status_code == 304
    assert client.get(path, headers=known).status_code == 200


def test_links_lead_to_where_readers_reach_the_service(settings: Settings) -> None:
    outside = settings.model_copy(update={"url": "https://kennis.example.org/bank/"})
    client = TestClient(create_app(KnowledgeBase(outside)))
    rows = csv.DictReader(io.StringIO(client.get("/v1/documents?format=csv").text, newline=""))
    assert {row["link"].rpartition("/")[0] for row in rows} == {"https://kennis.example.org/bank/documenten"}
