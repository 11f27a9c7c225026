"""What the readers made of files before, so that a build reads only what it has not read yet.

A file is known by its content and its own name, by which readers tell formats and believe titles; the
folder it stands in does not matter. Each reading is one gzip of JSON; the checksum in it tells one that is
damaged or half written, which then counts as not there. Nothing but time is lost with this folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import importlib.metadata
import io
import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from kb import __version__
from kb.documents import Document, Source
from kb.errors import DamagedFile, EncryptedFile, NoTextLayer, ParseError, TooLarge, UnsupportedFormat
from kb.parsing import ReadOptions
from kb.parsing.reading import Reading
from kb.state_files import read_bytes

# Raised when a reader makes something else of the same file, or this module writes it otherwise.
READING_VERSION = 2

# Another version of these may read a file in another way.
_LIBRARIES = (
    "charset-normalizer", "lxml", "markdown-it-py", "pillow", "pypdf", "pypdfium2", "pytesseract",
    "trafilatura",
)  # fmt: skip
_SUFFIX = ".json.gz"
_UNFINISHED = ".part"
# As fast as reading is, near the size of the strongest.
_LEVEL = 3
# A larger reading, of some 3,000 pages, is not kept: JSON that somebody else put here may take 300 times its
# size in memory.
_MOST_BYTES = 8_000_000
# A gap that may not be there the next time.
PASSING = "ocr-failed"
_ERRORS = {
    found.code: found for found in (DamagedFile, EncryptedFile, NoTextLayer, ParseError, UnsupportedFormat)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is on disk: a reading, or the code and message of why there is none."""

    reading: Reading | None = None
    refused: tuple[str, str] | None = None


class Readings:
    """The readings in one folder that were made with these options.

    `made_with` tells the options and everything else that decides what is made of a file.
    """

    def __init__(self, folder: Path, options: ReadOptions) -> None:
        self.options = options
        self._folder = folder
        self.made_with = json.dumps([
            READING_VERSION, __version__, [importlib.metadata.version(name) for name in _LIBRARIES],
            dataclasses.asdict(options),
        ])  # fmt: skip

    def holds(self, source: Source) -> bool:
        """True when there is a reading of a file with this content."""
        return self._file(source).is_file()

    def get(self, source: Source) -> Document | ParseError | None:
        """The document that was read, its metadata those of the file alone, or why there was none.

        None when there is no reading of it, or none that can be used.
        """
        try:
            with gzip.open(io.BytesIO(read_bytes(self._file(source)))) as stream:
                data = stream.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                return None
            kept = _kept().validate_json(data)
        except (OSError, EOFError, zlib.error, ValidationError):
            return None
        if kept.refused:
            code, message = kept.refused
            return _ERRORS.get(code, ParseError)(message)
        if kept.reading is None:
            return None
        found = kept.reading
        return Document(source=source, metadata=found.metadata, blocks=found.blocks, gaps=found.gaps)

    def kept(self, source: Source) -> bytes | None:
        """What is on disk of a source, for another folder; None without any."""
        try:
            return read_bytes(self._file(source))
        except OSError:
            return None

    def put(self, source: Source, data: bytes) -> None:
        """Keep what `kept` gave of the same source. What cannot be written is read again another time."""
        self._write_bytes(source, data)

    def keep(self, document: Document) -> None:
        """Keep what a reader made of a source, before its metadata are completed.

        Not where OCR failed on a page: the machine may have been busy, or its disk full.
        """
        if any(gap.code == PASSING for gap in document.gaps):
            return
        reading = Reading(blocks=document.blocks, metadata=document.metadata, gaps=document.gaps)
        self._write(document.source, _Kept(reading=reading))

    def keep_refusal(self, source: Source, error: ParseError) -> None:
        """Keep why a reader made nothing of a source, unless that was for want of time or memory."""
        if not isinstance(error, TooLarge):
            self._write(source, _Kept(refused=(error.code, str(error))))

    def forget_all_but(self, sources: Iterable[Source]) -> None:
        """Remove the readings of all other files, and what was left half written."""
        wanted = {self._file(source).name for source in sources}
        with contextlib.suppress(OSError):
            for file in list(self._folder.iterdir()):
                if file.name not in wanted:
                    file.unlink(missing_ok=True)

    def _write(self, source: Source, kept: _Kept) -> None:
        """A reading that cannot be written is made again at the next build; this one goes on."""
        try:
            data = _kept().dump_json(kept)
        except PydanticSerializationError:
            return
        if len(data) <= _MOST_BYTES:
            self._write_bytes(source, gzip.compress(data, _LEVEL))

    def _write_bytes(self, source: Source, data: bytes) -> None:
        file = self._file(source)
        part = file.with_name(f"{file.name}.{os.getpid()}{_UNFINISHED}")
        try:
            self._folder.mkdir(exist_ok=True)
            part.write_bytes(data)
            part.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _file(self, source: Source) -> Path:
        key = json.dumps([source.sha256, PurePosixPath(source.path).name, self.made_with])
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}{_SUFFIX}"


@cache
def _kept() -> TypeAdapter[_Kept]:
    return TypeAdapter(_Kept)
