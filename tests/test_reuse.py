"""Copying unchanged documents from the live index: the result is that of a build from nothing."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kb.generations import Generations
from kb.indexing import build_index
from kb.indexing.reuse import program_digest
from kb.reports import BuildReport
from kb.settings import Settings
from tests.geometry import WordEncoder

PRIVACY = """\
mask:
  - name: Odilia Wintergroen
    reason: verzoek
    date: 2026-11-25
"""
THEMES = "- name: Zaaksystemen\n  queries: [zaaksysteem kiezen, informatie-uitwisseling]\n"
SENTENCES = (
    "De raad van Zwolle kiest een zaaksysteem voor alle gemeenten van de regio.",
    "Volgens Odilia Wintergroen is het zaaksysteemlandschap van Deventer te groot.",
    "Besluit: het archief verhuist in mei naar het gemeentehuis van Bergen (NH).",
    "Actie: P. Punt vraagt de provincie Overijssel om informatie-uitwisseling.",
    "“Wij gaan pas naar de cloud als het contract is getekend”, zei wethouder Jan de Boer.",
    "Wie betaalt de co-ordinatie van de e-mail?",
    "The council of Utrecht reads the minutes of the meeting and decides on the case system.",
    "Het raadsinformatiesysteem, de raad en de informatie van het systeem zijn van de regio.",
)  # fmt: skip


class CountingEncoder(WordEncoder):
    """Remembers of which texts it counted the tokens: those of documents that were made anew."""

    def __init__(self, model: str = "words") -> None:
        super().__init__(model)
        self.counted: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.counted.extend(texts)
        return super().count_tokens(texts)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(8):
        write(corpus / ("2024-05-06 avond" if number % 2 else "los") / f"stuk {number}.md", number)
    (tmp_path / "themas.yaml").write_text(THEMES)
    return Settings(corpus=corpus, indexes=tmp_path / "indexes", themes=tmp_path / "themas.yaml", ocr="off")


def write(file: Path, seed: int) -> None:
    """A document of a few sections, some of whose sentences others have as well."""
    chance = random.Random(seed)  # noqa: S311 - the same at every run
    parts = [f"# Verslag {seed}\n\nDatum: {1 + seed % 28} mei 2024\n"]
    for section in range(3):
        told = [*chance.sample(SENTENCES, 4), f"Punt {seed}-{section} gaat over onderwerp{seed % 5}."]
        parts.append(f"## Deel {section}\n\n" + "\n".join(told) + "\n")
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(parts))


def build(settings: Settings, encoder: WordEncoder | None = None) -> BuildReport:
    chosen = encoder or WordEncoder()
    return build_index(settings, lambda: chosen, allow_removals=True)


def remade(settings: Settings, encoder: CountingEncoder | None = None) -> bool:
    """Whether a build makes any document anew."""
    encoder = encoder or CountingEncoder()
    build(settings, encoder)
    return bool(encoder.counted)


def content(settings: Settings) -> dict[str, Any]:
    """Every file of the live generation: the database as the statements that would make it."""
    folder = Generations(settings.indexes).current()
    found: dict[str, Any] = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in {"manifest.json", "manifest.sha256", "report.json"}
    }
    del found["passages.sqlite"]
    with closing(sqlite3.connect(folder / "passages.sqlite")) as database:
        found["database"] = list(database.iterdump())
    return found


def told(report: BuildReport) -> list[object]:
    """What a report tells of the corpus, whatever there was before."""
    found: list[object] = [
        (one.documents, one.passages, one.undated, one.near_duplicates, one.files, one.withheld, one.masked)
        for one in (report, report.open)
        if one
    ]
    return found


def add(corpus: Path, chance: random.Random) -> None:
    write(corpus / f"{chance.choice('amz')} nieuw {chance.randrange(1000)}.md", chance.randrange(1000))


def nearly_copy(corpus: Path, chance: random.Random) -> None:
    # It may come to stand before what it was copied from, and so be the first of its group.
    file = chance.choice(documents(corpus))
    copy = corpus / f"{chance.choice('az')} kopie {chance.randrange(1000)}.md"
    copy.write_text(file.read_text() + "\nEinde.\n")


def edit(corpus: Path, chance: random.Random) -> None:
    file = chance.choice(documents(corpus))
    file.write_text(file.read_text().replace("Punt", "Agendapunt", 1) + "\nNog een zin over de stad.\n")


def remove(corpus: Path, chance: random.Random) -> None:
    chance.choice(documents(corpus)).unlink()


def rename(corpus: Path, chance: random.Random) -> None:
    file = chance.choice(documents(corpus))
    file.rename(corpus / f"{chance.choice('amz')} hernoemd {chance.randrange(1000)}.md")


def describe(corpus: Path, chance: random.Random) -> None:
    file = chance.choice(documents(corpus))
    access = chance.choice(["open", "members"])
    sidecar = f"title: Beschreven\nthemes: [Zaaksystemen, Wegen {chance.randrange(3)}]\naccess: {access}\n"
    file.with_name(f"{file.name}.yaml").write_text(sidecar)


def meet(corpus: Path, chance: random.Random) -> None:
    place = chance.choice(["Zwolle", "Ede"])
    folder = corpus / "2024-05-06 avond"
    folder.mkdir(exist_ok=True)
    told = f"name: Avond\ndate: 2024-05-06\nplace: {place}\nspeakers: [Odilia Wintergroen, P. Punt]\n"
    (folder / "_event.yaml").write_text(told)


def hide(corpus: Path, chance: random.Random) -> None:
    (corpus / "privacy.yaml").write_text(PRIVACY if chance.random() < 0.7 else "mask: []\n")


def documents(corpus: Path) -> list[Path]:
    return sorted(corpus.rglob("*.md"))


CHANGES: Sequence[Callable[[Path, random.Random], None]] = (
    add, nearly_copy, edit, remove, rename, describe, meet, hide,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_the_index_is_that_of_a_build_from_nothing(
    settings: Settings, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same at every run
    fresh = settings.model_copy(update={"indexes": tmp_path / "fresh"})
    build(settings)
    for _ in range(4):
        for change in chance.sample(CHANGES, chance.randrange(1, 4)):
            change(settings.corpus, chance)
        mine = build(settings)
        # What was read is read alike; everything else is made from nothing.
        shutil.copytree(settings.indexes / ".readings", fresh.indexes / ".readings")
        theirs = build(fresh)
        assert content(settings) == content(fresh)
        assert told(mine) == told(theirs)
        shutil.rmtree(fresh.indexes)


def test_only_what_changed_is_made_anew(settings: Settings) -> None:
    build(settings)
    assert not remade(settings)
    write(settings.corpus / "nieuw.md", 99)
    encoder = CountingEncoder()
    report = build(settings, encoder)
    changed = (settings.corpus / "nieuw.md").read_text()
    assert encoder.counted
    assert all(text in changed for text in encoder.counted)
    (new,) = (file.passages for file in report.files if file.path == "nieuw.md")
    assert report.passages - report.reused == new


def test_a_document_is_made_anew_when_anything_that_decides_it_is_another(settings: Settings) -> None:
    build(settings)
    (settings.corpus / "los" / "stuk 0.md.yaml").write_text("title: Een andere titel\n")
    assert remade(settings)
    (settings.corpus / "privacy.yaml").write_text(PRIVACY)
    assert remade(settings)
    assert not remade(settings)
    fewer_words = settings.model_copy(update={"passage_words": 60, "overlap_words": 5})
    assert remade(fewer_words)
    assert not remade(fewer_words)
    assert remade(fewer_words, CountingEncoder("other words"))
    without = fewer_words.model_copy(update={"sentence_vectors": "off"})
    assert remade(without, CountingEncoder("other words"))
    assert not remade(without, CountingEncoder("other words"))


def test_a_document_that_a_rule_failed_on_is_made_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("kb.indexing.labelling.read_minutes", lambda _: 1 / 0)
        report = build(settings)
    assert all(gap.code == "labels" for file in report.files for gap in file.gaps)
    assert remade(settings)
    assert not remade(settings)


def test_nothing_is_copied_from_an_index_that_is_damaged(settings: Settings) -> None:
    build(settings)
    tokens = Generations(settings.indexes).current() / "tokens.i8"
    data = bytearray(tokens.read_bytes())
    data[0] ^= 1
    tokens.write_bytes(data)
    assert remade(settings)


def test_the_digest_of_the_program_is_that_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for code in ("a = 1", "a = 1", "a = 2"):
        for name, text in (("__init__.py", ""), ("rules.py", code)):
            (tmp_path / name).write_text(text)
        with monkeypatch.context() as patched:
            patched.setattr("kb.__file__", str(tmp_path / "__init__.py"))
            digests.append(program_digest.__wrapped__())
    first, second, third = digests
    assert first == second != third


def test_masked_names_stand_in_no_part_of_what_is_kept_for_the_next_build(settings: Settings) -> None:
    (settings.corpus / "privacy.yaml").write_text(PRIVACY)
    build(settings)
    folder = Generations(settings.indexes).current()
    write(settings.corpus / "nieuw.md", 7)
    build(settings)
    for kept in (folder, Generations(settings.indexes).current()):
        with closing(sqlite3.connect(kept / "passages.sqlite")) as database:
            assert not any("Odilia" in statement for statement in database.iterdump())
