"""Where a reader finds what an assistant cites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kb.documents import Passage
from kb.index import DocumentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses of sources: of the service at `url`, or of files in `corpus` where there is no service."""

    url: str | None
    corpus: str

    def document(self, record: DocumentRecord) -> str:
        """Where a document can be read."""
        if self.url is None:
            return self._file(record)
        return f"{self.url}/documenten/{quote(record.id)}"

    def passage(self, passage: Passage, record: DocumentRecord) -> str:
        """Where a passage can be read: the PDF at its page, or the document's text at the passage."""
        # The file of a document with a masked name is not given; its text is.
        is_paged = record.source.lower().endswith(".pdf") and record.masked is None
        page = passage.locator.page if is_paged else None
        at = f"#page={page}" if page else ""
        if self.url is None:
            return self._file(record) + at
        if at:
            return f"{self.url}/v1/documents/{quote(record.id)}/file{at}"
        return f"{self.document(record)}#passage-{quote(passage.id)}"

    def _file(self, record: DocumentRecord) -> str:
        folder = Path(self.corpus).absolute()
        return (folder if record.masked is not None else folder / record.source).as_uri()
