"""The manifest as a file, and the proof that a generation is what its manifest says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from pathlib import Path

from kb.embedding import EncoderIdentity
from kb.errors import CorruptIndex, IncompatibleIndex
from kb.index import FORMAT_VERSION, Manifest

MANIFEST = "manifest.json"


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest` with the checksums of every file in `folder`: the last file to be written."""
    files = {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    content = dataclasses.asdict(dataclasses.replace(manifest, files=files))
    content["created"] = manifest.created.isoformat()
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    Raises `CorruptIndex` when it cannot be read, `IncompatibleIndex` when a newer or older version
    of this program wrote it in another format.
    """
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version = content["format_version"]
        if version == FORMAT_VERSION:
            content["created"] = dt.datetime.fromisoformat(content["created"])
            content["encoder"] = EncoderIdentity(**content["encoder"])
            content["sources"] = {
                path: (file, sidecar) for path, (file, sidecar) in content["sources"].items()
            }
            return Manifest(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptIndex(
            f"{folder / MANIFEST} cannot be read ({error}). Build the index again: kb build"
        ) from error
    raise IncompatibleIndex(
        f"{folder} has index format {version}, not {FORMAT_VERSION}. Build the index again: kb build"
    )


def verify(folder: Path, manifest: Manifest) -> None:
    """Raise `CorruptIndex` unless every file is there with its checksum."""
    for name, expected in manifest.files.items():
        try:
            found = sha256_of(folder / name)
        except OSError as error:
            raise CorruptIndex(
                f"{folder / name} cannot be read ({error}). Build the index again: kb build"
            ) from error
        if found != expected:
            raise CorruptIndex(
                f"{folder / name} is damaged: its checksum differs. Build the index again: kb build"
            )
