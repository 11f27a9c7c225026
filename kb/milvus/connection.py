"""One connection to a Milvus: made when it is first needed, with bounded waits and our own errors."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kb.errors import EngineUnavailable, SettingsError
from kb.extras import install_line
from kb.milvus.address import Address

# What a reader waits for, and what a build waits for: loading a collection reads all of it.
SEARCH_SECONDS = 5.0
BUILD_SECONDS = 600.0
_CONNECT_SECONDS = 5.0
# The client would ping every ten seconds, also when nothing is asked, and milvus-lite may end the connection
# for that ("Too many pings").
_CHANNEL = {"grpc.keepalive_permit_without_calls": False}

# The first version with sparse vectors (milvus.io/docs/v2.4.x/sparse_vector.md).
_SPARSE_SINCE = (2, 4)
# How servers say that there is no such alias: those from 2.3 on, and milvus-lite.
_NO_ALIAS = (1600, 100)
# Where that list begins; what the client says of itself, as that it waited too long, is below.
_FIRST_CODE = 100
# ErrCollectionNotLoaded of Milvus's own list of errors (pkg/util/merr/errors.go).
_NOT_LOADED = 101
# ErrParameterInvalid there.
_INVALID = 1100


class Connection:
    """The client of one Milvus. Safe to use from several threads; it connects anew by itself."""

    def __init__(self, address: Address, key_file: Path | None = None) -> None:
        """`key_file` holds a token, or a user and password with a colon between."""
        self.address = address
        self._key_file = key_file
        self._lock = threading.Lock()
        self._client: Any = None
        self._version = ""

    @property
    def version(self) -> str:
        """What the server says of itself, such as `v2.6.4`. Raises `EngineUnavailable`."""
        self._connected()
        return self._version

    @property
    def has_sparse(self) -> bool:
        """Whether the server keeps sparse vectors beside dense ones. Raises `EngineUnavailable`."""
        return _is_lite(self.version) or _numbers(self.version) >= _SPARSE_SINCE

    def call(self, method: str, *args: Any, seconds: float = BUILD_SECONDS, **named: Any) -> Any:
        """What a method of pymilvus's `MilvusClient` gives within `seconds`.

        Raises `EngineUnavailable` when the server is not there, takes longer or refuses.
        """
        client = self._connected()
        try:
            return getattr(client, method)(*args, timeout=seconds, **named)
        except _failures() as error:
            raise EngineUnavailable(
                f"Milvus at {self.address} did not answer {method} ({_first_line(error)}). See that it runs; "
                "the knowledge base tries again by itself"
            ) from error

    def alias(self) -> str:
        """The name of the collection that the alias leads to, "" without. Raises `EngineUnavailable`."""
        try:
            found = self.call("describe_alias", self.address.alias, seconds=SEARCH_SECONDS)
        except EngineUnavailable as error:
            if getattr(error.__cause__, "code", None) in _NO_ALIAS:
                return ""
            raise
        return str(found.get("collection_name", ""))

    def collections(self) -> Sequence[str]:
        """The names of all collections. Raises `EngineUnavailable`."""
        return list(self.call("list_collections", seconds=SEARCH_SECONDS))

    def close(self) -> None:
        """Let go of the server."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client, self._version = self._connect()
            return self._client

    def _connect(self) -> tuple[Any, str]:
        """A client that a server answered, and the server's version."""
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise EngineUnavailable(
                f"KB_INDEX asks for Milvus, whose client is not installed. Run: {install_line('milvus')}"
            ) from None
        # It prints a traceback of every refusal; what happened stands in our errors.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        try:
            client = MilvusClient(
                uri=self.address.uri,
                token=self._key(),
                db_name=self.address.database,
                timeout=_CONNECT_SECONDS,
                grpc_options=_CHANNEL,
            )
            # Clients of one address share a connection, which may be to a server that is gone.
            return client, str(client.get_server_version(timeout=_CONNECT_SECONDS))
        except _failures() as error:
            raise EngineUnavailable(
                f"Milvus at {self.address} cannot be reached ({_first_line(error)}). See that it runs and "
                "that KB_INDEX and KB_INDEX_KEY_FILE are right"
            ) from error

    def _key(self) -> str:
        if self._key_file is None:
            return ""
        try:
            return self._key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SettingsError(f"KB_INDEX_KEY_FILE {self._key_file} cannot be read ({reason})") from None


def is_answer(error: EngineUnavailable) -> bool:
    """Whether a server was there, and told what is wrong by Milvus's own list of errors."""
    return _code(error) >= _FIRST_CODE


def is_not_loaded(error: EngineUnavailable) -> bool:
    """Whether the server has the collection but not in memory: it was started anew."""
    return _code(error) == _NOT_LOADED


def is_refused(error: EngineUnavailable) -> bool:
    """Whether the server was there and took what it was asked for one that makes no sense to it."""
    return _code(error) == _INVALID


def _code(error: EngineUnavailable) -> int:
    """Milvus's number of what is wrong; 0 where it told none."""
    code = getattr(error.__cause__, "code", None)
    return code if isinstance(code, int) else 0


def _failures() -> tuple[type[Exception], ...]:
    """What the client raises; only where it is installed."""
    import grpc
    from pymilvus.exceptions import MilvusException

    # It raises bare ones too, for a server that goes away in the middle of an answer.
    return MilvusException, grpc.RpcError, grpc.FutureTimeoutError, OSError, ValueError


def _is_lite(version: str) -> bool:
    return version.startswith("milvus_lite")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
