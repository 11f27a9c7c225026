"""What the service answers whoever keeps it going: its status, builds, generations, added files.

Named as in its OpenAPI document. Moments have a time zone; sizes are in bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from kb.client.answers import Answer


class BuildFailure(Answer):
    """Why a build published nothing."""

    code: str
    message: str


class BuildProgress(Answer):
    """A build without its report. `state` is running, published, unchanged, refused, failed or broken-off."""

    id: str
    state: str
    phase: str
    pid: int
    started: dt.datetime
    ended: dt.datetime | None
    files_done: int
    files_total: int
    passages: int
    passages_reused: int
    generation: str | None
    error: BuildFailure | None

    @property
    def is_running(self) -> bool:
        """True until it has ended, one way or another."""
        return self.ended is None and self.state == "running"


class Build(BuildProgress):
    """A build with its report, as JSON and in Dutch sentences."""

    report: Mapping[str, Any] | None
    summary: tuple[str, ...]


class BuildsAnswer(Answer):
    """The last builds, newest first."""

    builds: tuple[BuildProgress, ...]


class Generation(Answer):
    """An index that is kept."""

    name: str
    created: dt.datetime
    documents: int
    passages: int
    model: str
    live: bool


class GenerationsAnswer(Answer):
    """The indexes that are kept, newest first."""

    generations: tuple[Generation, ...]


class Gap(Answer):
    """What at least three asked in a month ("2026-11") and no document answers: the words that they share."""

    words: str
    askers: int
    month: str


class GapsAnswer(Answer):
    """Questions without an answer, the last month first; none unless they are `kept`."""

    kept: bool
    shown_from: int
    days: int
    gaps: tuple[Gap, ...]


class Changes(Answer):
    """How many documents the last build changed."""

    added: int
    changed: int
    renamed: int
    removed: int


class Status(Answer):
    """What the index holds that answers, and whether a build is under way."""

    generation: str
    created: dt.datetime
    model: str
    documents: int
    passages: int
    documents_undated: int
    files_left_out: int
    near_duplicates: int
    changes: Changes
    summary: tuple[str, ...]
    building: bool
    outdated: bool


class AddedDocument(Answer):
    """A file that was added to the corpus; it is found after the next build."""

    document_id: str
    path: str
    size: int
    sha256: str
    format: str
    note: str
