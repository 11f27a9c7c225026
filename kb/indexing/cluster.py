"""A Ray cluster that reads and encodes for a build; this process writes what comes of it.

Ray Data maps batches of sources over processes that each hold an encoder, starts another where one died, and
reads no further ahead than there is room for. What comes back stands in the order of the sources.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb.corpus import Corpus
from kb.documents import Passage, Source
from kb.errors import ClusterUnavailable, FileChanged, KBError
from kb.extras import install_line
from kb.index.stored import StoredVectors, embedded_hash
from kb.indexing.cluster_work import Job, Told, Worker
from kb.indexing.encoding import PassageEncoding
from kb.readings import Readings
from kb.sandbox import Outcomes, read_all
from kb.settings import Settings

_log = logging.getLogger(__name__)

# Sources that a process is given at a time: enough that starting its readers costs little beside them.
_AT_ONCE = 16
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 15.0
# What a batch may take beyond the time of its readers before Ray holds that nothing is done any more: for so
# long it starts processes anew, also where each of them is ended by what it was given.
_IDLE_SECONDS = 600
_SENT, _TOLD = "sent", "told"


class Cluster:
    """A cluster that this process has joined."""

    def __init__(self, ray: Any, address: str) -> None:
        self._ray = ray
        self._address = address

    def told(self, job: Job, sources: Sequence[Source]) -> Iterator[Told]:
        """What came of each source, in order. Raises `ClusterUnavailable`."""
        if not sources:
            return
        ray = self._ray
        # By default it ends a build after half an hour without a batch, which files under OCR may take. Data
        # keeps what this was when it was made.
        most = _AT_ONCE * job.settings.file_seconds + _IDLE_SECONDS
        ray.data.DataContext.get_current().execution_no_progress_timeout_s = most
        data = ray.data.from_items(
            [{_SENT: pickle.dumps(source)} for source in sources],
            override_num_blocks=-(-len(sources) // _AT_ONCE),
        )
        on_graphics = job.settings.device.startswith("cuda")
        kind = "GPU" if on_graphics else "CPU"
        processes = max(1, int(ray.cluster_resources().get(kind, 1)))
        data = data.map_batches(
            _Process,
            fn_constructor_args=(pickle.dumps(job),),
            batch_size=_AT_ONCE,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=processes),
            num_cpus=1,
            num_gpus=1 if on_graphics else None,
        )
        try:
            for row in data.iter_rows():
                # Of processes that this one's own code runs in.
                told: Told = pickle.loads(row[_TOLD])  # noqa: S301
                if told.refusal:
                    raise ClusterUnavailable(
                        f"The cluster at {self._address} cannot build this index: {told.refusal}"
                    )
                yield told
        except KBError:
            raise
        except Exception as error:
            raise ClusterUnavailable(
                f"The cluster at {self._address} did not finish ({_first_line(error)}). Nothing was "
                "published; see ray status and the logs of Ray, then build again, or without --ray"
            ) from error


class ClusterReading:
    """Sources that a cluster reads, and what it encoded of them on the way."""

    def __init__(self, cluster: Cluster, job: Job, local: PassageEncoding) -> None:
        """`local` encodes what the cluster did not."""
        self._cluster = cluster
        self._job = job
        self._local = local
        self._encoded: dict[str, StoredVectors] = {}

    @contextlib.contextmanager
    def read_all(
        self, corpus: Corpus, settings: Settings, *, readings: Readings, working: Path
    ) -> Iterator[Outcomes]:
        """As `kb.sandbox.read_all`. Raises `ClusterUnavailable` too."""

        def outcomes() -> Outcomes:
            told_of = self._cluster.told(self._job, corpus.sources)
            for source in corpus.sources:
                # What it does not tell of is read here.
                told = next(told_of, Told())
                outcome = told.outcome
                if outcome is None or isinstance(outcome, FileChanged):
                    _log.warning("%s is not the same file on the cluster: it is read here", source.path)
                    one = Corpus(root=corpus.root, sources=(source,))
                    with read_all(one, settings, readings=readings, working=working) as again:
                        yield from again
                    continue
                if told.reading:
                    readings.put(source, told.reading)
                self._encoded.update(told.encoded)
                yield source, outcome

        yield outcomes()

    def of(self, passages: Sequence[Passage]) -> list[StoredVectors]:
        """What is kept of each. What was encoded of other passages is let go: they all were before these."""
        hashes = [embedded_hash(passage) for passage in passages]
        missing = [passage for key, passage in zip(hashes, passages, strict=True) if key not in self._encoded]
        others = iter(self._local.of(missing))
        found = [self._encoded[key] if key in self._encoded else next(others) for key in hashes]
        self._encoded.clear()
        return found


class _Process:
    """What Ray Data starts on the cluster."""

    def __init__(self, job: bytes) -> None:
        self._worker = Worker(pickle.loads(job))  # noqa: S301

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        found = self._worker.told([pickle.loads(source) for source in batch[_SENT]])  # noqa: S301
        told = np.empty(len(found), object)
        told[:] = [pickle.dumps(one) for one in found]
        return {_TOLD: told}


@contextlib.contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """The cluster at an address, as `host:port`, or "auto" for the one that this machine is part of.

    Raises `ClusterUnavailable` when Ray is not installed or nothing answers there.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ClusterUnavailable(f"Ray is not installed ({error}). Run: {install_line('ray')}") from error
    _refuse_silent(address)
    try:
        with warnings.catch_warnings():
            # Of its own options, that are to change.
            warnings.simplefilter("ignore")
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise _unreachable(address, error) from error
    try:
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.preserve_order = True
        yield Cluster(ray, address)
    finally:
        ray.shutdown()


def _refuse_silent(address: str) -> None:
    """Raise `ClusterUnavailable` where no Ray answers: to join, Ray itself tries for minutes, out of reach of
    Python."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise _unreachable(address, ValueError("it is no host:port"))
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        asked = (sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address)
        subprocess.run(asked, check=True, capture_output=True, timeout=_ANSWER_SECONDS)
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from error
    except subprocess.SubprocessError as error:
        raise _unreachable(address, ValueError("what listens there is no Ray that answers")) from error


def _unreachable(address: str, error: Exception) -> ClusterUnavailable:
    return ClusterUnavailable(
        f"No Ray cluster can be joined at {address} ({_first_line(error)}). Start one with ray start --head, "
        "have this machine join it with ray start --address, and give its address as host:port, or auto"
    )


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
