"""The shapes of what keeps the knowledge base going: builds, generations, status, added files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from api.shapes import Shape
from kb.builds import BuildRecord, State
from kb.changes import Changes as DocumentChanges
from kb.index import Manifest
from kb.printing.reports import summary
from kb.reports import read_report

Moment = dt.datetime


class BuildFailure(Shape):
    """Waarom een bouwopdracht niets heeft gepubliceerd."""

    code: str = Field(description="Vast woord voor de reden.", examples=["corpus-error"])
    message: str = Field(description="Wat er is gebeurd en wat er te doen is, voor de beheerder.")


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
    files_done: int = Field(ge=0)
    files_total: int = Field(ge=0)
    passages: int = Field(ge=0, description="Hoeveel passages er al zijn opgenomen.")
    passages_reused: int = Field(ge=0, description="Hoeveel daarvan ongewijzigd zijn overgenomen.")
    generation: str | None = Field(description="De index die is gemaakt.")
    error: BuildFailure | None

    @classmethod
    def of(cls, record: BuildRecord) -> Self:
        """The shape of a build."""
        return cls(**_progress(record))


class Build(BuildProgress):
    """Een bouwopdracht, met haar verslag."""

    report: dict[str, Any] | None = Field(
        description="Het hele verslag, met de namen van bestanden; zoals `kb build --json` het geeft."
    )
    summary: list[str] = Field(description="Het verslag in enkele zinnen.")

    @classmethod
    def of(cls, record: BuildRecord) -> Self:
        """The shape of a build."""
        report = dict(record.report) if record.report else None
        told = read_report(report)
        return cls(**_progress(record), report=report, summary=summary(told) if told else [])


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
    def of(cls, manifest: Manifest, *, live: bool) -> Self:
        """The shape of a generation."""
        return cls(
            name=manifest.generation,
            created=manifest.created,
            documents=manifest.documents,
            passages=manifest.passages,
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


def _progress(record: BuildRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "state": record.state,
        "phase": record.phase,
        "pid": record.pid,
        "started": record.started,
        "ended": record.ended,
        "files_done": record.files_done,
        "files_total": record.files_total,
        "passages": record.passages,
        "passages_reused": record.reused,
        "generation": record.generation,
        "error": BuildFailure(code=record.error.code, message=record.error.message) if record.error else None,
    }
