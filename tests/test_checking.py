from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from kb import known_hashes
from kb.checking import check
from kb.embedding import Encoded
from kb.errors import NoIndex
from kb.files import sha256_of
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.index.manifests import read_manifest, write_manifest
from kb.indexing import build_index
from kb.printing.upkeep import check_json, check_text
from kb.settings import Settings
from tests.geometry import WordEncoder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "verslag 2023-04-13.md").write_text(
        "# Verslag\n\n## Besluit\n\nDe raad kiest een zaaksysteem.\n"
    )
    (corpus / "notitie.txt").write_text("De wethouder noemt het archief van de gemeente te duur.\n")
    (corpus / "kopie.txt").write_text("De wethouder noemt het archief van de gemeente te duur!\n")
    settings = Settings(corpus=corpus, indexes=tmp_path / "indexes", ocr="off")
    build_index(settings, WordEncoder)
    return settings


def live(settings: Settings) -> Path:
    return Generations(settings.indexes).current()


def harm(settings: Settings, statement: str) -> None:
    """Change the database with checksums that are right afterwards."""
    folder = live(settings)
    with contextlib.closing(sqlite3.connect(folder / "passages.sqlite")) as database:
        database.execute(statement)
        database.commit()
    write_manifest(folder, read_manifest(folder))


def test_a_sound_index_is_said_to_be_so_with_what_its_documents_lack(settings: Settings) -> None:
    found = check(settings, WordEncoder)
    assert (found.is_sound, found.is_stale) == (True, False)
    assert found.live.faults == ()
    assert (found.documents, found.sampled) == (3, found.passages)
    assert found.near_duplicates == (("notitie.txt", "kopie.txt"),)
    assert found.undated == ("kopie.txt", "notitie.txt")
    text = check_text(found)
    assert "is in orde" in text
    assert "notitie.txt = kopie.txt" in text
    assert check_json(found)["sound"] is True


def test_without_an_index_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(NoIndex):
        check(Settings(indexes=tmp_path / "none"), None)


def test_vectors_of_other_sentences_are_found(settings: Settings) -> None:
    folder = live(settings)
    codes = np.fromfile(folder / "sentences.i8", np.int8)
    codes[::-1].tofile(folder / "sentences.i8")
    write_manifest(folder, read_manifest(folder))
    found = check(settings, WordEncoder)
    assert not found.is_sound
    assert any("vectors of its sentences" in fault for fault in found.live.faults)


def test_every_damaged_file_of_a_generation_is_named(settings: Settings) -> None:
    folder = live(settings)
    for name in ("vectors.faiss", "tokens.i8"):
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)
    found = check(settings, None)
    assert not found.is_sound
    assert len(found.live.faults) == 2
    assert all(name in " ".join(found.live.faults) for name in ("vectors.faiss", "tokens.i8"))
    assert "kb build" in check_text(found)


def test_damage_that_the_file_system_does_not_tell_of_is_found(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a disk loses by itself changes no time: the index opens on old hashes, and the check reads all."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = live(settings)
    file = folder / "lexical" / "weights.npy"
    sound = sha256_of(file)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    cache = tmp_path / "cache" / "kennisbank" / "hashes.json"
    cache.parent.mkdir(parents=True)
    cache.write_text(json.dumps({known_hashes._state(file): [sound, time.time()]}))
    EmbeddedIndex.open(folder).close()
    assert [fault for fault in check(settings, None).live.faults if "weights.npy is damaged" in fault]


def test_a_damaged_older_generation_is_found_when_all_are_checked(settings: Settings) -> None:
    older = live(settings)
    build_index(settings, WordEncoder)
    (older / "vectors.faiss").write_bytes(b"")
    assert check(settings, None).is_sound
    found = check(settings, None, every=True)
    assert not found.is_sound
    assert [one.generation for one in found.older if one.faults] == [older.name]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE passages SET text = text || ' meer' WHERE row = 0", "no slice"),
        ("UPDATE passages SET text = upper(text) WHERE row = 0", "not what was embedded"),
        ("UPDATE passages SET embedded = 'x' WHERE row = 1", "not what was embedded"),
        ("UPDATE passages SET id = 'x' WHERE row = 1", "id of its words"),
        ("UPDATE passages SET ordinal = 7 WHERE row = 0", "not in its place"),
        ("UPDATE passages SET start = start + 1 WHERE row = 0", "no slice"),
        ("UPDATE passages SET context = 'archief zaaksysteem' WHERE row = 0", "postings of other words"),
        ("UPDATE documents SET record = replace(record, 'notitie.txt', 'iets.txt')", "not the one"),
    ],
)
def test_passages_that_do_not_agree_with_the_rest_are_found(
    settings: Settings, statement: str, fault: str
) -> None:
    harm(settings, statement)
    found = check(settings, None)
    assert not found.is_sound
    assert any(fault in one for one in found.live.faults), found.live.faults


def test_vectors_in_another_order_are_found_by_encoding_a_sample_again(settings: Settings) -> None:
    folder = live(settings)
    content = (folder / "vectors.faiss").read_bytes()
    header, width = 45, 4 * WordEncoder().identity.dimension
    vectors = [content[at : at + width] for at in range(header, len(content), width)]
    (folder / "vectors.faiss").write_bytes(content[:header] + b"".join(reversed(vectors)))
    write_manifest(folder, read_manifest(folder))
    assert check(settings, None).is_sound
    assert any("cosine" in fault for fault in check(settings, WordEncoder).live.faults)


def test_a_vector_that_is_no_unit_vector_is_found(settings: Settings) -> None:
    folder = live(settings)
    content = bytearray((folder / "vectors.faiss").read_bytes())
    content[45:49] = np.float32(np.nan).tobytes()
    (folder / "vectors.faiss").write_bytes(content)
    write_manifest(folder, read_manifest(folder))
    assert any("not 1" in fault for fault in check(settings, None).live.faults)


def test_small_differences_of_arithmetic_are_no_fault(settings: Settings) -> None:
    class Rougher(WordEncoder):
        def encode_passages(self, texts: object) -> list[Encoded]:
            found = super().encode_passages(texts)  # type: ignore[arg-type]
            return [
                Encoded((one.vector.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32), one.tokens)
                for one in found
            ]

    found = check(settings, Rougher)
    assert found.sampled
    assert found.is_sound


def test_an_index_of_another_model_is_not_judged_by_this_one(settings: Settings) -> None:
    found = check(settings, lambda: WordEncoder("another"))
    assert found.is_sound
    assert found.sampled is None


def test_sources_that_are_gone_changed_and_new_are_told(settings: Settings) -> None:
    (settings.corpus / "notitie.txt").unlink()
    (settings.corpus / "kopie.txt").write_text("Iets anders.")
    (settings.corpus / "nieuw.txt").write_text("Nieuw.")
    found = check(settings, None)
    assert found.is_sound
    assert found.is_stale
    assert (found.gone, found.changed, found.added) == (("notitie.txt",), ("kopie.txt",), ("nieuw.txt",))
    assert "kb build" in check_text(found)
    shutil.rmtree(settings.corpus)
    assert len(check(settings, None).gone) == 3


def test_a_changed_sidecar_is_a_changed_source(settings: Settings) -> None:
    (settings.corpus / "notitie.txt.yaml").write_text(f"date: {dt.date(2024, 1, 2)}\n")
    assert check(settings, None).changed == ("notitie.txt",)
