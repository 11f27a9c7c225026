"""Who may ask what: a key in `Authorization: Bearer …`, with the scope that an operation needs.

A page also knows who gave a key on it, by the session of `api.sessions`.

No scope implies another. `search` reads where reading asks a key; `members` adds the documents for members
to what is read; `admin` changes things and reads nothing that others may not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers

from api.bodies import MAX_BODY
from api.problems import Problem, ProblemError
from api.sessions import Sessions
from kb.keys import Key, Keys, Scope

SCHEME = "sleutel"
_SCHEME = re.compile(r"bearer\b", re.IGNORECASE)
# RFC 6750, 2.1. What is longer is no key of ours, and is not hashed.
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{1,200}=*)", re.IGNORECASE)
_REALM = 'Bearer realm="kennisbank"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request, by its key. `is_wrong`: it sent one that is no key of ours."""

    key: Key | None = None
    is_wrong: bool = False

    @classmethod
    def of(cls, headers: Headers, keys: Keys, sessions: Sessions | None = None) -> Caller:
        """The caller of a request with these headers. Raises `KeysUnavailable`.

        `sessions` are those that count where it was sent to; whoever has one that is over reads as everybody
        does. Another scheme than Bearer is for somebody else: a proxy, which asks a password of its own.
        """
        sent = [header for header in headers.getlist("authorization") if _SCHEME.match(header.strip())]
        if not sent:
            return cls(key=sessions.key_of(headers) if sessions else None)
        found = _BEARER.fullmatch(sent[0].strip())
        key = keys.identify(found[1]) if found and len(sent) == 1 else None
        return cls(key=key, is_wrong=key is None)

    def has(self, scope: Scope) -> bool:
        """Whether its key has this scope."""
        return self.key is not None and scope in self.key.scopes


def requires(scope: Scope) -> Callable[[Request], Key]:
    """A dependency that gives the key of a request, and refuses one without this scope (RFC 6750, 3.1)."""

    def checked(request: Request) -> Key:
        return _checked(request, scope)

    return checked


def sees_members(request: Request) -> bool:
    """Whether who reads may see documents for members. Refuses a wrong key, and, where reading asks a key,
    one without the scope for it."""
    caller = caller_of(request)
    if caller.is_wrong or request.app.state.reading_asks_key:
        _checked(request, Scope.SEARCH)
    return caller.has(Scope.MEMBERS)


def caller_of(request: Request) -> Caller:
    """Who sends a request, as `api.limits` found out."""
    caller: Caller = request.state.caller
    return caller


def needs(scope: Scope) -> dict[str, Any]:
    """What an operation says of the key that it needs, in the OpenAPI document."""
    return {"security": [{SCHEME: [scope.value]}]}


def _checked(request: Request, scope: Scope) -> Key:
    caller = caller_of(request)
    if caller.is_wrong:
        challenge = f'{_REALM}, error="invalid_token"'
        raise _refused(request, 401, challenge, "This is no key of this service, or it was revoked")
    if caller.key is None:
        raise _refused(request, 401, _REALM, "Send a key: Authorization: Bearer KEY. See kb key create")
    if not caller.has(scope):
        challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        raise _refused(request, 403, challenge, f"This key lacks the scope {scope}. See kb key create")
    return caller.key


def _refused(request: Request, status: int, challenge: str, detail: str) -> ProblemError:
    headers = {"WWW-Authenticate": challenge}
    length = request.headers.get("content-length", "0")
    is_long = not length.isdecimal() or int(length[:20]) > MAX_BODY
    if is_long or "transfer-encoding" in request.headers:
        # Nobody is going to read what still comes.
        headers["Connection"] = "close"
    return ProblemError(Problem(status, f"{detail}.", headers=headers))
