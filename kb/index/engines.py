"""What ranks the passages of a folder's generations: this process itself, or a server beside the folder."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from kb.index.embedded import EmbeddedIndex


class Engine(Protocol):
    """What `kb.generations` tells an engine, in the order in which it happens.

    All raise `EngineUnavailable` when the engine cannot be reached, but for `drop`.
    """

    def begin(self, generations: Collection[str], live: str | None) -> None:
        """Before anything is changed: be as the folder is, with these generations and this live one."""
        ...

    def fill(self, folder: Path) -> None:
        """Take in a generation that is complete and not yet published."""
        ...

    def ensure(self, folder: Path) -> None:
        """Take in a published generation unless it is there."""
        ...

    def switch(self, folder: Path) -> None:
        """Make a generation that was taken in the live one, in one step."""
        ...

    def open(self, folder: Path) -> EmbeddedIndex:
        """A published generation, verified and held. Raises `IndexUnavailable`."""
        ...

    def drop(self, generation: str) -> None:
        """Forget a generation whose folder is gone."""
        ...

    def check(self) -> None:
        """Return when it would answer a search."""
        ...


class OnDisk:
    """No server: what is searched lies in the generation's folder."""

    def begin(self, generations: Collection[str], live: str | None) -> None:
        """Nothing to bring in line."""

    def fill(self, folder: Path) -> None:
        """It was written there."""

    def ensure(self, folder: Path) -> None:
        """It lies there."""

    def switch(self, folder: Path) -> None:
        """CURRENT alone tells which one is live."""

    def open(self, folder: Path) -> EmbeddedIndex:
        """The generation's files."""
        return EmbeddedIndex.open(folder)

    def drop(self, generation: str) -> None:
        """It went with its folder."""

    def check(self) -> None:
        """It is this process."""
