"""Conditional requests (RFC 9110, 13): who already has an answer is told so, before it is worked out again.

An answer is decided by the index, by what its reader may see, by the settings, by the day (a query may say
"vorig najaar") and by the form that is asked. Their hash is its entity tag: weak, for two answers to the same
question differ in the time that they took.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import Headers

from api.security import CORS
from kb import __version__
from kb.settings import Settings

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# The headers of a full answer that one without a body has as well (RFC 9110, 15.4.5).
_KEPT = ("etag", "cache-control", "vary", "content-location", "expires", *map(str.lower, CORS))
# What an operation whose answer has an entity tag adds to its answers in the OpenAPI document.
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Er is niets veranderd sinds het antwoord dat de aanvrager al heeft."}
}
UNCHANGED_HEADERS: dict[str, tuple[str, str]] = {
    "ETag": ("Het kenmerk van dit antwoord, voor `If-None-Match`.", 'W/"5f2c1d0e9b8a7f6e5d4c3b2a19081716"'),
    "Cache-Control": ("Of het bewaard mag worden; vóór elk gebruik opnieuw vragen.", "private, no-cache"),
    "Vary": ("Waar het antwoord van afhangt.", "Authorization, Accept"),
}


class NotModified(Exception):
    """Stops a request whose answer its client has already."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__()
        lower = {name.lower(): value for name, value in headers.items()}
        self.headers = {name: lower[name] for name in _KEPT if name in lower}

    def response(self) -> Response:
        """The answer without a body, with those headers of the full one that a cache needs."""
        return Response(status_code=304, headers=self.headers)


class Freshness:
    """The entity tag of the answer to one request, and whether its client has it."""

    def __init__(
        self, request: Request, response: Response, decisive: Iterable[str], *, is_open: bool
    ) -> None:
        self._request = request
        self._response = response
        self._decisive = [*decisive, str(is_open)]
        self._is_open = is_open

    def check(self, form: str = "json") -> Mapping[str, str]:
        """Give the answer its tag; the headers with it, for an answer in another form than JSON.

        To be called when the request is known to be right and nothing costly has been done. Raises
        `NotModified`.
        """
        headers = {
            "ETag": f'W/"{_digest([*self._decisive, form])}"',
            # What is for members stays on no disk.
            "Cache-Control": "private, no-cache" if self._is_open else "no-store",
        }
        refuse_if_known(self._request.headers, headers)
        self._response.headers.update(headers)
        return headers

    def forget(self) -> Mapping[str, str]:
        """Take the tag back: another time the answer would be better than this one. The headers instead."""
        del self._response.headers["ETag"]
        headers = {"Cache-Control": "no-store"}
        self._response.headers.update(headers)
        return headers


def refuse_if_known(asked: Headers, headers: Mapping[str, str]) -> None:
    """Raise `NotModified` when If-None-Match names the tag of an answer with `headers`; the weak comparison
    (8.8.3.2)."""
    known = ",".join(asked.getlist("if-none-match"))
    tag = headers["ETag"].removeprefix("W/")
    if known.strip() == "*" or tag in _TAG.findall(known):
        raise NotModified(headers)


def answering_version(settings: Settings) -> str:
    """A hash of what decides answers beside the index: the program, its settings, and the files they name."""
    files = [file.read_bytes() for file in (settings.weights, settings.synonyms) if file and file.is_file()]
    return _digest(
        [__version__, settings.model_dump_json(), *(hashlib.sha256(one).hexdigest() for one in files)]
    )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
