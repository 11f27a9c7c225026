"""The lines of a document: its blocks with their place in its text, whatever they are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kb.documents import Document, Role

# No line of minutes is longer; what stands further on is not looked at, so that no text takes long.
MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A paragraph, heading, list item or table row at [start, end) of a text, and the headings above it."""

    start: int
    text: str
    role: Role = Role.PARAGRAPH
    headings: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.text)


def lines_of(document: Document) -> list[Line]:
    """The lines of a document, in its order; their offsets count in `document.text`."""
    return [
        Line(start=start, text=block.text, role=block.role, headings=block.locator.headings)
        for block, start in zip(document.blocks, document.starts, strict=True)
    ]


def lines_of_text(text: str, headings: tuple[str, ...] = ()) -> list[Line]:
    """The lines of a text of which nothing else is known than the headings that it stands under."""
    return [Line(start=start, text=line, headings=headings) for start, line in _split(text)]


def _split(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped:
            yield position + line.index(stripped), stripped
        position += len(line) + 1
