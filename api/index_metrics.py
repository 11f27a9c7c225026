"""Numbers of the index and of its builds, read from disk when they are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import get_args

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from kb import __version__
from kb.builds import Builds, State
from kb.errors import EncoderUnavailable, IndexUnavailable
from kb.index import Manifest
from kb.knowledge_base import KnowledgeBase

_ENDED = tuple(state for state in get_args(State) if state != "running")


class IndexCollector(Collector):
    """What the index that answers is, and how its builds fare. Tells the same in every worker."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self._knowledge_base = knowledge_base
        self._builds = Builds(knowledge_base.settings.indexes)

    def collect(self) -> Iterator[Metric]:
        """The numbers at this moment; without an index, those of the builds alone."""
        yield InfoMetricFamily("kb", "The program that answers.", value={"version": __version__})
        yield from self._of_builds()
        yield _gauge("kb_ready", "Whether this worker would answer a search at once.", self._is_ready())
        try:
            # Whoever watches a service may not see how many documents are for members.
            manifest = self._knowledge_base.pinned(members=False).manifest()
            outdated = self._knowledge_base.fallback is not None
        except IndexUnavailable:
            return
        yield from _of_index(manifest)
        yield _gauge("kb_index_outdated", "Whether it stands in for one that cannot be opened.", outdated)

    def _is_ready(self) -> bool:
        try:
            return self._knowledge_base.is_warm
        except (IndexUnavailable, EncoderUnavailable):
            return False

    def _of_builds(self) -> Iterator[Metric]:
        records = self._builds.all()
        running = any(record.state == "running" for record in records)
        yield _gauge("kb_build_running", "Whether a build is under way.", running)
        last = next((record for record in records if record.state != "running"), None)
        result = GaugeMetricFamily(
            "kb_build_last_result", "1 for what became of the last build, else 0.", labels=("state",)
        )
        for state in _ENDED:
            result.add_metric([state], float(last is not None and last.state == state))
        yield result
        if last and last.ended:
            seconds = (last.ended - last.started).total_seconds()
            yield _gauge("kb_build_last_duration_seconds", "How long the last build took.", seconds)
            yield _gauge(
                "kb_build_last_end_timestamp_seconds", "When the last build ended.", last.ended.timestamp()
            )


def _of_index(manifest: Manifest) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "kb_index",
        "The generation that answers.",
        value={"generation": manifest.generation, "model": manifest.encoder.model},
    )
    age = (dt.datetime.now(dt.UTC) - manifest.created).total_seconds()
    yield _gauge("kb_index_age_seconds", "Time since the index that answers was made.", age)
    yield _gauge("kb_index_documents", "Open documents in the index that answers.", manifest.documents)
    yield _gauge("kb_index_passages", "Their passages.", manifest.passages)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=float(value))
