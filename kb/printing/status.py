"""What `kb status` prints."""

from __future__ import annotations

from typing import Any

from kb import dutch
from kb.knowledge_base import KnowledgeBase


def status_json(knowledge_base: KnowledgeBase) -> dict[str, Any]:
    """What the live index is, for scripts."""
    manifest = knowledge_base.manifest()
    return {
        "generation": manifest.generation,
        "created": manifest.created.isoformat(timespec="seconds"),
        "corpus": manifest.corpus,
        "documents": manifest.documents,
        "passages": manifest.passages,
        "model": manifest.encoder.model,
        "revision": manifest.encoder.revision,
        "dimension": manifest.encoder.dimension,
        "generations": knowledge_base.generations(),
        "report": knowledge_base.report(),
    }


def status_text(knowledge_base: KnowledgeBase) -> str:
    """What the live index is, for a person."""
    manifest, report = knowledge_base.manifest(), knowledge_base.report()
    created = manifest.created.astimezone()
    documents = dutch.count(manifest.documents, "document", "documenten")
    passages = dutch.count(manifest.passages, "passage", "passages")
    lines = [
        f"Index {manifest.generation} van {dutch.date(created.date())} {created:%H:%M}",
        f"  map met documenten: {manifest.corpus}",
        f"  {documents}, {passages}, {report['documentsUndated']} zonder zekere datum",
        f"  model: {manifest.encoder.model} ({manifest.encoder.dimension} dimensies)",
        f"  eerder gemaakt en nog bewaard: {len(knowledge_base.generations()) - 1}",
        f"  niet opgenomen: {dutch.count(report['filesLeftOut'], 'bestand', 'bestanden')}",
    ]
    left_out = [file for file in report["files"] if file["status"] == "left-out"]
    reasons = [
        f"    {dutch.printable(file['path'])}: {dutch.reason(file['code'], file['message'])}"
        for file in left_out
    ]
    return "\n".join([*lines, *reasons])
