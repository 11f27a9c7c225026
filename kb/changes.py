"""What a build changes: which documents come, go, change or get another name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

# A build that takes away more than this share of the documents is stopped: likely a folder is missing.
MOST_REMOVED = 0.2

# The hashes of a document's file and of its sidecars, by its path in the corpus.
Hashes = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Documents by their paths, each list in order. `renamed` holds the old path and the new one.

    `before` is how many there were.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    before: int = 0

    @classmethod
    def between(cls, before: Hashes, after: Hashes) -> Self:
        """What became of the documents of `before`. A file that has the bytes of one that is gone was
        renamed."""
        gone: dict[str, list[str]] = defaultdict(list)
        for path in sorted(before.keys() - after.keys(), reverse=True):
            gone[before[path][0]].append(path)
        added, renamed = [], []
        for path in sorted(after.keys() - before.keys()):
            if old := gone[after[path][0]]:
                renamed.append((old.pop(), path))
            else:
                added.append(path)
        kept = sorted(before.keys() & after.keys())
        return cls(
            added=tuple(added),
            changed=tuple(path for path in kept if before[path] != after[path]),
            renamed=tuple(renamed),
            removed=tuple(sorted(path for paths in gone.values() for path in paths)),
            before=len(before),
        )

    @property
    def remove_too_much(self) -> bool:
        """True when more than `MOST_REMOVED` of the documents would be gone."""
        return len(self.removed) > MOST_REMOVED * self.before
