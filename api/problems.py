"""What went wrong, in one shape: RFC 9457, with all faults of a request together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kb.errors import (
    BuildInProgress,
    CorpusError,
    CorpusNotWritten,
    CorruptIndex,
    DocumentExists,
    EncoderUnavailable,
    EngineUnavailable,
    FileWithheld,
    GapsUnavailable,
    IncompatibleIndex,
    IndexNotWritten,
    IndexUnavailable,
    InvalidQuery,
    KBError,
    KeysUnavailable,
    NoIndex,
    NotFound,
    NoView,
    UnsupportedFormat,
    ViewsBusy,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 10

Where = Literal["query", "body", "path", "header"]

_log = logging.getLogger("api")

# The errors' own messages name folders of the server; they are for its log.
_TO_DO: dict[type[KBError], str] = {
    NoIndex: "There is no index yet. Build it on the server: kb build --corpus FOLDER",
    IncompatibleIndex: "The index is of another model or version. Build it again on the server: kb build",
    CorruptIndex: "The index is damaged. Build it again on the server: kb build",
    EngineUnavailable: "The search engine cannot be reached now. Try again in some seconds; see KB_INDEX on "
    "the server.",
    IndexUnavailable: "The index cannot be opened. Build it again on the server: kb build",
    CorpusError: "The folder with the documents is not there. See KB_CORPUS on the server.",
    KeysUnavailable: "The keys cannot be read. See the server's log.",
    GapsUnavailable: "What was asked and not answered cannot be read. See the server's log.",
    EncoderUnavailable: "A model cannot be loaded. See the server's log, KB_MODEL and KB_RERANKER.",
}
_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take this method; Allow names those that it takes.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request. `location` is a parameter's name, or a JSON Pointer in the body."""

    where: Where
    location: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is not what was asked for. `detail` says what to do, and nothing of the inside."""

    status: int
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    build_id: str | None = None

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def as_json(self) -> dict[str, Any]:
        """The members of RFC 9457, and `errors` when the request has faults."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.build_id:
            body["buildId"] = self.build_id
        if self.faults:
            body["errors"] = [
                {"in": fault.where, "location": fault.location, "code": fault.code, "detail": fault.detail}
                for fault in self.faults
            ]
        return body

    def response(self) -> JSONResponse:
        """The problem as the API sends it."""
        return JSONResponse(
            self.as_json(), status_code=self.status, media_type=MEDIA_TYPE, headers=dict(self.headers)
        )


class ProblemError(Exception):
    """Stops a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


INTERNAL = Problem(500, "Something went wrong on the server. It has been logged.")


def refused(faults: Sequence[Fault]) -> ProblemError:
    """A request with these faults."""
    number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ProblemError(Problem(400, f"The request has {number}; see errors.", tuple(faults)))


def problem_of(error: Exception) -> Problem:
    """The problem that tells a client of `error`."""
    problem = INTERNAL
    match error:
        case ProblemError():
            problem = error.problem
        case RequestValidationError():
            problem = refused([_fault(item) for item in error.errors()]).problem
        case InvalidQuery():
            problem = refused([Fault("query", *fault) for fault in error.faults]).problem
        case NotFound():
            problem = Problem(404, "There is no such document or passage in the live index.")
        case FileWithheld():
            detail = "A name that must not be read stands in this file. Read its text, in which it is masked."
            problem = Problem(451, detail)
        case NoView():
            problem = Problem(404, "There is no picture of this page; its text is there.")
        case ViewsBusy():
            detail = "Too many pages are being drawn. Try again in some seconds."
            problem = Problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})
        case IndexUnavailable() | EncoderUnavailable() | CorpusError():
            problem = _unavailable(error)
        case KeysUnavailable() | GapsUnavailable():
            problem = _unavailable(error)
        case KBError():
            problem = _conflict(error)
        case HTTPException():
            status = HTTPStatus(error.status_code)
            detail = _DETAILS.get(status, status.description)
            problem = Problem(error.status_code, detail, headers=error.headers or {})
    return problem


def _conflict(error: KBError) -> Problem:
    """What cannot be done as things are on the server."""
    match error:
        case BuildInProgress():
            detail = "A build is under way. Wait until it has ended; there is one at a time."
            return Problem(409, detail, build_id=error.build_id)
        case DocumentExists():
            return Problem(409, f"{error}.")
        case UnsupportedFormat():
            return Problem(415, f"{error}")
        case CorpusNotWritten():
            return Problem(507, f"{error}.")
        case IndexNotWritten():
            _log.warning("%s: %s", type(error).__name__, error)
            detail = "The index's folder cannot be written: free space on the server's disk, or see its log."
            return Problem(507, detail)
    _log.error("%s: %s", type(error).__name__, error)
    return INTERNAL


def _unavailable(error: KBError) -> Problem:
    """503, with what the operator must do; the server's log has the details."""
    _log.warning("%s: %s", type(error).__name__, error)
    detail = next((text for kind, text in _TO_DO.items() if isinstance(error, kind)), "Try again later.")
    return Problem(503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def _fault(item: Mapping[str, Any]) -> Fault:
    """A fault that FastAPI found; its locations are tuples such as ("path", "id")."""
    place, *path = [str(part) for part in item["loc"]]
    where: Where = place if place in ("query", "body", "path", "header") else "body"  # type: ignore[assignment]
    location = "".join(f"/{part}" for part in path) if where == "body" else ".".join(path)
    return Fault(where, location, str(item["type"]).replace("_", "-"), str(item["msg"]))
