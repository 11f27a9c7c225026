"""The fields of a form that a page sends, read within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from api.bodies import MAX_BODY, read_bounded
from api.problems import Problem, ProblemError

_MOST_FIELDS = 200
_FORM = "application/x-www-form-urlencoded"


async def _posted(request: Request) -> Mapping[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("", _FORM):
        raise ProblemError(Problem(415, f"Send the form as {_FORM}."))
    body = await read_bounded(request, MAX_BODY)
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise ProblemError(Problem(400, "The form cannot be read, or has too many fields.")) from None


# Each field of a form by its name, the last one where it is given more than once. At most 64 kB.
Posted = Annotated[Mapping[str, str], Depends(_posted)]
