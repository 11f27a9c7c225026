"""Who may ask what: a key in `Authorization: Bearer …`, with the scope that an operation needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi import Request

from api.bodies import MAX_BODY
from api.problems import Problem, ProblemError
from kb.keys import Key, Keys, Scope

SCHEME = "sleutel"
# RFC 6750, 2.1. What is longer is no key of ours, and is not hashed.
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,200}=*)", re.IGNORECASE)
_REALM = 'Bearer realm="kennisbank"'


def requires(scope: Scope) -> Callable[[Request], Key]:
    """A dependency that gives the key of a request, and refuses one without this scope (RFC 6750, 3.1)."""

    def checked(request: Request) -> Key:
        keys: Keys = request.app.state.keys
        header = request.headers.get("authorization")
        if header is None:
            raise _refused(request, 401, _REALM, "Send a key: Authorization: Bearer KEY. See kb key create")
        found = _BEARER.fullmatch(header.strip())
        key = keys.identify(found[1]) if found else None
        if key is None:
            challenge = f'{_REALM}, error="invalid_token"'
            raise _refused(request, 401, challenge, "This is no key of this service, or it was revoked")
        if scope not in key.scopes:
            challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
            raise _refused(request, 403, challenge, f"This key lacks the scope {scope}. See kb key create")
        return key

    return checked


def needs(scope: Scope) -> dict[str, Any]:
    """What an operation says of the key that it needs, in the OpenAPI document."""
    return {"security": [{SCHEME: [scope.value]}]}


def _refused(request: Request, status: int, challenge: str, detail: str) -> ProblemError:
    headers = {"WWW-Authenticate": challenge}
    length = request.headers.get("content-length", "0")
    is_long = not length.isdecimal() or int(length[:20]) > MAX_BODY
    if is_long or "transfer-encoding" in request.headers:
        # Nobody is going to read what still comes.
        headers["Connection"] = "close"
    return ProblemError(Problem(status, f"{detail}.", headers=headers))
