"""Lists of literature in BibTeX, with fields of BibLaTeX where BibTeX has none (Patashnik, 1988)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kb.documents import Kind
from kb.exporting.citing import Source

_KINDS = {
    Kind.VERSLAG: "Verslag",
    Kind.PRESENTATIE: "Presentatie",
    Kind.PAPER: "Paper",
    Kind.OVERIG: "",
}
# Braces as commands: BibTeX counts them, also behind a backslash.
_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "#$%&_"},
    }
)


def bibtex(sources: Iterable[Source]) -> str:
    """An entry for each document, with its id as its key."""
    return "\n".join(_entry(source) for source in sources)


def _entry(source: Source) -> str:
    document = source.document
    # What an entry must have (title, author, booktitle) is there for papers of an event alone.
    is_paper = document.kind is Kind.PAPER and document.event and source.authors and document.date
    lines = [f"  {name} = {{{value}}}," for name, value in _fields(source, is_paper=bool(is_paper)) if value]
    return "\n".join([f"@{'inproceedings' if is_paper else 'misc'}{{{document.id},", *lines, "}", ""])


def _fields(source: Source, *, is_paper: bool) -> Iterator[tuple[str, str]]:
    document = source.document
    event = document.event
    # In braces of their own: capitals stay, and a name is not taken apart.
    yield "title", f"{{{_text(document.title)}}}"
    yield "author", " and ".join(f"{{{_text(author)}}}" for author in source.authors)
    yield (
        "booktitle" if is_paper else "howpublished",
        _text(event.name if is_paper and event else "")
        or _text(", ".join(filter(None, (_KINDS[document.kind], event.name if event else "")))),
    )
    yield "year", str(document.date.year) if document.date else ""
    yield "date", document.date.isoformat() if document.date else ""
    yield "eventtitle", _text(event.name) if event else ""
    yield "eventdate", event.date.isoformat() if event and event.date else ""
    yield "organization", _text(document.host or "")
    yield "address", _text(document.place or "")
    yield "keywords", _text(", ".join(document.themes))
    yield "language", document.language or ""
    yield "url", source.link
    yield "note", _text(". ".join(source.notes))


def _text(value: str) -> str:
    return " ".join(value.split()).translate(_ESCAPED)
