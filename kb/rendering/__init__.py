"""Pages and slides as pictures, and where words stand on them: what a reader sees beside a document's text.

Nothing here reads a document for an index. A picture is made when somebody asks for it, by a process of its
own under limits (`worker`), and kept by the hash of what it was made from (`store`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

# The unit of places on a page: a page is this wide, and as high as its proportions make it.
PAGE_WIDTH = 10_000


class Draws(StrEnum):
    """What a file is, and so how it is drawn: a PDF by PDFium as it is, slides by way of LibreOffice."""

    PDF = "pdf"
    PPTX = "pptx"
    ODP = "odp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Veil:
    """What of a file may not be seen: pages on which one of `names` stands, given as folded words
    (`kb.privacy.names.words_of`), and `pages`, on which one was read.

    With `hides_scans` none without words of its own is drawn, for nobody knows what stands there. `digest` is
    that of the suppression list; "" where it says nothing.
    """

    names: tuple[tuple[str, ...], ...] = ()
    pages: frozenset[int] = frozenset()
    hides_scans: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawable:
    """A file that has pages or slides to draw. `sha256` is that of the bytes that were indexed."""

    file: Path
    sha256: str
    draws: Draws
    veil: Veil = Veil()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in `PAGE_WIDTH`ths of its width, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the page's own text has it, and where it stands."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page or slide: its number from 1, of how many, its height in `PAGE_WIDTH`ths of its width, and its
    words in the order in which the file draws them. A scan has no words."""

    number: int
    of: int
    height: int
    words: tuple[Word, ...] = ()
