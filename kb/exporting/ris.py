"""Lists of literature in RIS, which EndNote, Zotero and Mendeley read (its specification is of 2011)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kb.documents import Kind
from kb.exporting.citing import Source

_TYPES = {
    Kind.VERSLAG: "RPRT",
    Kind.PRESENTATIE: "SLIDE",
    Kind.PAPER: "CPAPER",
    Kind.OVERIG: "GEN",
}


def ris(sources: Iterable[Source]) -> str:
    """A record for each document; lines end as the format asks, with CR and LF."""
    return "".join(f"{tag}  - {value}\r\n" for source in sources for tag, value in _record(source))


def _record(source: Source) -> Iterator[tuple[str, str]]:
    document = source.document
    event = document.event
    fields = [
        ("TY", _TYPES[document.kind]),
        ("ID", document.id),
        ("TI", document.title),
        *(("AU", author) for author in source.authors),
        ("PY", str(document.date.year) if document.date else ""),
        ("DA", document.date.strftime("%Y/%m/%d/") if document.date else ""),
        ("T2", event.name if event else ""),
        ("CY", document.place or ""),
        ("PB", document.host or ""),
        *(("KW", theme) for theme in document.themes),
        ("LA", document.language or ""),
        ("UR", source.link),
        *(("N1", note) for note in source.notes),
        ("ER", ""),
    ]
    for tag, value in fields:
        # A value is one line: the next one would be read as a field.
        line = " ".join(value.split())
        if line or tag == "ER":
            yield tag, line
