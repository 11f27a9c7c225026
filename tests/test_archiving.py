from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import random
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.archiving import back_up, restore
from kb.archiving import backing_up as backing_up_module
from kb.archiving.archive import ARCHIVE_VERSION, Archive, Contents, Entry, seal, write_archive
from kb.errors import (
    ArchiveError,
    ArchiveNotWritten,
    BuildInProgress,
    CorpusError,
    CorruptArchive,
    CorruptIndex,
    IncompatibleArchive,
    IndexNotWritten,
    NoIndex,
)
from kb.generations import Generations
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.printing.upkeep import backup_text, restored_text
from kb.settings import Settings
from tests.geometry import WordEncoder

QUERIES = ("raad zaaksysteem", "archief wethouder", "gemeente")


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    (corpus / "2023-04-13 avond" / "diep").mkdir(parents=True)
    evening = corpus / "2023-04-13 avond"
    (evening / "verslag.md").write_text("# Verslag\n\nDe raad kiest een zaaksysteem.\n")
    (evening / "_event.yaml").write_text("name: Avond over zaken\nplace: Waterrijk\n")
    (evening / "diep" / "dia\u0301s.txt").write_text("De gemeente leest voor.\n")
    (corpus / "notitie.txt").write_text("De wethouder noemt het archief te duur.\n")
    (corpus / "notitie.txt.yaml").write_text("title: Een notitie\n")
    (corpus / "golden.jsonl").write_text('{"question": "Wat kiest de raad?", "answers": []}\n')
    settings = Settings(corpus=corpus, indexes=tmp_path / "indexes", ocr="off")
    build_index(settings, WordEncoder)
    return settings


def elsewhere(tmp_path: Path) -> Settings:
    return Settings(corpus=tmp_path / "elders" / "corpus", indexes=tmp_path / "elders" / "indexes", ocr="off")


def answers(settings: Settings) -> list[list[tuple[str, float, str, str]]]:
    knowledge_base = KnowledgeBase(settings)
    return [
        [
            (hit.passage.id, hit.score, hit.passage.text, hit.document.source)
            for hit in knowledge_base.search(query).found.hits
        ]
        for query in QUERIES
    ]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_archive_restored_elsewhere_gives_the_same_answers_and_sources(
    tmp_path: Path, settings: Settings
) -> None:
    made = back_up(settings, tmp_path / "kopie.tar")
    assert (made.documents, made.sources, made.left_out) == (3, 3, ())
    other = elsewhere(tmp_path)
    restored = restore(other, tmp_path / "kopie.tar")
    assert answers(other) == answers(settings)
    assert {path.encode() for path in restored.placed} >= {
        b"notitie.txt",
        b"notitie.txt.yaml",
        b"golden.jsonl",
    }
    assert sorted(tree(other.corpus).values()) == sorted(tree(settings.corpus).values())
    knowledge_base = KnowledgeBase(other)
    assert knowledge_base.manifest().corpus == str(other.corpus.resolve())
    assert knowledge_base.report()["generation"] == restored.generation
    for document in knowledge_base.documents():
        assert knowledge_base.file(document.id).is_file()
    assert "teruglezen" not in restored_text(restored)
    assert not list(other.corpus.glob(".restore-*"))
    # What was restored is what a build would make: nothing is encoded again.
    assert build_index(other, WordEncoder).reused == 3


def test_a_backup_made_while_builds_publish_and_prune_is_of_one_generation(
    tmp_path: Path, settings: Settings
) -> None:
    settings = settings.model_copy(update={"keep_generations": 1})
    expected, stop, failed = answers(settings), threading.Event(), []

    def build() -> None:
        while not stop.is_set():
            try:
                build_index(settings, WordEncoder)
                Generations(settings.indexes).prune(1)
            except Exception as error:
                failed.append(error)

    builder = threading.Thread(target=build)
    builder.start()
    try:
        for number in range(3):
            back_up(settings, tmp_path / f"{number}.tar")
    finally:
        stop.set()
        builder.join()
    assert not failed
    for number in range(3):
        other = elsewhere(tmp_path / str(number))
        restore(other, tmp_path / f"{number}.tar")
        assert answers(other) == expected


def test_an_archive_of_the_index_alone_holds_no_sources(tmp_path: Path, settings: Settings) -> None:
    made = back_up(settings, tmp_path / "kopie.tar", index_only=True)
    assert made.sources == 0
    with tarfile.open(tmp_path / "kopie.tar") as tar:
        assert not [name for name in tar.getnames() if name.startswith("corpus/")]
    other = elsewhere(tmp_path)
    assert restore(other, tmp_path / "kopie.tar").placed == ()
    assert answers(other) == answers(settings)


def test_a_file_that_exists_is_written_over_only_when_told_to(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "kopie.tar"
    file.write_text("van een ander")
    with pytest.raises(ArchiveNotWritten, match="--force"):
        back_up(settings, file)
    assert file.read_text() == "van een ander"
    back_up(settings, file, force=True)
    assert tarfile.is_tarfile(file)


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ArchiveNotWritten, match="cannot be written"):
        back_up(settings, tmp_path / "no folder" / "kopie.tar")
    before = {path.name for path in tmp_path.iterdir()}
    (tmp_path / "kopie.tar").mkdir()
    with pytest.raises(ArchiveNotWritten):
        back_up(settings, tmp_path / "kopie.tar", force=True)
    assert {path.name for path in tmp_path.iterdir()} == before | {"kopie.tar"}


def test_without_an_index_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(NoIndex):
        back_up(elsewhere(tmp_path), tmp_path / "kopie.tar")


def test_a_damaged_index_is_not_backed_up(tmp_path: Path, settings: Settings) -> None:
    (Generations(settings.indexes).current() / "tokens.npy").write_bytes(b"")
    with pytest.raises(CorruptIndex):
        back_up(settings, tmp_path / "kopie.tar")
    assert not (tmp_path / "kopie.tar").exists()


def test_sources_that_are_gone_or_changed_are_left_out_and_told(tmp_path: Path, settings: Settings) -> None:
    (settings.corpus / "notitie.txt").write_text("Iets anders.")
    (settings.corpus / "2023-04-13 avond" / "verslag.md").unlink()
    made = back_up(settings, tmp_path / "kopie.tar")
    assert made.left_out == ("2023-04-13 avond/verslag.md", "notitie.txt")
    assert "notitie.txt" in backup_text(made)
    other = elsewhere(tmp_path)
    restore(other, tmp_path / "kopie.tar")
    assert answers(other) == answers(settings)
    assert not (other.corpus / "notitie.txt").exists()


def test_a_source_that_changes_while_the_archive_is_written_is_left_out(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*arguments: object) -> None:
        (settings.corpus / "notitie.txt").write_text("De wethouder noemt het archief te kort.\n")
        write_archive(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(backing_up_module, "write_archive", write)
    made = back_up(settings, tmp_path / "kopie.tar")
    assert made.left_out == ("notitie.txt",)
    assert made.sources == 2
    restore(elsewhere(tmp_path), tmp_path / "kopie.tar")


def test_files_that_are_there_already_are_never_written_over(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    other = elsewhere(tmp_path)
    (other.corpus / "2023-04-13 avond").mkdir(parents=True)
    (other.corpus / "notitie.txt").write_text("Mijn eigen notitie.")
    (other.corpus / "2023-04-13 avond" / "_event.yaml").write_bytes(
        (settings.corpus / "2023-04-13 avond" / "_event.yaml").read_bytes()
    )
    (other.corpus / "2023-04-13 avond" / "diep").write_text("een bestand waar een map zou komen")
    restored = restore(other, tmp_path / "kopie.tar")
    assert restored.present == ("2023-04-13 avond/_event.yaml",)
    assert set(restored.differing) >= {"notitie.txt"}
    assert len(restored.differing) == 2
    assert (other.corpus / "notitie.txt").read_text() == "Mijn eigen notitie."
    assert "notitie.txt" in restored_text(restored)


def test_links_in_the_corpus_lead_no_file_out_of_it(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    other = elsewhere(tmp_path)
    other.corpus.mkdir(parents=True)
    (tmp_path / "buiten").mkdir()
    (other.corpus / "2023-04-13 avond").symlink_to(tmp_path / "buiten")
    (other.corpus / "notitie.txt").symlink_to(tmp_path / "buiten" / "nieuw.txt")
    restored = restore(other, tmp_path / "kopie.tar")
    assert "notitie.txt" in restored.differing
    assert not list((tmp_path / "buiten").iterdir())


def test_an_archive_that_was_flipped_or_cut_short_changes_nothing(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    content = (tmp_path / "kopie.tar").read_bytes()
    other = elsewhere(tmp_path)
    restore(other, tmp_path / "kopie.tar")
    before = tree(tmp_path / "elders")
    chance = random.Random(4)  # noqa: S311
    damaged = tmp_path / "damaged.tar"
    for at in [*range(0, 1024, 37), len(content) - 1, *(chance.randrange(len(content)) for _ in range(60))]:
        flipped = bytearray(content)
        flipped[at] ^= 1 << chance.randrange(8)
        damaged.write_bytes(flipped)
        with pytest.raises(CorruptArchive):
            restore(other, damaged)
    for length in (0, 1, 511, 10_240, *(len(content) * part // 8 for part in range(1, 8)), len(content) - 1):
        damaged.write_bytes(content[:length])
        with pytest.raises(CorruptArchive):
            restore(other, damaged)
    damaged.write_bytes(content + bytes(10_240))
    with pytest.raises(CorruptArchive):
        restore(other, damaged)
    (other.indexes / ".lock").write_text(before["indexes/.lock"].decode())
    assert tree(tmp_path / "elders") == before


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    for content in (b"", b"text", os.urandom(30_720), bytes(20_480)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(CorruptArchive, match="file"):
            restore(elsewhere(tmp_path), tmp_path / "file")
    with pytest.raises(ArchiveError, match="cannot be read"):
        restore(elsewhere(tmp_path), tmp_path / "none")
    assert not (tmp_path / "elders").exists()


Change = Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]


def forge(
    source: Path,
    target: Path,
    change: Change,
    *,
    contents: Callable[[dict[str, object]], None] = lambda _: None,
) -> None:
    """An archive with other entries, sealed as if it were genuine."""
    listed: list[tuple[tarfile.TarInfo, bytes]] = []
    with tarfile.open(source) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            assert stream
            data = stream.read()
            if member.name == "contents.json":
                value = json.loads(data)
                contents(value)
                data = json.dumps(value).encode()
            if member.name != "archive.sha256" and (changed := change(member, data)):
                changed[0].size = len(changed[1]) if changed[0].isreg() else 0
                listed.append(changed)
    with io.BytesIO() as stream:
        tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        for member, data in listed:
            tar.addfile(member, io.BytesIO(data))
        body = stream.getvalue()
        sealed = body + seal(hashlib.sha256(body).hexdigest())
    target.write_bytes(sealed + bytes(1024 + -(len(sealed) + 1024) % 10_240))


def renamed(old: str, new: str) -> Change:
    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == old:
            member.name = new
        return member, data

    return change


def listed_as(old: str, **values: object) -> Callable[[dict[str, object]], None]:
    def contents(value: dict[str, object]) -> None:
        for entry in value["files"]:  # type: ignore[attr-defined]
            if entry["name"] == old:
                entry.update(values)

    return contents


NOTE = "corpus/notitie.txt"


@pytest.mark.parametrize(
    "name",
    [
        "corpus/../../uit.txt",
        "corpus//uit.txt",
        "/etc/uit.txt",
        "corpus/./uit.txt",
        "corpus/.verborgen/uit.txt",
        "uit.txt",
        "corpus/",
        "index/../uit.txt",
        f"corpus/{'d/' * 1_500}uit.txt",
        "corpus/2023-04-13 avond/verslag.md/uit.txt",
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, settings: Settings, name: str) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    forge(
        tmp_path / "kopie.tar", tmp_path / "forged", renamed(NOTE, name), contents=listed_as(NOTE, name=name)
    )
    with pytest.raises(CorruptArchive):
        restore(elsewhere(tmp_path), tmp_path / "forged")
    assert not (tmp_path / "elders").exists()


def test_an_archive_that_is_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pijp")
    for file in (tmp_path / "pijp", Path("/dev/zero")):
        with pytest.raises(ArchiveError, match="Put the archive in one first"):
            restore(elsewhere(tmp_path), file)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_links_devices_and_folders_are_refused(tmp_path: Path, settings: Settings, kind: bytes) -> None:
    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == NOTE:
            member.type, member.linkname = kind, "/etc/passwd"
        return member, data

    back_up(settings, tmp_path / "kopie.tar")
    forge(tmp_path / "kopie.tar", tmp_path / "forged", change)
    with pytest.raises(CorruptArchive):
        restore(elsewhere(tmp_path), tmp_path / "forged")
    assert not (tmp_path / "elders").exists()


def test_what_is_not_as_the_list_says_is_refused(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")

    def same(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, data

    def other_data(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, data.upper() if member.name == NOTE else data

    def longer(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, data * 9 if member.name == NOTE else data

    def without(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes] | None:
        return None if member.name == NOTE else (member, data)

    def fewer(value: dict[str, object]) -> None:
        value["files"] = value["files"][:-1]  # type: ignore[index]

    def twice(value: dict[str, object]) -> None:
        value["files"].append(value["files"][-1])  # type: ignore[attr-defined,index]

    forgeries: list[tuple[Change, Callable[[dict[str, object]], None]]] = [
        (other_data, lambda _: None),
        (longer, lambda _: None),
        (without, lambda _: None),
        (same, fewer),
        (same, twice),
        (same, listed_as(NOTE, size=-1)),
        (same, listed_as(NOTE, sha256="x")),
        (same, lambda value: value.update(files=None)),
        (same, lambda value: value.update(generation=5)),
        (same, lambda value: value.update(generation="20200101T000000000Z")),
    ]
    for change, contents in forgeries:
        forge(tmp_path / "kopie.tar", tmp_path / "forged", change, contents=contents)
        with pytest.raises(CorruptArchive):
            restore(elsewhere(tmp_path), tmp_path / "forged")
        assert Generations(elsewhere(tmp_path).indexes).names() == []
        assert not tree(elsewhere(tmp_path).corpus)


def test_a_header_that_claims_gigabytes_is_refused_without_reading_them(
    tmp_path: Path, settings: Settings
) -> None:
    back_up(settings, tmp_path / "kopie.tar")

    def change(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name == NOTE:
            member.pax_headers = {"comment": "x" * (5 << 20)}
        return member, data

    forge(tmp_path / "kopie.tar", tmp_path / "forged", change)
    with pytest.raises(CorruptArchive, match="claims"):
        restore(elsewhere(tmp_path), tmp_path / "forged")


def test_an_archive_of_a_newer_version_is_refused_clearly(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    forge(
        tmp_path / "kopie.tar",
        tmp_path / "forged",
        lambda member, data: (member, data),
        contents=lambda value: value.update(format=ARCHIVE_VERSION + 1),
    )
    with pytest.raises(IncompatibleArchive, match="newer version"):
        restore(elsewhere(tmp_path), tmp_path / "forged")


def test_nothing_is_restored_while_a_build_runs(tmp_path: Path, settings: Settings) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    with Generations(settings.indexes).building(), pytest.raises(BuildInProgress):
        restore(settings, tmp_path / "kopie.tar")


def test_an_archive_can_be_unpacked_by_any_tar_and_its_list_checked(
    tmp_path: Path, settings: Settings
) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    with tarfile.open(tmp_path / "kopie.tar") as tar:
        names = tar.getnames()
        stream = tar.extractfile("contents.json")
        assert stream
        files = json.loads(stream.read())["files"]
        assert names == ["contents.json", *(entry["name"] for entry in files), "archive.sha256"]
        for entry in files:
            member = tar.extractfile(entry["name"])
            assert member
            assert hashlib.sha256(member.read()).hexdigest() == entry["sha256"]


def test_an_archive_longer_than_one_record_and_of_odd_sizes_comes_back_whole(tmp_path: Path) -> None:
    for size in (0, 1, 511, 513, *range(512, 11_265, 512)):
        file = tmp_path / "data"
        file.write_bytes(b"x" * size)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        entry = Entry(name="corpus/data", size=size, sha256=digest)
        contents = Contents(
            format=ARCHIVE_VERSION, created=dt.datetime.now(dt.UTC), generation="g", files=(entry,)
        )
        with (tmp_path / "archive").open("w+b") as stream:
            write_archive(stream, contents, {"corpus/data": file})
            (tmp_path / "out").unlink(missing_ok=True)
            Archive(stream).extract(lambda _: tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == file.read_bytes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_on_a_full_disk_no_half_archive_is_left(settings: Settings, small_disk: Path) -> None:
    (small_disk / "rest").write_bytes(bytes(40_000))
    with pytest.raises(ArchiveNotWritten, match="Free space"):
        back_up(settings, small_disk / "kopie.tar")
    assert [path.name for path in small_disk.iterdir()] == ["rest"]


def test_on_a_full_disk_nothing_is_restored_and_the_message_names_the_folder(
    tmp_path: Path, settings: Settings, small_disk: Path
) -> None:
    back_up(settings, tmp_path / "kopie.tar")
    other = Settings(corpus=tmp_path / "elders", indexes=small_disk / "indexes")
    with pytest.raises(IndexNotWritten, match="indexes"):
        restore(other, tmp_path / "kopie.tar")
    assert [path.name for path in other.indexes.iterdir()] == [".lock"]
    assert not list(other.corpus.iterdir())
    (small_disk / "rest").write_bytes(bytes(60_000))
    other = Settings(corpus=small_disk / "corpus", indexes=tmp_path / "elders")
    with pytest.raises(CorpusError, match="corpus"):
        restore(other, tmp_path / "kopie.tar")
    assert Generations(other.indexes).names() == []
    assert not tree(other.corpus)
