"""What came into the knowledge base last, as the builds of the generations on disk tell it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.index import DocumentRecord
from kb.reports import BuildReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What one build brought: documents that are new in it, and documents of which the file or what is told
    of it had changed. The newest by their own date stand first, the undated last."""

    at: dt.datetime
    added: tuple[DocumentRecord, ...] = ()
    changed: tuple[DocumentRecord, ...] = ()


def arrivals(records: Sequence[DocumentRecord], reports: Iterable[BuildReport]) -> list[Arrival]:
    """What each build brought of `records`, from their reports, the newest build first.

    A document is told of once, with the last build that did something to it. A file that only got another
    name did not come in: it is told of with the build that brought it under its old one.
    """
    # By the path that a document has in the build that is being read, going back.
    left = {record.source: record for record in records}
    found = []
    for report in reports:
        changes = report.changes
        added = _taken(left, changes.added)
        changed = _taken(left, changes.changed)
        renamed = {old: left.pop(new) for old, new in changes.renamed if new in left}
        left.update(renamed)
        if added or changed:
            found.append(Arrival(at=report.created, added=added, changed=changed))
    return found


def _taken(left: dict[str, DocumentRecord], paths: Iterable[str]) -> tuple[DocumentRecord, ...]:
    taken = [left.pop(path) for path in paths if path in left]
    return tuple(sorted(taken, key=lambda record: (_age(record), record.title.casefold(), record.id)))


def _age(record: DocumentRecord) -> int:
    return -record.date.toordinal() if record.date else 0
