"""Plain text: paragraphs with their line, and headings where the text marks them beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from kb.documents import Block, Locator, Metadata, Role
from kb.parsing.decoding import decode, read_bytes
from kb.parsing.paragraphs import Paragraph, paragraphs
from kb.parsing.properties import believable_title
from kb.parsing.reading import Reading, ReadOptions

_UNDERLINE = {"=": 1, "-": 2, "~": 3}
_NUMBERED = re.compile(r"\s*(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+([A-ZÀ-Þ].{1,78}[\w)?!’'\"])\s*")
_LETTERHEAD = re.compile(
    r"(?:aan|van|cc|datum|betreft|onderwerp|kenmerk|to|from|date|subject|re)\s*:.*", re.IGNORECASE
)
_MAX_TITLE = 120


def read_text(path: Path, options: ReadOptions) -> Reading:
    """Raises TooLarge, or DamagedFile when the content is not text."""
    found = list(paragraphs(decode(read_bytes(path, options.limits)).split("\n")))
    levels = _levels(found)
    path_: dict[int, str] = {}
    blocks = []
    for at, paragraph in enumerate(found):
        level, role, text = levels.get(at), paragraph.role, paragraph.text
        if level is not None:
            role = Role.HEADING
            text = _heading_text(paragraph)
            path_ = {depth: name for depth, name in path_.items() if depth < level}
            path_[level] = text
        place = Locator(headings=tuple(path_[depth] for depth in sorted(path_)), line=paragraph.line)
        blocks.append(Block(text=text, locator=place, role=role, level=level))
    return Reading(blocks=tuple(blocks), metadata=Metadata(title=_title(found, stem=path.stem)))


def _levels(found: Sequence[Paragraph]) -> dict[int, int]:
    """The paragraphs that are headings, with their levels."""
    levels = {
        at: _UNDERLINE[paragraph.lines[1].strip()[0]]
        for at, paragraph in enumerate(found)
        if len(paragraph.lines) == 2 and _is_underlined(*paragraph.lines)
    }
    if levels:
        return levels
    numbered = {at: match[1] for at, match in _numbered(found) if match}
    # Chapters count up from one; a list of tasks or a stray number does not have text below each.
    orders = [tuple(map(int, number.split("."))) for number in numbered.values()]
    rises = all(before < after for before, after in pairwise(orders))
    if len(orders) >= 2 and rises and orders[0][0] == 1:
        return {at: number.count(".") + 1 for at, number in numbered.items()}
    return {}


def _numbered(found: Sequence[Paragraph]) -> list[tuple[int, re.Match[str] | None]]:
    """Lines of their own that start with a number and have running text or a deeper number below."""
    matches = [
        _NUMBERED.fullmatch(paragraph.lines[0])
        if len(paragraph.lines) == 1 and not paragraph.quoted
        else None
        for paragraph in found
    ]
    kept: list[tuple[int, re.Match[str] | None]] = []
    for at, match in enumerate(matches[:-1]):
        following = matches[at + 1]
        deeper = match and following and following[1].startswith(f"{match[1]}.")
        if match and (deeper or (following is None and len(found[at + 1].text) > len(found[at].text))):
            kept.append((at, match))
    return kept


def _is_underlined(line: str, rule: str) -> bool:
    mark = rule.strip()
    return (
        len(mark) >= 3
        and mark[0] in _UNDERLINE
        and mark == mark[0] * len(mark)
        and abs(len(mark) - len(line.strip())) <= max(3, len(mark) // 4)
    )


def _heading_text(paragraph: Paragraph) -> str:
    # A heading keeps its number, which the list mark of a paragraph loses.
    return " ".join(paragraph.lines[0].split())


def _title(found: Sequence[Paragraph], *, stem: str) -> str | None:
    """The first line, when it stands alone above longer text and does not end as a sentence."""
    if len(found) < 2 or len(found[0].lines) > 2 or found[0].role is not Role.PARAGRAPH:
        return None
    text = found[0].text
    is_short = len(text) <= _MAX_TITLE and len(text) < max(len(other.text) for other in found[1:4])
    if not is_short or text.endswith((".", ",", ";", ":")) or _LETTERHEAD.fullmatch(text):
        return None
    return believable_title(text, stem=stem)
