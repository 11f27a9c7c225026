"""The live generation and what it was made of into one archive."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kb.archiving.archive import (
    ARCHIVE_VERSION,
    CORPUS,
    INDEX,
    Archive,
    Changed,
    Contents,
    Entry,
    write_archive,
)
from kb.corpus import EVENT_SIDECARS, GOLDEN, SIDECAR_SUFFIXES, source_file
from kb.errors import ArchiveNotWritten, CorruptIndex
from kb.files import sha256_of, sync
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import CHECKSUM, MANIFEST
from kb.settings import PRIVACY_LIST, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """An archive that was made. `size` is in bytes; `left_out` are sources that are gone or changed."""

    file: Path
    generation: str
    documents: int
    size: int
    sources: int
    left_out: tuple[str, ...]


def back_up(
    settings: Settings,
    file: Path,
    *,
    index_only: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Backup:
    """Write the live generation and, unless `index_only`, its sources to `file`, and read it back.

    A source that is not what the generation was made of is left out. Raises `IndexUnavailable`, or
    `ArchiveNotWritten`; an archive that was there stays until the new one is whole.
    """
    if file.exists() and not force:
        raise ArchiveNotWritten(f"{file} exists already. Choose another name, or write over it with --force")
    # Held: whatever is built or pruned meanwhile, its files stay.
    index = Generations(settings.indexes).open_live()
    try:
        tell("Bestanden van de index en bronbestanden lezen")
        files = _Files(index)
        if not index_only:
            files.add_sources()
        size = _write(file, files, force=force, tell=tell)
    finally:
        index.close()
    return Backup(
        file=file,
        generation=index.manifest.generation,
        documents=index.manifest.documents,
        size=size,
        sources=files.sources,
        left_out=tuple(sorted(files.left_out)),
    )


class _Files:
    """What goes into the archive: each file's entry and where it lies."""

    def __init__(self, index: EmbeddedIndex) -> None:
        self._manifest = index.manifest
        self._root = Path(index.manifest.corpus)
        self._entries: dict[str, Entry] = {}
        self.paths: dict[str, Path] = {}
        self.left_out: set[str] = set()
        for name in (MANIFEST, CHECKSUM, *index.manifest.files):
            self._add(INDEX + name, index.folder / name)

    @property
    def sources(self) -> int:
        return sum(CORPUS + path in self._entries for path in self._manifest.sources)

    def contents(self) -> Contents:
        return Contents(
            format=ARCHIVE_VERSION,
            created=dt.datetime.now(dt.UTC),
            generation=self._manifest.generation,
            files=tuple(self._entries.values()),
        )

    def add_sources(self) -> None:
        """The sources that are still what the generation was made of, with what is beside them."""
        beside = {GOLDEN, PRIVACY_LIST}
        for path, (expected, _) in self._manifest.sources.items():
            if not self._add_source(path, expected):
                self.left_out.add(path)
            folders = path.split("/")[:-1]
            above = (folders[:depth] for depth in range(len(folders) + 1))
            beside |= {"/".join([*folder, name]) for folder in above for name in EVENT_SIDECARS}
            beside |= {path + suffix for suffix in SIDECAR_SUFFIXES}
        for path in sorted(beside):
            if (self._root / path).exists() or source_file(self._root, path).exists():
                self._add_source(path, None)

    def leave(self, name: str) -> None:
        """Leave out a file that changed while the archive was written."""
        if not name.startswith(CORPUS):
            raise CorruptIndex(f"{self.paths[name]} is damaged. See: kb check")
        del self._entries[name], self.paths[name]
        self.left_out.add(name.removeprefix(CORPUS))

    def _add_source(self, path: str, expected: str | None) -> bool:
        if any(part.startswith(".") or not part for part in path.split("/")):
            return False
        try:
            file = source_file(self._root, path)
            if not file.is_file() or not file.resolve().is_relative_to(self._root.resolve()):
                return False
            return self._add(CORPUS + path, file, expected)
        except (OSError, RuntimeError):  # RuntimeError: a link that leads to itself, before Python 3.13
            return False

    def _add(self, name: str, file: Path, expected: str | None = None) -> bool:
        found = sha256_of(file)
        if expected not in (None, found):
            return False
        self._entries[name] = Entry(name=name, size=file.stat().st_size, sha256=found)
        self.paths[name] = file
        return True


def _write(file: Path, files: _Files, *, force: bool, tell: Callable[[str], None]) -> int:
    """Write, read back, and only then give the archive its name. Its size in bytes."""
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{file.name}.", suffix=".part", dir=file.absolute().parent
        )
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w+b") as stream:
                tell("Archief schrijven")
                while True:
                    try:
                        write_archive(stream, files.contents(), files.paths)
                        break
                    except Changed as changed:
                        files.leave(changed.name)
                        stream.seek(0)
                        stream.truncate()
                stream.flush()
                os.fsync(stream.fileno())
                tell("Archief controleren")
                Archive(stream).extract()
                size = stream.seek(0, os.SEEK_END)
            _give_name(temporary, file, force=force)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ArchiveNotWritten(
            f"{file} cannot be written ({error}). Free space on its disk, or choose another folder"
        ) from error
    return size


def _give_name(temporary: Path, file: Path, *, force: bool) -> None:
    if force:
        temporary.replace(file)
    else:
        try:
            file.hardlink_to(temporary)
        except FileExistsError:
            raise
        except OSError:
            # A disk without hard links, such as a USB stick.
            if file.exists():
                raise
            temporary.replace(file)
    sync(file.absolute().parent)
