"""Promises about what is written: it is there whole, or it is told that it is not."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kb.arrays import write_array
from kb.files import made_once


@pytest.mark.parametrize("shape", [(0,), (3,), (40, 7), (70_000, 3)])
def test_an_array_is_read_and_mapped_as_one_that_numpy_wrote(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(2).integers(0, 100, shape).astype(np.int32)
    write_array(tmp_path / "ours.npy", values)
    np.save(tmp_path / "theirs.npy", values)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "theirs.npy").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="takes a device that is always full")
@pytest.mark.parametrize("length", [1, 100_000])
def test_an_array_without_room_is_told(tmp_path: Path, length: int) -> None:
    (tmp_path / "full.npy").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_array(tmp_path / "full.npy", np.zeros(length))


def test_of_two_that_make_a_folder_at_once_the_first_one_counts_and_both_are_done(tmp_path: Path) -> None:
    folder, together = tmp_path / "cache" / "model", threading.Barrier(2)

    def make(stage: Path) -> None:
        (stage / "weights").write_text(stage.name)
        together.wait(20)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(made_once, folder, make) for _ in range(2)]:
            done.result()
    assert [one.name for one in folder.parent.iterdir()] == ["model"]
    assert [one.name for one in folder.iterdir()] == ["weights"]


def test_a_folder_that_cannot_be_made_is_not_there(tmp_path: Path) -> None:
    def make(stage: Path) -> None:
        (stage / "weights").write_text("half")
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        made_once(tmp_path / "model", make)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file")
    with pytest.raises(OSError, match="model"):
        made_once(tmp_path / "model", lambda _: None)
