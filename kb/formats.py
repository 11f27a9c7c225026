"""Which formats can be read, and which one a file has, by its content. No reader is loaded for it.

What is looked at is bounded, whatever a file says of itself: a service judges a file that it is given before
any reader sees it.
"""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kb.errors import DamagedFile, EncryptedFile, ParseError, TooLarge, UnsupportedFormat

_HEAD_BYTES = 4_096
_TEXT_BYTES = 65_536
# A ZIP's directory is read at once and takes ten times its size in memory. This holds 20,000 parts of a
# document with names as long as they get.
_DIRECTORY_BYTES = 4_000_000
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_CONTROL_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that can be read. `reader` is "module:function"; it is imported on first use."""

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    reader: str

    def load(self) -> Any:
        """The reader itself, a `kb.parsing.reading.Reader`."""
        module, function = self.reader.split(":")
        return getattr(importlib.import_module(module), function)


_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

FORMATS: Mapping[str, Format] = {
    found.name: found
    for found in (
        Format(
            name="pdf", media_type="application/pdf", suffixes=(".pdf",), reader="kb.parsing.pdf:read_pdf"
        ),
        Format(
            name="pptx",
            media_type=f"{_OFFICE}.presentationml.presentation",
            suffixes=(".pptx", ".ppsx", ".pptm", ".potx"),
            reader="kb.parsing.pptx:read_pptx",
        ),
        Format(
            name="docx",
            media_type=f"{_OFFICE}.wordprocessingml.document",
            suffixes=(".docx", ".docm", ".dotx"),
            reader="kb.parsing.docx:read_docx",
        ),
        Format(name="odt", media_type=f"{_ODF}.text", suffixes=(".odt",), reader="kb.parsing.odt:read_odt"),
        Format(
            name="odp",
            media_type=f"{_ODF}.presentation",
            suffixes=(".odp",),
            reader="kb.parsing.odp:read_odp",
        ),
        Format(
            name="html",
            media_type="text/html",
            suffixes=(".html", ".htm", ".xhtml"),
            reader="kb.parsing.html:read_html",
        ),
        Format(
            name="markdown",
            media_type="text/markdown",
            suffixes=(".md", ".markdown", ".mdown"),
            reader="kb.parsing.markdown:read_markdown",
        ),
        Format(name="text", media_type="text/plain", suffixes=(".txt",), reader="kb.parsing.plain:read_text"),
        Format(
            name="mail", media_type="message/rfc822", suffixes=(".eml",), reader="kb.parsing.mail:read_mail"
        ),
    )
}
_BY_SUFFIX = {suffix: found for found in FORMATS.values() for suffix in found.suffixes}
# Readers of PDF allow for bytes before it; a text that speaks of it is none.
_PDF = re.compile(rb"(?:\A|[^ -~])%PDF-\d")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The stream that holds an encrypted Office file within an OLE container, in its directory's UTF-16.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "Open it and save it as DOCX, PPTX or PDF."


class _Bounded:
    """A file of which no large part is read at once. zipfile reads a directory of any size it is told."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        limit = _DIRECTORY_BYTES + 1
        data = self._stream.read(limit if size < 0 else min(size, limit))
        if len(data) == limit:
            raise TooLarge(f"The directory of its ZIP container is larger than {_DIRECTORY_BYTES:,} bytes")
        return data


def format_of(file: Path, *, name: str | None = None) -> Format:
    """The format of a file by its content, and by its name where the content is plain text.

    `name` is the file's, where it lies under another. Raises `UnsupportedFormat`, `EncryptedFile`,
    `DamagedFile` or `TooLarge`.
    """
    suffix = Path(name or file.name).suffix.lower()
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise DamagedFile("The file is empty")
    if _PDF.search(head[:1_024]):
        return FORMATS["pdf"]
    if head.startswith(_ZIP):
        return _zip_format(file)
    if head.startswith(_OLE):
        raise _ole_error(file)
    if head.startswith(b"{\\rtf"):
        raise UnsupportedFormat(f"RTF is not read. {_SAVE_AS}")
    by_name = _BY_SUFFIX.get(suffix)
    if by_name is None:
        known = ", ".join(sorted(_BY_SUFFIX))
        raise UnsupportedFormat(f"{suffix or 'A file without extension'} is not read; these are: {known}")
    if by_name.media_type.startswith(("text/", "message/")):
        return by_name
    raise DamagedFile(f"It is called {suffix} but its content is something else")


def looks_like_text(file: Path) -> bool:
    """Whether a file begins as a text does, in whatever encoding: hardly any control characters."""
    with file.open("rb") as stream:
        head = stream.read(_TEXT_BYTES)
    if head.startswith(_WIDE_MARKS):
        return True
    # UTF-16 without its mark: half of the bytes of Western text are zero, always the same half.
    for at in (0, 1):
        if head[at::2].count(0) > len(head) * 0.4 and not head[1 - at :: 2].count(0):
            head = head[1 - at :: 2]
    return len(_CONTROL.findall(head)) <= len(head) * _MAX_CONTROL_SHARE


def _zip_format(file: Path) -> Format:
    try:
        with file.open("rb") as stream, zipfile.ZipFile(_Bounded(stream)) as archive:
            names = set(archive.namelist())
            declared = _declared(archive) if "mimetype" in names else ""
    except ParseError:
        raise
    except Exception as error:
        # The ways in which a bad file can break zipfile are open-ended.
        raise DamagedFile(f"Its ZIP container is damaged ({error})") from error
    for found in FORMATS.values():
        if declared.startswith(found.media_type):
            return found
    if any(name.startswith("ppt/") for name in names):
        return FORMATS["pptx"]
    if any(name.startswith("word/") for name in names):
        return FORMATS["docx"]
    shown = declared if declared and declared.isprintable() else "ZIP"
    raise UnsupportedFormat(f"It is a container ({shown}) that is not read. {_SAVE_AS}")


def _declared(archive: zipfile.ZipFile) -> str:
    """The media type that an OpenDocument file begins with, stored as it is."""
    entry = archive.getinfo("mimetype")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return ""
    with archive.open(entry) as part:
        return part.read(200).decode("latin-1").strip()


def _ole_error(file: Path) -> ParseError:
    with file.open("rb") as stream:
        is_encrypted = _ENCRYPTED_PACKAGE in stream.read(10_000_000)
    if is_encrypted:
        return EncryptedFile("A password is needed to open it. Save it without a password")
    return UnsupportedFormat(f"It is an old Office or Outlook file, which is not read. {_SAVE_AS}")
