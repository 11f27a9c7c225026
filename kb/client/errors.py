"""Every error that the client raises on purpose.

ClientError
├── ServiceUnreachable       no answer came: no connection, or it broke
│   └── TimedOut             no answer came in time
├── UnexpectedAnswer         what answered is not this API: a proxy's page, or a version apart
├── FileDamaged              a file that came is not the one that was indexed
├── GenerationChanged        another index went live while its pages were read
└── ServiceError             the service refused, and says why (RFC 9457)
    ├── InvalidRequest       400: `faults` holds every fault of the request
    ├── Unauthorized         401: no key, or not a valid one
    ├── Forbidden            403: the key lacks the scope
    ├── NotFound             404: no such document, passage, build or generation
    ├── Conflict             409: a build is under way, or a file of that name exists
    ├── TooLarge             413: the request or the file is too large
    ├── Withheld             451: a name that must not be read stands in the file
    ├── RateLimited          429: too many requests; `retry_after` says when to come back
    └── Unavailable          502, 503, 504: it cannot answer now; `retry_after` where it is known
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of a request: `where` is query, body, path or header, `location` the parameter's name or a
    JSON Pointer (RFC 6901), `code` a fixed word, `detail` a sentence."""

    where: str
    location: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a service said when it refused. `retry_after` is in seconds; `build_id` names a build that is in
    the way; `request_id` finds the request in the service's log."""

    status: int
    title: str
    detail: str
    faults: tuple[Fault, ...] = ()
    request_id: str | None = None
    retry_after: float | None = None
    build_id: str | None = None


class ClientError(Exception):
    """The root of the client's errors."""


class ServiceUnreachable(ClientError):
    """No answer came: there was no connection, or it broke."""


class TimedOut(ServiceUnreachable):
    """No answer came in time."""


class UnexpectedAnswer(ClientError):
    """What answered is not this API: a proxy's page, or a version that this client does not know."""


class FileDamaged(ClientError):
    """A file that came does not have the SHA-256 of the file that was indexed. Nothing of it is kept."""


class GenerationChanged(ClientError):
    """Another index went live while its pages were read: they would not fit together. Begin again."""


class ServiceError(ClientError):
    """The service refused, and says why."""

    def __init__(self, refusal: Refusal) -> None:
        told = [f"{refusal.status} {refusal.title}: {refusal.detail}"]
        told += [f"{fault.location}: {fault.detail}" for fault in refusal.faults]
        if refusal.request_id:
            told.append(f"request {refusal.request_id}")
        super().__init__("; ".join(told))
        self.refusal = refusal

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.refusal.status

    @property
    def title(self) -> str:
        """The status in words."""
        return self.refusal.title

    @property
    def detail(self) -> str:
        """What happened and what to do."""
        return self.refusal.detail

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault of the request; empty when that is not what was wrong."""
        return self.refusal.faults

    @property
    def request_id(self) -> str | None:
        """What finds the request in the service's log."""
        return self.refusal.request_id

    @property
    def retry_after(self) -> float | None:
        """After how many seconds it makes sense to ask again, where the service said so."""
        return self.refusal.retry_after

    @property
    def build_id(self) -> str | None:
        """The build that is in the way, where there is one."""
        return self.refusal.build_id


class InvalidRequest(ServiceError):
    """400: the request cannot be carried out as asked; `faults` holds every fault."""


class Unauthorized(ServiceError):
    """401: this needs a key, or the key that was sent is not valid."""


class Forbidden(ServiceError):
    """403: the key lacks the scope that this needs."""


class NotFound(ServiceError):
    """404: there is no such document, passage, build or generation."""


class Conflict(ServiceError):
    """409: a build is under way, or a file of that name exists."""


class TooLarge(ServiceError):
    """413: the request or the file is larger than the service takes."""


class Withheld(ServiceError):
    """451: a name that must not be read stands in this file; its text is there, masked."""


class RateLimited(ServiceError):
    """429: too many requests; `retry_after` says when to come back."""


class Unavailable(ServiceError):
    """502, 503, 504: the service cannot answer now."""


_OF_STATUS: dict[int, type[ServiceError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
    451: Withheld,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(refusal: Refusal) -> ServiceError:
    """The error for a refusal."""
    return _OF_STATUS.get(refusal.status, ServiceError)(refusal)
