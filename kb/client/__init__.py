"""The client of the HTTP API, for scripts and other programs, blocking or not.

    from kb.client import Client

    with Client("http://127.0.0.1:8000") as client:
        for hit in client.search("wat kost het zaaksysteem?").hits:
            print(hit.document.title, hit.locator.page, hit.text)

It knows nothing of the rest of this package and loads httpx2 and pydantic alone, so it is at home in
programs that search elsewhere.
"""

from __future__ import annotations

from kb.client.asynchronous import AsyncClient
from kb.client.blocking import Client
from kb.client.errors import (
    ClientError,
    Conflict,
    Fault,
    FileDamaged,
    Forbidden,
    GenerationChanged,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServiceError,
    ServiceUnreachable,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Withheld,
)
from kb.client.retrying import Retrying

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Conflict",
    "Fault",
    "FileDamaged",
    "Forbidden",
    "GenerationChanged",
    "InvalidRequest",
    "NotFound",
    "RateLimited",
    "Retrying",
    "ServiceError",
    "ServiceUnreachable",
    "TimedOut",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Withheld",
]
