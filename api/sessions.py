"""Sessions of people who gave their key on a page: a signed cookie, and nothing that is kept of them.

The cookie names the key and the moment of its end; HMAC-SHA256 (RFC 2104) binds both to the key itself and
to a secret that all workers share. It counts for pages alone, so that no other site can have a browser ask
the API with it. Who takes the secret's file away ends all sessions; who revokes a key ends those of that key.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from kb.errors import KeysUnavailable
from kb.files import sync
from kb.keys import Key, Keys
from kb.state_files import read_bytes

COOKIE = "sessie"
SECONDS = 12 * 3600
FILE = ".sessions.secret"
_BYTES = 32
_VALUE = re.compile(r"([0-9a-f]{1,32})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


class Sessions:
    """Begins and recognises sessions of `keys`; their secret in `folder` is made when it is first needed."""

    def __init__(self, keys: Keys, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._file = folder / FILE
        self._clock = clock

    def begin(self, response: Response, key: Key, *, secure: bool) -> None:
        """Let who receives a response be known by `key` for the next twelve hours.

        `secure`: the browser is to send the cookie over TLS alone. Raises `KeysUnavailable`.
        """
        end = str(int(self._clock()) + SECONDS)
        value = f"{key.id}.{end}.{_signature(self._made(), key, end)}"
        response.set_cookie(
            COOKIE, value, max_age=SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
        )

    def end(self, response: Response, *, secure: bool) -> None:
        """Let who receives a response be known no more."""
        response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")

    def key_of(self, headers: Headers) -> Key | None:
        """The key of the session of a request; None without one that counts. Raises `KeysUnavailable`."""
        sent = cookie_parser("; ".join(headers.getlist("cookie"))).get(COOKIE, "")
        found = _VALUE.fullmatch(sent)
        if not found:
            return None
        key_id, end, signature = found.groups()
        if int(end) <= self._clock() or (secret := self._read()) is None:
            return None
        key = self._keys.get(key_id)
        if key is None or not hmac.compare_digest(_signature(secret, key, end), signature):
            return None
        self._keys.note_use(key)
        return key

    def _read(self) -> bytes | None:
        """The secret; None where there is none yet, or what is there cannot be one."""
        try:
            secret = read_bytes(self._file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unavailable(error) from error
        return secret if len(secret) == _BYTES else None

    def _made(self) -> bytes:
        """The secret, made where there is none. Of workers that make one together the first has its way."""
        for _ in range(2):
            if secret := self._read():
                return secret
            try:
                self._make()
            except OSError as error:
                raise self._unavailable(error) from error
        raise self._unavailable(ValueError(f"it is not {_BYTES} bytes"))

    def _make(self) -> None:
        temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(secrets.token_bytes(_BYTES))
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(temporary, self._file)
            sync(self._file.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _unavailable(self, error: Exception) -> KeysUnavailable:
        return KeysUnavailable(
            f"The secret of the sessions in {self._file.absolute()} cannot be used ({type(error).__name__}: "
            f"{error}). Give this user the right to, free space on its disk, or remove the file"
        )


def _signature(secret: bytes, key: Key, end: str) -> str:
    # The hash of the key makes it of this key, and not of another that came to have its id.
    signed = b"\0".join((b"sessie", key.id.encode(), key.digest, end.encode()))
    return hmac.new(secret, signed, hashlib.sha256).hexdigest()
