"""The shapes of what keeps the knowledge base going: builds, generations, status, added files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.shapes import Shape
from kb.builds import BuildError, BuildRecord, State
from kb.changes import Changes as DocumentChanges
from kb.index import Manifest
from kb.printing.reports import summary
from kb.privacy import PrivacyList
from kb.privacy.reports import told_report
from kb.reports import open_report, read_report

Moment = dt.datetime


_FAILED = "The build failed; the live index is as it was. The log of the build on the server has the reason."
_FAILURES = {
    "corpus-error": "The folder with the documents is not there or holds nothing to read. See KB_CORPUS.",
    "encoder-unavailable": "The model cannot be loaded. See KB_MODEL, and the log of the build.",
    "index-not-written": "The folder of the index cannot be written. Free space on the server's disk.",
    "killed": "The process of the build was ended from outside; the live index is as it was.",
    "no-result": "The build ended without a result; the live index is as it was.",
    "quality-lost": "The new index answers fewer of the golden questions. See report.golden.",
    "stopped": "The build was stopped; the live index is as it was.",
    "too-many-removals": "Too many documents would be removed; see report.removed. Is a folder missing? If "
    "they must go: allowRemovals.",
}
_COUNT = " Null als dit stukken alleen voor leden kan meetellen en de sleutel het bereik members niet heeft."


class BuildFailure(Shape):
    """Waarom een bouwopdracht niets heeft gepubliceerd."""

    code: str = Field(description="Vast woord voor de reden.", examples=["corpus-error"])
    message: str = Field(description="Wat er is gebeurd en wat er te doen is, voor de beheerder.")

    @classmethod
    def of(cls, error: BuildError | None) -> Self | None:
        """The shape of an error, without its own message, which names folders of the server and documents."""
        return cls(code=error.code, message=_FAILURES.get(error.code, _FAILED)) if error else None


class BuildProgress(Shape):
    """Een bouwopdracht, zonder haar verslag."""

    id: str = Field(examples=["20261124T185454123456Z-0123456789ab"])
    state: State = Field(
        description="`running` loopt; `published` heeft een nieuwe index gemaakt; `unchanged` had niets te "
        "doen; `refused` is tegengehouden; `failed` is mislukt; `broken-off` is halverwege beëindigd.",
        examples=["running"],
    )
    phase: str = Field(description="Waar de bouwopdracht aan toe is.", examples=["starting"])
    pid: int = Field(description="Het proces op de server.")
    started: Moment
    ended: Moment | None
    files_done: int | None = Field(description="Hoeveel bestanden er al zijn gelezen." + _COUNT)
    files_total: int | None = Field(description="Hoeveel bestanden er zijn." + _COUNT)
    passages: int | None = Field(description="Hoeveel passages er al zijn opgenomen." + _COUNT)
    passages_reused: int | None = Field(description="Hoeveel daarvan ongewijzigd zijn overgenomen." + _COUNT)
    generation: str | None = Field(description="De index die is gemaakt.")
    error: BuildFailure | None

    @classmethod
    def of(cls, record: BuildRecord, *, members: bool) -> Self:
        """The shape of a build; without `members`, of what everybody may know of it."""
        return cls(**_progress(record, members=members))


class Build(BuildProgress):
    """Een bouwopdracht, met haar verslag."""

    report: dict[str, Any] | None = Field(
        description="Het hele verslag, met de namen van bestanden; zoals `kb build --json` het geeft."
    )
    summary: list[str] = Field(description="Het verslag in enkele zinnen.")

    @classmethod
    def with_report(cls, record: BuildRecord, privacy: PrivacyList, *, members: bool) -> Self:
        """The shape of a build; without `members`, of what everybody may know of it."""
        report = shown_report(record.report, privacy, members=members) if record.report else None
        told = read_report(report)
        return cls(**_progress(record, members=members), report=report, summary=summary(told) if told else [])


class BuildsAnswer(Shape):
    """De laatste bouwopdrachten, de nieuwste eerst."""

    builds: list[BuildProgress]


class Generation(Shape):
    """Een index die op de server wordt bewaard."""

    name: str = Field(examples=["20261124T185454123Z"])
    created: Moment
    documents: int = Field(ge=0)
    passages: int = Field(ge=0)
    model: str = Field(examples=["multilingual-e5-small"])
    live: bool = Field(description="Of deze index in gebruik is.")

    @classmethod
    def of(cls, manifest: Manifest, *, live: bool, members: bool) -> Self:
        """The shape of a generation; without `members`, of its open documents."""
        documents, passages = manifest.documents, manifest.passages
        if not members and manifest.open_documents is not None:
            documents, passages = manifest.open_documents, manifest.open_passages or 0
        return cls(
            name=manifest.generation,
            created=manifest.created,
            documents=documents,
            passages=passages,
            model=manifest.encoder.model,
            live=live,
        )


class GenerationsAnswer(Shape):
    """De indexen die worden bewaard, de nieuwste eerst."""

    generations: list[Generation]


class Changes(Shape):
    """Hoeveel documenten er bij de laatste bouwopdracht zijn veranderd."""

    added: int = Field(ge=0)
    changed: int = Field(ge=0)
    renamed: int = Field(ge=0)
    removed: int = Field(ge=0)


class Status(Shape):
    """Wat de index bevat die in gebruik is."""

    generation: str = Field(examples=["20261124T185454123Z"])
    created: Moment
    model: str = Field(examples=["multilingual-e5-small"])
    documents: int = Field(ge=0)
    passages: int = Field(ge=0)
    documents_undated: int = Field(ge=0, description="Hoeveel documenten geen zekere datum hebben.")
    files_left_out: int = Field(ge=0, description="Hoeveel bestanden niet zijn opgenomen.")
    near_duplicates: int = Field(ge=0, description="Hoeveel documenten vrijwel gelijk zijn aan een ander.")
    changes: Changes
    summary: list[str] = Field(
        description="Het verslag van de bouwopdracht in enkele zinnen, zonder namen van bestanden.",
        examples=[["3 documenten toegevoegd, 1 gewijzigd."]],
    )
    building: bool = Field(description="Of er een bouwopdracht loopt.")
    outdated: bool = Field(
        description="Of er uit een oudere index wordt geantwoord, omdat de nieuwste niet te openen is."
    )

    @classmethod
    def of(cls, manifest: Manifest, report: Mapping[str, Any], *, building: bool, outdated: bool) -> Self:
        """The shape of an index and the report of its build."""
        told = read_report(report)
        changes = told.changes if told else DocumentChanges()
        return cls(
            generation=manifest.generation,
            created=manifest.created,
            model=manifest.encoder.model,
            documents=manifest.documents,
            passages=manifest.passages,
            documents_undated=len(told.undated) if told else 0,
            files_left_out=len(told.left_out) if told else 0,
            near_duplicates=len(told.near_duplicates) if told else 0,
            changes=Changes(
                added=len(changes.added),
                changed=len(changes.changed),
                renamed=len(changes.renamed),
                removed=len(changes.removed),
            ),
            summary=summary(told) if told else [],
            building=building,
            outdated=outdated,
        )


class AddedDocument(Shape):
    """Een bestand dat aan de verzameling is toegevoegd."""

    document_id: str = Field(description="Het id dat het document krijgt.", examples=["4be1a0c3d92f7765"])
    path: str = Field(
        description="Het pad binnen de verzameling; de naam kan zijn opgeschoond.",
        examples=["2024-11-07-avond/verslag.pdf"],
    )
    size: int = Field(ge=1, description="In bytes.")
    sha256: str
    format: str = Field(description="Wat voor bestand het is, naar zijn inhoud.", examples=["pdf"])
    note: str = Field(description="Wat er nu nog gebeurt.")


def shown_report(report: Mapping[str, Any], privacy: PrivacyList, *, members: bool) -> dict[str, Any]:
    """The report of a build as the API gives it; without `members`, its part that everybody may know."""
    shown = told_report(report if members else open_report(report), privacy)
    return {name: value for name, value in shown.items() if name != "open"}


def _progress(record: BuildRecord, *, members: bool) -> dict[str, Any]:
    counts: tuple[int | None, ...] = (
        record.files_done, record.files_total, record.passages, record.reused,
    )  # fmt: skip
    if not members:
        told = read_report(open_report(record.report)) if record.report else None
        files = len(told.files) if told else None
        counts = (files, files, told.passages if told else None, told.reused if told else None)
    files_done, files_total, passages, reused = counts
    return {
        "id": record.id,
        "state": record.state,
        "phase": record.phase,
        "pid": record.pid,
        "started": record.started,
        "ended": record.ended,
        "files_done": files_done,
        "files_total": files_total,
        "passages": passages,
        "passages_reused": reused,
        "generation": record.generation,
        "error": BuildFailure.of(record.error),
    }
