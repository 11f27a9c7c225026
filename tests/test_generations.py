from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from kb.errors import BuildInProgress, CorruptIndex, IndexNotWritten, NoIndex
from kb.generations import CURRENT, Generations, LiveIndex
from tests.library import publish, record

OLD, NEW = record("oud.md"), record("nieuw.md")


def titles(live: LiveIndex) -> list[str]:
    return [found.title for found in live.get().documents()]


def test_without_an_index_the_message_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="kb build"):
        LiveIndex(Generations(tmp_path / "none")).get()


def test_reader_goes_on_to_the_generation_that_is_published(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    live = LiveIndex(Generations(tmp_path))
    held = live.get()
    publish(tmp_path, {NEW: ["Nieuw."]})
    assert titles(live) == ["nieuw.md"]
    assert [found.title for found in held.documents()] == ["oud.md"]
    assert held.passages([0])[0].passage.text == "Oud."


def test_reader_keeps_its_index_when_the_new_one_is_damaged(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    live = LiveIndex(Generations(tmp_path))
    live.get()
    name = publish(tmp_path, {NEW: ["Nieuw."]})
    (tmp_path / name / "vectors.faiss").write_bytes(b"damaged")
    assert titles(live) == ["oud.md"]
    with pytest.raises(CorruptIndex):
        LiveIndex(Generations(tmp_path)).get()


def test_reader_never_sees_a_mixed_or_missing_index_while_others_are_published(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]}, keep=1)
    live, stop, seen = LiveIndex(Generations(tmp_path)), threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            index = live.get()
            seen.append((index.documents()[0].title, index.passages([0])[0].passage.text))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(12):
        document, text = (NEW, "Nieuw.") if number % 2 == 0 else (OLD, "Oud.")
        publish(tmp_path, {document: [text]}, keep=1)
        time.sleep(0.02)
    stop.set()
    for reader in readers:
        reader.join()
    assert set(seen) == {("oud.md", "Oud."), ("nieuw.md", "Nieuw.")}


def test_a_failed_build_leaves_the_live_generation_and_no_stage(tmp_path: Path) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})

    def fail() -> None:
        with Generations(tmp_path).building() as stage:
            (stage / "half").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert Generations(tmp_path).current().name == name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", CURRENT, name])


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".stage-20200101T000000Z-001").mkdir()
    name = publish(tmp_path, {OLD: ["Oud."]})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".lock", CURRENT, name])


def test_only_the_newest_generations_are_kept(tmp_path: Path) -> None:
    names = [publish(tmp_path, {OLD: ["Oud."]}, keep=2) for _ in range(4)]
    assert len(set(names)) == 4
    assert Generations(tmp_path).names() == names[-2:]
    assert publish(tmp_path, {OLD: ["Oud."]}, keep=1) == Generations(tmp_path).names()[0]


def test_a_second_build_is_refused_with_the_first_ones_process_and_start(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from kb.generations import Generations
        with Generations(Path({str(tmp_path)!r})).building():
            print("building", flush=True)
            sys.stdin.read()
    """)
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "building\n"
        with (
            pytest.raises(BuildInProgress, match=rf"Process {other.pid} .* since 20\d\d-"),
            Generations(tmp_path).building(),
        ):
            pass
        other.kill()
    # The lock of a dead process is free.
    with Generations(tmp_path).building():
        assert f'"pid": {os.getpid()}' in (tmp_path / ".lock").read_text()


@pytest.mark.parametrize("content", ["", "../elsewhere", "/etc", ".hidden", "gone"])
def test_a_pointer_to_no_generation_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / CURRENT).write_text(content)
    with pytest.raises(CorruptIndex):
        LiveIndex(Generations(tmp_path)).get()


def test_a_folder_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexNotWritten, match=r"KB_INDEXES"), Generations(tmp_path / "file").building():
        pass


@pytest.mark.parametrize("error", [OSError(28, "No space left"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_leaves_the_live_generation_and_no_stage(tmp_path: Path, error: Exception) -> None:
    live = publish(tmp_path, {record("a.md"): ["Eerste."]})
    generations = Generations(tmp_path)
    with pytest.raises(IndexNotWritten, match="cannot be written"), generations.building():  # noqa: SIM117
        with generations.writing():
            raise error
    assert generations.current().name == live
    assert not list(tmp_path.glob(".stage-*"))
