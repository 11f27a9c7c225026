"""Corpus to a published generation. A bad file is reported, not fatal."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from kb.documents import Document
from kb.embedding import Encoder, EncoderIdentity
from kb.errors import CorpusError, QualityLost
from kb.generations import Generations
from kb.index import Index
from kb.indexing.cluster import Cluster
from kb.indexing.embedding import Embedding
from kb.indexing.gathering import Gathering, Progress
from kb.indexing.meetings import themed
from kb.indexing.reuse import Reuse
from kb.indexing.staleness import check_folders, fingerprint, is_stale
from kb.indexing.windows import passage_window
from kb.publishing import Draft
from kb.reports import BuildReport, FileReport, GoldenReport
from kb.settings import Settings
from kb.themes import load_themes

__all__ = [
    "Judge",
    "Progress",
    "build_index",
    "check_folders",
    "fingerprint",
    "is_stale",
    "passage_window",
    "preview_index",
]


# Token vectors that were left out of too many passages are kept again from this share of the limit on: else a
# corpus whose size goes to and fro about it would be encoded anew each time.
_TOKENS_RETURN = 0.9

# Asks golden questions of the live index, where there is one, and of the new one.
Judge = Callable[[Index | None, Index, Encoder], GoldenReport | None]


def build_index(
    settings: Settings,
    load_encoder: Callable[[], Encoder],
    *,
    progress: Callable[[Progress], None] | None = None,
    judge: Judge | None = None,
    allow_removals: bool = False,
    cluster: Cluster | None = None,
) -> BuildReport:
    """Build an index of the corpus and publish it.

    `judge` asks golden questions; what it tells is compared with the `golden_loss` of the settings. A
    `cluster` reads and encodes what is new, and the index is what it is without one.

    Raises `BuildInProgress`, `SettingsError`, `CorpusError` when there is nothing to index,
    `EncoderUnavailable`, `ClusterUnavailable`, `TooManyRemovals` unless `allow_removals`, `QualityLost`, or
    `IndexNotWritten` when the disk is full or may not be written. Whatever it raises, the live generation is
    as it was.
    """
    generations = Generations.of(settings)
    with (
        generations.building() as stage,
        contextlib.closing(Gathering(settings, generations, progress)) as build,
    ):
        build.scan()
        findings = build.findings
        if not cluster:
            build.start_readers()
        if not allow_removals:
            findings.refuse_removals({source.path for source in build.corpus.sources})
        themes = load_themes(settings.themes)
        encoder = load_encoder()
        with (
            _draft(build, generations, stage, encoder) as draft,
            Embedding(build, encoder, draft, cluster) as embedding,
        ):
            embedding.run()
            if not draft.documents:
                raise CorpusError(_nothing_read(settings, findings.files))
            if not allow_removals:
                findings.refuse_removals({record.source for record in findings.records})
            build.tell("writing")
            draft.finish()
            manifest = draft.manifest(
                corpus=str(settings.corpus.resolve()),
                fingerprint=fingerprint(build.corpus, settings, build.privacy),
                privacy=build.privacy.digest,
                sources=build.corpus.hashes,
            )
            with draft.opened(manifest) as index:
                found = themed(themes, index)
            draft.add_themes(found)
            with draft.opened(manifest) as index:
                report = findings.report(draft.name, near_duplicates=draft.near_identical)
                if judge:
                    build.tell("judging")
                    report = findings.told(
                        dataclasses.replace(report, golden=judge(build.live, index, encoder))
                    )
                    _refuse_loss(report, settings)
        build.tell("publishing")
        # Not held any more by this process: it may be one too many now.
        build.close()
        report = dataclasses.replace(report, seconds=findings.seconds)
        draft.publish(manifest, keep=settings.keep_generations, report=report.as_json())
        build.readings.forget_all_but(build.corpus.sources)
    return report


def _draft(build: Gathering, generations: Generations, stage: Path, encoder: Encoder) -> Draft:
    """A draft that keeps what the settings ask."""
    settings = build.settings
    return Draft(
        generations,
        stage,
        encoder,
        has_sentences=settings.sentence_vectors == "on",
        exact_passages=settings.exact_passages,
        token_passages=_token_passages(build, encoder.identity),
    )


def _token_passages(build: Gathering, encoder: EncoderIdentity) -> int | None:
    """Of how many passages token vectors are kept at most; None for any number."""
    most, live = build.settings.exact_passages, build.live
    if build.settings.late_interaction != "auto":
        return None
    are_left_out = live and live.manifest.encoder == dataclasses.replace(encoder, token_dimension=0)
    if are_left_out and build.remaining > _TOKENS_RETURN * most:
        # With token vectors nothing of what there is could be copied.
        return 0
    return most


def preview_index(settings: Settings, *, progress: Callable[[Progress], None] | None = None) -> BuildReport:
    """What a build would change and leave out. Nothing is embedded or published.

    Files that are new are read, for only that tells whether they can be; a build need not read them again.
    Raises `BuildInProgress`, `CorpusError` or `IndexNotWritten`.
    """
    generations = Generations.of(settings)
    with (
        generations.building() as stage,
        contextlib.closing(Gathering(settings, generations, progress)) as build,
    ):
        build.scan()
        for document in build.documents(stage, Reuse(None, ""), iter):
            if isinstance(document, Document):
                build.findings.add(document, passages=0, gaps=document.gaps)
        return build.findings.report("")


def _refuse_loss(report: BuildReport, settings: Settings) -> None:
    """Raise `QualityLost` when more golden questions are lost than the settings allow."""
    golden = report.golden
    if golden and golden.lost > settings.golden_loss:
        fell = "\n".join(f"  {question}" for question in golden.fell)
        raise QualityLost(
            f"{len(golden.found)} of {golden.questions} golden questions are answered, "
            f"{len(golden.before or ())} before; the new index is not published. See what became of the "
            f"documents that answered these, or publish it all the same: KB_GOLDEN_LOSS=1 kb build\n{fell}",
            report=report.as_json(),
        )


def _nothing_read(settings: Settings, reports: Sequence[FileReport]) -> str:
    reasons = "\n".join(f"  {file.path}: {file.message}" for file in reports[:10])
    return f"No file in {settings.corpus} could be read:\n{reasons}"
