"""What every reader takes and gives. The readers themselves know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kb.documents import Block, Gap, Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one file is read before it is refused as too large.

    `pages` counts PDF pages or slides; `characters` counts the text of all blocks, and `blocks` how many
    there are; `unpacked_bytes` bounds what the parts of a ZIP container may add up to, `text_bytes` how
    large a text, page or mail may be.
    """

    pages: int = 2_000
    characters: int = 20_000_000
    blocks: int = 1_000_000
    unpacked_bytes: int = 500_000_000
    text_bytes: int = 64_000_000
    ocr_pages: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ocr:
    """How pages without a text layer are read. `languages` are Tesseract's names."""

    languages: str = "nld+eng"
    seconds_per_page: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """`ocr` is None when it is switched off or Tesseract is not installed."""

    limits: Limits = field(default_factory=Limits)
    ocr: Ocr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader found in one file: blocks in reading order, what the file says of itself
    (properties, front matter), and what could not be read."""

    blocks: tuple[Block, ...]
    metadata: Metadata = field(default_factory=Metadata)
    gaps: tuple[Gap, ...] = ()


Reader = Callable[[Path, ReadOptions], Reading]
