"""Promises about the small files beside an index: whatever lies in their place, nobody waits or breaks."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.builds import FOLDER, Builds
from kb.errors import CorruptIndex, IndexNotWritten, KBError, KeysUnavailable
from kb.generations import CURRENT, Generations
from kb.keys import Keys, Scope
from kb.launcher import Launcher
from kb.settings import Settings
from kb.state_files import open_lock, read_json
from tests.library import publish, record

OLD, NEW = record("oud.md"), record("nieuw.md")
SHAPES: list[tuple[str, Callable[[Path], object]]] = [
    ("pipe", os.mkfifo),
    ("folder", Path.mkdir),
    ("link", lambda path: path.symlink_to(path.parent / "elsewhere.txt")),
    ("nested", lambda path: path.write_text("[" * 100_000)),
    ("list", lambda path: path.write_text("[]")),
    ("binary", lambda path: path.write_bytes(bytes(range(256)))),
    ("nothing", Path.touch),
]


@pytest.fixture(params=[shape for _, shape in SHAPES], ids=[name for name, _ in SHAPES])
def put(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Puts something else in the place of a file."""

    def put(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "elsewhere.txt").write_text("of somebody else")
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        request.param(path)

    return put


def test_a_pointer_that_is_something_else_is_told_and_its_index_is_found(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})
    put(tmp_path / CURRENT)
    with pytest.raises(CorruptIndex, match="kb build"):
        Generations(tmp_path).current()
    assert Generations(tmp_path).names() == [name]


def test_the_next_index_takes_the_place_of_a_pointer_that_is_something_else(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    put(tmp_path / CURRENT)
    if (tmp_path / CURRENT).is_dir():
        with pytest.raises(OSError, match=CURRENT):
            publish(tmp_path, {NEW: ["Nieuw."]})
        assert Generations(tmp_path).names() == [first]
    else:
        second = publish(tmp_path, {NEW: ["Nieuw."]})
        assert Generations(tmp_path).current().name == second
        assert (tmp_path / "elsewhere.txt").read_text() == "of somebody else"


def test_a_mark_of_a_rollback_that_is_something_else_hides_no_index(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})
    put(tmp_path / "ROLLED_BACK")
    assert Generations(tmp_path).names() == [name]
    assert Generations(tmp_path).current().name == name


def test_a_manifest_that_is_something_else_is_damage(tmp_path: Path, put: Callable[[Path], None]) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})
    put(tmp_path / name / "manifest.json")
    with pytest.raises(CorruptIndex):
        Generations(tmp_path).manifest()


def test_a_lock_that_is_something_else_is_told_or_taken_and_leads_nowhere(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    put(tmp_path / ".lock")
    with contextlib.suppress(IndexNotWritten):
        Generations(tmp_path).prune(1)
    assert (tmp_path / "elsewhere.txt").read_text() == "of somebody else"


def test_a_lock_that_is_held_and_says_nothing_of_its_holder_is_still_held(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    with generations.building():
        (tmp_path / ".lock").write_text("[]")
        with pytest.raises(KBError, match=r"Process \? is building"):
            generations.prune(1)


def test_keys_that_are_something_else_are_told(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path / "keys.json")
    (tmp_path / "elsewhere.txt").write_text("{")
    with pytest.raises(KeysUnavailable):
        Keys(tmp_path / "keys.json").identify("kb_x")


def test_keys_are_known_whatever_became_of_when_they_were_used(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    keys = Keys(tmp_path / "keys.json")
    _, secret = keys.create("intranet", [Scope.SEARCH])
    put(tmp_path / ".keys-used.json")
    assert keys.identify(secret)
    assert [key.name for key in keys.all()] == ["intranet"]


def test_the_lock_of_the_keys_is_told_or_taken_and_leads_nowhere(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    put(tmp_path / ".keys.json.lock")
    with contextlib.suppress(KeysUnavailable):
        Keys(tmp_path / "keys.json").create("intranet", [Scope.SEARCH])
    assert (tmp_path / "elsewhere.txt").read_text() == "of somebody else"


def test_a_record_of_a_build_that_is_something_else_is_passed_over(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    builds = Builds(tmp_path)
    with builds.recording() as recording:
        recording.unchanged()
    (kept,) = builds.all()
    put(tmp_path / FOLDER / f"{kept.id}.json")
    assert builds.all() == []
    assert builds.running() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", '"odd"'),
        ("pid", '"x"'),
        ("started", '"2026-11-25T02:00:00"'),
        ("filesDone", "null"),
        ("error", '"x"'),
        ("report", "[]"),
        ("id", '"20261124T185454123456Z-0123456789ab"'),
    ],
)
def test_a_record_of_a_build_of_another_shape_is_passed_over(tmp_path: Path, name: str, value: str) -> None:
    builds = Builds(tmp_path)
    with builds.recording() as recording:
        recording.unchanged()
    (kept,) = builds.all()
    file = tmp_path / FOLDER / f"{kept.id}.json"
    content = read_json(file)
    before = f'"{name}": '
    text = file.read_text()
    at = text.index(before) + len(before)
    end = min(found for found in (text.find(", ", at), text.find("}", at)) if found >= 0)
    file.write_text(text[:at] + value + text[end:])
    assert read_json(file) != content
    assert builds.all() == []
    assert builds.running() is None


@pytest.mark.parametrize("shape", [os.mkfifo, Path.mkdir])
def test_a_build_is_not_started_past_a_lock_that_is_none(
    tmp_path: Path, shape: Callable[[Path], object]
) -> None:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")
    (settings.indexes / FOLDER).mkdir(parents=True)
    shape(settings.indexes / FOLDER / ".starting")
    with pytest.raises(IndexNotWritten, match="No build can be started"):
        Launcher(settings).start()


def test_a_lock_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("kept")
    os.close(open_lock(tmp_path / "lock"))
    assert (tmp_path / "lock").read_text() == "kept"
