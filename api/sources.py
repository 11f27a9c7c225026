"""The files that documents were read from, sent so that what is hostile in them stays inert."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.conditional import NotModified, refuse_if_known
from api.problems import Problem, ProblemError
from api.security import API_POLICY
from kb.errors import NotFound
from kb.knowledge_base import KnowledgeBase

_BYTES = re.compile(
    r"bytes=\s*(\d{1,18}-\d{0,18}|-\d{1,18})(\s*,\s*(\d{1,18}-\d{0,18}|-\d{1,18}))*\s*", re.ASCII
)
# Enough to see in which encoding a text was saved.
_TEXT_BYTES = 256 * 1024
# A browser's own PDF viewer is an object with styles in the answer's document.
_PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_FILE_POLICY = f"{API_POLICY}; sandbox"


@dataclass(frozen=True, slots=True)
class _Format:
    media_type: str
    is_inline: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
_TEXT = _Format("text/plain", is_inline=True)
_OTHER = _Format("application/octet-stream")
_FORMATS = {
    ".pdf": _Format("application/pdf", is_inline=True),
    ".txt": _TEXT,
    ".md": _TEXT,
    ".mdown": _TEXT,
    ".markdown": _TEXT,
    ".html": _Format("text/html"),
    ".htm": _Format("text/html"),
    ".xhtml": _Format("application/xhtml+xml"),
    ".eml": _Format("message/rfc822"),
    ".pptx": _Format(f"{_OFFICE}.presentationml.presentation"),
    ".docx": _Format(f"{_OFFICE}.wordprocessingml.document"),
    ".odt": _Format("application/vnd.oasis.opendocument.text"),
    ".odp": _Format("application/vnd.oasis.opendocument.presentation"),
}


def opens_at_a_page(source: str) -> bool:
    """True for files that a browser shows, and at the page that the address names."""
    return Path(source).suffix.lower() == ".pdf"


class SourceFile(FileResponse):
    """A file, whole or in ranges. PDF and text are shown; what a browser could run is only saved."""

    def __init__(self, file: Path, sha256: str) -> None:
        known = _FORMATS.get(file.suffix.lower(), _OTHER)
        is_pdf = known.media_type == "application/pdf"
        super().__init__(
            file,
            media_type=known.media_type + (_charset(file) if known is _TEXT else ""),
            filename=file.name,
            content_disposition_type="inline" if known.is_inline else "attachment",
            headers={
                # A reader of one page asks for many ranges; each time it must ask whether they still hold.
                "Cache-Control": "private, no-cache",
                "ETag": f'"{sha256}"',
                "Content-Security-Policy": _PDF_POLICY if is_pdf else _FILE_POLICY,
            },
        )
        if known.media_type == "text/html":
            # Its encoding is in the file; Starlette would say that it is UTF-8.
            self.headers["Content-Type"] = "text/html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or a problem where the range cannot be had.

        A Range of another unit or of no form is ignored (RFC 9110, 14.2).
        """
        asked = Headers(scope=scope)
        try:
            refuse_if_known(asked, self.headers)
        except NotModified as unchanged:
            await unchanged.response()(scope, receive, send)
            return
        if not _are_ranges(asked.get("range", "")):
            scope = {**scope, "headers": [item for item in scope["headers"] if item[0] != b"range"]}
        refusal: Problem | None = None

        async def checked(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] >= 400:
                kept = {
                    name.decode(): value.decode()
                    for name, value in message["headers"]
                    if name == b"content-range"
                }
                refusal = Problem(message["status"], "The range is not one of this file.", headers=kept)
            elif refusal is None:
                await send(message)

        method = "HEAD" if scope.get("is_head") else scope["method"]
        await super().__call__({**scope, "method": method}, receive, checked)
        if refusal is not None:
            await refusal.response()(scope, receive, send)


def source_file(knowledge_base: KnowledgeBase, document_id: str) -> SourceFile:
    """The file of a document of the live generation. Raises `NotFound`, or `ProblemError` when the file is
    gone or is another than the one that was read."""
    record = knowledge_base.document(document_id)
    try:
        return SourceFile(knowledge_base.file(record.id), record.sha256)
    except NotFound:
        detail = (
            "The file is gone or has changed since it was read. Build the index again on the server: kb build"
        )
        raise ProblemError(Problem(404, detail)) from None


def _are_ranges(header: str) -> bool:
    """True for ranges of bytes that are such by their form: none ends before it begins."""
    if not _BYTES.fullmatch(header):
        return False
    pairs = [part.strip().partition("-") for part in header.partition("=")[2].split(",")]
    return all(not first or not last or int(first) <= int(last) for first, _, last in pairs)


def _charset(file: Path) -> str:
    with file.open("rb") as stream:
        start = stream.read(_TEXT_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "; charset=utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "; charset=windows-1252"
    return "; charset=utf-8"
