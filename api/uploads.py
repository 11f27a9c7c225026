"""A file that a client sends, received piece by piece: nothing of it is trusted, little is in memory."""

from __future__ import annotations

from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.problems import RETRY_SECONDS, Fault, Problem, ProblemError, refused
from kb.corpus.adding import Added, receive
from kb.errors import InvalidDocument, TooLarge

_MAX_PARTS = 10
_MAX_FIELD = 4_096
# Room for the form around the file.
FORM_BYTES = 64 * 1024


class Uploads:
    """Receives files for the corpus in `root`, of at most `max_bytes`, and `most` at the same time."""

    def __init__(self, root: Path, *, max_bytes: int, most: int = 8) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._most = most
        self._receiving = 0

    async def receive(self, request: Request) -> Added:
        """Add the file of a request to the corpus. Raises `ProblemError`, or what `kb.corpus.adding` does."""
        form = _Form(_boundary(request))
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > self._max_bytes + FORM_BYTES:
            raise self._too_large()
        if self._receiving >= self._most:
            detail = f"{self._most} files are being received already (KB_UPLOADS). Send this one again later."
            headers = {"Retry-After": str(RETRY_SECONDS), "Connection": "close"}
            raise ProblemError(Problem(503, detail, headers=headers))
        self._receiving += 1
        try:
            return await self._receive(request, form)
        finally:
            self._receiving -= 1

    async def _receive(self, request: Request, form: _Form) -> Added:
        with await run_in_threadpool(receive, self._root, max_bytes=self._max_bytes) as received:
            try:
                total = 0
                async for chunk in request.stream():
                    total += len(chunk)
                    if total > self._max_bytes + FORM_BYTES:
                        raise self._too_large()
                    if data := form.feed(chunk):
                        await run_in_threadpool(received.write, data)
                if faults := form.faults():
                    raise refused(faults)
                return await run_in_threadpool(received.add, form.name, form.folder)
            except TooLarge:
                raise self._too_large() from None
            except InvalidDocument as error:
                found = [Fault("body", f"/{name}", code, detail) for name, code, detail in error.faults]
                raise refused(found) from None

    def _too_large(self) -> ProblemError:
        detail = f"The file is larger than {self._max_bytes / 1e6:,.0f} MB (KB_FILE_MEGABYTES)."
        return ProblemError(Problem(413, detail, headers={"Connection": "close"}))


class _Form:
    """The parts of a form (RFC 7578): `file`, and `folder` where it is given."""

    def __init__(self, boundary: bytes) -> None:
        self._fields: dict[str, bytearray] = {}
        self._name: bytes = b""
        self._faults: list[Fault] = []
        self._parts = 0
        self._part = ""
        self._headers: dict[str, str] = {}
        self._header, self._value = bytearray(), bytearray()
        self._data = bytearray()
        self._is_whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._add_name,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
                max_header_count=8,
                max_header_size=_MAX_FIELD,
            )
        except FormParserError as error:
            raise refused([Fault("header", "Content-Type", "boundary", str(error))]) from None

    @property
    def name(self) -> str:
        """The file's name, as the client gave it."""
        return self._name.decode("utf-8", "replace")

    @property
    def folder(self) -> str:
        """The folder to put it in; "" without one."""
        return self._fields.get("folder", b"").decode("utf-8", "replace")

    def feed(self, chunk: bytes) -> bytes:
        """The bytes of the file that a piece of the body holds. Raises `ProblemError`."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise refused([Fault("body", "", "not-a-form", f"The body is no form: {error}")]) from None
        data = bytes(self._data)
        self._data.clear()
        return data

    def faults(self) -> list[Fault]:
        """What is wrong with the form as a whole, once all of it is there."""
        faults = list(self._faults)
        if not self._is_whole:
            faults.append(Fault("body", "", "truncated", "The form ends before its last boundary"))
        if "file" not in self._fields:
            faults.append(Fault("body", "/file", "missing", "The form has no part `file`"))
        return faults

    def _begin(self) -> None:
        self._parts += 1
        self._headers = {}
        if self._parts > _MAX_PARTS:
            raise refused([Fault("body", "", "too-many", f"The form has more than {_MAX_PARTS} parts")])

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._header, self._value = bytearray(), bytearray()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition"))
        self._part = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part not in ("file", "folder"):
            shown = self._part[:80]
            detail = f"There is no part {shown!r}; send file and folder"
            self._faults.append(Fault("body", f"/{shown}", "unknown-parameter", detail))
        elif self._part in self._fields:
            self._faults.append(Fault("body", f"/{self._part}", "repeated", f"{self._part} is given twice"))
            self._part = ""
        else:
            self._fields[self._part] = bytearray()
        if self._part == "file":
            self._name = options.get(b"filename", b"")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._part == "file":
            self._data += data[start:end]
        elif self._part == "folder":
            value = self._fields["folder"]
            value += data[start:end]
            if len(value) > _MAX_FIELD:
                raise refused([Fault("body", "/folder", "too-long", f"folder is over {_MAX_FIELD} bytes")])

    def _end(self) -> None:
        self._is_whole = True


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data":
        raise ProblemError(Problem(415, "Send the file as multipart/form-data, with a part named file."))
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise refused([Fault("header", "Content-Type", "boundary", "Content-Type names no boundary")])
    return boundary
