"""Whether the live index is what a build would make now."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace

from kb import __version__
from kb.chunking import CHUNKING_VERSION
from kb.corpus import Corpus, scan
from kb.errors import IndexUnavailable, SettingsError
from kb.generations import Generations
from kb.indexing.labelling import LABELLING_VERSION
from kb.indexing.meetings import GROUPING_VERSION
from kb.language import ANALYSIS_VERSION
from kb.places.gazetteer import gazetteer_digest
from kb.privacy import PrivacyList
from kb.privacy.live import LivePrivacy
from kb.privacy.reports import is_withheld
from kb.readings import READING_VERSION
from kb.settings import Settings
from kb.themes import load_themes, themes_digest

# Settings that do not change what an index holds.
READERS_OWN = {
    "corpus", "indexes", "index_key_file", "keep_generations", "golden_loss", "synonyms", "theme", "themes",
    "device", "precision", "host", "port", "reranker", "rerank_milliseconds", "weights", "answer_from",
    "watch", "watch_seconds", "keys", "privacy", "mask_contacts", "milestones", "gaps", "gaps_days",
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


def fingerprint(corpus: Corpus, settings: Settings, privacy: PrivacyList) -> str:
    """A hash of all that decides what an index holds: files, sidecars, settings, versions, what is hidden."""
    decisive = settings.model_dump(
        mode="json",
        exclude=READERS_OWN,
    )
    themes = themes_digest(load_themes(settings.themes))
    versions = [
        __version__,
        READING_VERSION,
        CHUNKING_VERSION,
        ANALYSIS_VERSION,
        LABELLING_VERSION,
        GROUPING_VERSION,
        gazetteer_digest(),
        themes,
    ]
    sources = [[source.path, source.sha256, source.sidecar_sha256] for source in corpus.sources]
    return hashlib.sha256(
        json.dumps([sources, decisive, versions, privacy.digest], sort_keys=True).encode()
    ).hexdigest()


def is_stale(settings: Settings) -> bool:
    """True when the live generation is not what a build would make now, or there is none.

    After a rollback it is not: a build would make again what was rolled back. Raises `CorpusError` when the
    corpus is missing or empty, and `SettingsError`.
    """
    privacy = LivePrivacy(settings).get()
    corpus, _ = scan_corpus(settings, privacy)
    generations = Generations(settings.indexes)
    try:
        live = generations.manifest()
    except IndexUnavailable:
        return True
    wanted = fingerprint(corpus, settings, privacy)
    newer = [
        found
        for name, found in generations.manifests().items()
        if name > live.generation and found.encoder == live.encoder
    ]
    return all(found.fingerprint != wanted for found in [live, *newer])


def scan_corpus(settings: Settings, privacy: PrivacyList) -> tuple[Corpus, Counter[str]]:
    """The files of the corpus, as if those that the list withholds were not there, and how many these are by
    the reason for it.

    Raises `CorpusError` or `SettingsError`.
    """
    check_folders(settings)
    found = scan(settings.corpus, max_bytes=settings.file_megabytes * 1_000_000)
    withheld: Counter[str] = Counter()
    for source in found.sources:
        if entry := privacy.why_withheld(source.path, source.document_id):
            withheld[privacy.reason_of(entry)] += 1
    sources = tuple(source for source in found.sources if not is_withheld(source.path, privacy))
    left_out = tuple(left for left in found.left_out if not is_withheld(left.path, privacy))
    return replace(found, sources=sources, left_out=left_out), withheld
