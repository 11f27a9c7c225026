"""The manifest as a file, and the proof that a generation is what its manifest says.

`manifest.json` holds the SHA-256 of every other file, and `manifest.sha256` its own, in the form of
sha256sum: in a generation's folder, `sha256sum -c manifest.sha256` checks it by hand.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from pydantic import TypeAdapter

from kb.errors import CorruptIndex, IncompatibleIndex
from kb.files import sha256_of
from kb.index import FORMAT_VERSION, Manifest
from kb.known_hashes import KnownHashes
from kb.state_files import read_bytes

MANIFEST = "manifest.json"
CHECKSUM = "manifest.sha256"
# What the name of a generation's folder starts with while it is made, and what it is then.
STAGE = ".stage-"
PUBLISHED = re.compile(r"\d{8}T\d{9}Z")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MANIFEST = TypeAdapter(Manifest)


def write_manifest(folder: Path, manifest: Manifest, known: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write `manifest` with the checksums of every file in `folder`: the last files to be written.

    Those that are `known`, by name, are not computed again.
    """
    names = sorted(_names(folder) - {MANIFEST, CHECKSUM})
    files = {name: known.get(name) or sha256_of(folder / name) for name in names}
    content = dataclasses.asdict(dataclasses.replace(manifest, files=files))
    content["created"] = manifest.created.isoformat()
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    (folder / CHECKSUM).write_bytes(_checksum(text.encode()))


def read_manifest(folder: Path, *, generation: str | None = None) -> Manifest:
    """The manifest of a generation: the one that `folder` is named by, unless it is given.

    Raises `CorruptIndex` when it cannot be read, does not have its checksum or is of another generation,
    `IncompatibleIndex` when a newer or older version of this program wrote it in another format.
    """
    try:
        data = read_bytes(folder / MANIFEST)
        # Formats before the fourth have no file with the manifest's own checksum.
        checksum = read_bytes(folder / CHECKSUM) if (folder / CHECKSUM).exists() else None
        content = json.loads(data)
        version = content.get("format_version") if isinstance(content, dict) else None
        if checksum is None and version == FORMAT_VERSION:
            raise ValueError(f"{CHECKSUM} is missing")
        if checksum is not None and checksum != _checksum(data):
            raise ValueError(f"its checksum is not that of {CHECKSUM}")
        manifest = _validated(data) if version == FORMAT_VERSION else None
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptIndex(
            f"{folder / MANIFEST} cannot be read ({error}). Build the index again: kb build"
        ) from error
    if manifest is None:
        if not isinstance(version, int):
            raise CorruptIndex(f"{folder / MANIFEST} names no format. Build the index again: kb build")
        raise IncompatibleIndex(
            f"{folder} has index format {version}, not {FORMAT_VERSION}. Build the index again: kb build"
        )
    if manifest.generation != (generation or folder.absolute().name.removeprefix(STAGE)):
        raise CorruptIndex(
            f"{folder} holds the files of generation {manifest.generation}. Build the index again: kb build"
        )
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Raise `CorruptIndex` unless every file is there with its checksum, and no other.

    What was hashed within the last day and is not written to since is not read again.
    """
    known = KnownHashes()
    for fault in faults(folder, manifest, known.sha256_of):
        raise CorruptIndex(f"{fault}. Build the index again: kb build")
    known.keep()


def faults(folder: Path, manifest: Manifest, hash_of: Callable[[Path], str] = sha256_of) -> Iterator[str]:
    """What is wrong with the files of a generation, one sentence each."""
    for name, expected in manifest.files.items():
        file = folder / name
        try:
            if not stat.S_ISREG(file.lstat().st_mode):
                yield f"{file} is no file"
            elif hash_of(file) != expected:
                yield f"{file} is damaged: its checksum differs"
        except OSError as error:
            yield f"{file} cannot be read ({error})"
    try:
        for name in sorted(_names(folder) - {MANIFEST, CHECKSUM, *manifest.files}):
            yield f"{folder / name} does not belong to this generation"
    except OSError as error:
        yield f"{folder} cannot be read ({error})"


def _names(folder: Path) -> set[str]:
    """The files in `folder`, whatever lies below it; those that a file manager hides there left out."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.name.startswith(".") and (path.is_symlink() or not path.is_dir())
    }


def _checksum(data: bytes) -> bytes:
    return f"{hashlib.sha256(data).hexdigest()}  {MANIFEST}\n".encode()


def _validated(data: bytes) -> Manifest:
    """A manifest whose every value has its type. Raises `ValueError`."""
    manifest = _MANIFEST.validate_json(data, strict=True)
    if not _are_files(manifest.files):
        raise ValueError("it names files that cannot be those of a generation")
    numbers = (manifest.documents, manifest.passages, manifest.encoder.token_dimension)
    if min(numbers) < 0 or manifest.encoder.dimension < 1 or manifest.created.tzinfo is None:
        raise ValueError("its numbers or its time cannot be those of an index")
    way = manifest.approximation
    if way and not (way.kind == "ivf-sq8" and 0 < way.nprobe <= way.lists and 0 <= way.recall <= 1):
        raise ValueError("it tells of a way to find passages that there is not")
    return manifest


def _are_files(files: Mapping[str, str]) -> bool:
    """Whether all names stay within the folder, each with a SHA-256."""
    return all(
        _SHA256.fullmatch(checksum)
        and name == PurePosixPath(name).as_posix()
        and not name.startswith("/")
        and "\0" not in name
        and not {"..", "."} & set(PurePosixPath(name).parts)
        for name, checksum in files.items()
    )
