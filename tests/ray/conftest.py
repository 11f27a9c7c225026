"""A cluster of two nodes for each file of tests, and documents for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.indexing.cluster import Cluster, joined
from kb.reports import BuildReport
from kb.settings import Settings
from tests.ray.builds import REPORTS, built, settings_in
from tests.ray.nodes import Nodes, started

_SENTENCES = (
    "De gemeente deelt sensordata over lantaarnpalen met de provincie.",
    "De griffier vraagt de raad om rust tijdens de vergadering.",
    "Het archief verhuist naar een ander gebouw aan de rand van de stad.",
    "Wie het netwerk afsluit, overlegt eerst met de gemeentesecretaris.",
)


@pytest.fixture(scope="module")
def nodes(root: Path) -> Iterator[Nodes]:
    with started(root) as found:
        yield found


@pytest.fixture(scope="module")
def cluster(nodes: Nodes) -> Iterator[Cluster]:
    end = time.monotonic() + 60
    with joined(nodes.address) as found:
        while found._ray.cluster_resources().get("CPU", 0) < 2:
            assert time.monotonic() < end
            time.sleep(0.2)
        yield found


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of which some passages are alike, one with a name that must not be read, one damaged."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(REPORTS):
        own = [f"{_SENTENCES[(number + at) % 4]} Punt {number * 10 + at}." for at in range(8)]
        text = "\n\n".join([f"# Verslag {number}", "Dank voor uw komst.", *own])
        (folder / f"{number:02}.md").write_text(text, encoding="utf-8")
    (folder / "kapot.pdf").write_bytes(b"%PDF-1.7\nniets")
    (folder / "privacy.yaml").write_text(
        "mask:\n  - name: Xaviera Quibbelhorst\n    reason: proef\n    date: 2026-11-25\n", encoding="utf-8"
    )
    named = "Xaviera Quibbelhorst sprak over het gemaal van de polder.\n"
    (folder / "naam.txt").write_text(named, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def local(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, BuildReport]:
    """What a build without a cluster makes of them."""
    settings = settings_in(tmp_path_factory.mktemp("local"), corpus)
    return settings, built(settings, None)
