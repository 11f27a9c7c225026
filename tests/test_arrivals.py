"""What came in last, as real builds tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.arrivals import Arrival
from kb.generations import Generations
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder

Told = list[tuple[list[str], list[str]]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", ocr="off")
    settings.corpus.mkdir()
    for name, year in (("dijk", 2019), ("haven", 2023), ("brug", None)):
        write(settings, name, f"Datum: 6 mei {year}" if year else "Zonder dag.")
    build(settings)
    return settings


def write(settings: Settings, name: str, text: str) -> None:
    file = settings.corpus / f"{name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"# Over {name}\n\n{text}\n\nDe wethouder sprak over {name}.\n")


def build(settings: Settings) -> None:
    build_index(settings, WordEncoder, allow_removals=True)


def arrivals(settings: Settings, *, members: bool = True) -> list[Arrival]:
    return KnowledgeBase(settings).pinned(members=members).arrivals()


def told(settings: Settings, *, members: bool = True) -> Told:
    return [
        ([one.source for one in arrival.added], [one.source for one in arrival.changed])
        for arrival in arrivals(settings, members=members)
    ]


def test_the_first_build_brought_everything_the_newest_documents_first(settings: Settings) -> None:
    assert told(settings) == [(["haven.md", "dijk.md", "brug.md"], [])]


def test_each_document_is_told_of_once_with_the_last_build_that_touched_it(settings: Settings) -> None:
    write(settings, "kade", "Datum: 7 mei 2024")
    write(settings, "dijk", "Datum: 6 mei 2019\n\nEn nog iets.")
    build(settings)
    (settings.corpus / "haven.md").unlink()
    write(settings, "sluis", "Datum: 8 mei 2024")
    build(settings)
    assert told(settings) == [(["sluis.md"], []), (["kade.md"], ["dijk.md"]), (["brug.md"], [])]
    moments = [arrival.at for arrival in arrivals(settings)]
    assert moments == sorted(moments, reverse=True)


def test_a_file_with_another_name_did_not_come_in(settings: Settings) -> None:
    (settings.corpus / "brug.md").rename(settings.corpus / "oude-brug.md")
    write(settings, "kade", "Datum: 7 mei 2024")
    build(settings)
    assert told(settings) == [(["kade.md"], []), (["haven.md", "dijk.md", "oude-brug.md"], [])]


def test_after_a_rollback_only_what_is_there_came_in(settings: Settings) -> None:
    write(settings, "kade", "Datum: 7 mei 2024")
    build(settings)
    Generations(settings.indexes).rollback()
    assert told(settings) == [(["haven.md", "dijk.md", "brug.md"], [])]


def test_what_is_for_members_came_in_for_nobody_else(settings: Settings) -> None:
    write(settings, "geheim/kluis", "Datum: 9 mei 2024")
    (settings.corpus / "geheim" / "_event.yaml").write_text("name: Besloten\naccess: members\n")
    build(settings)
    build(settings)
    public = [(["haven.md", "dijk.md", "brug.md"], [])]
    assert told(settings, members=False) == public
    assert told(settings) == [(["geheim/kluis.md"], []), *public]
    # What was closed came in when it was opened, as far as others can tell.
    (settings.corpus / "geheim" / "_event.yaml").write_text("name: Besloten\n")
    build(settings)
    (opened, *_) = told(settings, members=False)
    assert "geheim/kluis.md" in [path for paths in opened for path in paths]


def test_a_report_that_cannot_be_read_takes_its_arrivals_along_and_no_more(settings: Settings) -> None:
    first = Generations(settings.indexes).current()
    write(settings, "kade", "Datum: 7 mei 2024")
    build(settings)
    (first / "report.json").write_text("[" * 100_000)
    assert told(settings) == [(["kade.md"], [])]
