"""What operations say of themselves in the OpenAPI document: their parameters, bodies and problems."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from api.problems import MEDIA_TYPE, Fault
from api.problems import Problem as ProblemValue

REF = "#/components/schemas/{model}"
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
    408: ProblemValue(408, "The body comes too slowly. Send it over a faster connection."),
    409: ProblemValue(409, "A build is under way. Wait until it has ended; there is one at a time."),
    413: ProblemValue(413, "The body is larger than 65536 bytes."),
    414: ProblemValue(414, "The address is longer than 16000 bytes. Send the search with POST."),
    415: ProblemValue(415, "Send the body as application/json."),
    416: ProblemValue(416, "The range is not one of this file."),
    429: ProblemValue(429, "That were too many requests. Try again in 20 seconds."),
    431: ProblemValue(431, "The headers are more than 100, or 32000 bytes together."),
    451: ProblemValue(
        451, "A name that must not be read stands in this file. Read its text, in which it is masked."
    ),
    500: ProblemValue(500, "Something went wrong on the server. It has been logged."),
    503: ProblemValue(503, "There is no index yet. Build it on the server: kb build --corpus FOLDER"),
    507: ProblemValue(507, "The disk of the corpus is full. Free space on it and try again."),
}
_MEANINGS = {
    400: "Het verzoek klopt niet; `errors` noemt alle fouten.",
    401: "Er is geen geldige sleutel meegestuurd.",
    403: "De sleutel is hier niet voor bedoeld.",
    404: "Wat hier wordt gevraagd, is er niet.",
    406: "De aanvrager kan dit antwoord niet lezen.",
    408: "De body komt te langzaam binnen.",
    409: "Dit kan nu niet: er loopt al een bouwopdracht, of de naam is bezet.",
    413: "De body is te groot.",
    414: "Het adres is te lang.",
    415: "De body is van een soort die niet wordt gelezen.",
    416: "Dit deel heeft het bestand niet.",
    429: "Er zijn te veel verzoeken gedaan; `Retry-After` zegt hoe lang te wachten.",
    431: "De headers zijn te groot of het zijn er te veel.",
    451: "In het bestand staat een naam die niet meer mag worden getoond.",
    500: "Er ging iets mis op de server; het staat in zijn logboek.",
    503: "Er kan nu niet worden geantwoord; `detail` zegt wat er te doen is.",
    507: "De schijf van de server is vol of mag niet worden beschreven.",
}


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation says of the problems that it can answer with."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        content = {
            "schema": {"$ref": REF.format(model="Problem")},
            "example": _PROBLEMS[status].as_json(),
        }
        answers[status] = {"description": _MEANINGS[status], "content": {MEDIA_TYPE: content}}
    return answers


def parameters_of(model: type[BaseModel]) -> dict[str, Any]:
    """The fields of a model as the query parameters of an operation."""
    schema = schema_of(model)
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
    content = {"schema": {"$ref": REF.format(model=model.__name__)}, "example": example}
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def form_of() -> dict[str, Any]:
    """The form with a file, as the body of an operation."""
    schema = {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
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


def _query_schema(field: dict[str, Any]) -> dict[str, Any]:
    """A field as a query string has it: one value of several is still a list."""
    schema = {key: value for key, value in field.items() if key not in ("description", "examples", "title")}
    choices = schema.pop("anyOf", [])
    several = [choice for choice in choices if choice.get("type") == "array"]
    if several:
        schema.update(several[0])
        schema.pop("default", None)
    return schema


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model, without defaults that only stand for "not given"."""
    schema = model.model_json_schema(ref_template=REF)
    for one in (schema, *schema.get("$defs", {}).values()):
        for field in one.get("properties", {}).values():
            if field.get("default", ...) in (None, "", []):
                del field["default"]
    return schema
