"""What a build tells of itself: what changed, per file what was read, what was left out and why. No I/O."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from kb.changes import Changes
from kb.documents import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One file of the corpus. `code` and `message` say why it was left out."""

    path: str
    status: Literal["read", "left-out"]
    passages: int = 0
    code: str | None = None
    message: str | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenReport:
    """The golden questions that are answered within the first hits.

    `found` holds the ids of those that the new index answers, `before` of those that the live one did;
    None where that is not known. `fell` are the questions themselves that are not answered any more.
    """

    questions: int
    found: tuple[str, ...]
    before: tuple[str, ...] | None = None
    fell: tuple[str, ...] = ()

    @property
    def lost(self) -> float:
        """The share of the questions that the new index answers less than the live one."""
        return 0.0 if self.before is None else (len(self.before) - len(self.found)) / self.questions

    def as_json(self) -> dict[str, Any]:
        """The report for scripts."""
        return {
            "questions": self.questions,
            "found": list(self.found),
            "before": None if self.before is None else list(self.before),
            "fell": list(self.fell),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """A build, done or tried. `reused` counts the passages whose vector was kept from the generation before.

    `undated` holds the paths of documents without a certain date, `near_duplicates` pairs of paths: a
    document, and the first one that has nearly the same words. `withheld` counts the files that the
    suppression list withholds, by its reasons, and `masked` the documents in which it masks names. `open` is
    the report of open documents alone, where there are or were others; a file of which it is not known who
    may see it is not in that.
    """

    generation: str
    created: dt.datetime
    seconds: float
    corpus: str
    documents: int
    passages: int = 0
    reused: int = 0
    undated: tuple[str, ...] = ()
    near_duplicates: tuple[tuple[str, str], ...] = ()
    changes: Changes = field(default_factory=Changes)
    golden: GoldenReport | None = None
    files: tuple[FileReport, ...] = ()
    withheld: Mapping[str, int] = field(default_factory=dict)
    masked: int = 0
    open: BuildReport | None = None

    @property
    def left_out(self) -> tuple[FileReport, ...]:
        """The files that are not in the index."""
        return tuple(file for file in self.files if file.status == "left-out")

    @property
    def gaps(self) -> Counter[str]:
        """How often each kind of gap was met in files that were read."""
        return Counter(gap.code for file in self.files for gap in file.gaps)

    def as_json(self) -> dict[str, Any]:
        """The report for scripts: camelCase, dates with a time zone."""
        changes, golden = self.changes, self.golden
        return {
            "generation": self.generation,
            "created": self.created.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "corpus": self.corpus,
            "documents": self.documents,
            "documentsBefore": changes.before,
            "passages": self.passages,
            "passagesReused": self.reused,
            "added": list(changes.added),
            "changed": list(changes.changed),
            "renamed": [{"from": old, "to": new} for old, new in changes.renamed],
            "removed": list(changes.removed),
            "documentsUndated": len(self.undated),
            "undated": list(self.undated),
            "nearDuplicates": [{"path": path, "like": like} for path, like in self.near_duplicates],
            "filesLeftOut": len(self.left_out),
            "gaps": dict(self.gaps),
            "withheld": dict(self.withheld),
            "documentsMasked": self.masked,
            "golden": golden.as_json() if golden else None,
            "files": [
                {
                    name: value
                    for name, value in dataclasses.asdict(file).items()
                    if value not in (None, (), 0)
                }
                for file in self.files
            ],
            "open": self.open.as_json() if self.open else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The report that `as_json` gave. Raises `KeyError`, `TypeError` or `ValueError` for another."""
        golden, only_open = value["golden"], value.get("open")
        return cls(
            generation=value["generation"],
            created=dt.datetime.fromisoformat(value["created"]),
            seconds=value["seconds"],
            corpus=value["corpus"],
            documents=value["documents"],
            passages=value["passages"],
            reused=value["passagesReused"],
            undated=tuple(value["undated"]),
            near_duplicates=tuple((pair["path"], pair["like"]) for pair in value["nearDuplicates"]),
            changes=Changes(
                added=tuple(value["added"]),
                changed=tuple(value["changed"]),
                renamed=tuple((pair["from"], pair["to"]) for pair in value["renamed"]),
                removed=tuple(value["removed"]),
                before=value["documentsBefore"],
            ),
            golden=_golden(golden) if golden else None,
            files=tuple(
                FileReport(**{**file, "gaps": tuple(Gap(**gap) for gap in file.get("gaps", ()))})
                for file in value["files"]
            ),
            withheld=dict(value.get("withheld", {})),
            masked=value.get("documentsMasked", 0),
            open=cls.from_json(only_open) if only_open else None,
        )


def read_report(value: Mapping[str, Any] | None) -> BuildReport | None:
    """The report that a build kept as JSON; None where there is none, or one of another version."""
    try:
        return BuildReport.from_json(value) if value else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def open_report(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a report as JSON everybody may know."""
    found = report.get("open")
    return found if isinstance(found, Mapping) else report


def _golden(value: Mapping[str, Any]) -> GoldenReport:
    before = value["before"]
    return GoldenReport(
        questions=value["questions"],
        found=tuple(value["found"]),
        before=None if before is None else tuple(before),
        fell=tuple(value["fell"]),
    )
