"""The file of a backup: a tar archive that any tar can unpack, and that is only taken whole.

contents.json     format, generation, and name, size and SHA-256 of every file that follows, in their order
index/…           the files of one generation
corpus/…          its sources, with their sidecars
archive.sha256    the SHA-256 of all bytes before this entry
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Protocol

from pydantic import TypeAdapter

from kb.errors import CorruptArchive, IncompatibleArchive

ARCHIVE_VERSION = 1
INDEX = "index/"
CORPUS = "corpus/"

_CONTENTS = "contents.json"
_SEAL = "archive.sha256"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BLOCK = tarfile.BLOCKSIZE
_SEALED = _BLOCK * 2
# A list of half a million files.
_MOST_CONTENTS = 100_000_000
# A corpus is read less deep.
_MOST_FOLDERS = 100
# tarfile reads the extended header of an entry whole, whatever size it claims.
_MOST_AT_ONCE = 1 << 22


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of an archive. `size` is in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an archive holds; `created` is when it was made."""

    format: int
    created: dt.datetime
    generation: str
    files: tuple[Entry, ...]


class Changed(Exception):
    """A file was not what the list says when its turn came."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


_VALIDATED = TypeAdapter(Contents)


def write_archive(stream: IO[bytes], contents: Contents, files: Mapping[str, Path]) -> None:
    """Write the files, by their names in the list. Raises `Changed`, or `OSError` on a full disk."""
    sealed = _Hashing(stream)
    with io.BytesIO(_as_json(contents)) as listed:
        tar = tarfile.open(fileobj=sealed, mode="w", format=tarfile.PAX_FORMAT)  # type: ignore[call-overload] # noqa: SIM115 - its end is ours to write
        tar.addfile(_header(_CONTENTS, len(listed.getvalue())), listed)
    for entry in contents.files:
        with _Source(entry, files[entry.name]) as source:
            tar.addfile(_header(entry.name, entry.size), source)
    stream.write(seal(sealed.sha256.hexdigest()))
    ends = stream.tell() + _SEALED
    stream.write(bytes(_SEALED + -ends % tarfile.RECORDSIZE))


class Archive:
    """An archive to read. Nothing that it says is trusted."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Read what it holds. Raises `CorruptArchive` unless it is whole, or `IncompatibleArchive`."""
        self._stream = stream
        _check_whole(stream)
        tar = self._open()
        self._listed = self._next(tar, _CONTENTS, _MOST_CONTENTS)
        self.contents = _read_contents(self._data(self._listed, Entry(name=_CONTENTS, size=0, sha256="")))

    def extract(self, target: Callable[[str], Path | None] = lambda _: None) -> None:
        """Read every file, and write each to where `target` says, if it says so: a file that is not there.

        Raises `CorruptArchive` for whatever is not as the list says, or `OSError`.
        """
        tar = self._open()
        self._next(tar, _CONTENTS, _MOST_CONTENTS)
        for entry in self.contents.files:
            member = self._next(tar, entry.name, entry.size)
            file = target(entry.name)
            if file is None:
                self._copy(member, entry, None)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("xb") as out:
                    self._copy(member, entry, out)
        self._next(tar, _SEAL, _BLOCK)
        if self._following(tar) is not None:
            raise CorruptArchive("It holds more than its list says")

    def _open(self) -> tarfile.TarFile:
        self._stream.seek(0)
        try:
            return tarfile.open(fileobj=_Bounded(self._stream), mode="r:")  # type: ignore[call-overload,no-any-return]
        except _BROKEN as error:
            raise CorruptArchive(f"It is no tar archive ({error})") from error

    def _following(self, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        try:
            return tar.next()
        except _BROKEN as error:
            raise CorruptArchive(f"It cannot be read ({error})") from error

    def _next(self, tar: tarfile.TarFile, name: str, most: int) -> tarfile.TarInfo:
        member = self._following(tar)
        if member is None or member.name != name:
            raise CorruptArchive(f"{name!r} is not where its list says")
        # No links, devices or folders, and no file with holes that is larger than it looks.
        if member.type != tarfile.REGTYPE or member.issparse() or not 0 <= member.size <= most:
            raise CorruptArchive(f"{name!r} is no plain file of the size that its list says")
        return member

    def _data(self, member: tarfile.TarInfo, entry: Entry) -> bytes:
        with io.BytesIO() as out:
            self._copy(member, entry, out)
            return out.getvalue()

    def _copy(self, member: tarfile.TarInfo, entry: Entry, out: IO[bytes] | None) -> None:
        digest, left = hashlib.sha256(), member.size
        self._stream.seek(member.offset_data)
        while left:
            data = self._stream.read(min(left, _MOST_AT_ONCE))
            if not data:
                raise CorruptArchive(f"It ends within {entry.name!r}")
            left -= len(data)
            digest.update(data)
            if out:
                out.write(data)
        if entry.sha256 and (member.size, digest.hexdigest()) != (entry.size, entry.sha256):
            raise CorruptArchive(f"{entry.name!r} is damaged: its checksum differs")


_BROKEN = (tarfile.TarError, OSError, ValueError, LookupError, ArithmeticError, EOFError, RecursionError)


class _Hashing:
    """Writes through, and keeps the SHA-256 of all that was written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        return self._stream.write(data)

    def tell(self) -> int:
        return self._stream.tell()


class _Source:
    """Reads a file that must be what the list says of it."""

    def __init__(self, entry: Entry, file: Path) -> None:
        self._entry = entry
        self._digest = hashlib.sha256()
        self._left = entry.size
        try:
            self._stream = file.open("rb")
        except OSError as error:
            raise Changed(entry.name) from error

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._stream:
            if kind is None and (self._digest.hexdigest() != self._entry.sha256 or self._stream.read(1)):
                raise Changed(self._entry.name)

    def read(self, size: int, /) -> bytes:
        try:
            data = self._stream.read(size)
        except OSError as error:
            raise Changed(self._entry.name) from error
        self._left -= len(data)
        if len(data) < size and self._left > 0:
            raise Changed(self._entry.name)
        self._digest.update(data)
        return data


class _Bounded:
    """Refuses to read more at once than an honest header takes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MOST_AT_ONCE:
            raise CorruptArchive(f"A header claims {size} bytes")
        return self._stream.read(size)


def _check_whole(stream: IO[bytes]) -> None:
    """Raise `CorruptArchive` unless the archive ends with the SHA-256 of all before."""
    size = stream.seek(0, io.SEEK_END)
    start = max(0, size - tarfile.RECORDSIZE - 2 * _SEALED)
    stream.seek(start - start % _BLOCK)
    first = stream.tell()
    end = stream.read()
    used = len(end.rstrip(b"\0"))
    at = first + used + -used % _BLOCK - _SEALED
    sealed = end[at - first : at - first + _SEALED] if at >= first else b""
    found = sealed[_BLOCK : _BLOCK + 64].decode("ascii", "replace")
    if size % tarfile.RECORDSIZE or not _SHA256.fullmatch(found) or sealed != seal(found):
        raise CorruptArchive("It is no backup, or it was cut short. Use another one")
    if size != at + 2 * _SEALED + -(at + 2 * _SEALED) % tarfile.RECORDSIZE:
        raise CorruptArchive("Something was added to it. Use another one")
    stream.seek(0)
    if _sha256(_pieces(stream, at)) != found:
        raise CorruptArchive("It is damaged: its checksum differs. Use another one")


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while size and (data := stream.read(min(size, _MOST_AT_ONCE))):
        size -= len(data)
        yield data


def _sha256(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _header(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def seal(digest: str) -> bytes:
    """The entry that an archive ends with, for the SHA-256 in hex of all before it."""
    data = f"{digest}\n".encode()
    return _header(_SEAL, len(data)).tobuf(tarfile.USTAR_FORMAT) + data.ljust(_BLOCK, b"\0")


def _as_json(contents: Contents) -> bytes:
    value = {**asdict(contents), "created": contents.created.isoformat(timespec="seconds")}
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _read_contents(data: bytes) -> Contents:
    try:
        version = json.loads(data)["format"]
        if version == ARCHIVE_VERSION:
            contents = _VALIDATED.validate_json(data, strict=True)
            names = {entry.name for entry in contents.files}
            plain = len(names) == len(contents.files) and all(map(_is_plain, contents.files))
            if plain and not any(later.startswith(f"{name}/") for name, later in pairwise(_by_part(names))):
                return contents
            raise ValueError("it names files that a backup does not hold")
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise CorruptArchive(f"Its list of contents cannot be used ({error})") from error
    if isinstance(version, int) and version > ARCHIVE_VERSION:
        raise IncompatibleArchive(
            f"It was made by a newer version of this program (archive format {version}, here "
            f"{ARCHIVE_VERSION}). Install that version first"
        )
    raise CorruptArchive(f"Its format {version!r} is unknown")


def _by_part(names: Iterable[str]) -> list[str]:
    """In the order in which a folder is followed by what lies in it."""
    return sorted(names, key=lambda name: name.split("/"))


def _is_plain(entry: Entry) -> bool:
    """Whether it names a file below the index or the corpus, hidden nowhere, and is complete."""
    top, _, rest = entry.name.partition("/")
    return (
        f"{top}/" in (INDEX, CORPUS)
        and all(part and not part.startswith(".") for part in rest.split("/"))
        and rest.count("/") < _MOST_FOLDERS
        and "\0" not in rest
        and entry.size >= 0
        and _SHA256.fullmatch(entry.sha256) is not None
    )
