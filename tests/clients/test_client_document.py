"""The client and the OpenAPI document of the service say the same: neither can grow without the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from api.app import create_app
from kb.client import Client, answers, asking, calls, history, passages, upkeep
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings

METHODS = {
    "zoek": "search",
    "zoekMetJson": "search",
    "zoekVeel": "search_many",
    "beantwoord": "answer",
    "beantwoordMetJson": "answer",
    "vulAan": "suggestions",
    "leesPassage": "passage",
    "zoekVergelijkbare": "similar",
    "noemDocumenten": "documents",
    "leesDocument": "document",
    "noemBijeenkomsten": "events",
    "leesBijeenkomst": "event",
    "noemThemas": "themes",
    "noemThemavoorstellen": "theme_suggestions",
    "leesTijdlijn": "timeline",
    "haalBestand": "download",
    "leesStatus": "status",
    "leeft": "live",
    "isGereed": "ready",
    "leesBeschrijving": "openapi",
    "begintBouwopdracht": "start_build",
    "noemBouwopdrachten": "builds",
    "volgBouwopdracht": "build",
    "noemVragenZonderAntwoord": "gaps",
    "noemPassages": "passages",
    "noemIndexen": "generations",
    "neemInGebruik": "make_live",
    "leesVerslag": "report",
    "voegToe": "add_document",
}
# Answered as errors, by kb.client.errors.
ERRORS = {"Problem", "RequestFault"}
# What a program can do nothing about is a plain ServiceError.
PLAIN = {"406", "408", "414", "415", "416", "431", "500", "507"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app = create_app(KnowledgeBase(Settings(indexes=tmp_path_factory.mktemp("empty"))))
    return app.openapi()


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "head":
                yield method.upper(), path, operation


def references(value: Any) -> Iterator[tuple[str, str]]:
    """What is referred to in a part of the document: its kind (schemas, responses, …) and its name."""
    if isinstance(value, Mapping):
        if "$ref" in value:
            *_, kind, name = str(value["$ref"]).split("/")
            yield kind, name
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def answered(document: Mapping[str, Any]) -> set[str]:
    """The schemas of objects that answers are made of."""
    parts = document["components"]
    found: set[tuple[str, str]] = set()
    left = {one for *_, operation in operations(document) for one in references(operation["responses"])}
    while left:
        found |= left
        left = {one for kind, name in left for one in references(parts[kind][name])} - found
    names = {name for kind, name in found if kind == "schemas"}
    return {name for name in names if "properties" in parts["schemas"][name]} - ERRORS


def model_of(name: str) -> type[BaseModel]:
    places = (answers, history, passages, upkeep)
    found: type[BaseModel] | None = next(filter(None, (getattr(one, name, None) for one in places)), None)
    assert found is not None, f"the client has no {name}"
    return found


def test_every_operation_has_a_method(document: dict[str, Any]) -> None:
    assert {operation["operationId"] for *_, operation in operations(document)} == set(METHODS)
    assert all(callable(getattr(Client, method)) for method in METHODS.values())


def test_every_call_is_an_operation(document: dict[str, Any]) -> None:
    known = {(method, path.replace("{name}", "{id}")) for method, path, _ in operations(document)}
    made = [
        calls.search("a", {}), calls.search_many([], {}), calls.answer("a", {}),
        calls.suggestions("a", limit=1),
        calls.export("a", "csv", {}), calls.export_documents("csv", {}), calls.passage("{id}"),
        calls.similar("{id}", {}), calls.passages({}), calls.documents({}),
        calls.document("{id}"), calls.file("{id}"),
        calls.events({}), calls.event("{id}"), calls.themes(), calls.theme_suggestions(),
        calls.timeline("{id}"), calls.status(), calls.live(), calls.ready(), calls.openapi(),
        calls.builds(), calls.build("{id}"),
        calls.start_build(allow_removals=False), calls.gaps(), calls.generations(), calls.make_live("{id}"),
        calls.report("{id}"), calls.add_document(),
    ]  # fmt: skip
    sent = {(call.method, call.path.replace("%7Bid%7D", "{id}")) for call in made}
    assert sent == known - {("GET", "/search"), ("GET", "/answers")}


def test_every_field_of_every_answer_is_in_its_model(document: dict[str, Any]) -> None:
    names = answered(document)
    assert len(names) > 15
    for name in sorted(names):
        told = set(document["components"]["schemas"][name]["properties"])
        model = model_of(name)
        assert {field.alias or key for key, field in model.model_fields.items()} == told, name


def test_every_example_of_an_answer_is_read(document: dict[str, Any]) -> None:
    for *_, operation in operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json", {})
            if not status.startswith("2") or "example" not in content:
                continue
            for _, name in references(content["schema"]):
                model_of(name).model_validate(content["example"])


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/search", asking.SearchOptions),
        ("/answers", asking.AnswerOptions),
        ("/passages/{id}/similar", asking.SimilarOptions),
        ("/documents", asking.DocumentsOptions),
        ("/passages", asking.PassagesOptions),
        ("/events", asking.DocumentsOptions),
    ],
)
def test_every_parameter_is_an_option(document: dict[str, Any], path: str, options: type) -> None:
    told = {
        item["name"]
        for item in document["paths"][path]["get"].get("parameters", [])
        if item["in"] == "query" and item["name"] not in ("q", "format")
    }
    assert {to_camel(name) for name in options.__annotations__} == told


def test_the_errors_name_every_status_that_is_told(document: dict[str, Any], root: Path) -> None:
    told = {
        status
        for *_, operation in operations(document)
        for status in operation["responses"]
        if int(status) >= 400
    }
    text = (root / "kb" / "client" / "errors.py").read_text(encoding="utf-8")
    assert {status for status in told if status not in text} <= PLAIN
