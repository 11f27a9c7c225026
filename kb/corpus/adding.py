"""A file is added to the corpus whole or not at all, and never over another.

It is received in a hidden file, which a build passes over, judged by its content, and then linked under its
name: that takes one step, and fails when the name is taken.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

from kb.corpus.names import safe_folder, safe_name
from kb.documents import Source
from kb.errors import (
    CorpusError,
    CorpusNotWritten,
    DocumentExists,
    InvalidDocument,
    ParseError,
    TooLarge,
)
from kb.formats import Format, format_of, looks_like_text

_RECEIVED = ".upload-"
# What nobody has written to for so long was left by a service that was ended.
_FORGOTTEN_SECONDS = 3_600
_READ_AT_ONCE = 1 << 20
# Systems of files without links say so in these ways.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A file that was added: its path in the corpus, and the id that its document will have."""

    path: str
    size: int
    sha256: str
    format: str
    document_id: str


class Received:
    """A file that is being received. Nothing is left of it but what `add` gave its place."""

    def __init__(self, root: Path, *, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._file = root / f"{_RECEIVED}{secrets.token_hex(8)}"
        self._digest = hashlib.sha256()
        self._size = 0
        with _writing():
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            self._stream = os.fdopen(descriptor, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `TooLarge` or `CorpusNotWritten`."""
        self._size += len(data)
        if self._size > self._max_bytes:
            raise TooLarge(f"The file is larger than {self._max_bytes / 1e6:,.0f} MB")
        self._digest.update(data)
        with _writing():
            self._stream.write(data)

    def add(self, name: str, folder: str) -> Added:
        """Give the file its place, with its name made safe, and see that it is on disk.

        Raises `InvalidDocument` with every fault of name, folder and content; `UnsupportedFormat`;
        `DocumentExists`; `CorpusNotWritten`.
        """
        name, parts = _place(name, folder)
        with _writing():
            self._stream.flush()
            os.fsync(self._stream.fileno())
        self._check_own()
        found = self._judged(name)
        with _folder(self._root, parts) as descriptor:
            self._link(descriptor, name)
        path = "/".join((*parts, name))
        digest = self._digest.hexdigest()
        source = Source(path=path, sha256=digest, size=self._size)
        return Added(
            path=path,
            size=self._size,
            sha256=digest,
            format=found.name,
            document_id=source.document_id,
        )

    def _check_own(self) -> None:
        """Raise `CorpusNotWritten` when what has its name is not what was received."""
        with contextlib.suppress(OSError):
            if os.path.samestat(os.lstat(self._file), os.fstat(self._stream.fileno())):
                return
        raise CorpusNotWritten(
            "What was received was taken away by another program. Send the file again; nothing was added"
        )

    def _judged(self, name: str) -> Format:
        """The format of the file, of which its name must be one."""
        try:
            found = format_of(self._file, name=name)
        except ParseError as error:
            if error.code == "unsupported":
                raise
            raise InvalidDocument([("file", error.code, str(error))]) from error
        suffix = PurePosixPath(name).suffix
        if suffix.lower() not in found.suffixes:
            message = f"The file is called {suffix} but is {found.name.upper()}: call it {found.suffixes[0]}"
            raise InvalidDocument([("file", "misnamed", message)])
        is_text = found.media_type.startswith(("text/", "message/"))
        if is_text and not looks_like_text(self._file):
            message = f"The file is called {suffix} but its content is not text"
            raise InvalidDocument([("file", "misnamed", message)])
        return found

    def _link(self, folder: int, name: str) -> None:
        """Make the file appear under its name, if that is free in every way of writing it."""
        with _writing():
            taken = [
                other
                for other in os.listdir(folder)
                if other != name and unicodedata.normalize("NFC", other) == name
            ]
        try:
            if taken:
                raise FileExistsError(errno.EEXIST, "taken", taken[0])
            with _writing():
                self._link_or_rename(folder, name)
                os.fsync(folder)
        except FileExistsError:
            same = self._is_same(folder, taken[0] if taken else name)
            has = "with the same content" if same else "with another content"
            message = f"There is a file {name} there already, {has}. It was left as it is"
            raise DocumentExists(message if same else f"{message}; choose another name") from None

    def _link_or_rename(self, folder: int, name: str) -> None:
        try:
            os.link(self._file, name, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # Without links: claim the name with an empty file, and take its place.
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder))
            os.replace(self._file, name, dst_dir_fd=folder)

    def _is_same(self, folder: int, name: str) -> bool:
        """Whether the file that has the name has the same content."""
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or status.st_size != self._size:
                return False
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        except OSError:
            return False
        with os.fdopen(descriptor, "rb") as stream:
            digest = hashlib.sha256()
            try:
                while part := stream.read(_READ_AT_ONCE):
                    digest.update(part)
            except OSError:
                return False
            return digest.digest() == self._digest.digest()


def receive(root: Path, *, max_bytes: int) -> Received:
    """Begin to receive a file for the corpus in `root`. Raises `CorpusError` or `CorpusNotWritten`."""
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder. Make it, or set KB_CORPUS")
    _remove_forgotten(root)
    return Received(root, max_bytes=max_bytes)


def _place(name: str, folder: str) -> tuple[str, tuple[str, ...]]:
    faults: list[tuple[str, str, str]] = []
    safe: str = ""
    parts: tuple[str, ...] = ()
    try:
        safe = safe_name(name)
    except InvalidDocument as error:
        faults += error.faults
    try:
        parts = safe_folder(folder)
    except InvalidDocument as error:
        faults += error.faults
    if faults:
        raise InvalidDocument(faults)
    return safe, parts


@contextlib.contextmanager
def _folder(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of a folder of the corpus, made where it is not there; never through a link.

    Folders that were made for nothing are removed again.
    """
    opened, made = [], []
    try:
        with _writing():
            opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
            for part in parts:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=opened[-1])
                    made.append((opened[-1], part))
                    os.fsync(opened[-1])
                opened.append(_inner(opened[-1], part))
        yield opened[-1]
    except BaseException:
        for descriptor, part in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(part, dir_fd=descriptor)
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _inner(folder: int, part: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        message = f"{part} is not a folder of the corpus: it is a file, or a link to elsewhere"
        raise InvalidDocument([("folder", "not-a-folder", message)]) from None


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Raise `CorpusNotWritten` for what the disk says, but for a name that is taken."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            message = "The disk of the corpus is full. Free space on it and try again; nothing was added"
        elif error.errno == errno.EXDEV:
            message = "That folder lies on another disk. Put the file there yourself; nothing was added"
        else:
            reason = error.strerror or type(error).__name__
            message = f"The corpus cannot be written ({reason}). Give the service's user the right to"
        raise CorpusNotWritten(message) from error


def _remove_forgotten(root: Path) -> None:
    with contextlib.suppress(OSError):
        for file in root.glob(f"{_RECEIVED}*"):
            with contextlib.suppress(OSError):
                if time.time() - file.stat().st_mtime > _FORGOTTEN_SECONDS:
                    file.unlink()
