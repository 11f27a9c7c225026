"""Plain text as paragraphs and list items, each with the line at which it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.documents import Role
from kb.parsing.cleaning import clean

_BULLET = re.compile(r"\s*(?:[-*•◦▪‣·–]|(?:\d{1,3}|[a-z])[.)])\s+(?=\S)")
_FIELD = re.compile(r"\s*[A-ZÀ-Þ][\w/ -]{1,30}:\s")
_QUOTE = re.compile(r"((?:>\s?)+)")
_RULE = re.compile(r"\s*([=\-_*~#.+])(?:\s?\1){2,}\s*")
# Longer lines are paragraphs that were never wrapped.
_MAX_WRAPPED = 130
# A line shorter than this part of its paragraph's longest was ended on purpose.
_SHORT = 0.6


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`lines` are as they stand in the text; `line` counts from 1; `quoted` is how deep a reply quotes it."""

    text: str
    line: int
    lines: tuple[str, ...]
    role: Role = Role.PARAGRAPH
    quoted: int = 0


def paragraphs(lines: Sequence[str], *, first: int = 1) -> Iterator[Paragraph]:
    """The paragraphs of a text, wrapped lines joined. Blank lines, list marks and quote marks part them."""
    group: list[str] = []
    start, depth = first, 0
    for number, raw in enumerate((*lines, ""), first):
        mark = _QUOTE.match(raw)
        quoted = mark[1].count(">") if mark else 0
        line = raw[len(mark[1]) :] if mark else raw
        if group and (quoted != depth or not line.strip()):
            yield from _parted(group, start, depth)
            group = []
        if line.strip():
            if not group:
                start, depth = number, quoted
            group.append(line)
    if group:
        yield from _parted(group, start, depth)


def _parted(group: list[str], first: int, depth: int) -> Iterator[Paragraph]:
    """One run of lines without a blank one: an item, a field or a finished line begins anew."""
    longest = max(map(len, group))
    begin = 0
    for at in range(1, len(group) + 1):
        if at < len(group) and not _begins(group[at - 1], group[at], longest):
            continue
        lines = group[begin:at]
        bullet = _BULLET.match(lines[0])
        kept = [lines[0][bullet.end() :] if bullet else lines[0], *lines[1:]]
        text = clean(" ".join(line for line in kept if not _RULE.fullmatch(line)))
        if text:
            role = Role.LIST_ITEM if bullet else Role.PARAGRAPH
            yield Paragraph(text, first + begin, tuple(lines), role, depth)
        begin = at


def _begins(before: str, line: str, longest: int) -> bool:
    if _RULE.fullmatch(line):
        return False
    if longest > _MAX_WRAPPED or _RULE.fullmatch(before) or _BULLET.match(line) or _FIELD.match(line):
        return True
    is_finished = len(before.rstrip()) < longest * _SHORT
    return is_finished and not line.lstrip()[:1].islower()
