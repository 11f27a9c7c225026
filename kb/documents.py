"""The nouns of the write path: a source becomes a document of blocks, cut into passages. No I/O."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What sort of document it is, in the words its users have for it."""

    VERSLAG = "verslag"
    PRESENTATIE = "presentatie"
    PAPER = "paper"
    OVERIG = "overig"


class Access(StrEnum):
    """Who may see a document: everyone who may search, or only members of the association."""

    OPEN = "open"
    MEMBERS = "members"


class Part(StrEnum):
    """Which part of a page or slide a text stands in."""

    BODY = "body"
    NOTES = "notes"
    TABLE = "table"


class Role(StrEnum):
    """What a block is to its document."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list-item"
    TABLE_ROW = "table-row"
    FOOTNOTE = "footnote"


class Unit(StrEnum):
    """The unit a reader cites by."""

    PAGE = "page"
    SLIDE = "slide"
    HEADING = "heading"
    LINE = "line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where a text stands in its source, as a reader would cite it.

    Numbers count from 1. A field is None when the format does not know it: a DOCX has no
    page numbers, so none is invented.
    """

    page: int | None = None
    page_label: str | None = None
    slide: int | None = None
    part: Part = Part.BODY
    headings: tuple[str, ...] = ()
    line: int | None = None

    @property
    def unit(self) -> Unit | None:
        """The unit a reader cites this place by; None when the source has no places."""
        if self.slide is not None:
            return Unit.SLIDE
        if self.page is not None:
            return Unit.PAGE
        if self.headings:
            return Unit.HEADING
        if self.line is not None:
            return Unit.LINE
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of text with one place.

    `text` is clean (see `kb.parsing.cleaning.clean`) and not empty. `level` is the depth of
    a heading, from 1; None for other roles. A table row reads "Header: cell | Header: cell"
    where the table marks a header row, and "cell | cell" where it does not.
    """

    text: str
    locator: Locator
    role: Role = Role.PARAGRAPH
    level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A meeting that groups its report, slides and papers."""

    name: str
    date: dt.date | None = None
    place: str | None = None
    host: str | None = None
    speakers: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Stable for as long as the name and the date stay what they are."""
        return stable_id("event", self.name, self.date.isoformat() if self.date else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known of a document. None and empty mean: not known, never: guessed.

    `date` is certain. `date_text` is the date as written where it is not ("donderdag
    7 november", which lacks its year). A document whose `access` is not known is open.
    """

    title: str | None = None
    kind: Kind | None = None
    event: Event | None = None
    date: dt.date | None = None
    date_text: str | None = None
    place: str | None = None
    host: str | None = None
    speakers: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    language: str | None = None
    access: Access | None = None

    def or_else(self, other: Metadata) -> Metadata:
        """These metadata, with what is missing taken from `other`.

        Both dates go together: an uncertain date here does not hide a certain one there,
        and a certain one here makes the other's wording pointless.
        """
        date = self.date or other.date
        return Metadata(
            title=self.title or other.title,
            kind=self.kind or other.kind,
            event=self.event or other.event,
            date=date,
            date_text=None if date else self.date_text or other.date_text,
            place=self.place or other.place,
            host=self.host or other.host,
            speakers=self.speakers or other.speakers,
            themes=self.themes or other.themes,
            language=self.language or other.language,
            access=self.access or other.access,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of the corpus.

    `path` is its POSIX path within the corpus, in Unicode NFC; `sha256` is of its bytes.
    `sidecar` is what the YAML files beside it say of it, `sidecar_sha256` the hash of those
    files ("" without any).
    """

    path: str
    sha256: str
    size: int
    sidecar: Metadata = field(default_factory=Metadata)
    sidecar_sha256: str = ""

    @property
    def document_id(self) -> str:
        """Stable for as long as the file keeps its path."""
        return stable_id("document", self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something in a source that was not read, for the build report.

    `code` is a stable word (`no-text-layer`, `ocr-failed`, `attachment`, `truncated`, …);
    `message` is one English sentence; `page` is the page or slide, where there is one.
    """

    code: str
    message: str
    page: int | None = None


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed source: its metadata and its blocks in reading order."""

    source: Source
    metadata: Metadata
    blocks: tuple[Block, ...]
    gaps: tuple[Gap, ...] = ()

    @cached_property
    def text(self) -> str:
        """The texts of all blocks, a line break between two."""
        return "\n".join(block.text for block in self.blocks)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset in `text` at which each block starts."""
        offsets, position = [], 0
        for block in self.blocks:
            offsets.append(position)
            position += len(block.text) + 1
        return tuple(offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The unit that is embedded, ranked and shown.

    `text` equals `document.text[start:end]`, and all of it stands at `locator`. `context` is
    embedded and searched with it but never shown: the document's title and the heading path.
    """

    id: str
    document_id: str
    ordinal: int
    start: int
    end: int
    text: str
    context: str
    locator: Locator


def name_key(name: str) -> str:
    """What names have in common that are the same but for case and white space."""
    return " ".join(name.split()).casefold()


def stable_id(*parts: str) -> str:
    """16 hex digits (64 bits) that depend on the parts alone."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
