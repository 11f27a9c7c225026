"""Where the service is and with which key: what both clients begin with."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kb import __version__
from kb.client.calls import Call

# Not KB_…: the service refuses KB_ variables that are no settings of its own, and both may share a shell.
URL_VARIABLE = "KENNISBANK_URL"
KEY_VARIABLE = "KENNISBANK_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"
_API = "/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the service is. `url` is without /v1 and without a slash at its end."""

    url: str

    @classmethod
    def of(cls, url: str | None) -> Address:
        """The address given, or that of the environment. Raises `ValueError` when it is none."""
        found = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        parts = urlsplit(found)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{found!r} is no address of a service; write it as https://kennisbank.example")
        if parts.query or parts.fragment or parts.username:
            raise ValueError(f"The address of the service on {parts.hostname} holds more than a place")
        return cls(url=found.rstrip("/").removesuffix(_API))

    def link(self, path: str) -> str:
        """The whole address of a link in an answer."""
        return self.url + path if path.startswith("/") else path

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """A call as httpx2 takes it."""
        content = {} if call.body is None else {"json": call.body}
        query = {"params": list(call.query)} if call.query else {}
        return {"method": call.method, "url": f"{self.url}{_API}{call.path}", **query, **content}


def headers_of(key: str | None) -> Mapping[str, str]:
    """What goes with every request. Raises `ValueError` for a key that cannot stand in a header."""
    key = key or os.environ.get(KEY_VARIABLE)
    headers = {"User-Agent": f"kennisbank-client/{__version__}"}
    if key is not None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError("The key holds characters that a key cannot have. See kb key create")
        headers["Authorization"] = f"Bearer {key}"
    return headers


Verify = ssl.SSLContext | bool
