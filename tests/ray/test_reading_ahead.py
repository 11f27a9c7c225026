"""The promise that a cluster reads no further ahead of who writes the index than there is room for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="Ray has an environment of its own: make ray")

import ray

from kb.corpus import scan
from kb.embedding import load_encoder
from kb.indexing.cluster import Cluster
from kb.indexing.cluster_work import Job
from kb.indexing.reuse import program_digest
from kb.privacy.live import LivePrivacy
from kb.readings import Readings
from kb.sandbox import read_options
from tests.ray.builds import settings_in
from tests.ray.nodes import Batches, Nodes

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

_BATCHES = 40
# Longer than a batch takes: when none is begun meanwhile, none will be.
_STILL_SECONDS = 12.0
# Of what comes of batches and nobody has taken yet, in all of the cluster: some of them.
_ROOM_BYTES = 1_000_000


@pytest.fixture
def little_room() -> Iterator[None]:
    """As on a cluster whose memory is nearly full."""
    options = ray.data.DataContext.get_current().execution_options
    before = options.resource_limits
    options.resource_limits = ray.data.ExecutionResources(object_store_memory=_ROOM_BYTES)
    yield
    options.resource_limits = before


def _job(corpus: Path, indexes: Path) -> Job:
    settings = settings_in(indexes, corpus)
    return Job(
        settings=settings,
        root=corpus,
        privacy=LivePrivacy(settings).get(),
        identity=load_encoder(settings).identity,
        has_sentences=True,
        program=program_digest(),
        made_with=Readings(Path(), read_options(settings)).made_with,
        known=np.empty(0, np.uint64),
    )


def _still(batches: Batches) -> int:
    """How many batches were begun, once no more are."""
    while True:
        before = batches.begun
        time.sleep(_STILL_SECONDS)
        if batches.begun == before:
            return before


@pytest.mark.usefixtures("little_room")
def test_who_is_slow_to_take_what_was_read_is_waited_for(
    cluster: Cluster, nodes: Nodes, tmp_path: Path
) -> None:
    (corpus := tmp_path / "corpus").mkdir()
    for number in range(16 * _BATCHES):
        text = f"# Verslag {number}\n\nDe raad besluit over punt {number} van de lantaarnpalen.\n"
        (corpus / f"{number:03}.md").write_text(text, encoding="utf-8")
    sources = scan(corpus).sources
    asked = cluster.told(_job(corpus, tmp_path / "indexes"), sources)
    with Batches(*nodes) as batches, contextlib.closing(asked) as told:
        first = next(told)
        begun = _still(batches)
        assert 1 <= begun < _BATCHES / 2
        # Who goes on taking gets the rest, in order.
        taken = [first, *islice(told, 16 * (begun + 1))]
        assert batches.begun > begun
    assert [one.outcome.source.path for one in taken] == [source.path for source in sources[: len(taken)]]
