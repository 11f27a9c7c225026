"""Where a Milvus is: the value of KB_INDEX, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from kb.errors import SettingsError

_ADDRESS = re.compile(
    r"milvus(?P<tls>\+tls)?://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})"
    r"(?:/(?P<database>[A-Za-z_]\w{0,62}))?(?:\?alias=(?P<alias>[A-Za-z_]\w{0,62}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database of one Milvus, and the alias in it by which the live generation is known."""

    host: str
    port: int
    database: str = ""
    alias: str = "kb"
    is_tls: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in `milvus://host:port[/database][?alias=name]`. Raises `SettingsError`."""
        found = _ADDRESS.fullmatch(text)
        if not found or not 0 < int(found["port"]) < 65_536:
            # Not the text itself: whoever puts a password in it must not find it in a log.
            raise SettingsError(
                "KB_INDEX is no address of a Milvus: milvus://host:port[/database][?alias=name], or "
                "milvus+tls:// for one with TLS; a user and password stand in KB_INDEX_KEY_FILE"
            )
        return cls(
            host=found["host"],
            port=int(found["port"]),
            database=found["database"] or "",
            alias=found["alias"] or "kb",
            is_tls=bool(found["tls"]),
        )

    @property
    def uri(self) -> str:
        """The address as the client is given it."""
        return f"{'https' if self.is_tls else 'http'}://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}{'/' + self.database if self.database else ''}"
