"""Hashes that are believed for a day, and only of files that nobody has written to since."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from kb import known_hashes
from kb.known_hashes import KnownHashes


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, in a cache of their own; nothing is too new to be kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(known_hashes, "_SETTLED_SECONDS", -1.0)
    names: list[str] = []
    whole = known_hashes.sha256_of

    def noting(file: Path) -> str:
        names.append(file.name)
        return whole(file)

    monkeypatch.setattr(known_hashes, "sha256_of", noting)
    return names


def hash_of(file: Path) -> str:
    known = KnownHashes()
    found = known.sha256_of(file)
    known.keep()
    return found


def test_a_file_that_nobody_has_written_to_is_read_once(tmp_path: Path, read: list[str]) -> None:
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    wanted = hashlib.sha256(b"one").hexdigest()
    assert [hash_of(file), hash_of(file)] == [wanted, wanted]
    assert read == ["vectors"]


def test_a_change_of_the_same_size_with_the_old_time_is_found(tmp_path: Path, read: list[str]) -> None:
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    hash_of(file)
    before = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hash_of(file) == hashlib.sha256(b"two").hexdigest()
    other = tmp_path / "other"
    other.write_bytes(b"six")
    other.replace(file)
    assert hash_of(file) == hashlib.sha256(b"six").hexdigest()
    assert len(read) == 3


@pytest.mark.parametrize("seconds", [24 * 3600 + 1, -1])
def test_a_hash_of_yesterday_or_of_the_future_is_not_believed(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    hash_of(file)
    now = known_hashes.time.time()
    monkeypatch.setattr(known_hashes.time, "time", lambda: now + seconds)
    hash_of(file)
    assert len(read) == 2


def test_a_file_that_changed_just_now_is_not_kept(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_hashes, "_SETTLED_SECONDS", 60.0)
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    hash_of(file)
    hash_of(file)
    assert len(read) == 2


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"a": 1}', '{"a": ["x"]}', '{"a": [1, 2]}', "[" * 100_000]
)
def test_a_cache_of_nonsense_is_made_anew(tmp_path: Path, read: list[str], content: str) -> None:
    folder = tmp_path / "cache" / "kennisbank"
    folder.mkdir(parents=True)
    (folder / "hashes.json").write_text(content)
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    hash_of(file)
    hash_of(file)
    assert len(read) == 1
    assert [path.name for path in folder.iterdir()] == ["hashes.json"]


def test_without_a_cache_every_file_is_read(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in-the-way").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "in-the-way"))
    file = tmp_path / "vectors"
    file.write_bytes(b"one")
    assert hash_of(file) == hash_of(file)
    assert len(read) == 2
