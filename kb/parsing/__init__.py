"""A source in, a document out: one reader per format, none of which knows another."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kb.corpus import source_file
from kb.documents import Block, Document, Gap, Source
from kb.errors import DamagedFile, EncryptedFile, NoTextLayer, ParseError, TooLarge, UnsupportedFormat
from kb.parsing.reading import Limits, Ocr, Reader, Reading, ReadOptions

__all__ = ["FORMATS", "Format", "Limits", "Ocr", "ReadOptions", "format_of", "parse"]

_HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that can be read. `reader` is "module:function"; it is imported on first use."""

    name: str
    media_type: str
    suffixes: tuple[str, ...]
    reader: str

    def load(self) -> Reader:
        """The reader itself."""
        module, function = self.reader.split(":")
        reader: Reader = getattr(importlib.import_module(module), function)
        return reader


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
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The stream that holds an encrypted Office file within an OLE container, in its directory's UTF-16.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "Open it and save it as DOCX, PPTX or PDF."


def parse(root: Path, source: Source, options: ReadOptions) -> Document:
    """Read a source of the corpus in `root`.

    Raises a `ParseError` that says why it cannot be read. The document's metadata are what the file
    says of itself; `kb.describing` completes them.
    """
    file = source_file(root, source.path)
    try:
        found = format_of(file)
        reading = found.load()(file, options)
    except ParseError:
        raise
    except MemoryError:
        raise TooLarge("Reading it takes more memory than is allowed; see KB_READER_MEGABYTES") from None
    except OSError as error:
        raise DamagedFile(f"It cannot be read from disk: {error.strerror or error}") from error
    except RecursionError:
        raise DamagedFile("Its parts are nested too deeply to be read") from None
    except Exception as error:
        # A reader is a library's guest: whatever a library raises on a bad file must cost that file only.
        raise DamagedFile(f"It cannot be read ({type(error).__name__}: {error})") from error
    blocks, cut = _within(reading, options.limits)
    if not blocks:
        raise NoTextLayer("There is no text in it")
    gaps = reading.gaps + cut
    suffix = file.suffix.lower()
    if suffix not in found.suffixes:
        gaps += (
            Gap(
                code="misnamed",
                message=f"It is called {suffix} but is {found.name.upper()}, and was read as that",
            ),
        )
    return Document(source=source, metadata=reading.metadata, blocks=blocks, gaps=gaps)


def format_of(file: Path) -> Format:
    """The format of a file by its content, and by its name where the content is plain text.

    Raises `UnsupportedFormat`, `EncryptedFile` or `DamagedFile`.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise DamagedFile("The file is empty")
    if b"%PDF-" in head[:1_024]:
        return FORMATS["pdf"]
    if head.startswith(b"PK"):
        return _zip_format(file)
    if head.startswith(_OLE):
        raise _ole_error(file)
    if head.startswith(b"{\\rtf"):
        raise UnsupportedFormat(f"RTF is not read. {_SAVE_AS}")
    by_name = _BY_SUFFIX.get(file.suffix.lower())
    if by_name is None:
        known = ", ".join(sorted(_BY_SUFFIX))
        raise UnsupportedFormat(
            f"{file.suffix or 'A file without extension'} is not read; these are: {known}"
        )
    if by_name.media_type.startswith(("text/", "message/")):
        return by_name
    raise DamagedFile(f"It is called {file.suffix} but its content is something else")


def _zip_format(file: Path) -> Format:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            declared = archive.read("mimetype")[:200].decode("latin-1").strip() if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise DamagedFile(f"Its ZIP container is damaged ({error})") from error
    for found in FORMATS.values():
        if declared.startswith(found.media_type):
            return found
    if any(name.startswith("ppt/") for name in names):
        return FORMATS["pptx"]
    if any(name.startswith("word/") for name in names):
        return FORMATS["docx"]
    raise UnsupportedFormat(f"It is a container ({declared or 'ZIP'}) that is not read. {_SAVE_AS}")


def _ole_error(file: Path) -> ParseError:
    with file.open("rb") as stream:
        is_encrypted = _ENCRYPTED_PACKAGE in stream.read(10_000_000)
    if is_encrypted:
        return EncryptedFile("A password is needed to open it. Save it without a password")
    return UnsupportedFormat(f"It is an old Office or Outlook file, which is not read. {_SAVE_AS}")


def _within(reading: Reading, limits: Limits) -> tuple[tuple[Block, ...], tuple[Gap, ...]]:
    """The text up to the limit on characters, and a gap when there was more."""
    room = limits.characters
    for number, block in enumerate(reading.blocks):
        if len(block.text) > room:
            message = f"Only the first {limits.characters:,} characters were read"
            # Also the start of the block: in a file without line ends it is the whole text.
            start = replace(block, text=block.text[:room].rstrip())
            kept = reading.blocks[:number] + ((start,) if start.text else ())
            return kept, (Gap(code="truncated", message=message),)
        room -= len(block.text)
    return reading.blocks, ()
