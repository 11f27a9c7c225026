"""Promises about API keys: nobody finds them on disk, and what is revoked is over."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kb.errors import KeysUnavailable, NotFound
from kb.keys import Keys, Scope


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "indexes" / "keys.json"


def test_a_key_is_known_by_its_secret_alone(file: Path) -> None:
    made, secret = Keys(file).create("intranet", [Scope.SEARCH, Scope.ADMIN])
    found = Keys(file).identify(secret)
    assert found
    assert (found.id, found.name, found.scopes) == (made.id, "intranet", {Scope.SEARCH, Scope.ADMIN})
    for wrong in ("", "kb_", secret[:-1], secret + "a", secret.upper(), made.id, "intranet", "é" * 9):
        assert Keys(file).identify(wrong) is None


def test_the_secret_stands_nowhere_on_disk_and_nobody_else_reads_the_file(file: Path) -> None:
    _, first = Keys(file).create("a", [Scope.ADMIN])
    _, second = Keys(file).create("b", [Scope.ADMIN])
    Keys(file).identify(first)
    for path in file.parent.rglob("*"):
        assert first not in path.read_text()
        assert second not in path.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = json.loads(file.read_text())["keys"]
    assert len({key["salt"] for key in stored}) == 2
    assert len(first) >= 43 + len("kb_")


def test_a_revoked_key_is_no_key_also_in_a_service_that_runs(file: Path) -> None:
    service = Keys(file)
    _, secret = Keys(file).create("weg", [Scope.ADMIN])
    _, kept = Keys(file).create("blijft", [Scope.ADMIN])
    assert service.identify(secret)
    Keys(file).revoke("weg")
    assert service.identify(secret) is None
    assert service.identify(kept)
    with pytest.raises(NotFound):
        Keys(file).revoke("weg")
    _, later = Keys(file).create("later", [Scope.SEARCH])
    assert service.identify(later)


def test_the_last_use_is_kept_and_never_fails_a_request(file: Path) -> None:
    _, secret = Keys(file).create("a", [Scope.ADMIN])
    assert Keys(file).all()[0].last_used is None
    service = Keys(file)
    service.identify(secret)
    assert Keys(file).all()[0].last_used
    used = file.with_name(".keys-used.json")
    used.unlink()
    used.mkdir()
    assert service.identify(secret)
    assert Keys(file).identify(secret)
    assert Keys(file).all()[0].last_used is None


def test_a_link_to_the_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "etc" / "keys.json"
    file.parent.mkdir()
    file.symlink_to(target)
    _, secret = Keys(file).create("a", [Scope.ADMIN])
    assert file.is_symlink()
    assert Keys(target).identify(secret)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    Keys(target).create("b", [Scope.SEARCH])
    Keys(file).revoke("a")
    assert file.is_symlink()
    assert [key.name for key in Keys(file).all()] == ["b"]


@pytest.mark.parametrize("name", ["", " a", "a\nb", "a" * 65, "../x", "<b>"])
def test_a_name_that_could_mislead_is_refused(file: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name"):
        Keys(file).create(name, [Scope.ADMIN])


def test_a_name_is_given_once(file: Path) -> None:
    Keys(file).create("a", [Scope.ADMIN])
    with pytest.raises(ValueError, match="already"):
        Keys(file).create("a", [Scope.SEARCH])
    assert len(Keys(file).all()) == 1


@pytest.mark.parametrize("content", ["", "{}", '{"keys": [{}]}', '{"keys": [{"id": 1}]}', "[]", "\x00"])
def test_a_damaged_file_lets_nobody_in(file: Path, content: str) -> None:
    _, secret = Keys(file).create("a", [Scope.ADMIN])
    file.write_text(content)
    with pytest.raises(KeysUnavailable, match=r"keys\.json"):
        Keys(file).identify(secret)


def test_the_command_makes_a_key_prints_it_once_and_revokes_it(tmp_path: Path, root: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}

    def kb(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kb", "key", *arguments, "--indexes", str(tmp_path)],
            env={**clean, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
        )

    secret = kb("create", "intranet", "--scope", "admin", "--scope", "search").stdout.splitlines()[0]
    found = Keys(tmp_path / "keys.json").identify(secret)
    assert found
    assert found.scopes == {Scope.ADMIN, Scope.SEARCH}
    listed = kb("list").stdout
    assert "intranet: admin, search" in listed
    assert secret not in listed
    assert kb("create", "intranet", "--scope", "admin").returncode == 2
    assert kb("create", "ander", "--scope", "alles").returncode == 2
    assert kb("revoke", "intranet").returncode == 0
    assert kb("revoke", "intranet").returncode == 1
    assert "geen sleutels" in kb("list").stdout
