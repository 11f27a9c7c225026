"""Examples of answers, made from their schemas, so that they are always of the shape that is promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.glossary import FIXED_WORDS, meaning_of

Schema = dict[str, Any]
Schemas = Mapping[str, Schema]

_PREFIX = "#/components/schemas/"


def explain(schemas: Schemas) -> None:
    """Give each field of the schemas a description, and an example where it has a value of its own."""
    for shape, schema in schemas.items():
        if "enum" in schema:
            # Of the code, and in its language.
            schema["description"] = FIXED_WORDS.get(shape, "")
        for name, field in schema.get("properties", {}).items():
            entry = meaning_of(shape, name)
            if entry is None:
                continue
            field.setdefault("description", entry.meaning)
            if entry.example is not None and not _holds_others(field, schemas):
                field.setdefault("examples", [entry.example])


def example_of(schema: Schema, schemas: Schemas) -> Any:
    """A value that fits a schema: each field as its first example says. None where nothing is said."""
    chosen = next(_choices(schema, schemas), None)
    found: Any = schema.get("default", schema.get("const"))
    if "examples" in schema:
        found = schema["examples"][0]
    elif chosen is not None:
        found = example_of(chosen, schemas)
    elif "enum" in schema:
        found = schema["enum"][0]
    elif schema.get("type") == "array":
        found = [example_of(schema["items"], schemas)]
    elif "properties" in schema:
        found = {name: example_of(field, schemas) for name, field in schema["properties"].items()}
    return found


def _choices(schema: Schema, schemas: Schemas) -> Iterator[Schema]:
    """What a schema stands for: what it refers to, or its choices other than null."""
    if "$ref" in schema:
        yield schemas[schema["$ref"].removeprefix(_PREFIX)]
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            yield choice


def _holds_others(field: Schema, schemas: Schemas) -> bool:
    """True for a field whose value is made of other shapes, so that its example is made of theirs."""
    if field.get("type") == "array":
        return "$ref" in field["items"]
    return any("properties" in choice for choice in _choices(field, schemas))
