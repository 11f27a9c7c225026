"""Promises about watching a corpus: every change is built once, and a folder that is away is waited for."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.builds import BuildRecord, Builds
from kb.indexing import build_index
from kb.launcher import Launcher
from kb.settings import Settings
from kb.watching import Watcher, is_older, look
from tests.geometry import WordEncoder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a corpus of two documents and its index."""
    corpus = tmp_path / "corpus"
    (corpus / "avond").mkdir(parents=True)
    (corpus / "avond" / "verslag.md").write_text("# Verslag\n\nDe stuurgroep besluit.\n")
    (corpus / "besluiten.md").write_text("# Besluiten\n\nEr komt een brug.\n")
    (corpus / "besluiten.md.yaml").write_text("title: Besluiten\n")
    found = Settings(corpus=corpus, indexes=tmp_path / "indexes", watch="on", watch_seconds=1)
    # What was changed shortly before a build may have been changed during it.
    time.sleep(1.5)
    build_index(found, WordEncoder)
    return found


@pytest.fixture
def builds(settings: Settings) -> Iterator[Callable[[], list[BuildRecord]]]:
    """Watches, and gives the builds that have ended since, oldest first, once none is under way."""
    launcher = Launcher(settings)
    watcher = Watcher(settings, launcher)
    watcher.start()

    def ended() -> list[BuildRecord]:
        return [record for record in reversed(Builds(settings.indexes).all()) if record.state != "running"]

    # The kernel is told what to watch in a thread.
    time.sleep(1.0)
    yield ended
    watcher.stop()
    launcher.stop()


def until(builds: Callable[[], list[BuildRecord]], number: int) -> list[BuildRecord]:
    deadline = time.monotonic() + 90
    while len(found := builds()) < number:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_a_new_file_a_lost_one_and_a_sidecar_make_an_index_older(settings: Settings) -> None:
    def older() -> bool:
        return is_older(settings, look(settings.corpus))

    assert not older()
    (settings.corpus / ".verborgen").mkdir()
    (settings.corpus / ".verborgen" / "x.md").write_text("x")
    (settings.corpus / "avond" / "~$verslag.docx").write_text("x")
    os.utime(settings.corpus, (0, 0))
    os.utime(settings.corpus / "avond", (0, 0))
    assert not older()
    moved = settings.corpus / "avond" / "verslag.md"
    moved.rename(settings.corpus / "verslag.md")
    os.utime(settings.corpus, (0, 0))
    os.utime(settings.corpus / "avond", (0, 0))
    assert older()
    (settings.corpus / "verslag.md").rename(moved)
    shutil.rmtree(settings.indexes)
    assert older()


def test_a_sidecar_that_is_taken_away_makes_an_index_older(settings: Settings) -> None:
    (settings.corpus / "besluiten.md.yaml").unlink()
    assert is_older(settings, look(settings.corpus))


def test_a_change_is_built_once_and_what_a_build_passes_over_is_none(
    settings: Settings, builds: Callable[[], list[BuildRecord]]
) -> None:
    for name in (".upload-0123", "~$verslag.docx", ".git"):
        (settings.corpus / name).write_text("x")
    time.sleep(2.5)
    assert builds() == []
    # Saved anew without a change: the build finds that out.
    (settings.corpus / "besluiten.md").write_text("# Besluiten\n\nEr komt een brug.\n")
    assert [record.state for record in until(builds, 1)] == ["unchanged"]
    time.sleep(2.5)
    assert len(builds()) == 1


def test_a_build_that_fails_is_not_tried_again_until_the_next_change(
    settings: Settings, builds: Callable[[], list[BuildRecord]], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("avond", "besluiten.md", "besluiten.md.yaml"):
        shutil.move(settings.corpus / name, kept / name)
    (failed,) = until(builds, 1)
    assert failed.state == "failed"
    assert failed.error
    assert "holds no files" in failed.error.message
    time.sleep(2.5)
    assert len(builds()) == 1
    for path in kept.iterdir():
        shutil.move(path, settings.corpus / path.name)
    assert until(builds, 2)[1].state == "unchanged"


def test_a_corpus_that_is_away_is_waited_for(
    settings: Settings, builds: Callable[[], list[BuildRecord]], tmp_path: Path
) -> None:
    settings.corpus.rename(tmp_path / "away")
    time.sleep(2.5)
    assert builds() == []
    (tmp_path / "away" / "besluiten.md").touch()
    (tmp_path / "away").rename(settings.corpus)
    assert until(builds, 1)[0].state == "unchanged"
    # It is watched again.
    (settings.corpus / "besluiten.md").touch()
    assert until(builds, 2)[1].state == "unchanged"


def test_a_build_under_way_is_waited_for_and_then_looked_again(
    settings: Settings, builds: Callable[[], list[BuildRecord]]
) -> None:
    with Builds(settings.indexes).recording() as other:
        (settings.corpus / "besluiten.md").touch()
        time.sleep(2.5)
        assert len(Builds(settings.indexes).all()) == 1
        other.published({})
    assert [record.state for record in until(builds, 2)] == ["published", "unchanged"]


def test_of_two_services_one_builds(settings: Settings, builds: Callable[[], list[BuildRecord]]) -> None:
    second = Watcher(settings, Launcher(settings))
    second.start()
    try:
        (settings.corpus / "besluiten.md").touch()
        until(builds, 1)
        time.sleep(2.5)
        assert len(builds()) == 1
    finally:
        second.stop()


def test_a_change_that_the_kernel_does_not_tell_of_is_found(settings: Settings, small_disk: Path) -> None:
    """A drive that is mounted within the corpus hides a folder, and nothing tells so."""
    launcher = Launcher(settings)
    watcher = Watcher(settings, launcher, look_seconds=1.0)
    watcher.start()
    folder = settings.corpus / "avond"
    try:
        time.sleep(2.5)
        assert Builds(settings.indexes).all() == []
        subprocess.run(["mount", "--bind", str(small_disk), str(folder)], check=True)
        try:
            (found,) = until(lambda: [one for one in Builds(settings.indexes).all() if one.ended], 1)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        assert found.state == "refused"
    finally:
        watcher.stop()
        launcher.stop()
