"""Promises about builds as processes of their own: one at a time, out of the way, gone with their service."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.builds import FOLDER, BuildRecord, Builds
from kb.errors import BuildInProgress, IndexNotWritten
from kb.launcher import Launcher
from kb.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# A\n\nEen besluit.\n")
    return Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes")


@pytest.fixture
def launcher(settings: Settings) -> Iterator[Launcher]:
    launcher = Launcher(settings)
    yield launcher
    launcher.stop()


def when(settings: Settings, build_id: str, is_so: Callable[[BuildRecord], bool]) -> BuildRecord:
    deadline = time.monotonic() + 60
    while not is_so(record := Builds(settings.indexes).get(build_id)):
        assert time.monotonic() < deadline, record
        time.sleep(0.05)
    return record


def test_a_build_runs_out_of_the_way_and_is_stopped_with_its_service(
    settings: Settings, launcher: Launcher
) -> None:
    asked = launcher.start()
    assert asked.state == "running"
    began = when(settings, asked.id, lambda record: record.pid != os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, began.pid) >= 15
    assert os.getsid(began.pid) != os.getsid(0)
    with pytest.raises(BuildInProgress, match=asked.id) as caught:
        Launcher(settings).start()
    assert caught.value.build_id == asked.id
    launcher.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(began.pid, 0)
    found = Builds(settings.indexes).get(asked.id)
    # A service that was started with Ctrl+C ignored has builds that ignore it too, and are killed.
    assert found.state in ("failed", "broken-off")
    assert not (settings.indexes / "CURRENT").exists()


def test_a_build_that_cannot_begin_says_why(settings: Settings, launcher: Launcher) -> None:
    shutil.rmtree(settings.corpus)
    asked = launcher.start()
    found = when(settings, asked.id, lambda record: record.state != "running")
    assert found.state == "failed"
    assert found.error
    assert "corpus" in found.error.message
    assert Builds(settings.indexes).running() is None


def test_a_process_that_the_system_does_not_start_is_told_and_keeps_no_other_from_starting(
    settings: Settings, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", str(settings.corpus / "no python"))
        with pytest.raises(IndexNotWritten, match="No build can be started"):
            launcher.start()
    [told] = Builds(settings.indexes).all()
    assert told.state == "failed"
    assert Builds(settings.indexes).running() is None


def test_without_a_place_for_its_record_no_build_is_started(settings: Settings, launcher: Launcher) -> None:
    settings.indexes.mkdir()
    (settings.indexes / FOLDER).write_text("a file where the folder should be")
    with pytest.raises(IndexNotWritten, match="cannot be written"):
        launcher.start()
