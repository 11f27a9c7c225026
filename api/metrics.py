"""Numbers for Prometheus at /metrics: how requests fare, and what the index and its builds are.

Workers keep their counts in files of one folder (`PROMETHEUS_MULTIPROC_DIR`, made by `kb serve`), which
whichever worker is asked adds up. What is read from disk at that moment is the same for all of them. No
label holds what a client sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.responses import Response

from api.access import requires
from api.index_metrics import IndexCollector
from api.problems import Problem, ProblemError
from api.rates import address_of
from kb.build_lock import process_exists
from kb.keys import Scope
from kb.knowledge_base import KnowledgeBase

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# Whoever sends one of these was forwarded: the address is that of a proxy, and not of who asks.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_LEAST = ("process_start_time_seconds", "process_max_fds")

router = APIRouter(include_in_schema=False)


class Metrics:
    """What one process counts, and how all of them are told."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        folder = os.environ.get(_FOLDER)
        self._folder = Path(folder) if folder else None
        self._index = IndexCollector(knowledge_base)
        # Workers are added up from their files, and not from what this process holds.
        self._registry = CollectorRegistry()
        own = None if self._folder else self._registry
        self.duration = Histogram(
            "kb_http_request_duration_seconds",
            "How long requests took, from their head to the end of their answer.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=own,
        )
        self.running = Gauge(
            "kb_http_requests_running",
            "Requests that are being answered.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self.queries = Counter(
            "kb_queries",
            "Queries by what became of them: answered, no-good-answer, refused, failed.",
            ("outcome",),
            registry=own,
        )
        self.second_stage_timeouts = Counter(
            "kb_second_stage_timeouts",
            "Queries of which the second stage ran out of time.",
            registry=own,
        )
        self.rate_limited = Counter(
            "kb_rate_limited_requests", "Requests that were refused for their rate (429).", registry=own
        )
        for outcome in ("answered", "no-good-answer", "refused", "failed"):
            self.queries.labels(outcome)

    def told(self, accept: str) -> tuple[bytes, str]:
        """All numbers, and their media type: that of Prometheus or of OpenMetrics, as `accept` wishes."""
        registry = self._registry if self._folder is None else CollectorRegistry()
        pids = [os.getpid()]
        if self._folder:
            pids = self._workers(self._folder)
            MultiProcessCollector(registry, path=str(self._folder))  # type: ignore[no-untyped-call]
        encode, media_type = choose_encoder(accept)
        shown = _Together([registry, self._index, _Processes(pids)])
        return encode(shown), media_type

    def _workers(self, folder: Path) -> list[int]:
        """The workers that live; the gauges of one that does not are let go of."""
        pids = {int(file.stem.rpartition("_")[2]) for file in folder.glob("*_*.db")}
        gone = {pid for pid in pids if not process_exists(pid)}
        for pid in gone:
            mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
        return sorted(pids - gone)


class _Together(Collector):
    """Several collectors as one."""

    def __init__(self, parts: Iterable[Collector]) -> None:
        self._parts = tuple(parts)

    def collect(self) -> Iterator[Metric]:
        for part in self._parts:
            yield from part.collect()


class _Processes(Collector):
    """Memory, time and files of the processes that answer, added up."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = tuple(pids)

    def collect(self) -> Iterator[Metric]:
        found: dict[str, Metric] = {}
        for pid in self._pids:
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                if metric.name in found:
                    found[metric.name].samples += metric.samples
                else:
                    found[metric.name] = metric
        for metric in found.values():
            # The oldest of them tells since when there is an answer; limits are each one's own.
            values = [sample.value for sample in metric.samples]
            value = min(values) if metric.name in _LEAST else sum(values)
            metric.samples = [metric.samples[0]._replace(value=value)]
            yield metric
        yield GaugeMetricFamily("kb_workers", "Processes that answer.", value=len(self._pids))


@router.get("/metrics", response_model=None)
def metrics(request: Request) -> Response:
    """The numbers, for those who may see them."""
    knowledge_base: KnowledgeBase = request.app.state.knowledge_base
    allowed = knowledge_base.settings.metrics
    if allowed == "off":
        return Problem(404, "There is nothing at this address.").response()
    if allowed == "local" and not _is_local(request):
        try:
            requires(Scope.ADMIN)(request)
        except ProblemError as error:
            # No page: it is a program that asks.
            return error.problem.response()
    told: Metrics = request.app.state.metrics
    content, media_type = told.told(request.headers.get("accept", ""))
    return Response(content, media_type=media_type)


def _is_local(request: Request) -> bool:
    """Whether it is asked on this machine, and not through a proxy that stands there."""
    return address_of(request.scope) is None and not any(name in request.headers for name in _FORWARDED)
