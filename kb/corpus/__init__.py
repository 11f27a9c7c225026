"""Which files there are, with their hashes and their metadata sidecars."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from kb.changes import Hashes
from kb.corpus.sidecars import MAX_BYTES, BrokenYaml, access_told, read_document_sidecar, read_event_sidecar
from kb.documents import Access, Metadata, Source
from kb.errors import CorpusError
from kb.files import sha256_of
from kb.settings import PRIVACY_LIST

__all__ = ["GOLDEN", "Corpus", "LeftOut", "scan", "source_file"]

# The first of them that is there counts. An ending that a person or Windows chose closes a document as well.
EVENT_SIDECARS = ("_event.yaml", "_event.yml", "_event.YAML", "_event.YML", "_Event.yaml", "_Event.yml")
# Questions about the documents, at the top of the corpus; no document itself.
GOLDEN = "golden.jsonl"
SIDECAR_SUFFIXES = (".yaml", ".yml", ".YAML", ".YML")
_CLUTTER = frozenset(("thumbs.db", "desktop.ini", "icon\r"))
# Office keeps the name of who has a file open in a file of a few hundred bytes.
_LOCK_MARK = "~$"
_MAX_LOCK_BYTES = 1_024
_MAX_DEPTH = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file that is not read, by its path in the corpus; `code` is a stable word for the reason."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The sources of a folder in order of path, and the files that were left out of it."""

    root: Path
    sources: tuple[Source, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def hashes(self) -> Hashes:
        """The hashes of each source's file and of its sidecars, by its path."""
        return {source.path: (source.sha256, source.sidecar_sha256) for source in self.sources}


@dataclass(frozen=True, slots=True)
class _Sidecars:
    """What a sidecar says, and the bytes of its YAML: all that this may depend on."""

    metadata: Metadata = field(default_factory=Metadata)
    data: bytes = b""


@dataclass(slots=True)
class _Scan:
    root: Path
    max_bytes: int
    sources: list[Source] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave(self, path: Path, code: str, message: str) -> None:
        self.left_out.append(LeftOut(path=_shown(path, self.root), code=code, message=message))


def scan(root: Path, *, max_bytes: int = 200_000_000) -> Corpus:
    """Every file below `root` that can be a source; a larger one than `max_bytes` is left out.

    Hidden files, lock files of Office and sidecars are no sources and are passed over. `_event.yaml`
    holds for its folder and all below it, the nearest one counts; `<file>.yaml` for one file.
    Raises CorpusError when the folder is missing, unreadable or empty.
    """
    if not root.is_dir():
        raise CorpusError(f"{root} is not a folder. Make it and put documents in it, or set KB_CORPUS")
    found = _Scan(root.resolve(), max_bytes)
    try:
        _walk(found, found.root, _Sidecars(), depth=0)
    except PermissionError as error:
        raise CorpusError(f"{root} cannot be read: {error.strerror}. Give this user access to it") from None
    if not found.sources and not found.left_out:
        raise CorpusError(f"{root} holds no files. Put documents in it, or set KB_CORPUS to another folder")
    sources = _without_doubles(found)
    return Corpus(
        root=found.root,
        sources=tuple(sorted(sources, key=lambda source: source.path)),
        left_out=tuple(sorted(found.left_out, key=lambda left: left.path)),
    )


def source_file(root: Path, path: str) -> Path:
    """The file of a source's path, however the disk spells its name (NFC or NFD)."""
    file = root / path
    if file.exists():
        return file
    file = root
    for part in path.split("/"):
        names = (entry.name for entry in file.iterdir()) if file.is_dir() else ()
        file /= next((name for name in names if unicodedata.normalize("NFC", name) == part), part)
    return file


def _walk(found: _Scan, folder: Path, sidecars: _Sidecars, *, depth: int) -> None:
    names = sorted(os.listdir(folder))  # noqa: PTH208 - names, to be judged before they are touched
    event = next((name for name in EVENT_SIDECARS if name in names), None)
    if event:
        sidecars = _event(found, folder / event, around=sidecars.metadata.access)
    present = set(names)
    for name in names:
        path = folder / name
        is_ours = name in (GOLDEN, PRIVACY_LIST) and folder == found.root
        if is_ours or _is_clutter(path) or _is_sidecar(found, path, present):
            continue
        try:
            kind = _kind(found, path)
            if kind == "folder" and depth < _MAX_DEPTH:
                _walk(found, path, sidecars, depth=depth + 1)
            elif kind == "folder":
                found.leave(path, "too-deep", f"Folders are read {_MAX_DEPTH} deep")
            elif kind == "file":
                _add(found, path, sidecars)
        except OSError as error:
            found.leave(path, "unreadable", f"It cannot be read from disk: {error.strerror or error}")


def _is_clutter(path: Path) -> bool:
    name = path.name
    if name.startswith((".", _LOCK_MARK)) or name.lower() in _CLUTTER:
        return True
    return _LOCK_MARK in name and path.is_file() and path.stat().st_size <= _MAX_LOCK_BYTES


def _is_sidecar(found: _Scan, path: Path, present: set[str]) -> bool:
    """Whether it is the YAML beside a file. One without its file is reported: likely a misprint."""
    name = path.name
    if name in EVENT_SIDECARS:
        return True
    suffix = Path(name).suffix
    if suffix not in SIDECAR_SUFFIXES:
        return False
    described = name.removesuffix(suffix)
    if described not in present and Path(described).suffix:
        found.leave(path, "sidecar", f"It describes {described}, which is not beside it")
        return True
    return described in present


def _kind(found: _Scan, path: Path) -> str:
    """ "file", "folder" or, with the reason put down, "other"."""
    fault = _name_fault(path.name)
    if fault:
        found.leave(path, "name", f"{fault}. Rename it")
        return "other"
    if path.is_symlink():
        # Not Path.resolve, which before Python 3.13 raises RuntimeError for a link that leads to itself.
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(found.root):
            found.leave(path, "link", "It is a link to a place outside the corpus")
            return "other"
        if target.is_dir():
            found.leave(path, "link", "It is a link to another folder of the corpus, which is read there")
            return "other"
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    found.leave(path, "not-a-file", "It is a pipe, socket or device, not a file")
    return "other"


def _name_fault(name: str) -> str | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "Its name is not valid UTF-8"
    # They would break the lines of reports, or command the terminal that shows them.
    return "Its name holds line breaks or other control characters" if _CONTROL.search(name) else None


def _add(found: _Scan, path: Path, sidecars: _Sidecars) -> None:
    size = path.stat().st_size
    if size > found.max_bytes:
        message = f"It is {size / 1e6:,.0f} MB; files over {found.max_bytes / 1e6:,.0f} MB are left out"
        found.leave(path, "too-large", f"{message} (KB_FILE_MEGABYTES)")
        return
    own = _own(found, path)
    described = [own.data, sidecars.data] if own.data or sidecars.data else []
    found.sources.append(
        Source(
            path=unicodedata.normalize("NFC", path.relative_to(found.root).as_posix()),
            sha256=sha256_of(path),
            size=size,
            sidecar=_joined(own.metadata, sidecars.metadata),
            sidecar_sha256=hashlib.sha256(b"\0".join(described)).hexdigest() if described else "",
        )
    )


def _joined(own: Metadata, shared: Metadata) -> Metadata:
    """The file's own sidecar, completed with its folder's unless it names an event of its own."""
    if own.event and shared.event:
        if own.event.name != shared.event.name:
            return replace(own, access=own.access or shared.access)
        own = replace(own, event=None)
    return own.or_else(shared)


def _event(found: _Scan, path: Path, *, around: Access | None) -> _Sidecars:
    """What holds for the folder of this sidecar; `around` is who may see what lies in the folder above."""
    read = _read(found, path, read_event_sidecar, "The event of this folder is not known")
    if read.metadata.access or not around:
        return read
    return _Sidecars(replace(read.metadata, access=around), read.data + around.encode())


def _own(found: _Scan, described: Path) -> _Sidecars:
    beside = (described.with_name(described.name + suffix) for suffix in SIDECAR_SUFFIXES)
    path = next((path for path in beside if os.path.lexists(path)), None)
    if not path:
        return _Sidecars()
    return _read(found, path, read_document_sidecar, "It is not used, its file is read without it")


def _read(found: _Scan, path: Path, reader: Callable[[str], Metadata], consequence: str) -> _Sidecars:
    """What a sidecar says. One that cannot be used still closes what it may have been meant to close."""
    data = b""
    access: Access | None = Access.MEMBERS
    try:
        data = _sidecar_bytes(found, path)
        access = access_told(data.decode("utf-8", "replace").replace("\0", ""))
        return _Sidecars(reader(data.decode("utf-8-sig")), data)
    except (BrokenYaml, OSError, UnicodeDecodeError) as error:
        closed = " Until it is mended only members see what it describes." if access is Access.MEMBERS else ""
        found.leave(path, "sidecar", f"{consequence}: {error}.{closed}")
        return _Sidecars(Metadata(access=access), data)


def _sidecar_bytes(found: _Scan, path: Path) -> bytes:
    if not Path(os.path.realpath(path)).is_relative_to(found.root):
        raise BrokenYaml("it is a link to a place outside the corpus")
    # Opening a pipe would wait for whoever writes to it.
    if not path.is_file():
        raise BrokenYaml("it is not a file")
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BrokenYaml(f"it is longer than {MAX_BYTES:,} bytes")
    return data


def _without_doubles(found: _Scan) -> Iterator[Source]:
    """One source per path: names that differ in their Unicode form only would be one document."""
    seen: set[str] = set()
    for source in found.sources:
        if source.path in seen:
            message = "Another file has this name in another Unicode form. Rename one of them"
            found.left_out.append(LeftOut(path=source.path, code="name", message=message))
        else:
            seen.add(source.path)
            yield source


def _shown(path: Path, root: Path) -> str:
    shown = path.relative_to(root).as_posix().encode("utf-8", "replace").decode()
    shown = _CONTROL.sub("�", shown)
    return unicodedata.normalize("NFC", shown)
