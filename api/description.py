"""The OpenAPI document: what FastAPI finds out for itself, completed so that it is true and can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import SCHEME
from api.bodies import BuildBody, LiveBody
from api.conditional import UNCHANGED_HEADERS
from api.examples import example_of, explain
from api.glossary import meaning_of
from api.openapi import problem_answers, schema_of
from api.parameters import AnswerParameters, SearchParameters
from api.problems import RETRY_SECONDS
from api.schemas import Problem
from api.searching import SearchesBody
from api.security import API
from kb import __version__
from kb.settings import Settings

Document = dict[str, Any]

_DESCRIPTION = """\
Zoekt in verslagen, presentaties en papers van bijeenkomsten en geeft letterlijke passages met hun vindplaats.

**Fouten** zijn `application/problem+json` (RFC 9457) en noemen alle fouten van een verzoek tegelijk, met
status 400. Een parameter die niet bestaat, is een fout: een tikfout zou anders stil iets anders doen.

**Namen en ids.** Een id blijft gelijk zolang het document op zijn plaats en de tekst van de passage dezelfde
blijft. Wat niet bekend is, is `null`. Een dag is een datum (`2024-11-07`), een tijdstip heeft altijd een
tijdzone (RFC 3339).

**Opnieuw vragen.** Antwoorden uit de index hebben een `ETag`; met `If-None-Match` komt er 304 zolang er niets
is veranderd.

**Talen.** De antwoorden zijn in de taal van de bronnen; namen van velden en teksten van fouten zijn in het
Engels, uitleg is in het Nederlands.

**Wijzigingen.** De versie volgt Semantic Versioning en staat in elk antwoord (`API-Version`). Binnen `/v1`
komt er alleen iets bij: een nieuw veld, een nieuwe parameter, een nieuw adres. Wie de API gebruikt, slaat
over wat hij niet kent. Wat verdwijnt of anders wordt, komt in een nieuwe hoofdversie onder een nieuw adres.
De oude blijft daarnaast minstens zes maanden, met `Deprecation` (RFC 9745) en `Sunset` (RFC 8594) in elk
antwoord; dat wordt aangekondigd in het wijzigingenoverzicht (`CHANGELOG.md`), en aan wie een sleutel heeft.
"""
_TAGS = [
    {"name": "Zoeken", "description": "Passages vinden en lezen."},
    {"name": "Documenten", "description": "Welke documenten er zijn, en hun bestanden."},
    {"name": "Bijeenkomsten", "description": "Wanneer ze waren, en wat er is gezegd en besloten."},
    {"name": "Thema's", "description": "Wat er wordt gevolgd, en hoe het door de jaren heen leeft."},
    {"name": "Status", "description": "Hoe het met de dienst is."},
    {"name": "Beheer", "description": "Bouwen, teruggaan en bestanden toevoegen; met een sleutel."},
]
# What any request can meet, whatever it asks.
_EVERYWHERE = (414, 429, 431, 500, 503)
# What one can meet that reads, for reading may ask a key, and what one with a body can.
_READING = (401, 403)
_WITH_BODY = (408, 413)
# Operations that never ask a key.
_KEYLESS = ("leeft", "isGereed", "leesBeschrijving")
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "De `ETag` van een eerder antwoord; is er niets veranderd, dan komt er 304 zonder inhoud.",
    "schema": {"type": "string"},
    "example": UNCHANGED_HEADERS["ETag"][1],
}
_PROBLEM = "Problem{status}"


def describe(app: FastAPI, settings: Settings) -> Document:
    """The whole document of an application."""
    document = get_openapi(
        title="Kennisbank",
        version=__version__,
        summary="Zoeken in de kennisbank van gemeentesecretarissen",
        description=_DESCRIPTION,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        tags=_TAGS,
        routes=app.routes,
        servers=[{"url": f"{settings.url.rstrip('/')}{API}", "description": "Deze dienst."}],
    )
    # Not by FastAPI, which asks for a library to look at the address.
    document["info"]["contact"] = {
        "name": settings.contact_name,
        "email": settings.contact_email,
        "url": settings.contact_url,
    }
    document["paths"] = {path.removeprefix(API): item for path, item in document["paths"].items()}
    components = document["components"]
    _complete_schemas(components["schemas"])
    components["securitySchemes"] = {
        SCHEME: {"type": "http", "scheme": "bearer", "description": "Een sleutel van `kb key create`."}
    }
    components["responses"] = {}
    for _, _, operation in operations(document):
        _complete(operation, components)
    return document


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Each operation of a document, after its path and its method."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _complete_schemas(schemas: dict[str, Any]) -> None:
    for model in (Problem, SearchesBody, SearchParameters, AnswerParameters, BuildBody, LiveBody):
        schema = schema_of(model)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    # FastAPI's own shape for faults, which this API never sends.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    explain(schemas)


def _complete(operation: Document, components: Document) -> None:
    """Give an operation its examples, its headers, and the problems that any operation can answer with."""
    for parameter in operation.get("parameters", []):
        entry = meaning_of("query", parameter["name"])
        if entry and entry.example is not None and "example" not in parameter:
            is_list = parameter["schema"].get("type") == "array" and not isinstance(entry.example, list)
            own = [entry.example] if is_list else entry.example
            parameter["example"] = parameter["schema"].pop("examples", [own])[0]
    answers = operation["responses"]
    answers.pop("422", None)
    is_keyless = operation["operationId"] in _KEYLESS
    if not is_keyless:
        # Who reads may send a key, and sees more with it.
        operation.setdefault("security", [{}, {SCHEME: []}])
    met = [*_EVERYWHERE, *(() if is_keyless else _READING)]
    met += _WITH_BODY if "requestBody" in operation else ()
    for status, answer in problem_answers(*met).items():
        answers.setdefault(str(status), answer)
    is_conditional = "304" in answers
    if is_conditional:
        operation["parameters"] = [*operation.get("parameters", []), _IF_NONE_MATCH]
    for status, answer in sorted(answers.items()):
        if is_conditional and status < "400":
            told = {name: _header(*said) for name, said in UNCHANGED_HEADERS.items()}
            answer["headers"] = {**told, **answer.get("headers", {})}
        answer["headers"] = {**_headers(status), **answer.get("headers", {})}
        if int(status) >= 400:
            name = _PROBLEM.format(status=status)
            components["responses"][name] = answer
            answers[status] = {"$ref": f"#/components/responses/{name}"}
            continue
        for content in answer.get("content", {}).values():
            if "example" not in content and content["schema"].get("format") != "binary":
                content["example"] = example_of(content["schema"], components["schemas"])
    operation["responses"] = dict(sorted(answers.items()))


def _headers(status: str) -> Document:
    """The headers that an answer with this status always has."""
    found = {"API-Version": _header("De versie van deze API.", __version__)}
    if status == "401":
        found["WWW-Authenticate"] = _header(
            "Hoe een sleutel wordt meegestuurd (RFC 6750).", 'Bearer realm="kennisbank"'
        )
    if status in ("201", "202"):
        found["Location"] = _header(
            "Waar het gemaakte te vinden is.", "/v1/builds/20261124T185454123456Z-0123456789ab"
        )
    if status in ("429", "503"):
        found["Retry-After"] = _header("Na hoeveel seconden het zin heeft opnieuw te vragen.", RETRY_SECONDS)
    return found


def _header(description: str, example: str | int) -> Document:
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": description, "schema": {"type": kind, "example": example}}
