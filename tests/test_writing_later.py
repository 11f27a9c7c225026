"""Vectors that come later than what is written beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tests.library
from kb.errors import EncoderUnavailable
from kb.index.embedded import EmbeddedIndex
from kb.index.stored import StoredVectors
from kb.index.writing import IndexWriter
from kb.settings import Settings
from tests.geometry import DIMENSION, WordEncoder
from tests.library import record, write_index
from tests.test_rebuilding import live, rebuild, settings

__all__ = ["settings"]

DOCUMENTS = {
    record(f"{name}.md"): [f"Over {name} sprak de raad. En daarna de griffier.", f"Meer over {name}."]
    for name in ("archief", "cloud", "hack", "zaken")
}


def test_an_index_is_the_same_when_some_vectors_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "at once").mkdir()
    (tmp_path / "later").mkdir()
    write_index(tmp_path / "at once", DOCUMENTS, generation="one")
    all_added, asked_by = threading.Event(), set()

    class Later(IndexWriter):
        def add(self, document: Any, passages: Any, encoded: Any, *rest: Any) -> None:
            def ask() -> Sequence[StoredVectors]:
                assert all_added.wait(20)
                asked_by.add(threading.current_thread().name)
                return encoded  # type: ignore[no-any-return]

            super().add(document, passages, ask if self.documents in (0, 2) else encoded, *rest)

        def finish(self, encode_queries: Callable[..., Any] | None = None) -> None:
            all_added.set()
            super().finish(encode_queries)

    monkeypatch.setattr(tests.library, "IndexWriter", Later)
    write_index(tmp_path / "later", DOCUMENTS, generation="one")
    assert len(asked_by) == 1
    assert threading.main_thread().name not in asked_by
    for name in ("vectors.faiss", "tokens.i8", "tokens.npy", "sentences.i8", "sentences.npy"):
        assert (tmp_path / "at once" / name).read_bytes() == (tmp_path / "later" / name).read_bytes()


def test_what_goes_wrong_later_is_raised_when_the_index_is_finished(tmp_path: Path) -> None:
    def ask() -> Sequence[StoredVectors]:
        raise OSError("no room")

    with IndexWriter(tmp_path, dimension=DIMENSION) as writer:
        writer.add(record("een.md"), [], ask)
        with pytest.raises(OSError, match="no room"):
            writer.finish()


def test_only_so_many_passages_wait_for_the_vectors_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.index.writing._MOST_WAITING", 4)
    go_on = threading.Event()
    (tmp_path / "one").mkdir()
    write_index(tmp_path / "one", {record("een.md"): ["Een.", "Twee."]})
    with closing(EmbeddedIndex.open(tmp_path / "one")) as index:
        passages = [found.passage for found in index.passages(range(2))]
    stored = [StoredVectors.of(one) for one in WordEncoder().encode_passages(["een", "twee"])]

    def ask() -> Sequence[StoredVectors]:
        assert go_on.wait(20)
        return stored

    added: list[int] = []
    (tmp_path / "own").mkdir()

    def write() -> None:
        with IndexWriter(tmp_path / "own", dimension=DIMENSION) as writer:
            for number in range(6):
                own = [replace(one, id=f"{one.id}{number}") for one in passages]
                writer.add(record(f"{number}.md"), own, ask)
                added.append(number)
            writer.finish()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        deadline = time.monotonic() + 20
        while len(added) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)
        assert added == [0, 1, 2]
        go_on.set()
        writing.result()
    assert added == list(range(6))


def test_an_index_that_is_given_up_asks_no_more(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()
    asked = []

    def first() -> Sequence[StoredVectors]:
        began.set()
        assert go_on.wait(20)
        asked.append(1)
        return []

    def second() -> Sequence[StoredVectors]:
        asked.append(2)
        return []

    with IndexWriter(tmp_path, dimension=DIMENSION) as writer:
        writer.add(record("een.md"), [], first)
        writer.add(record("twee.md"), [], second)
        assert began.wait(20)
        threading.Timer(0.2, go_on.set).start()
    assert asked == [1]


def test_passages_that_cannot_be_encoded_end_a_build_and_the_live_index_stays(settings: Settings) -> None:
    class Broken(WordEncoder):
        def encode_passages(self, texts: Sequence[str]) -> Any:
            raise RuntimeError(f"out of memory for {len(texts)}")

    rebuild(settings)
    before = live(settings).manifest.generation
    (settings.corpus / "bijna.md").write_text("# Bijna\n\nDe griffier vraagt om rust.\n")
    with pytest.raises(EncoderUnavailable, match="Passages cannot be encoded \\(out of memory for 3\\)"):
        rebuild(settings, Broken())
    assert live(settings).manifest.generation == before
    assert rebuild(settings).changes.added == ("bijna.md",)
    names = [one.source for one in live(settings).documents()]
    assert names == sorted(names)
    assert "bijna.md" in names
