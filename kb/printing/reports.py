"""The report of a build, in Dutch for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kb import dutch
from kb.reports import BuildReport, FileReport

# Paths that are named one by one; the report in JSON has all.
_NAMED = 20


def report_text(report: BuildReport) -> str:
    """What a build did, for the person who ran it."""
    documents = dutch.count(report.documents, "document", "documenten")
    passages = dutch.count(report.passages, "passage", "passages")
    reused = dutch.thousands(report.reused)
    return "\n".join([
        f"Klaar: {documents}, {passages} in {report.seconds:.0f} s ({reused} ongewijzigd overgenomen).",
        f"De nieuwe index {report.generation} is in gebruik.",
        *details(report),
    ])  # fmt: skip


def preview_text(report: BuildReport) -> str:
    """What a build would do."""
    lines = ["Proef: er is niets veranderd.", *details(report)]
    if report.changes.remove_too_much:
        lines.append(
            "Zo'n bouwopdracht stopt: er verdwijnt te veel. Moet het toch: kb build --allow-removals"
        )
    return "\n".join(lines)


def refusal_text(report: Mapping[str, Any]) -> str:
    """What a build would have done that was stopped, from its report as JSON."""
    told = details(BuildReport.from_json(report))
    return "\n".join(["De nieuwe index is niet in gebruik genomen; de oude blijft.", *told])


def summary(report: BuildReport) -> list[str]:
    """The report in a few sentences, without the names of files."""
    changes, new = report.changes, _new(report)
    counted = [
        (len(changes.added), "toegevoegd"),
        (len(changes.changed), "gewijzigd"),
        (len(changes.renamed), "hernoemd"),
        (len(changes.removed), "verwijderd"),
    ]
    told = [f"{dutch.thousands(number)} {what}" for number, what in counted if number]
    if told:
        number = next(number for number, _ in counted if number)
        told[0] = f"{dutch.count(number, 'document', 'documenten')} {told[0].partition(' ')[2]}"
    lines = [", ".join(told or ["Geen document veranderd"]) + "."]
    undated = [path for path in report.undated if path in new]
    alike = _alike(report)
    gaps = [(gap.code, None) for file in report.files if file.path in new for gap in file.gaps]
    attention = [
        f"{len(undated)} zonder zekere datum" if undated else "",
        f"{len(alike)} vrijwel gelijk aan een ander document" if alike else "",
        dutch.gaps(gaps),
    ]
    if any(attention):
        lines.append(f"Daarvan: {'; '.join(filter(None, attention))}.")
    if report.left_out:
        lines.append(f"{dutch.count(len(report.left_out), 'bestand', 'bestanden')} niet opgenomen.")
    if report.golden:
        lines.append(_golden(report))
    return lines


def details(report: BuildReport) -> list[str]:
    """The summary, and which files it is about."""
    changes, new = report.changes, _new(report)
    lines = summary(report)
    if changes.before:
        lines += _named("Toegevoegd", changes.added)
    lines += _named("Gewijzigd", changes.changed)
    lines += _named("Hernoemd", [f"{old} → {path}" for old, path in changes.renamed])
    lines += _named("Verwijderd", changes.removed)
    lines += _named("Zonder zekere datum", [path for path in report.undated if path in new])
    lines += _named("Vrijwel gelijk", [f"{path} aan {like}" for path, like in _alike(report).items()])
    noted = [file for file in report.files if file.path in new and file.gaps]
    lines += _named("Gelezen met een opmerking", [f"{file.path}: {_gaps(file)}" for file in noted])
    lines += _named(
        "Niet opgenomen",
        [f"{file.path}: {dutch.reason(file.code or '', file.message or '')}" for file in report.left_out],
        most=len(report.left_out),
    )
    if report.golden:
        lines += _named("Niet meer beantwoord", report.golden.fell, most=len(report.golden.fell))
    return lines


def _new(report: BuildReport) -> set[str]:
    """What the build added, changed or renamed: of the rest, the report of its own build told."""
    changes = report.changes
    return {*changes.added, *changes.changed, *(path for _, path in changes.renamed)}


def _alike(report: BuildReport) -> dict[str, str]:
    """What is new and nearly the same as another document, with that other one.

    The first of a pair by path is not always the one that was there first.
    """
    new, found = _new(report), dict[str, str]()
    for path, like in report.near_duplicates:
        one, other = (path, like) if path in new else (like, path)
        if one in new:
            found.setdefault(one, other)
    return found


def _named(what: str, lines: Sequence[str], *, most: int = _NAMED) -> list[str]:
    if not lines:
        return []
    shown = [f"  {dutch.printable(line)}" for line in lines[:most]]
    rest = len(lines) - len(shown)
    return [f"{what}:", *shown, *([f"  … en nog {dutch.thousands(rest)}"] if rest else [])]


def _gaps(file: FileReport) -> str:
    return dutch.gaps([(gap.code, gap.page) for gap in file.gaps])


def _golden(report: BuildReport) -> str:
    golden = report.golden
    if not golden:
        return ""
    told = (
        f"{len(golden.found)} van de {dutch.count(golden.questions, 'toetsvraag', 'toetsvragen')} beantwoord"
    )
    return told + ("." if golden.before is None else f", eerder {len(golden.before)}.")
