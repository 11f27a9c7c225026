"""What `kb check`, `kb prune`, `kb rollback`, `kb backup` and `kb restore` print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kb import dutch
from kb.archiving import Backup, Restored
from kb.checking import Check, Soundness
from kb.generations import Pruned
from kb.printing.status import size_text

# Lines of one kind that a person is shown; scripts get them all.
_MOST = 20


def rollback_text(name: str, before: str | None) -> str:
    """What became of a rollback."""
    if name == before:
        return f"De index {name} was al in gebruik; er is niets veranderd."
    return f"De index {name} is weer in gebruik. Ongedaan maken: kb rollback {before or 'NAAM'}"


def pruned_text(pruned: Pruned) -> str:
    """What was removed, and what not."""
    lines = [f"Verwijderd: {name}" for name in pruned.removed]
    lines += [f"Nog geopend door een ander proces, daarom bewaard: {name}" for name in pruned.held]
    if pruned.held:
        lines.append("Stop of herstart dat proces en geef de opdracht opnieuw.")
    return "\n".join(lines) or "Er was niets te verwijderen."


def pruned_json(pruned: Pruned) -> dict[str, Any]:
    """The same for scripts."""
    return {"removed": list(pruned.removed), "held": list(pruned.held)}


def check_text(check: Check) -> str:
    """What a check found, the worst first."""
    lines = []
    for found in (check.live, *check.older):
        lines += _soundness(found)
    if check.is_sound:
        documents = dutch.count(check.documents, "document", "documenten")
        passages = dutch.count(check.passages, "passage", "passages")
        lines.append(f"{documents} en {passages} gecontroleerd.")
        if check.sampled is not None:
            again = dutch.count(check.sampled, "passage", "passages")
            lines.append(f"{again} opnieuw ingebed en vergeleken.")
        lines += _listed("bronbestand is weg", "bronbestanden zijn weg", check.gone)
        lines += _listed(
            "bronbestand is sinds het bouwen gewijzigd",
            "bronbestanden zijn sinds het bouwen gewijzigd",
            check.changed,
        )
        lines += _listed("bestand is nog niet opgenomen", "bestanden zijn nog niet opgenomen", check.added)
        if check.is_stale or check.added:
            lines.append("Bouw opnieuw om dit bij te werken: kb build")
        pairs = [f"{one} = {other}" for one, other in check.near_duplicates]
        lines += _listed(
            "document is vrijwel gelijk aan een ander", "documenten zijn vrijwel gelijk aan een ander", pairs
        )
        lines += _listed(
            "document heeft geen zekere datum", "documenten hebben geen zekere datum", check.undated
        )
    else:
        lines.append("Bouw opnieuw (kb build) of ga terug naar een oudere index (kb rollback).")
    return "\n".join(lines)


def check_json(check: Check) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "sound": check.is_sound,
        "stale": check.is_stale,
        "generations": [
            {"generation": found.generation, "faults": list(found.faults), "otherFormat": found.other_format}
            for found in (check.live, *check.older)
        ],
        "documents": check.documents,
        "passages": check.passages,
        "sampled": check.sampled,
        "gone": list(check.gone),
        "changed": list(check.changed),
        "added": list(check.added),
        "nearDuplicates": [list(pair) for pair in check.near_duplicates],
        "undated": list(check.undated),
    }


def backup_text(backup: Backup) -> str:
    """What is in the archive, and what is not."""
    documents = dutch.count(backup.documents, "document", "documenten")
    sources = dutch.count(backup.sources, "bronbestand", "bronbestanden")
    file, size = dutch.printable(str(backup.file)), size_text(backup.size)
    lines = [
        f"Reservekopie {file} gemaakt en teruggelezen: {documents}, {sources}, {size}.",
        *_listed(
            "bestand staat er niet in, want het is weg of gewijzigd",
            "bestanden staan er niet in, want ze zijn weg of gewijzigd",
            backup.left_out,
        ),
    ]
    if backup.left_out:
        lines.append("Bouw opnieuw (kb build) en maak de reservekopie nog eens.")
    return "\n".join(lines)


def backup_json(backup: Backup) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "file": str(backup.file),
        "generation": backup.generation,
        "documents": backup.documents,
        "sources": backup.sources,
        "bytes": backup.size,
        "leftOut": list(backup.left_out),
    }


def restored_text(restored: Restored) -> str:
    """What was put back."""
    documents = dutch.count(restored.documents, "document", "documenten")
    passages = dutch.count(restored.passages, "passage", "passages")
    placed = dutch.count(len(restored.placed), "bestand", "bestanden")
    corpus = dutch.printable(str(restored.corpus))
    lines = [
        f"De index {restored.generation} is teruggezet en in gebruik: {documents}, {passages}.",
        f"{placed} teruggezet in {corpus}; {dutch.thousands(len(restored.present))} stonden er al.",
        *_listed(
            "bestand is niet teruggezet, want daar staat een ander",
            "bestanden zijn niet teruggezet, want daar staan andere",
            restored.differing,
        ),
    ]
    return "\n".join(lines)


def restored_json(restored: Restored) -> dict[str, Any]:
    """The same for scripts."""
    value = asdict(restored) | {"corpus": str(restored.corpus)}
    return {name: list(found) if isinstance(found, tuple) else found for name, found in value.items()}


def _soundness(found: Soundness) -> list[str]:
    if found.other_format:
        return [
            f"De index {found.generation} is van een andere versie van dit programma: niet gecontroleerd."
        ]
    if not found.faults:
        return [f"De index {found.generation} is in orde."]
    return [f"De index {found.generation} is beschadigd:", *_indented(found.faults)]


def _listed(one: str, many: str, found: Sequence[str]) -> list[str]:
    return [f"{dutch.count(len(found), one, many)}:", *_indented(found)] if found else []


def _indented(found: Sequence[str]) -> list[str]:
    lines = [f"  {dutch.printable(text)}" for text in found[:_MOST]]
    return [*lines, f"  … en nog {dutch.thousands(len(found) - _MOST)}"] if len(found) > _MOST else lines
