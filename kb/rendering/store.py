"""What was drawn before, on disk: each view a file with its checksum, the least used removed first."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from kb.state_files import read_bytes

_SUFFIX = ".view"
_PART = ".part"
_WORKING = "working-"
# The digest of the suppression list that all views were made under.
_LIST = "privacy"
_CHECKSUM_BYTES = 32
# What is older and half written is nobody's any more.
_UNFINISHED_SECONDS = 3_600


class ViewStore:
    """The views in one folder, together no more than `most_bytes`. Losing it costs nothing but time."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, *key: object) -> bytes | None:
        """The view that was kept under this key; None without one, and for one that is damaged."""
        file = self._file(key)
        try:
            data = read_bytes(file)
            if data[:_CHECKSUM_BYTES] != hashlib.sha256(data[_CHECKSUM_BYTES:]).digest():
                file.unlink()
                return None
        except OSError:
            return None
        # When it was last used: not every system keeps the time of the last reading, nor does every disk let
        # it be written.
        with contextlib.suppress(OSError):
            os.utime(file)
        return data[_CHECKSUM_BYTES:]

    def put(self, data: bytes, *key: object) -> None:
        """Keep a view. One that cannot be written is drawn again next time."""
        file = self._file(key)
        part = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}{_PART}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_bytes(hashlib.sha256(data).digest() + data)
            part.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        self._make_room()

    def keep_only_of(self, digest: str) -> None:
        """Forget all views that were made under another suppression list than the one of this digest: what is
        on them may not be seen any more. Raises `OSError` where they cannot be removed."""
        file = self._folder / _LIST
        try:
            known = read_bytes(file).decode(errors="replace")
        except FileNotFoundError:
            known = ""
        if known == digest or not self._folder.is_dir():
            return
        for view in self._folder.glob(f"*{_SUFFIX}"):
            view.unlink(missing_ok=True)
        part = file.with_name(f"{_LIST}.{os.getpid()}-{threading.get_ident()}{_PART}")
        part.write_text(digest, encoding="utf-8")
        part.replace(file)

    @contextlib.contextmanager
    def working(self) -> Iterator[Path]:
        """A folder for one job, removed afterwards. Raises `OSError`."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = tempfile.mkdtemp(prefix=_WORKING, dir=self._folder)
        except OSError:
            folder = tempfile.mkdtemp(prefix=f"kb-{_WORKING}")
        try:
            yield Path(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self) -> None:
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                # Other processes remove files too.
                with contextlib.suppress(OSError):
                    found.append(
                        (entry.stat(follow_symlinks=False).st_mtime, entry.stat().st_size, entry.path)
                    )
        total = sum(size for _, size, path in found if path.endswith(_SUFFIX))
        for used, size, path in sorted(found):
            if path.endswith(_SUFFIX):
                if total <= self._most_bytes:
                    continue
                total -= size
                with contextlib.suppress(OSError):
                    Path(path).unlink()
            elif time.time() - used > _UNFINISHED_SECONDS:
                _remove(Path(path))

    def _file(self, key: tuple[object, ...]) -> Path:
        name = hashlib.sha256("\0".join(map(str, key)).encode()).hexdigest()
        return self._folder / f"{name}{_SUFFIX}"


def _remove(left: Path) -> None:
    """Remove what a process of ours left half done; nothing else in the folder is ours."""
    with contextlib.suppress(OSError):
        if left.name.startswith(_WORKING):
            shutil.rmtree(left, ignore_errors=True)
        elif left.name.endswith(_PART):
            left.unlink()
