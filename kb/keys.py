"""API keys: made, revoked, recognised. The keys themselves are nowhere but with those who hold them.

A key is 256 bits from the system's generator, so nobody can guess it, however fast the hash: SHA-256 with a
salt is enough, and a slow hash (bcrypt, Argon2), which passwords need because people choose them, would
let wrong keys keep the service busy.

    keys.json          names, scopes, salts and hashes; mode 0600; changed by `kb key` alone
    .keys-used.json    when each key was last used; written by the service, once a minute at most
    .sessions.secret   what the sessions of the pages are signed with; see `api.sessions`
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from kb.errors import KeysUnavailable, NotFound
from kb.files import sync
from kb.state_files import open_lock, read_json

PREFIX = "kb_"
_USED = ".keys-used.json"
_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}")
_SECONDS_BETWEEN_USES = 60.0


class Scope(StrEnum):
    """What a key is good for. None implies another."""

    SEARCH = "search"
    MEMBERS = "members"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is known of a key. `id` is public: it names the key in logs and limits."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created: dt.datetime
    salt: bytes
    digest: bytes
    last_used: dt.datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """What may be shown of it."""
        return {
            "id": self.id,
            "name": self.name,
            "scopes": sorted(self.scopes),
            "created": self.created.isoformat(timespec="seconds"),
            "lastUsed": self.last_used.isoformat(timespec="seconds") if self.last_used else None,
        }

    def stored(self) -> dict[str, Any]:
        """What is kept of it."""
        shown = self.as_json()
        del shown["lastUsed"]
        return shown | {"salt": self.salt.hex(), "sha256": self.digest.hex()}

    @classmethod
    def from_stored(cls, value: Any) -> Self:
        """What `stored` gave. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        return cls(
            id=str(value["id"]),
            name=str(value["name"]),
            scopes=frozenset(Scope(scope) for scope in value["scopes"]),
            created=dt.datetime.fromisoformat(value["created"]),
            salt=bytes.fromhex(value["salt"]),
            digest=bytes.fromhex(value["sha256"]),
        )

    def is_of(self, secret: str) -> bool:
        """Whether this is the key, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(self.digest, _digest(self.salt, secret))


class Keys:
    """The keys in one file. What another process changes in it counts from the next request on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        self._written: dict[str, float] = {}

    def all(self) -> list[Key]:
        """All keys by name, with their last use. Raises `KeysUnavailable`."""
        uses = self._uses()
        return [
            replace(key, last_used=uses.get(key.id))
            for key in sorted(self._current(), key=lambda key: key.name)
        ]

    def create(self, name: str, scopes: Sequence[Scope]) -> tuple[Key, str]:
        """A new key and its secret, which is kept nowhere. Raises `KeysUnavailable`, or `ValueError` for a
        name that is taken or cannot be used, or without scopes."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a name: use 1 to 64 letters, digits, spaces, and . _ @ -")
        if not scopes:
            raise ValueError("a key without a scope is good for nothing")
        secret = PREFIX + secrets.token_urlsafe(_BYTES)
        salt = secrets.token_bytes(16)
        key = Key(
            id=secrets.token_hex(4),
            name=name,
            scopes=frozenset(scopes),
            created=dt.datetime.now(dt.UTC),
            salt=salt,
            digest=_digest(salt, secret),
        )
        with self._changing() as keys:
            if any(other.name == name for other in keys):
                raise ValueError(f"there is a key {name!r} already; revoke it first, or choose another name")
            self._write([*keys, key])
        return key, secret

    def revoke(self, name: str) -> Key:
        """Take a key away, at once and for good. Raises `NotFound` or `KeysUnavailable`."""
        with self._changing() as keys:
            revoked = next((key for key in keys if key.name == name), None)
            if revoked is None:
                raise NotFound(f"There is no key {name!r}. See: kb key list")
            self._write([key for key in keys if key is not revoked])
        return revoked

    def identify(self, secret: str) -> Key | None:
        """The key with this secret, which is then used. Raises `KeysUnavailable`.

        Every key is compared, so the time tells nothing of which one it is.
        """
        found = None
        for key in self._current():
            if key.is_of(secret):
                found = key
        if found:
            self.note_use(found)
        return found

    def get(self, key_id: str) -> Key | None:
        """The key with this public id, which is no proof that somebody holds it. Raises `KeysUnavailable`."""
        return next((key for key in self._current() if key.id == key_id), None)

    def note_use(self, key: Key) -> None:
        """Keep when a key was used; a disk that does not allow it fails no request."""
        now = time.monotonic()
        with self._lock:
            if now - self._written.get(key.id, -_SECONDS_BETWEEN_USES) < _SECONDS_BETWEEN_USES:
                return
            self._written[key.id] = now
            uses = {**self._uses(), key.id: dt.datetime.now(dt.UTC)}
            known = {other.id for other in self._keys}
            kept = {
                name: moment.isoformat(timespec="seconds") for name, moment in uses.items() if name in known
            }
            with contextlib.suppress(OSError):
                _replace(self._file.with_name(_USED), kept, durable=False)

    def _current(self) -> tuple[Key, ...]:
        with self._lock:
            seen = self._stamp()
            if seen != self._seen:
                self._keys = self._read()
                self._seen = seen
            return self._keys

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from error
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> tuple[Key, ...]:
        try:
            content = read_json(self._file)
            return tuple(Key.from_stored(value) for value in content["keys"])
        except FileNotFoundError:
            return ()
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise self._unavailable(error) from error

    @contextlib.contextmanager
    def _changing(self) -> Iterator[tuple[Key, ...]]:
        """The keys, while no other process changes them."""
        file = self._target()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = open_lock(file.with_name(f".{file.name}.lock"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._read()
            finally:
                os.close(lock)
        except OSError as error:
            raise self._unavailable(error) from error

    def _write(self, keys: Sequence[Key]) -> None:
        _replace(self._target(), {"version": 1, "keys": [key.stored() for key in keys]}, durable=True)

    def _target(self) -> Path:
        """The file itself: one that is replaced by its name would take the place of a link."""
        return Path(os.path.realpath(self._file))

    def _unavailable(self, error: Exception) -> KeysUnavailable:
        return KeysUnavailable(
            f"The keys in {self._file.absolute()} cannot be used ({type(error).__name__}: {error}). "
            "Give this user the right to, free space on its disk, or remove the file and make new keys"
        )

    def _uses(self) -> dict[str, dt.datetime]:
        try:
            content = read_json(self._file.with_name(_USED))
            return {str(name): dt.datetime.fromisoformat(moment) for name, moment in content.items()}
        except (OSError, TypeError, ValueError, AttributeError):
            return {}


def _digest(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode("utf-8", "surrogatepass")).digest()


def _replace(file: Path, content: Mapping[str, Any], *, durable: bool) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync(file.parent)
