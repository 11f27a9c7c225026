"""The suppression list as it is now: read again when its file changes, and never lost by a mistake in it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kb.errors import InvalidPrivacyList
from kb.privacy import PrivacyList
from kb.privacy.reading import read_privacy_list
from kb.settings import Settings
from kb.state_files import read_bytes

# In the folder of the index: the digest of the list that was read last, so that one which is gone is missed.
SEEN = ".privacy"
# What a list may be called by mistake.
_MISNAMED = frozenset(f"privacy{ending}" for ending in (".yaml", ".yml", ".yaml.txt", ".yml.txt"))
# How long a file must be as it is before what it does not name any more is shown.
_QUIET_SECONDS = 2.0
_log = logging.getLogger(__name__)

_Stamp = tuple[int, int, int] | None


class LivePrivacy:
    """The list that the settings name. Safe to use from several threads.

    A list that cannot be read any more, or is gone, changes nothing: the last good one stays, and `failure`
    tells. At a start there is none to stay, so it is refused.
    """

    def __init__(
        self, settings: Settings, *, remembers: bool = True, quiet_seconds: float = _QUIET_SECONDS
    ) -> None:
        """Raises `InvalidPrivacyList`. Without `remembers` it is only looked at, not put to use."""
        self._remembers = remembers
        self._quiet_seconds = quiet_seconds
        self._noticed: tuple[_Stamp, float] = (None, 0.0)
        self._settings = settings
        self._file = settings.privacy_file
        self._lock = threading.Lock()
        self._failure: str | None = None
        self._listeners: list[Callable[[PrivacyList], None]] = []
        self._stamp = self._look()
        self._list = self._read()
        self._remember()

    @property
    def file(self) -> Path:
        """Where the list is, or would be."""
        return self._file

    @property
    def failure(self) -> str | None:
        """Why the list that holds is an older one than its file; None when it is that of the file."""
        self.get()
        return self._failure

    def on_change(self, tell: Callable[[PrivacyList], None]) -> None:
        """Have a function told of each list that takes the place of another, as soon as it is gone by."""
        self._listeners.append(tell)

    def get(self) -> PrivacyList:
        """The list to go by now."""
        if self._look() != self._stamp:
            with self._lock:
                self._reload()
        return self._list

    def _reload(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        try:
            found = self._read()
        except InvalidPrivacyList as error:
            if str(error) != self._failure:
                _log.warning("%s. The list as it was still holds", error)
            self._failure = str(error)
        else:
            self._failure = None
            if not self._is_quiet(stamp):
                # Half of a list that is being written is a list as well. What it lacks goes when it is quiet.
                both = found.with_all_of(self._list)
                if both.version != self._list.version:
                    self._use(both)
                return
            if found != self._list:
                self._use(found)
        self._stamp = stamp

    def _is_quiet(self, stamp: _Stamp) -> bool:
        """Whether the file has been as it is for a while."""
        if self._noticed[0] != stamp:
            self._noticed = (stamp, time.monotonic())
        return time.monotonic() - self._noticed[1] >= self._quiet_seconds

    def _use(self, found: PrivacyList) -> None:
        self._list = found
        for tell in self._listeners:
            tell(found)
        self._remember()
        _log.info("the suppression list: %d masked, %d withheld", len(found.mask), len(found.withhold))

    def _read(self) -> PrivacyList:
        contacts = self._settings.mask_contacts
        try:
            return read_privacy_list(self._file, contacts=contacts)
        except FileNotFoundError:
            if other := self._misnamed():
                raise InvalidPrivacyList(
                    f"{other} is not read: rename it to {self._file.name}, or set KB_PRIVACY to it"
                ) from None
            if self._is_missed():
                raise InvalidPrivacyList(
                    f"{self._file} is gone: names and documents that it kept from readers would be seen. Put "
                    "it back, or an empty file in its place if nothing is to be kept from them any more"
                ) from None
            return PrivacyList(hides_contacts=contacts == "on")
        except OSError as error:
            raise InvalidPrivacyList(
                f"{self._file} cannot be read ({error.strerror or error}). Give this user the right to"
            ) from None

    def _misnamed(self) -> Path | None:
        """A file that was meant to be the list: editors and systems add endings, and change case."""
        with contextlib.suppress(OSError):
            for other in self._file.parent.iterdir():
                if other.name.casefold() in _MISNAMED and other.name != self._file.name:
                    return other
        return None

    def _is_missed(self) -> bool:
        try:
            return bool(read_bytes(self._settings.indexes / SEEN).strip())
        except OSError:
            return False

    def _remember(self) -> None:
        """Put down that there is a list, or that there is none any more. Where that cannot be written, a list
        that goes is not missed after a restart."""
        seen = self._settings.indexes / SEEN
        digest = self._list.digest
        if not self._remembers or (not digest and not seen.exists()):
            return
        with contextlib.suppress(OSError):
            if not seen.exists() or read_bytes(seen).decode(errors="replace") != digest:
                part = seen.with_name(f"{SEEN}.{os.getpid()}-{threading.get_ident()}.part")
                part.write_text(digest, encoding="utf-8")
                part.replace(seen)

    def _look(self) -> _Stamp:
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
