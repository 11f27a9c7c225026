"""Milvus as the engine of a folder's generations: a collection each, and an alias on the live one.

    <alias>                                      leads to the collection of the live generation
    <alias>_<generation>_<owner>_<manifest>      never changed once it is published

`owner` is a random number in the folder's file MILVUS, so that two folders that share a server never
remove each other's collections nor take each other's alias. `manifest` is the beginning of the SHA-256 of
the generation's manifest, which names model, analysis, and the checksums of all files and sources.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Collection
from pathlib import Path

from kb.errors import EngineUnavailable, IncompatibleIndex, IndexNotWritten, SettingsError
from kb.files import sync
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import PUBLISHED, read_manifest
from kb.milvus.address import Address
from kb.milvus.collections import check, fill, name_of
from kb.milvus.connection import BUILD_SECONDS, SEARCH_SECONDS, Connection, is_answer
from kb.milvus.searching import MilvusIndex
from kb.settings import Settings

__all__ = ["Address", "MilvusEngine", "MilvusIndex"]

MARK = "MILVUS"
_OWNER = re.compile(r"[0-9a-f]{8}")


class MilvusEngine:
    """What keeps the collections of the generations in `folder` in step with it."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self._folder = folder
        self._connection = connection

    @classmethod
    def of(cls, settings: Settings) -> MilvusEngine:
        """The engine that the settings ask for. Raises `SettingsError`; nothing is connected yet."""
        address = Address.parse(settings.index)
        return cls(settings.indexes, Connection(address, settings.index_key_file))

    def begin(self, generations: Collection[str], live: str | None) -> None:
        """Before anything is changed: see that the server is there and the alias ours, and tidy up.

        The alias is put back on `live`; collections of generations that are not among `generations`, left by
        a process that was ended, are dropped. Raises `EngineUnavailable` or `SettingsError`.
        """
        owner = self._owner() or self._claim()
        alias, to = self._connection.address.alias, self._connection.alias()
        if to and not self._is_ours(to, owner):
            raise SettingsError(
                f"Alias {alias} of Milvus at {self._connection.address} leads to {to}, which is not of an "
                f"index in {self._folder.absolute()}. Choose another: KB_INDEX=milvus://…?alias=NAME"
            )
        mine = {name: _generation(name, alias) for name in self._connection.collections()}
        mine = {name: made for name, made in mine.items() if made and self._is_ours(name, owner)}
        wanted = next((name for name, made in mine.items() if made == live), None)
        if to and wanted and to != wanted:
            self._connection.call("alter_alias", wanted, alias)
            to = wanted
        for name, made in mine.items():
            if made not in generations and name != to:
                self._connection.call("drop_collection", name)

    def fill(self, folder: Path) -> None:
        """Make the collection of a generation whose manifest is written. Raises `EngineUnavailable`."""
        manifest = read_manifest(folder)
        with contextlib.closing(EmbeddedIndex(folder, manifest)) as index:
            fill(self._connection, self._name(folder), index)

    def ensure(self, folder: Path) -> None:
        """Make the collection of a generation unless it is there, whole. Raises `IndexUnavailable`."""
        name = self._name(folder)
        with contextlib.closing(EmbeddedIndex.open(folder)) as index:
            try:
                check(self._connection, name, index, seconds=BUILD_SECONDS)
            except (IncompatibleIndex, EngineUnavailable) as error:
                # Not there, or left half filled, perhaps without its graph, by a process that was ended. A
                # server that is slow is another matter, and what the alias leads to was whole.
                is_half = isinstance(error, IncompatibleIndex) or is_answer(error)
                if not is_half or name == self._connection.alias():
                    raise
                fill(self._connection, name, index)

    def switch(self, folder: Path) -> None:
        """Lead the alias to the collection of a generation, in one step. Raises `EngineUnavailable`."""
        alias, name = self._connection.address.alias, self._name(folder)
        self._connection.call("alter_alias" if self._connection.alias() else "create_alias", name, alias)

    def open(self, folder: Path) -> MilvusIndex:
        """A generation, verified, held and loaded. Raises `IndexUnavailable`."""
        return MilvusIndex.over(folder, self._connection, owner=self._owner())

    def drop(self, generation: str) -> None:
        """Remove the collection of a generation that is gone; the next build does when this one cannot."""
        owner, alias = self._owner(), self._connection.address.alias
        with contextlib.suppress(EngineUnavailable):
            to = self._connection.alias()
            for name in self._connection.collections():
                if _generation(name, alias) == generation and self._is_ours(name, owner) and name != to:
                    self._connection.call("drop_collection", name, seconds=BUILD_SECONDS)

    def check(self) -> None:
        """Return when the server answers. Raises `EngineUnavailable`."""
        self._connection.call("list_collections", seconds=SEARCH_SECONDS)

    def _name(self, folder: Path) -> str:
        alias = self._connection.address.alias
        return name_of(folder, read_manifest(folder), alias=alias, owner=self._owner())

    def _is_ours(self, name: str, owner: str) -> bool:
        return bool(owner) and f"_{owner}_" in name

    def _owner(self) -> str:
        """The folder's own number; "" before the first build with Milvus."""
        try:
            found = (self._folder / MARK).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return found if _OWNER.fullmatch(found) else ""

    def _claim(self) -> str:
        owner = secrets.token_hex(4)
        try:
            (self._folder / MARK).write_text(owner + "\n", encoding="utf-8")
            sync(self._folder / MARK)
        except OSError as error:
            raise IndexNotWritten(f"{self._folder / MARK} cannot be written ({error})") from error
        return owner


def _generation(name: str, alias: str) -> str | None:
    """The generation whose collection is called `name`; None for one of another alias."""
    # Of another alias too, which may begin as this one does.
    found = re.fullmatch(rf"{re.escape(alias)}_({PUBLISHED.pattern})_[0-9a-f]{{8}}_[0-9a-f]{{16}}", name)
    return found[1] if found else None
