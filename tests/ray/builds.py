"""Builds with and without a cluster, and what must be the same of both."""

from __future__ import annotations

from pathlib import Path

from kb.embedding import load_encoder
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.indexing import build_index
from kb.indexing.cluster import Cluster
from kb.reports import BuildReport
from kb.settings import Settings

# Documents of Markdown; with a damaged file and one that names somebody they are whole batches of sixteen.
REPORTS = 78
BATCHES = (REPORTS + 2) // 16


def settings_in(folder: Path, corpus: Path) -> Settings:
    folder.mkdir(exist_ok=True)
    return Settings(corpus=corpus, indexes=folder)


def built(settings: Settings, cluster: Cluster | None) -> BuildReport:
    return build_index(settings, lambda: load_encoder(settings), cluster=cluster, allow_removals=True)


def live(settings: Settings) -> EmbeddedIndex:
    return Generations(settings.indexes).open_live()


def readings(settings: Settings) -> set[str]:
    """The names of what a build kept of the files that were read."""
    return {path.name for path in (settings.indexes / ".readings").iterdir()}


def assert_same(settings: Settings, local: Settings) -> None:
    """The live generations are one another's, but for what tells when they were made."""
    mine, theirs = _files(settings), _files(local)
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if name != "passages.sqlite" and mine[name] != theirs[name]] == []
    one, other = live(settings), live(local)
    assert one.documents() == other.documents()
    rows = range(one.manifest.passages)
    assert one.passages(rows) == other.passages(rows)
    assert one.manifest.sources == other.manifest.sources


def _files(settings: Settings) -> dict[str, bytes]:
    folder = live(settings).folder
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "manifest.sha256", "report.json")
    }
