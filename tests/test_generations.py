from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from kb.errors import BuildInProgress, CorruptIndex, IndexNotWritten, NoIndex, UnknownGeneration
from kb.generations import CURRENT, Generations, Pruned
from kb.live_index import LiveIndex
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
    assert live.failure
    assert name in live.failure


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


def damage(folder: Path) -> None:
    file = folder / "vectors.faiss"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def test_a_reader_that_starts_with_a_damaged_generation_takes_the_newest_intact_one_before_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    oldest = publish(tmp_path, {OLD: ["Oud."]})
    for _ in range(2):
        damage(tmp_path / publish(tmp_path, {NEW: ["Nieuw."]}))
    live = LiveIndex(Generations(tmp_path))
    for _ in range(3):
        assert titles(live) == ["oud.md"]
    assert live.failure
    warnings = [found for found in caplog.records if found.name == "kb.live_index"]
    assert [found.levelname for found in warnings] == ["WARNING"]
    assert oldest in warnings[0].getMessage()


def test_a_reader_goes_back_to_the_live_generation_once_a_good_one_is_published(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    damage(tmp_path / publish(tmp_path, {OLD: ["Oud."]}))
    live = LiveIndex(Generations(tmp_path))
    assert titles(live) == ["oud.md"]
    publish(tmp_path, {NEW: ["Nieuw."]})
    assert titles(live) == ["nieuw.md"]
    assert live.failure is None


@pytest.mark.parametrize("content", ["", "../elsewhere", "20200101T000000000Z"])
def test_a_reader_with_a_damaged_pointer_takes_the_newest_intact_generation(
    tmp_path: Path, content: str
) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    (tmp_path / CURRENT).write_text(content)
    live = LiveIndex(Generations(tmp_path))
    if content.startswith("2020"):
        # It names a generation before all there are: none is older.
        with pytest.raises(CorruptIndex):
            live.get()
    else:
        assert titles(live) == ["oud.md"]


def test_without_an_intact_generation_that_is_told_without_reading_it_each_time(tmp_path: Path) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})
    damage(tmp_path / name)
    live = LiveIndex(Generations(tmp_path))
    with pytest.raises(CorruptIndex, match="kb build"):
        live.get()
    # Were it read again, this would be the fault.
    (tmp_path / name / "tokens.npy").unlink()
    (tmp_path / name / "vectors.faiss").unlink()
    with pytest.raises(CorruptIndex, match="checksum differs"):
        live.get()
    publish(tmp_path, {NEW: ["Nieuw."]})
    assert titles(live) == ["nieuw.md"]


def test_a_generation_that_is_open_is_never_pruned_and_one_that_was_closed_is(tmp_path: Path) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    index = Generations(tmp_path).open_live()
    second = publish(tmp_path, {NEW: ["Nieuw."]}, keep=1)
    generations = Generations(tmp_path)
    assert generations.names() == [first, second]
    assert generations.prune(1) == Pruned(removed=(), held=(first,))
    assert index.passages([0])[0].passage.text == "Oud."
    index.close()
    index.close()
    assert generations.prune(1) == Pruned(removed=(first,), held=())
    assert generations.names() == [second]
    assert generations.prune(1) == Pruned(removed=(), held=())


def test_a_generation_is_held_until_its_reader_is_forgotten(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    live = LiveIndex(Generations(tmp_path))
    live.get()
    second = publish(tmp_path, {NEW: ["Nieuw."]}, keep=1)
    assert len(Generations(tmp_path).names()) == 2
    live.get()
    gc.collect()
    Generations(tmp_path).prune(1)
    assert Generations(tmp_path).names() == [second]


def test_a_generation_that_another_process_holds_is_kept_until_that_process_dies(
    tmp_path: Path, root: Path
) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    script = (
        "import sys; from pathlib import Path; from kb.generations import Generations\n"
        f"index = Generations(Path({str(tmp_path)!r})).open_live()\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        publish(tmp_path, {NEW: ["Nieuw."]})
        assert Generations(tmp_path).prune(1).held == (first,)
        other.kill()
    assert Generations(tmp_path).prune(1).removed == (first,)


def test_a_generation_that_could_not_be_removed_entirely_never_looks_published(tmp_path: Path) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    (tmp_path / f".gone-{first}").mkdir()
    (tmp_path / f".gone-{first}" / "half").write_text("")
    assert Generations(tmp_path).names() == [first]
    Generations(tmp_path).prune(3)
    assert not list(tmp_path.glob(".gone-*"))


def test_readers_that_start_while_others_are_published_and_pruned_never_fail(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]}, keep=1)
    stop, failed, opened = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                index = Generations(tmp_path).open_live()
                opened.append(index.passages([0])[0].passage.text)
                Generations(tmp_path).manifest()
                index.close()
            except Exception as error:
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(15):
        publish(tmp_path, {NEW: ["Nieuw."]}, keep=1)
        Generations(tmp_path).prune(1)
    stop.set()
    for reader in readers:
        reader.join()
    assert not failed
    assert len(opened) > 4
    Generations(tmp_path).prune(1)
    assert len(Generations(tmp_path).names()) == 1


def test_rollback_goes_to_the_newest_intact_generation_before_the_live_one(tmp_path: Path) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    second = publish(tmp_path, {NEW: ["Nieuw."]})
    third = publish(tmp_path, {NEW: ["Nieuwst."]})
    damage(tmp_path / second)
    generations = Generations(tmp_path)
    live = LiveIndex(generations)
    live.get()
    assert generations.rollback() == first
    assert generations.current().name == first
    assert titles(live) == ["oud.md"]
    with pytest.raises(UnknownGeneration, match="before the live one"):
        generations.rollback()
    with pytest.raises(CorruptIndex):
        generations.rollback(second)
    assert generations.current().name == first
    assert generations.rollback(third) == third
    assert generations.rollback(third) == third


@pytest.mark.parametrize("name", ["20200101T000000000Z", "..", "", "/etc"])
def test_rollback_to_an_unknown_name_lists_those_there_are(tmp_path: Path, name: str) -> None:
    live = publish(tmp_path, {OLD: ["Oud."]})
    with pytest.raises(UnknownGeneration, match=live):
        Generations(tmp_path).rollback(name)
    assert Generations(tmp_path).current().name == live


def test_rollback_mends_a_damaged_pointer(tmp_path: Path) -> None:
    name = publish(tmp_path, {OLD: ["Oud."]})
    (tmp_path / CURRENT).write_text("nonsense")
    assert Generations(tmp_path).rollback() == name
    assert Generations(tmp_path).current().name == name


def test_nothing_is_rolled_back_or_pruned_while_a_build_runs(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    publish(tmp_path, {OLD: ["Oud."]})
    generations = Generations(tmp_path)
    with generations.building():
        with pytest.raises(BuildInProgress):
            generations.rollback()
        with pytest.raises(BuildInProgress):
            generations.prune(1)
    assert len(generations.names()) == 2


def test_manifests_are_those_that_can_be_read_newest_first(tmp_path: Path) -> None:
    first, second, third = (publish(tmp_path, {OLD: ["Oud."]}) for _ in range(3))
    (tmp_path / second / "manifest.json").write_text("{}")
    assert list(Generations(tmp_path).manifests()) == [third, first]


@pytest.mark.parametrize("failing", range(1, 4))
def test_a_publication_that_fails_leaves_the_old_generation_live_and_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """The rename of the stage, of the pointer, and the sync after that."""
    first = publish(tmp_path, {OLD: ["Oud."]})
    calls = 0
    fsync, rename = os.fsync, Path.rename

    def failing_fsync(descriptor: int) -> None:
        nonlocal calls
        if failing == 3 and calls == 2:
            calls += 1
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    def failing_rename(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == failing and failing < 3:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", failing_fsync)
    monkeypatch.setattr(Path, "rename", failing_rename)
    with pytest.raises(OSError, match="Input/output"):
        publish(tmp_path, {NEW: ["Nieuw."]})
    monkeypatch.undo()
    assert Generations(tmp_path).current().name == first
    assert Generations(tmp_path).names() == [first]
    publish(tmp_path, {NEW: ["Nieuw."]})
    assert titles(LiveIndex(Generations(tmp_path))) == ["nieuw.md"]


def test_an_index_in_a_folder_that_cannot_be_written_is_searched(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    if os.geteuid() or subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=False).returncode:
        pytest.skip("a read-only disk cannot be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", tmp_path], check=True)
        assert titles(LiveIndex(Generations(tmp_path))) == ["oud.md"]
        with pytest.raises(IndexNotWritten):
            Generations(tmp_path).prune(1)
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_generation_whose_build_was_ended_before_the_pointer_moved_was_never_published(
    tmp_path: Path, root: Path
) -> None:
    first = publish(tmp_path, {OLD: ["Oud."]})
    # Ended between the two renames: nothing is tidied up.
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from kb.generations import Generations
        from tests.library import publish, record
        Generations._switch = lambda *_: os._exit(9)
        publish(Path({str(tmp_path)!r}), {{record("nieuw.md"): ["Nieuw."]}})
    """)
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 9
    assert len(list(tmp_path.glob("2*"))) == 2
    generations = Generations(tmp_path)
    assert generations.names() == list(generations.manifests()) == [first]
    second = publish(tmp_path, {NEW: ["Nieuw."]})
    assert sorted(path.name for path in tmp_path.glob("2*")) == [first, second]


def test_what_was_rolled_back_from_is_kept_until_it_is_one_too_many(tmp_path: Path) -> None:
    first, second, third = (publish(tmp_path, {OLD: ["Oud."]}) for _ in range(3))
    generations = Generations(tmp_path)
    generations.rollback()
    generations.rollback()
    assert generations.current().name == first
    assert generations.names() == [first, second, third]
    fourth = publish(tmp_path, {OLD: ["Oud."]}, keep=4)
    assert generations.names() == [first, second, third, fourth]
    assert not (tmp_path / "ROLLED_BACK").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not list open files")
def test_a_generation_that_is_left_keeps_no_file_open(tmp_path: Path) -> None:
    publish(tmp_path, {OLD: ["Oud."]})
    live = LiveIndex(Generations(tmp_path))
    live.get().passages([0])
    gc.disable()
    try:
        for _ in range(4):
            name = publish(tmp_path, {NEW: ["Nieuw."]})
            live.get().passages([0])
            opened = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
            left = [file for file in opened if file.startswith(str(tmp_path)) and f"/{name}/" not in file]
            assert left == []
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["99999999T999999999Z", "99991231T235959999Z", "21000231T000000000Z"])
def test_a_folder_that_is_called_after_no_moment_is_no_generation(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    made = publish(tmp_path, {OLD: ["Oud."]})
    assert Generations(tmp_path).names() == [made]
    assert (tmp_path / name).is_dir()
