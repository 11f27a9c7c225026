"""Whether the live index is what a build would make now."""

from __future__ import annotations

import hashlib
import json

from kb import __version__
from kb.chunking import CHUNKING_VERSION
from kb.corpus import Corpus, scan
from kb.errors import IndexUnavailable, SettingsError
from kb.generations import Generations
from kb.language import ANALYSIS_VERSION
from kb.readings import READING_VERSION
from kb.settings import Settings

# Settings that do not change what an index holds.
_READERS_OWN = {
    "corpus", "indexes", "keep_generations", "golden_loss", "synonyms", "theme", "device", "precision",
    "host", "port", "reranker", "rerank_milliseconds", "weights", "answer_from",
    "watch", "watch_seconds", "keys",
    "reading", "public", "proxies", "rate_address", "rate_key", "rate_wrong_keys", "connections", "uploads",
    "url", "contact_name", "contact_email", "contact_url", "accessibility_url", "views_megabytes",
    "workers", "drain_seconds", "metrics", "log_format", "log_level", "log_queries",
    "llm_url", "llm_model", "llm_key_file", "llm_seconds", "llm_requests",
}  # fmt: skip


def check_folders(settings: Settings) -> None:
    """Raise `SettingsError` when the index would lie among the documents."""
    if settings.indexes.resolve().is_relative_to(settings.corpus.resolve()):
        raise SettingsError(
            f"The index's folder {settings.indexes} lies in the corpus {settings.corpus}: a build would read "
            "its own files. Set KB_INDEXES to a folder outside it"
        )


def fingerprint(corpus: Corpus, settings: Settings) -> str:
    """A hash of all that decides what an index holds: files, sidecars, settings, versions."""
    decisive = settings.model_dump(
        mode="json",
        exclude=_READERS_OWN,
    )
    versions = [__version__, READING_VERSION, CHUNKING_VERSION, ANALYSIS_VERSION]
    sources = [[source.path, source.sha256, source.sidecar_sha256] for source in corpus.sources]
    return hashlib.sha256(json.dumps([sources, decisive, versions], sort_keys=True).encode()).hexdigest()


def is_stale(settings: Settings) -> bool:
    """True when the live generation is not what a build would make now, or there is none.

    After a rollback it is not: a build would make again what was rolled back. Raises `CorpusError` when the
    corpus is missing or empty.
    """
    corpus = scan_corpus(settings)
    generations = Generations(settings.indexes)
    try:
        live = generations.manifest()
    except IndexUnavailable:
        return True
    wanted = fingerprint(corpus, settings)
    newer = [
        found
        for name, found in generations.manifests().items()
        if name > live.generation and found.encoder == live.encoder
    ]
    return all(found.fingerprint != wanted for found in [live, *newer])


def scan_corpus(settings: Settings) -> Corpus:
    """The files of the corpus. Raises `CorpusError` or `SettingsError`."""
    check_folders(settings)
    return scan(settings.corpus, max_bytes=settings.file_megabytes * 1_000_000)
