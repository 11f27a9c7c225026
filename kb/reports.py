"""What a build tells of itself: per file what was read, what was left out and why. No I/O."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

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
class BuildReport:
    """A finished build. `reused` counts the passages whose vector was kept from the generation before."""

    generation: str
    created: dt.datetime
    seconds: float
    corpus: str
    documents: int
    passages: int
    reused: int
    undated: int
    files: tuple[FileReport, ...]

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
        return {
            "generation": self.generation,
            "created": self.created.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "corpus": self.corpus,
            "documents": self.documents,
            "passages": self.passages,
            "passagesReused": self.reused,
            "documentsUndated": self.undated,
            "filesLeftOut": len(self.left_out),
            "gaps": dict(self.gaps),
            "files": [
                {
                    name: value
                    for name, value in dataclasses.asdict(file).items()
                    if value not in (None, (), 0)
                }
                for file in self.files
            ],
        }
