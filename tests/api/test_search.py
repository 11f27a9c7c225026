"""Promises of /v1/search."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

QUERY = "verlichting als dienst in plaats van lampen"


def hits(client: TestClient, **parameters: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/search", params={"q": QUERY, "limit": 100, **parameters})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["hits"]
    return found


def faults(answer: Any) -> set[tuple[str, str, str]]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {(fault["in"], fault["location"], fault["code"]) for fault in answer.json()["errors"]}


def test_an_answer_has_the_promised_shape(client: TestClient) -> None:
    answer = client.get("/v1/search", params={"q": QUERY, "limit": 3}).json()
    assert set(answer) == {
        "query", "mode", "groupBy", "sort", "total", "limit", "offset", "tookMs", "generation", "period",
        "corrections", "secondStage", "timeliness", "facets", "links", "hits",
    }  # fmt: skip
    assert (answer["query"], answer["mode"], answer["limit"], answer["offset"]) == (QUERY, "hybrid", 3, 0)
    hit = answer["hits"][0]
    assert set(hit) == {
        "rank", "score", "relevance", "relevanceLabel", "text", "highlights", "bestSentence", "passageId",
        "document", "locator", "statements", "places", "alsoIn", "alsoInTotal", "morePassages", "links",
    }  # fmt: skip
    assert set(hit["document"]) == {"id", "title", "kind", "date", "event", "language", "source"}
    assert set(hit["locator"]) == {"page", "pageLabel", "slide", "part", "headings", "line"}
    assert set(hit["links"]) == {"self", "file", "similar"}
    assert [found["rank"] for found in answer["hits"]] == [1, 2, 3]


def test_highlights_are_the_words_of_the_query(client: TestClient) -> None:
    hit = hits(client)[0]
    marked = {hit["text"][start:end].lower() for start, end in hit["highlights"]}
    assert {"verlichting", "dienst", "lampen"} <= marked


def test_the_same_words_are_one_hit_that_names_the_other_places(client: TestClient) -> None:
    (hit,) = [hit for hit in hits(client) if hit["alsoIn"]]
    places = [hit["document"], *(place["document"] for place in hit["alsoIn"])]
    assert {place["source"] for place in places} == {"avond/afschrift.txt", "elders/afschrift.txt"}
    (other,) = hit["alsoIn"]
    assert set(other) == {"passageId", "document", "locator", "identical", "links"}
    assert other["identical"] is True
    assert client.get(other["links"]["self"]).json()["text"] == hit["text"]


def test_a_pdf_opens_at_the_page(client: TestClient) -> None:
    in_pdf = [hit for hit in hits(client, kind="paper") if hit["document"]["source"].endswith(".pdf")]
    assert in_pdf
    for hit in in_pdf:
        assert (
            hit["links"]["file"]
            == f"/v1/documents/{hit['document']['id']}/file#page={hit['locator']['page']}"
        )


def test_speaker_notes_are_named_as_their_own_place(client: TestClient) -> None:
    slides = [hit for hit in hits(client) if hit["document"]["source"].endswith(".pptx")]
    notes = [hit for hit in slides if hit["locator"]["part"] == "notes"]
    assert notes
    assert all(hit["locator"]["slide"] and hit["locator"]["page"] is None for hit in notes)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_every_mode_finds_the_passage(client: TestClient, mode: str) -> None:
    answer = client.get("/v1/search", params={"q": QUERY, "mode": mode}).json()
    assert answer["mode"] == mode
    assert any("licht en niet langer lampen" in hit["text"] for hit in answer["hits"][:3])


def test_filters_hold_for_every_hit(client: TestClient) -> None:
    assert {hit["document"]["kind"] for hit in hits(client, kind=["verslag", "overig"])} == {
        "verslag",
        "overig",
    }
    assert {hit["document"]["language"] for hit in hits(client, language="en")} == {"en"}
    event = hits(client, event="Avond over verlichting")
    assert {hit["document"]["event"]["name"] for hit in event} == {"Avond over verlichting"}
    assert hits(client, event=event[0]["document"]["event"]["id"]) == event
    identifier = event[0]["document"]["id"]
    assert {hit["document"]["id"] for hit in hits(client, document=identifier)} == {identifier}
    dates = {hit["document"]["date"] for hit in hits(client, dateFrom="2024-10-03", dateTo="2024-10-03")}
    assert dates == {"2024-10-03"}


def test_pages_of_hits_join_without_gap_or_overlap(client: TestClient) -> None:
    whole = hits(client)
    parts = [*hits(client, limit=4), *hits(client, limit=4, offset=4)]
    assert parts == whole[:8]
    assert client.get("/v1/search", params={"q": QUERY, "offset": 10_000}).json()["hits"] == []


def test_a_search_in_json_answers_as_one_in_the_address(client: TestClient) -> None:
    parameters = {"q": QUERY, "kind": ["verslag", "overig"], "language": "nl", "limit": 5, "mode": "lexical"}
    by_body = client.post("/v1/search", json=parameters).json()
    by_address = client.get("/v1/search", params=parameters).json()  # type: ignore[arg-type]
    assert by_body["hits"] == by_address["hits"]
    assert by_body["hits"]


def test_one_value_of_a_filter_may_be_a_string_or_a_list(client: TestClient) -> None:
    as_string, as_list = (
        client.post("/v1/search", json={"q": QUERY, "kind": kind}).json()["hits"]
        for kind in ("verslag", ["verslag"])
    )
    assert as_string == as_list


def test_all_faults_of_a_request_are_told_together(client: TestClient) -> None:
    answer = client.get(
        "/v1/search",
        params={
            "q": " ",
            "limit": "1000000000",
            "offset": "abc",
            "kind": ["verslag", "roman"],
            "event": "Nergens",
            "language": "xx",
            "document": "0",
            "dateFrom": "2024-02-30",
            "mode": "magic",
            "datefrom": "2024-01-01",
        },
    )
    assert faults(answer) == {
        ("query", "q", "empty"),
        ("query", "limit", "out-of-range"),
        ("query", "offset", "not-an-integer"),
        ("query", "kind", "unknown-value"),
        ("query", "event", "unknown-value"),
        ("query", "language", "unknown-value"),
        ("query", "document", "unknown-value"),
        ("query", "dateFrom", "not-a-date"),
        ("query", "mode", "unknown-value"),
        ("query", "datefrom", "unknown-parameter"),
    }
    problem = answer.json()
    assert (problem["status"], problem["title"], problem["type"]) == (400, "Bad Request", "about:blank")
    assert "10 faults" in problem["detail"]
    assert "did you mean 'dateFrom'?" in answer.text


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ("q", "empty")),
        ({"q": "x" * 10_000}, ("q", "too-long")),
        ({"q": "a\x00b"}, ("q", "control-characters")),
        ({"q": "a", "limit": "0"}, ("limit", "out-of-range")),
        ({"q": "a", "limit": "9" * 5_000}, ("limit", "not-an-integer")),
        ({"q": "a", "limit": ""}, ("limit", "not-an-integer")),
        ({"q": "a", "limit": ["1", "2"]}, ("limit", "repeated")),
        ({"q": "a", "offset": "-1"}, ("offset", "out-of-range")),
        ({"q": "a", "kind": ""}, ("kind", "unknown-value")),
        ({"q": "a", "groupBy": "place"}, ("groupBy", "unknown-value")),
        ({"q": "a", "groupBy": ["document"] * 2}, ("groupBy", "repeated")),
        ({"q": "a", "dateFrom": "1700000000"}, ("dateFrom", "not-a-date")),
        ({"q": "a", "dateFrom": "2024-11-07T00:00:00"}, ("dateFrom", "not-a-date")),
        ({"q": "a", "dateFrom": "2024-02-01", "dateTo": "2024-01-01"}, ("dateFrom", "out-of-range")),
        ({"q": "a", "event": ["x"] * 101}, ("event", "too-many")),
    ],
)
def test_a_fault_is_refused_by_name(
    client: TestClient, parameters: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert faults(client.get("/v1/search", params=parameters)) == {("query", *expected)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("/q", "empty")}),
        ({"q": 1, "limit": "5"}, {("/q", "invalid"), ("/limit", "not-an-integer")}),
        ({"q": "a", "limit": True}, {("/limit", "not-an-integer")}),
        ({"q": "a", "offset": 1.5}, {("/offset", "not-an-integer")}),
        ({"q": "a", "kind": ["verslag", "x"]}, {("/kind/1", "unknown-value")}),
        ({"ofset": 0}, {("/q", "empty"), ("/ofset", "unknown-parameter")}),
        ({"q": "a", "event": [1], "dateTo": 20240101}, {("/event/0", "invalid"), ("/dateTo", "not-a-date")}),
        ({"q": "a", "document": {"id": "x"}}, {("/document", "invalid")}),
        ({"q": "a", "a/b~c": 1}, {("/a~1b~0c", "unknown-parameter")}),
        ([], {("", "not-an-object")}),
    ],
)  # fmt: skip
def test_a_fault_in_a_body_is_refused_by_its_pointer(
    client: TestClient, body: object, expected: set[tuple[str, str]]
) -> None:
    assert {
        (location, code) for _, location, code in faults(client.post("/v1/search", json=body))
    } == expected


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 60_000, b'{"q": NaN}', b'{"q": "\\ud800"}']
)
def test_a_body_that_is_not_json_is_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/search", content=content, headers={"content-type": "application/json"})
    assert faults(answer) == {("body", "", "not-json")}


def test_a_body_over_the_limit_is_not_read(client: TestClient) -> None:
    body = b'{"q": "' + b"x" * 70_000 + b'"}'
    headers = {"content-type": "application/json"}
    assert client.post("/v1/search", content=body, headers=headers).status_code == 413
    # In pieces, of which the sum is not told beforehand.
    assert (
        client.post("/v1/search", content=iter([body[:50_000], body[50_000:]]), headers=headers).status_code
        == 413
    )


def test_a_body_of_another_type_is_refused(client: TestClient) -> None:
    assert client.post("/v1/search", data={"q": "a"}).status_code == 415


def test_a_search_in_json_takes_nothing_from_the_address(client: TestClient) -> None:
    answer = client.post("/v1/search?limit=1", json={"q": ""})
    assert faults(answer) == {("query", "limit", "unknown-parameter"), ("body", "/q", "empty")}
