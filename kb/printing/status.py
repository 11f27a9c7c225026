"""What `kb status` prints: the index that is searched, and the generations there are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kb import dutch
from kb.builds import BuildRecord, Builds
from kb.builds import State as BuildState
from kb.errors import IncompatibleIndex, IndexUnavailable
from kb.generations import Generations
from kb.index import Manifest
from kb.index.manifests import read_manifest
from kb.knowledge_base import KnowledgeBase
from kb.printing.reports import summary
from kb.privacy.reports import told_message
from kb.reports import read_report

State = Literal["live", "newer", "older", "damaged", "other-format"]

_STATES: dict[State, str] = {
    "live": "in gebruik",
    "newer": "nieuwer, niet in gebruik",
    "older": "ouder",
    "damaged": "beschadigd",
    "other-format": "van een andere versie van dit programma",
}

_BUILDS: dict[BuildState, str] = {
    "running": "loopt nog",
    "refused": "is niet in gebruik genomen:",
    "failed": "is niet gelukt:",
    "broken-off": "is afgebroken; geef hem opnieuw",
}


@dataclass(frozen=True, slots=True)
class _Generation:
    name: str
    state: State
    size: int
    manifest: Manifest | None


def status_json(knowledge_base: KnowledgeBase) -> dict[str, Any]:
    """What the live index is, for scripts."""
    manifest = knowledge_base.manifest()
    generations = _generations(knowledge_base, manifest)
    return {
        "generation": manifest.generation,
        "created": manifest.created.isoformat(timespec="seconds"),
        "corpus": manifest.corpus,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "model": manifest.encoder.model,
        "revision": manifest.encoder.revision,
        "dimension": manifest.encoder.dimension,
        "tokenVectors": bool(manifest.encoder.token_dimension),
        "approximation": asdict(manifest.approximation) if manifest.approximation else None,
        "fallback": knowledge_base.fallback,
        "generations": [found.name for found in reversed(generations)],
        "generationDetails": [_generation_json(found) for found in generations],
        "lastBuild": _last_build_json(knowledge_base),
        "report": knowledge_base.report(),
    }


def status_text(knowledge_base: KnowledgeBase) -> str:
    """What the live index is, for a person."""
    manifest, report = knowledge_base.manifest(), read_report(knowledge_base.report())
    documents = dutch.count(manifest.documents, "document", "documenten")
    passages = dutch.count(manifest.passages, "passage", "passages")
    left_out = report.left_out if report else ()
    undated = len(report.undated) if report else 0
    lines = [
        f"Index {manifest.generation} van {_moment(manifest)}",
        f"  map met documenten: {dutch.printable(manifest.corpus)}",
        f"  {documents}, {passages}, {dutch.thousands(undated)} zonder zekere datum",
        f"  model: {manifest.encoder.model} ({manifest.encoder.dimension} dimensies)",
        f"  dichtstbijzijnde passages: {_nearest(manifest)}",
        f"  niet opgenomen: {dutch.count(len(left_out), 'bestand', 'bestanden')}",
        *(
            f"    {dutch.printable(file.path)}: {dutch.reason(file.code or '', file.message or '')}"
            for file in left_out
        ),
        *(["Verslag van de bouw:", *(f"  {line}" for line in summary(report))] if report else []),
        *_last_build_text(knowledge_base),
        "Bewaard, nieuwste eerst:",
        *(_generation_text(found) for found in _generations(knowledge_base, manifest)),
    ]
    return "\n".join(lines)


def _nearest(manifest: Manifest) -> str:
    """How they are found."""
    way = manifest.approximation
    if way is None:
        return "alle worden vergeleken"
    return (
        f"{way.nprobe} van {dutch.thousands(way.lists)} lijsten worden bekeken (IVF, SQ8); dat vindt "
        f"{100 * way.recall:.0f} % van de tien dichtste"
    )


def fallback_text(knowledge_base: KnowledgeBase) -> str | None:
    """That an older index is searched, and why; None when it is the live one."""
    reason = knowledge_base.fallback
    if reason is None:
        return None
    manifest = knowledge_base.manifest()
    return (
        "Let op: de nieuwste index kan niet worden gebruikt. "
        f"Er wordt gezocht in die van {_moment(manifest)}.\n"
        f"  Bouw opnieuw (kb build) of maak de oudere blijvend (kb rollback). De fout: {reason}"
    )


def _last_build(knowledge_base: KnowledgeBase) -> BuildRecord | None:
    """The newest build; None when it made the index that is searched, or there is no record of any."""
    newest = next(iter(Builds(knowledge_base.settings.indexes).all()), None)
    if not newest or newest.generation == knowledge_base.manifest().generation:
        return None
    if not newest.error:
        return newest
    told = told_message(newest.error.message, knowledge_base.privacy.get())
    return replace(newest, error=replace(newest.error, message=told))


def _last_build_json(knowledge_base: KnowledgeBase) -> dict[str, Any] | None:
    newest = _last_build(knowledge_base)
    return {name: value for name, value in newest.as_json().items() if name != "report"} if newest else None


def _last_build_text(knowledge_base: KnowledgeBase) -> list[str]:
    newest = _last_build(knowledge_base)
    if newest is None or newest.state not in _BUILDS:
        return []
    started = newest.started.astimezone()
    lines = [f"De bouwopdracht van {dutch.date(started.date())} {started:%H:%M} {_BUILDS[newest.state]}"]
    if newest.state == "running":
        lines.append(
            f"  {newest.files_done} van de {dutch.count(newest.files_total, 'bestand', 'bestanden')}"
        )
    if newest.error:
        lines += [f"  {dutch.printable(line)}" for line in newest.error.message.splitlines()]
    return lines


def size_text(size: int) -> str:
    """A size on disk: "12 MB"."""
    return f"{dutch.thousands(max(1, round(size / 1e6)))} MB"


def _generations(knowledge_base: KnowledgeBase, used: Manifest) -> list[_Generation]:
    """All generations on disk, newest first. Only what is in use has had all of its files verified."""
    folder = knowledge_base.settings.indexes
    unusable = _live_name(folder) if knowledge_base.fallback else None
    found = []
    for name in reversed(knowledge_base.generations()):
        manifest, state = _judged(folder / name, used.generation)
        if name == unusable and state in ("newer", "older"):
            state = "damaged"
        # One that went between the listing and now is not there any more.
        if (folder / name).is_dir():
            found.append(_Generation(name, state, _size(folder / name), manifest))
    return found


def _live_name(folder: Path) -> str | None:
    try:
        return Generations(folder).current().name
    except IndexUnavailable:
        return None


def _judged(folder: Path, used: str) -> tuple[Manifest | None, State]:
    try:
        manifest = read_manifest(folder)
    except IncompatibleIndex:
        return None, "other-format"
    except IndexUnavailable:
        return None, "damaged"
    if folder.name == used:
        return manifest, "live"
    if not all((folder / name).is_file() for name in manifest.files):
        return manifest, "damaged"
    return manifest, "newer" if folder.name > used else "older"


def _size(folder: Path) -> int:
    """The bytes of a generation's files; 0 for what has gone meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def _generation_json(found: _Generation) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "generation": found.name,
        "state": found.state,
        "created": manifest.created.isoformat(timespec="seconds") if manifest else None,
        "documents": manifest.documents if manifest else None,
        "passages": manifest.passages if manifest else None,
        "bytes": found.size,
    }


def _generation_text(found: _Generation) -> str:
    parts = [f"  {found.name}", _STATES[found.state], size_text(found.size)]
    if found.manifest:
        parts += [
            _moment(found.manifest),
            dutch.count(found.manifest.documents, "document", "documenten"),
            dutch.count(found.manifest.passages, "passage", "passages"),
        ]
    return ", ".join(parts)


def _moment(manifest: Manifest) -> str:
    created = manifest.created.astimezone()
    return f"{dutch.date(created.date())} {created:%H:%M}"
