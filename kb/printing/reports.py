"""The report of a build, in Dutch for a person."""

from __future__ import annotations

from kb import dutch
from kb.reports import BuildReport


def report_text(report: BuildReport) -> str:
    """The report of a build for the person who ran it."""
    documents = dutch.count(report.documents, "document", "documenten")
    passages = dutch.count(report.passages, "passage", "passages")
    reused = dutch.thousands(report.reused)
    lines = [
        f"Klaar: {documents}, {passages} in {report.seconds:.0f} s ({reused} ongewijzigd overgenomen).",
        f"De nieuwe index {report.generation} is in gebruik.",
    ]
    if report.undated:
        lines.append(f"{dutch.count(report.undated, 'document', 'documenten')} zonder zekere datum.")
    noted = [file for file in report.files if file.gaps]
    if noted:
        lines.append(f"{dutch.count(len(noted), 'bestand', 'bestanden')} gelezen met een opmerking:")
        lines += [
            f"  {dutch.printable(file.path)}: {dutch.gaps([(gap.code, gap.page) for gap in file.gaps])}"
            for file in noted
        ]
    if report.left_out:
        lines.append(f"{dutch.count(len(report.left_out), 'bestand', 'bestanden')} niet opgenomen:")
        lines += [
            f"  {dutch.printable(file.path)}: {dutch.reason(file.code or '', file.message or '')}"
            for file in report.left_out
        ]
    return "\n".join(lines)
