"""Running text, whatever format it comes from: its heading path and the blocks it becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from kb.documents import Block, Locator, Part, Role
from kb.errors import TooLarge
from kb.parsing.reading import Limits

_MAX_BOLD_HEADING = 80
_MAX_HEADING = 200
_MAX_SENTENCE = 60
_MAX_SHARE = 1 / 3
# A line such as "Datum: 12 mei" or "Aanwezig: Jan" is a field, not a heading.
_NOT_A_HEADING = re.compile(r".*([.;,!]|:\s*\S.*|https?:.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Entry:
    text: str
    role: Role
    level: int | None = None
    bold: bool = False
    title: bool = False


class Flow:
    """Collects the text of a document in reading order. Texts given to it are clean."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.characters
        self._characters = 0
        self._entries: list[_Entry] = []

    def heading(self, text: str, *, level: int, title: bool = False) -> None:
        """A heading of a level from 1; `title` says that it is the document's. What is marked
        as one but is a sentence, because a style was left on, becomes a paragraph."""
        if _is_sentence(text):
            self.add(text)
        else:
            self._add(_Entry(text, Role.HEADING, max(1, level), title=title))

    def add(self, text: str, *, role: Role = Role.PARAGRAPH, bold: bool = False) -> None:
        """Any other text; `bold` says that all of it is. Raises TooLarge."""
        self._add(_Entry(text, role, bold=bold))

    def blocks(self) -> tuple[Block, ...]:
        """All blocks. A heading stands under itself, so that it is cited with what follows."""
        entries = self._entries
        if all(entry.role is not Role.HEADING or entry.title for entry in entries):
            entries = _with_bold_headings(entries)
        path: dict[int, str] = {}
        blocks = []
        for entry in entries:
            if entry.level is not None:
                path = {level: text for level, text in path.items() if level < entry.level}
                path[entry.level] = entry.text
            part = Part.TABLE if entry.role is Role.TABLE_ROW else Part.BODY
            place = Locator(part=part, headings=tuple(path.values()))
            blocks.append(Block(text=entry.text, locator=place, role=entry.role, level=entry.level))
        return tuple(blocks)

    def _add(self, entry: _Entry) -> None:
        if not entry.text:
            return
        self._characters += len(entry.text)
        if self._characters > self._limit:
            raise TooLarge(f"the document holds more than {self._limit} characters")
        self._entries.append(entry)


def _is_sentence(text: str) -> bool:
    long = len(text) > _MAX_SENTENCE and text.endswith((".", ":", "!"))
    return long or len(text) > _MAX_HEADING or text.endswith((",", ";")) or "://" in text


def _with_bold_headings(entries: list[_Entry]) -> list[_Entry]:
    """A document without marked headings, but for its title, often has short bold lines for them.

    They count when there are several, far fewer than other lines, and each has plain text
    right below it: a run of bold lines is emphasis or a title page.
    """
    positions = {
        position
        for position, (entry, following) in enumerate(pairwise(entries))
        if _looks_like_heading(entry) and not following.bold
    }
    if len(positions) < 2 or len(positions) > len(entries) * _MAX_SHARE:
        return entries
    return [
        replace(entry, role=Role.HEADING, level=1) if position in positions else entry
        for position, entry in enumerate(entries)
    ]


def _looks_like_heading(entry: _Entry) -> bool:
    return (
        entry.bold
        and entry.role in (Role.PARAGRAPH, Role.LIST_ITEM)
        and len(entry.text) <= _MAX_BOLD_HEADING
        and re.search(r"[^\W\d_]{3}", entry.text) is not None
        and not _NOT_A_HEADING.fullmatch(entry.text)
    )
