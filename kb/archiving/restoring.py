"""An archive back to a live generation and its sources. Whatever it says, nothing outside them is touched."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kb.archiving.archive import CORPUS, INDEX, Archive
from kb.corpus import source_file
from kb.errors import ArchiveError, CorpusError, CorruptArchive, CorruptIndex
from kb.files import sha256_of, sync
from kb.generations import Generations
from kb.index import Manifest
from kb.index.embedded import REPORT, EmbeddedIndex
from kb.index.manifests import read_manifest, verify, write_manifest
from kb.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back: `placed` files, `present` ones that were there already, and `differing` ones.

    A file that differs from the archive's, or cannot be put in its place, is left as it is.
    """

    generation: str
    documents: int
    passages: int
    corpus: Path
    placed: tuple[str, ...]
    present: tuple[str, ...]
    differing: tuple[str, ...]


def restore(settings: Settings, file: Path, *, tell: Callable[[str], None] = lambda _: None) -> Restored:
    """Publish the index of an archive as a new generation, and put its sources where no file is.

    Everything is verified before anything is published. Raises `ArchiveError`, `BuildInProgress`,
    `CorpusError` when sources cannot be written, `IncompatibleIndex` for an index of another format, or
    `IndexNotWritten`; nothing has changed then but that sources may have come.
    """
    try:
        # A pipe or a device has no end that can be looked at first.
        if file.exists() and not file.is_file():
            raise ArchiveError("It is no file. Put the archive in one first")
        with file.open("rb") as stream:
            tell("Archief controleren")
            archive = Archive(stream)
            archive.extract()
            return _restore(settings, archive, tell)
    except ArchiveError as error:
        raise type(error)(f"{file}: {error}. Nothing was put back") from error
    except CorruptIndex as error:
        raise CorruptArchive(f"{file} holds an index that cannot be used ({error})") from error
    except OSError as error:
        raise ArchiveError(f"{file} cannot be read ({error})") from error


def _restore(settings: Settings, archive: Archive, tell: Callable[[str], None]) -> Restored:
    generations = Generations.of(settings)
    with generations.building() as stage, _waiting(settings.corpus, archive) as waiting:
        tell("Index en bronbestanden uitpakken")
        with generations.writing():
            archive.extract(lambda name: _below(stage, name, INDEX))
        manifest = read_manifest(stage, generation=archive.contents.generation)
        verify(stage, manifest)
        with generations.writing():
            manifest = _renamed(stage, manifest, generations.name_of(stage), settings.corpus)
        EmbeddedIndex.open(stage).close()
        if waiting:
            with _writing(settings.corpus):
                archive.extract(lambda name: _below(waiting, name, CORPUS))
        tell("Bronbestanden terugzetten")
        found: dict[str, list[str]] = {"placed": [], "present": [], "differing": []}
        for entry in archive.contents.files:
            if waiting and entry.name.startswith(CORPUS):
                path = entry.name.removeprefix(CORPUS)
                found[_place(waiting / path, settings.corpus, path, entry.sha256)].append(path)
        with generations.writing():
            generations.publish(stage, keep=settings.keep_generations)
    return Restored(
        generation=manifest.generation,
        documents=manifest.documents,
        passages=manifest.passages,
        corpus=settings.corpus.absolute(),
        placed=tuple(found["placed"]),
        present=tuple(found["present"]),
        differing=tuple(found["differing"]),
    )


def _below(folder: Path, name: str, part: str) -> Path | None:
    """Where a file of this part of the archive goes; None for the others."""
    return folder / name.removeprefix(part) if name.startswith(part) else None


@contextmanager
def _waiting(corpus: Path, archive: Archive) -> Iterator[Path | None]:
    """A hidden folder in the corpus, for sources that have no place yet; None for an archive without."""
    if not any(entry.name.startswith(CORPUS) for entry in archive.contents.files):
        yield None
        return
    with _writing(corpus):
        corpus.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=corpus))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing(corpus: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"The sources cannot be put back in {corpus} ({error}). Give this user the right to write there, "
            "free space on its disk, or set KB_CORPUS to another folder"
        ) from error


def _renamed(stage: Path, manifest: Manifest, name: str, corpus: Path) -> Manifest:
    """The stage as a generation of its new name, of the corpus that is used here."""
    manifest = dataclasses.replace(manifest, generation=name, corpus=str(corpus.resolve()))
    file = stage / REPORT
    if REPORT in manifest.files:
        try:
            report = json.loads(file.read_bytes())
        except (ValueError, RecursionError) as error:
            raise CorruptArchive(f"Its {REPORT} cannot be used ({error})") from error
        if isinstance(report, dict):
            report |= {"generation": name, "corpus": manifest.corpus}
            file.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    write_manifest(stage, manifest)
    return manifest


def _place(waiting: Path, corpus: Path, path: str, sha256: str) -> str:
    """Put a source in its place unless a file is there: "placed", "present" or "differing"."""
    try:
        # Links that lie in the corpus must not lead a file out of it.
        target = source_file(corpus, path)
        if not Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(corpus)):
            return "differing"
        if os.path.lexists(target):
            return "present" if target.is_file() and sha256_of(target) == sha256 else "differing"
    except OSError:
        return "differing"
    with _writing(corpus):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Both refuse to write over what came in between.
            try:
                target.hardlink_to(waiting)
            except FileExistsError:
                raise
            except OSError:
                # A disk without hard links.
                with waiting.open("rb") as source, target.open("xb") as out:
                    shutil.copyfileobj(source, out)
        except (FileExistsError, NotADirectoryError):
            return "differing"
        for made in (target, target.parent):
            sync(made)
    return "placed"
