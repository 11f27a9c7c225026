"""JSON bodies: read within bounds, checked with every fault found at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json
from starlette.requests import Request

from api.problems import Fault, Problem, ProblemError, Where, refused

MAX_BODY = 64 * 1024
_CODES = {
    "extra_forbidden": "unknown-parameter",
    "enum": "unknown-value",
    "int_type": "not-an-integer",
    "too_long": "too-many",
    "date": "not-a-date",
    "year": "not-a-year",
    "null": "null",
    "float_type": "not-a-number",
}


class Asked(BaseModel):
    """What a request says. Unknown names are refused: a typo would do something else in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    @classmethod
    def read(cls, raw: Mapping[str, object], where: Where) -> tuple[Self, list[Fault]]:
        """The parameters as far as they are right, and a fault for each that is not.

        A null is one: what is not asked is left out.
        """
        nulls = [name for name, value in raw.items() if value is None and name in cls.names()]
        if nulls:
            read, faults = cls.read({name: raw[name] for name in raw if name not in nulls}, where)
            return read, [*(cls._fault(_null(name), where) for name in nulls), *faults]
        try:
            return cls.model_validate(raw), []
        except ValidationError as error:
            wrong = error.errors(include_url=False)
        right = {
            name: value for name, value in raw.items() if name not in {str(item["loc"][0]) for item in wrong}
        }
        return cls.model_validate(right), [cls._fault(item, where) for item in wrong]

    @classmethod
    def names(cls) -> dict[str, str]:
        """The fields by the names that a client gives them."""
        return {str(field.alias): name for name, field in cls.model_fields.items()}

    @classmethod
    def _fault(cls, item: Any, where: Where) -> Fault:
        name, *inner = [str(part) for part in item["loc"]]
        # A JSON Pointer (RFC 6901, 3) writes ~ and / in another way.
        steps = [step.replace("~", "~0").replace("/", "~1") for step in ("", name, *inner)]
        location = "/".join(steps) if where == "body" else name
        code = _CODES.get(item["type"], "invalid")
        detail = f"{item['msg']}"
        if code == "unknown-parameter":
            near = difflib.get_close_matches(name, cls.names(), n=1)
            detail = f"There is no parameter {name[:80]!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        return Fault(where, location, code, detail)


def _null(name: str) -> dict[str, Any]:
    return {"loc": (name,), "type": "null", "msg": "This is null. Leave it out instead"}


class BuildBody(Asked):
    """Hoe er wordt gebouwd."""

    model_config = ConfigDict(json_schema_extra={"description": "Hoe er wordt gebouwd."})

    allow_removals: StrictBool = Field(
        False, description="Publiceer ook als er veel documenten verdwijnen.", examples=[False]
    )


class LiveBody(Asked):
    """Welke index in gebruik wordt genomen."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["name"], "description": "Welke index in gebruik wordt genomen."}
    )

    name: str = Field(
        "", description="De naam, zoals `GET /generations` hem geeft.", examples=["20261124T185454123Z"]
    )


def address_faults(request: Request) -> list[Fault]:
    """The parameters in the address of an operation that takes none: they would be ignored in silence."""
    return [
        Fault("query", name, "unknown-parameter", "This address takes no parameters")
        for name in request.query_params
    ]


async def read_json(
    request: Request, *, is_optional: bool = False, max_bytes: int = MAX_BODY
) -> Mapping[str, object]:
    """The object in a JSON body of at most so many bytes; an empty one without a body that is optional.

    A body that is none is refused together with what is wrong with the address (`address_faults`).
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and (content_type or not is_optional):
        raise ProblemError(Problem(415, "Send the body as application/json."))
    body = await read_bounded(request, max_bytes)
    if is_optional and not body:
        return {}
    if not content_type:
        raise ProblemError(Problem(415, "Send the body as application/json."))
    try:
        raw = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        fault = Fault("body", "", "not-json", f"The body is not JSON: {error}")
        raise refused([*address_faults(request), fault]) from None
    if not isinstance(raw, dict):
        fault = Fault("body", "", "not-an-object", 'The body must be a JSON object, such as {"q": "…"}')
        raise refused([*address_faults(request), fault])
    return raw


async def read_bounded(request: Request, max_bytes: int) -> bytes:
    """The body of a request of at most so many bytes. Raises `ProblemError`."""
    too_large = ProblemError(
        Problem(413, f"The body is larger than {max_bytes} bytes.", headers={"Connection": "close"})
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)
