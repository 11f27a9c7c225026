"""What one process of a cluster does for a build: read some sources, cut them into passages, encode these.

It is the build's own code, with its own limits on what a file may take; nothing here knows the cluster.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.chunking import chunk
from kb.corpus import Corpus
from kb.documents import Document, Source
from kb.embedding import EncoderIdentity, load_encoder
from kb.errors import EncoderUnavailable, IndexNotWritten, ParseError, ReadersUnavailable
from kb.index.stored import StoredVectors, embedded_hash
from kb.indexing.encoding import LocalEncoding
from kb.indexing.reuse import program_digest
from kb.indexing.windows import passage_window
from kb.privacy import PrivacyList
from kb.privacy.documents import masked_document
from kb.readings import Readings
from kb.sandbox import ReaderProcesses, read_all, read_options
from kb.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a build asks of every process, and what must be there as it is here for its answer to be used.

    `program` is the hash of this program, `made_with` what decides the readings. `known` holds the
    `short_hash` of passages that need not be encoded, in order.
    """

    settings: Settings
    root: Path
    privacy: PrivacyList
    identity: EncoderIdentity
    has_sentences: bool
    program: str
    made_with: str
    known: npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of a source: the document, described, or why there is none.

    `reading` is what `kb.readings` kept of it, None for what it does not keep; `encoded` what is kept of its
    new passages, by `embedded_hash`. With a `refusal` nothing was done, for this reason.
    """

    outcome: Document | ParseError | None = None
    reading: bytes | None = None
    encoded: Mapping[str, StoredVectors] = field(default_factory=dict)
    refusal: str | None = None


def short_hash(embedded: str) -> int:
    """The first eight bytes of an `embedded_hash`: two that are equal by chance cost one encoding here."""
    return int(embedded[:16], 16)


class Worker:
    """One process, with an encoder of its own. What it cannot do it tells; it raises nothing."""

    def __init__(self, job: Job) -> None:
        """Load the encoder."""
        self._job = job
        self._options = read_options(job.settings)
        try:
            encoder = load_encoder(job.settings)
        except EncoderUnavailable as error:
            self._refusal: str | None = f"{socket.gethostname()}: {error}"
            return
        self._window = passage_window(job.settings, encoder)
        self._encoding = LocalEncoding(encoder, has_sentences=job.has_sentences)
        self._refusal = self._why_not(encoder.identity)

    def told(self, sources: Sequence[Source]) -> list[Told]:
        """What came of each source, in order."""
        if self._refusal:
            return [Told(refusal=self._refusal) for _ in sources]
        try:
            return self._read(Corpus(root=self._job.root, sources=tuple(sources)))
        # A full disk, and what the encoder cannot do, among them.
        except (IndexNotWritten, ReadersUnavailable, OSError, RuntimeError) as error:
            return [Told(refusal=f"{socket.gethostname()}: {error}") for _ in sources]

    def _read(self, corpus: Corpus) -> list[Told]:
        # Of each batch its own, so that what members alone may read stays no longer than that.
        with tempfile.TemporaryDirectory(prefix="kb-cluster-", ignore_cleanup_errors=True) as folder:
            readings = Readings(Path(folder) / "readings", self._options)
            working = Path(folder) / "working"
            working.mkdir()
            # One process that reads: there is a worker for each processor already.
            with read_all(
                corpus,
                self._job.settings,
                readings=readings,
                working=working,
                processes=ReaderProcesses(self._job.settings, 1),
            ) as outcomes:
                return [self._of(outcome, readings.kept(source)) for source, outcome in outcomes]

    def _of(self, outcome: Document | ParseError, reading: bytes | None) -> Told:
        if isinstance(outcome, ParseError):
            return Told(outcome=outcome, reading=reading)
        passages = chunk(masked_document(outcome, self._job.privacy).document, self._window)
        new = {key: passage for passage in passages if not self._is_known(key := embedded_hash(passage))}
        encoded = dict(zip(new, self._encoding.of(list(new.values())), strict=True))
        return Told(outcome=outcome, reading=reading, encoded=encoded)

    def _is_known(self, embedded: str) -> bool:
        known, wanted = self._job.known, np.uint64(short_hash(embedded))
        at = int(np.searchsorted(known, wanted))
        return at < len(known) and bool(known[at] == wanted)

    def _why_not(self, identity: EncoderIdentity) -> str | None:
        """Why what this process makes would not be what the build makes itself."""
        here = socket.gethostname()
        if program_digest() != self._job.program:
            return f"{here} has another version of this program; install the same on every machine"
        if identity != self._job.identity:
            return f"{here} has another model {identity.model} ({identity.revision}); install the same"
        if Readings(Path(), self._options).made_with != self._job.made_with:
            return f"{here} reads files with other libraries, or only one of both has Tesseract"
        return None
