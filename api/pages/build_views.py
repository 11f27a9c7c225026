"""Builds as an administrator reads them: how far they are, how they ended and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from api.administration import shows_all
from api.pages.words import Words, message
from api.records import BuildProgress, shown_report
from kb import dutch
from kb.builds import BuildRecord
from kb.privacy import PrivacyList
from kb.reports import BuildReport, read_report
from kb.settings import Settings

# Paths that are named of each list of a report.
_NAMED = 100
# Seconds from which minutes say enough.
_MINUTES_FROM = 180

_PHASES = {
    "starting": message("Het taalmodel wordt geladen"),
    "reading": message("Documenten worden gelezen"),
    "writing": message("De index wordt weggeschreven"),
    "judging": message("Toetsvragen worden gesteld"),
    "publishing": message("De nieuwe index wordt in gebruik genomen"),
}
_STATES = {
    "running": message("De index wordt gebouwd"),
    "published": message("Klaar: de nieuwe index is in gebruik"),
    "unchanged": message("Klaar: er was niets te doen"),
    "refused": message("Tegengehouden: de oude index blijft in gebruik"),
    "failed": message("Mislukt: de oude index blijft in gebruik"),
    "broken-off": message("Afgebroken: de oude index blijft in gebruik"),
}
TOO_MANY_REMOVALS = "too-many-removals"
_ERRORS = {
    "corpus-error": message("De map met documenten is er niet, of er staat niets in dat kan worden gelezen."),
    "encoder-unavailable": message(
        "Het taalmodel kan niet worden geladen. De reden staat in het logboek van de server."
    ),
    "index-not-written": message(
        "De index kan niet worden weggeschreven. Maak ruimte op de schijf van de server."
    ),
    "not-started": message("De server kon de bouw niet beginnen. Probeer het later opnieuw."),
    "quality-lost": message(
        "De nieuwe index beantwoordt minder toetsvragen dan de oude. Het verslag noemt ze."
    ),
    "stopped": message("De bouw is gestopt, bijvoorbeeld omdat de dienst werd herstart. Begin hem opnieuw."),
    TOO_MANY_REMOVALS: message(
        "Er zouden veel documenten verdwijnen. Ontbreekt er misschien een map? Kijk hieronder welke het zijn."
    ),
}
_ERROR = message("De reden staat in het logboek van de bouw op de server.")


def duration(seconds: float, words: Words) -> str:
    """How long something took, in seconds, or in minutes where they say enough."""
    if seconds >= _MINUTES_FROM:
        return words.count(round(seconds / 60), "minuut", "minuten")
    return words.count(round(seconds), "seconde", "seconden")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """Paths that a report names, at most `_NAMED`, and how many more there are."""

    heading: str
    lines: Sequence[str]
    more: int

    @classmethod
    def of(cls, heading: str, lines: Sequence[str]) -> Self:
        """The first of these lines, without what a browser or terminal would obey."""
        shown = [dutch.printable(line) for line in lines[:_NAMED]]
        return cls(heading=heading, lines=shown, more=len(lines) - len(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """The report of a build: `report` itself, and the lists that it holds and that are not empty."""

    report: BuildReport
    took: str
    lists: Sequence[ListView]

    @classmethod
    def of(cls, report: BuildReport, words: Words) -> Self:
        """A report as the page shows it. Of a first build it is not told what was added: that is all."""
        changes = report.changes
        named = [
            (message("Toegevoegd"), changes.added if changes.before else ()),
            (message("Gewijzigd"), changes.changed),
            (message("Hernoemd"), [f"{old} → {new}" for old, new in changes.renamed]),
            (message("Verwijderd"), changes.removed),
            (
                message("Toetsvragen die niet meer worden beantwoord"),
                report.golden.fell if report.golden else (),
            ),
        ]
        lists = [ListView.of(words.gettext(heading), list(lines)) for heading, lines in named if lines]
        return cls(report=report, took=duration(report.seconds, words), lists=lists)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildView:
    """A build as the page tells it. Counts are None where they could tell of documents for members."""

    progress: BuildProgress
    state: str
    phase: str
    took: str
    error: str
    report: ReportView | None

    @classmethod
    def of(
        cls,
        record: BuildRecord,
        settings: Settings,
        words: Words,
        privacy: PrivacyList,
        *,
        members: bool,
    ) -> Self:
        """A build; without `members`, what everybody may know of it."""
        members = shows_all(members, record, settings)
        told = read_report(shown_report(record.report, privacy, members=members)) if record.report else None
        return cls(
            progress=BuildProgress.of(record, members=members),
            state=words.gettext(_STATES[record.state]),
            phase=words.gettext(_PHASES.get(record.phase, _PHASES["starting"])),
            took=duration((record.ended - record.started).total_seconds(), words) if record.ended else "",
            error=words.gettext(_ERRORS.get(record.error.code, _ERROR)) if record.error else "",
            report=ReportView.of(told, words) if told else None,
        )

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.progress.state == "running"

    @property
    def may_be_forced(self) -> bool:
        """Whether it was stopped for what an administrator may have wanted."""
        error = self.progress.error
        return error is not None and error.code == TOO_MANY_REMOVALS
