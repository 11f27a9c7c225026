"""Promises of the OpenAPI document: all is described, in Dutch, with examples that fit their schema."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from api.app import create_app
from api.description import operations
from api.glossary import FIXED_WORDS, GLOSSARY
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

# Words without which hardly an English sentence is written, and that are none in Dutch.
ENGLISH = re.compile(r"\b(the|and|which|with|that|from|this|are)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/v1/openapi.json").json())


def resolved(item: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """What an item refers to, or itself."""
    if "$ref" not in item:
        return item
    found = document
    for step in item["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            yield f"{method} {path} {status}", resolved(answer, document)


def descriptions(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where something must be described, and what is said there."""
    for path, method, operation in operations(document):
        yield f"{method} {path} summary", operation["summary"]
        yield f"{method} {path}", operation.get("description", "")
        for item in operation.get("parameters", []):
            yield f"{method} {path} {item['name']}", item.get("description", "")
    for name, answer in answers(document):
        yield name, answer["description"]
        for header, said in answer["headers"].items():
            yield f"{name} {header}", said["description"]
    for name, schema in document["components"]["schemas"].items():
        yield name, schema.get("description", "")
        for field, said in schema.get("properties", {}).items():
            yield f"{name}.{field}", said.get("description", "")
    for tag in document["tags"]:
        yield tag["name"], tag["description"]


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Where an example must be, its schema, and the example; None where it is missing."""
    for path, method, operation in operations(document):
        for item in operation.get("parameters", []):
            said = item.get(
                "example", item["schema"].get("default", item["schema"].get("examples", [None])[0])
            )
            yield f"{method} {path} {item['name']}", item["schema"], said
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{method} {path} {media}", content["schema"], content.get("example")
    for name, answer in answers(document):
        for media, content in answer.get("content", {}).items():
            if content["schema"].get("format") != "binary":
                yield f"{name} {media}", content["schema"], content.get("example")


def test_everything_is_described(document: dict[str, Any]) -> None:
    assert [place for place, text in descriptions(document) if not text.strip()] == []


def test_the_glossary_explains_nothing_that_is_not_there(document: dict[str, Any]) -> None:
    fields = {
        (shape, name)
        for shape, schema in document["components"]["schemas"].items()
        for name in schema.get("properties", {})
    }
    fields |= {
        ("query", item["name"])
        for _, _, operation in operations(document)
        for item in operation.get("parameters", [])
    }
    known = {name for _, name in fields} | {f"{shape}.{name}" for shape, name in fields}
    assert set(GLOSSARY) - known == set()
    assert set(FIXED_WORDS) - set(document["components"]["schemas"]) == set()


def test_descriptions_are_in_dutch(document: dict[str, Any], tmp_path: Path) -> None:
    found = {place: text for place, text in descriptions(document) if ENGLISH.search(text)}
    assert found == {}
    # FastAPI takes what the code says of a function when an operation does not describe itself.
    app = create_app(KnowledgeBase(Settings(indexes=tmp_path)))
    said = {text for _, text in descriptions(document)}
    own = {inspect.getdoc(route.endpoint) for route in app.routes if isinstance(route, Route)}
    assert said & own == set()


def test_every_parameter_body_and_answer_has_an_example(document: dict[str, Any]) -> None:
    assert [place for place, _, example in examples(document) if example is None] == []


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    for place, schema, example in examples(document):
        whole = {**schema, "components": document["components"]}
        validator = jsonschema.Draft202012Validator(whole)
        assert [error.message for error in validator.iter_errors(example)] == [], place


def test_no_example_leaves_a_field_out_for_want_of_one(document: dict[str, Any]) -> None:
    """A null is said only where a field may be null and has no example that says more."""
    for place, _, example in examples(document):
        assert "null" not in json.dumps(example), place


def test_every_answer_tells_its_version(document: dict[str, Any]) -> None:
    for place, answer in answers(document):
        assert "API-Version" in answer["headers"], place


def test_every_problem_has_the_shape_of_rfc_9457(document: dict[str, Any]) -> None:
    shape = document["components"]["schemas"]["Problem"]
    assert {"type", "title", "status", "detail", "errors"} <= set(shape["properties"])
    for place, answer in answers(document):
        status = int(place.rsplit(" ", 1)[1])
        assert status != 422
        if status >= 400:
            assert set(answer["content"]) == {"application/problem+json"}, place
            assert answer["content"]["application/problem+json"]["example"]["status"] == status


def test_every_query_key_is_in_camel_case_and_every_path_without_a_trailing_slash(
    document: dict[str, Any],
) -> None:
    for path, _, operation in operations(document):
        assert not path.endswith("/")
        assert re.fullmatch(r"(/([a-z][a-z0-9-]*(\.json)?|\{[a-z][A-Za-z]*\}))+", path), path
        for item in operation.get("parameters", []):
            if item["in"] == "query":
                assert re.fullmatch(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*", item["name"]), item["name"]


def test_a_moment_has_a_time_zone_and_a_day_is_a_date(client: TestClient) -> None:
    created = client.get("/v1/status").json()["created"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", created)
    days = [item["date"] for item in client.get("/v1/documents", params={"limit": 100}).json()["documents"]]
    assert [day for day in days if day is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", day)] == []


def test_whom_to_ask_is_what_the_settings_say(tmp_path: Path) -> None:
    settings = Settings(
        indexes=tmp_path,
        url="https://zoek.example.org/bank/",
        contact_name="Team Kennis",
        contact_email="kennis@example.org",
        contact_url="https://example.org/contact",
    )
    document = create_app(KnowledgeBase(settings)).openapi()
    assert document["info"]["contact"] == {
        "name": "Team Kennis",
        "email": "kennis@example.org",
        "url": "https://example.org/contact",
    }
    assert document["servers"][0]["url"] == "https://zoek.example.org/bank/v1"
    assert "Deprecation" in document["info"]["description"]
    assert "Sunset" in document["info"]["description"]


def test_who_may_ask_with_a_key_is_said_of_every_operation(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        scopes = [
            name for choice in operation.get("security", []) for names in choice.values() for name in names
        ]
        if path.startswith(("/health", "/openapi")):
            assert "security" not in operation
        elif scopes == ["admin"]:
            assert {"401", "403"} <= set(operation["responses"])
        else:
            assert operation["security"] == [{}, {"sleutel": []}], (method, path)
            assert "401" in operation["responses"]
