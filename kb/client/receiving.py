"""From what came over the connection to an answer, an error or a file."""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import IO, Any, Self, TypeVar, cast

import httpx2
from pydantic import TypeAdapter, ValidationError

from kb.client.calls import Call
from kb.client.errors import (
    ClientError,
    Fault,
    FileDamaged,
    Refusal,
    ServiceUnreachable,
    TimedOut,
    UnexpectedAnswer,
    error_of,
)

T = TypeVar("T")
MAX_ANSWER = 64 * 1024 * 1024  # far more than any answer of this API; a file has no such bound
_PROBLEM = "application/problem+json"


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise what the connection raises as one of the client's errors."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TimedOut(f"The service does not answer: {_told(error)}") from error
    except httpx2.TransportError as error:
        raise ServiceUnreachable(f"The service cannot be reached: {_told(error)}") from error
    except httpx2.DecodingError as error:
        raise UnexpectedAnswer(f"The answer cannot be unpacked: {_told(error)}") from error


def answer_of(call: Call[T], response: httpx2.Response, body: bytes) -> T:
    """The answer to a call. Raises `ServiceError` or `UnexpectedAnswer`."""
    if not response.is_success:
        raise refusal_of(response, body)
    kind: Any = call.answer
    if kind is bytes:
        if not response.headers.get("content-disposition", "").startswith("attachment"):
            raise UnexpectedAnswer(
                f"{call.path} gave something else than an export. Is this a newer service?"
            )
        export: Any = body
        return cast(T, export)
    try:
        found: T = _reader(kind).validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in fault["loc"])
        raise UnexpectedAnswer(
            f"{call.method} {call.path} gave what this client cannot read ({place or 'the whole'}: "
            f"{fault['msg']}). Is this the address of the API, and is the client as new as the service?"
        ) from None
    return found


def refusal_of(response: httpx2.Response, body: bytes) -> ClientError:
    """The error for an answer that is not what was asked for."""
    if not response.is_error:
        return UnexpectedAnswer(
            f"The answer has status {response.status_code}, as if the service had moved. Is this its address?"
        )
    raw = _problem(response, body)
    return error_of(
        Refusal(
            status=response.status_code,
            title=str(raw.get("title") or response.reason_phrase),
            detail=str(raw.get("detail") or "The answer does not say why; it may come from a proxy."),
            faults=tuple(_faults(raw.get("errors"))),
            request_id=response.headers.get("x-request-id"),
            retry_after=seconds_until(response.headers.get("retry-after")),
            build_id=raw.get("buildId"),
        )
    )


def seconds_until(header: str | None) -> float | None:
    """The seconds that `Retry-After` asks for: a number of them, or a moment (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max((moment - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)


class Incoming:
    """A file that is being received: under a hidden name beside its place, until it is whole and right."""

    def __init__(self, place: Path, sha256: str) -> None:
        self._place = place
        self._expected = sha256
        self._digest = hashlib.sha256()
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> Self:
        hidden = self._place.with_name(f".{self._place.name[:100]}.{secrets.token_hex(8)}")
        self._stream = hidden.open("xb")
        return self

    def write(self, part: bytes) -> None:
        """Take the next bytes."""
        assert self._stream is not None  # noqa: S101 - it is used as a context manager
        self._digest.update(part)
        self._stream.write(part)

    def finish(self) -> Path:
        """Give the file its name. Raises `FileDamaged` when it is not what was indexed."""
        assert self._stream is not None  # noqa: S101
        found = self._digest.hexdigest()
        if found != self._expected:
            raise FileDamaged(
                f"{self._place.name} came with SHA-256 {found}, and {self._expected} was indexed. "
                "It was cut short or has changed; try again, or have the index built again"
            )
        self._stream.close()
        return Path(self._stream.name).replace(self._place)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            Path(self._stream.name).unlink(missing_ok=True)


def place_of(path: Path | str, source: str) -> Path:
    """Where a file is to be kept: `path`, or its own name in that folder.

    The name comes from the service and is not trusted: it is one step, and no hidden file.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    name = PureWindowsPath(PurePosixPath(source).name).name.lstrip(".")
    if not name:
        raise UnexpectedAnswer(f"The document's path, {source!r}, has no name for a file. Give one yourself")
    return path / name


@cache
def _reader(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _problem(response: httpx2.Response, body: bytes) -> Mapping[str, Any]:
    if response.headers.get("content-type", "").partition(";")[0].strip() != _PROBLEM:
        return {}
    try:
        raw = json.loads(body)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _faults(raw: Any) -> Iterator[Fault]:
    for one in raw if isinstance(raw, list) else []:
        if isinstance(one, dict):
            yield Fault(
                where=str(one.get("in", "")),
                location=str(one.get("location", "")),
                code=str(one.get("code", "")),
                detail=str(one.get("detail", "")),
            )
