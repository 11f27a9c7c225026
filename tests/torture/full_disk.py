"""A disk that fills up during a build: the index in use is untouched, and the message says it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.asking import Answers, Asker
from tests.torture.corpora import QUERIES, STATES, texts, write
from tests.torture.place import Done, Place
from tests.torture.tally import Tally, Unavailable

_ROOMY = "512m"
_LEAST, _MOST = 4096, 256 << 20


def full_disk(folder: Path, expected: list[Answers], *, sizes: int) -> Tally:
    """Build on a small file system: nothing left, then from one block to more than enough."""
    tally = Tally("Disk full: index in use untouched, the message says so, and with room it succeeds")
    with tally.timed(), Asker() as asker:
        disk = folder / "disk"
        disk.mkdir()
        with _mounted(disk, _ROOMY):
            place = Place.make(folder / "full", indexes=disk / "indexes")
            write(place.corpus, texts(0))
            assert place.build().status == 0
            rooms = _rooms(sizes)
            for step, room in enumerate(rooms, 1):
                write(place.corpus, texts(step))
                # What it has open of pruned generations would take room.
                asker.rest()
                _full(tally, place, disk, room)
                _with_room(tally, place, asker, expected[step % STATES], room)
            asker.rest()
        for room in rooms[1:]:
            _nothing_yet(tally, folder, disk, room, asker, expected[0])
    return tally


def _rooms(sizes: int) -> list[int]:
    """Nothing, then bytes that grow by the same factor each time."""
    factor = (_MOST / _LEAST) ** (1 / max(1, sizes - 2))
    return [0, *(int(_LEAST * factor**step) for step in range(sizes - 1))]


def _full(tally: Tally, place: Place, disk: Path, room: int) -> None:
    """A build with `room` bytes left; what it published is judged once there is room again."""
    before, prints = place.live(), _prints(place.indexes / place.live())
    _resize(disk, str(_used(disk) + room))
    done = place.build()
    _judge(tally, done, f"with {room:,} bytes of room", published=place.live() != before)
    if place.live() == before and _prints(place.indexes / before) != prints:
        tally.breach(f"with {room:,} bytes of room: files of the live generation are not as they were")
    if stages := list(place.indexes.glob(".stage-*")):
        tally.breach(f"with {room:,} bytes of room: {stages[0].name} stays on the full disk")
    _resize(disk, _ROOMY)


def _judge(tally: Tally, done: Done, told: str, *, published: bool) -> None:
    tally.counts["builds on a small disk"] += 1
    if done.status == 0 and published:
        tally.counts["of these had room enough"] += 1
        # A full disk is no fault of the file that was being read.
        if left_out := done.report.get("filesLeftOut"):
            tally.breach(f"{told}: published without {left_out} files that are sound: {done}")
    elif done.status == 0 or published:
        tally.breach(f"{told}: it {'published' if published else 'published nothing'} and ends with {done}")
    elif not (done.is_clear_failure and "IndexNotWritten" in done.told and "space" in done.told.lower()):
        tally.breach(f"{told}: the message does not say what is missing: {done}")
    else:
        tally.counts["of these told clearly"] += 1


def _with_room(tally: Tally, place: Place, asker: Asker, expected: Answers, room: int) -> None:
    """Once there is room: the same build succeeds."""
    done = place.build()
    answers = asker.ask(place.indexes, QUERIES)
    if done.status != 0 or not answers.same_hits(expected):
        tally.breach(f"after {room:,} bytes of room, with enough: {done}; {answers}")
    if strays := place.leftovers():
        tally.breach(f"after {room:,} bytes of room, with enough: there are left {strays}")
    tally.counts["builds once there was room"] += 1


def _nothing_yet(tally: Tally, folder: Path, disk: Path, room: int, asker: Asker, expected: Answers) -> None:
    """A first build on a disk of this size."""
    with _mounted(disk, str(room)):
        place = Place.make(folder / "first", indexes=disk / "indexes")
        write(place.corpus, texts(0))
        _judge(tally, place.build(), f"a first build in {room:,} bytes", published=bool(place.live()))
        _resize(disk, _ROOMY)
        _with_room(tally, place, asker, expected, room)
        asker.rest()


def _prints(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _used(disk: Path) -> int:
    """The bytes that are taken of a file system."""
    told = subprocess.run(
        ["df", "--output=used", "--block-size=1", str(disk)], capture_output=True, text=True, check=True
    )
    return int(told.stdout.split()[-1])


def _resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


@contextmanager
def _mounted(disk: Path, size: str) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "kb-torture", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"a file system of a chosen size may not be mounted here ({error})") from error
    try:
        yield
    finally:
        subprocess.run(["umount", str(disk)], check=True)
