"""The OpenAPI document: what FastAPI finds out for itself, completed so that it is true."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.access import SCHEME
from api.bodies import BuildBody, LiveBody
from api.parameters import DocumentsParameters, SearchParameters
from api.problems import MEDIA_TYPE, RETRY_SECONDS, Fault
from api.problems import Problem as ProblemValue
from api.schemas import Problem
from api.security import API
from kb import __version__

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Zoekt in verslagen, presentaties en papers van bijeenkomsten en geeft letterlijke passages met hun vindplaats.

Fouten zijn `application/problem+json` (RFC 9457) en noemen alle fouten van een verzoek tegelijk.
Een id blijft gelijk zolang het document op zijn plaats en de tekst van de passage dezelfde blijft.
"""
_TAGS = [
    {"name": "Zoeken", "description": "Passages vinden en lezen."},
    {"name": "Documenten", "description": "Welke documenten er zijn, en hun bestanden."},
    {"name": "Status", "description": "Hoe het met de dienst is."},
    {"name": "Beheer", "description": "Bouwen, teruggaan en bestanden toevoegen; met een sleutel."},
]
_PROBLEMS = {
    400: ProblemValue(
        400,
        "The request has 2 faults; see errors.",
        (
            Fault("query", "q", "empty", "The query is empty"),
            Fault("query", "limit", "out-of-range", "limit is 0; it must be from 1 to 100"),
        ),
    ),
    401: ProblemValue(401, "Send a key: Authorization: Bearer KEY. See kb key create."),
    403: ProblemValue(403, "This key lacks the scope admin. See kb key create."),
    404: ProblemValue(404, "There is no such document or passage in the live index."),
    406: ProblemValue(406, "The answer is application/json; Accept does not allow that."),
    408: ProblemValue(408, "The file comes too slowly. Send it over a faster connection."),
    409: ProblemValue(409, "A build is under way. Wait until it has ended; there is one at a time."),
    413: ProblemValue(413, "The body is larger than 65536 bytes."),
    415: ProblemValue(415, "Send the body as application/json."),
    416: ProblemValue(416, "The range is not one of this file."),
    503: ProblemValue(503, "There is no index yet. Build it on the server: kb build --corpus FOLDER"),
    507: ProblemValue(507, "The disk of the corpus is full. Free space on it and try again."),
}
_MEANINGS = {
    400: "Het verzoek klopt niet; `errors` noemt alle fouten.",
    401: "Er is geen geldige sleutel meegestuurd.",
    403: "De sleutel is hier niet voor bedoeld.",
    404: "Wat hier wordt gevraagd, is er niet.",
    406: "De aanvrager kan dit antwoord niet lezen.",
    408: "Het bestand komt te langzaam binnen.",
    409: "Dit kan nu niet: er loopt al een bouwopdracht, of de naam is bezet.",
    413: "De body is te groot.",
    415: "De body is van een soort die niet wordt gelezen.",
    416: "Dit deel heeft het bestand niet.",
    503: "Er kan nu niet worden geantwoord; `detail` zegt wat er te doen is.",
    507: "De schijf van de server is vol of mag niet worden beschreven.",
}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation says of the problems that it can answer with."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        content = {
            "schema": {"$ref": _REF.format(model="Problem")},
            "example": _PROBLEMS[status].as_json(),
        }
        answers[status] = {"description": _MEANINGS[status], "content": {MEDIA_TYPE: content}}
    return answers


def parameters_of(model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model as the query parameters of an operation."""
    schema = _schema(model)
    required = schema.get("required", ())
    fields = sorted(schema["properties"].items(), key=lambda item: item[0] not in required)
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": field.get("description", ""),
                "schema": _query_schema(field),
                **({"example": field["examples"][0]} if "examples" in field else {}),
            }
            for name, field in fields
        ]
    }


def json_body_of(model: type[BaseModel], example: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    """A model as the JSON body of an operation."""
    content = {"schema": {"$ref": _REF.format(model=model.__name__)}, "example": example}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def form_of() -> dict[str, Any]:
    """The form with a file, as the body of an operation."""
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "Het bestand, met zijn naam.",
            },
            "folder": {
                "type": "string",
                "description": "De map binnen de verzameling; wordt gemaakt als zij er niet is.",
                "examples": ["2024-11-07-avond"],
            },
        },
    }
    content = {"schema": schema, "example": {"file": "verslag.pdf", "folder": "2024-11-07-avond"}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": content}}}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Kennisbank",
        version=__version__,
        summary="Zoeken in de kennisbank van gemeentesecretarissen",
        description=_DESCRIPTION,
        contact={"name": "De beheerder van deze kennisbank"},
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        tags=_TAGS,
        routes=app.routes,
        servers=[{"url": API, "description": "Deze dienst."}],
    )
    document["paths"] = {path.removeprefix(API): item for path, item in document["paths"].items()}
    schemas = document["components"]["schemas"]
    for model in (Problem, SearchParameters, DocumentsParameters, BuildBody, LiveBody):
        schema = _schema(model)
        schemas.update(schema.pop("$defs", {}))
        if model is not DocumentsParameters:
            schemas[model.__name__] = schema
    document["components"]["securitySchemes"] = {
        SCHEME: {"type": "http", "scheme": "bearer", "description": "Een sleutel van `kb key create`."}
    }
    # FastAPI's own shape for faults, which this API never sends.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for item in document["paths"].values():
        for operation in item.values():
            _complete(operation["responses"])
    return document


def _query_schema(field: dict[str, Any]) -> dict[str, Any]:
    """A field as a query string has it: one value of several is still a list."""
    schema = {key: value for key, value in field.items() if key not in ("description", "examples", "title")}
    choices = schema.pop("anyOf", [])
    several = [choice for choice in choices if choice.get("type") == "array"]
    if several:
        schema.update(several[0])
        schema.pop("default", None)
    return schema


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model, without defaults that only stand for "not given"."""
    schema = model.model_json_schema(ref_template=_REF)
    for field in schema["properties"].values():
        if field.get("default", ...) in (None, ""):
            del field["default"]
    return schema


def _complete(answers: dict[str, Any]) -> None:
    answers.pop("422", None)
    for status, answer in answers.items():
        version = {
            "description": "De versie van deze API.",
            "schema": {"type": "string", "example": __version__},
        }
        answer["headers"] = {"API-Version": version}
        if status == "401":
            answer["headers"]["WWW-Authenticate"] = {
                "description": "Hoe een sleutel wordt meegestuurd (RFC 6750).",
                "schema": {"type": "string", "example": 'Bearer realm="kennisbank"'},
            }
        if status in ("201", "202"):
            answer["headers"]["Location"] = {
                "description": "Waar het gemaakte te vinden is.",
                "schema": {"type": "string", "example": "/v1/builds/20261124T185454123456Z-0123456789ab"},
            }
        if status == "503":
            answer["headers"]["Retry-After"] = {
                "description": "Na hoeveel seconden het zin heeft opnieuw te vragen.",
                "schema": {"type": "integer", "example": RETRY_SECONDS},
            }
