"""Quotation marks: which text stands between a pair of them, in the ways Dutch and English have for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# „Low first” is the older Dutch way, “high” and ‘single’ the newer ones; «these» are seen in translations.
_CLOSES = {"“": "”", "„": "”“", "‘": "’", "«": "»", '"': '"', "'": "'"}
# An apostrophe (foto's, 's-Gravenhage, 't, 'm) is no mark: a mark stands at the border of a word.
_OPENING = re.compile(r"[“„«]|(?<![\w’'])[\"‘](?=\S)|(?<![\w’])'(?=\w{2})(?!s[- ]|t |n )")
_MOST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What stands between marks: [start, end) with the marks, and the words without them."""

    start: int
    end: int
    words: str


def find_marked(text: str) -> list[Marked]:
    """The outermost pairs of marks of a text. One that opens a paragraph may be closed in a later one.

    A pair within a pair belongs to its words. A mark that nothing closes within 2,000 characters is none.
    """
    return list(_pairs(text))


def _pairs(text: str) -> Iterator[Marked]:
    position = 0
    while opening := _OPENING.search(text, position):
        end = _closed(text, opening)
        if end is None:
            position = opening.end()
            continue
        words = text[opening.end() : end]
        if words.strip():
            yield Marked(start=opening.start(), end=end + 1, words=words.strip())
        position = end + 1


def _closed(text: str, opening: re.Match[str]) -> int | None:
    """Where the mark is that closes an opening one. Others may be opened and closed in between."""
    mark, depth = opening.group(), 0
    closing = _CLOSES[mark]
    last = min(len(text), opening.end() + _MOST)
    if all(text.find(close, opening.end(), last) < 0 for close in closing):
        return None
    for position in range(opening.end(), last):
        letter = text[position]
        if mark in "\"'" and letter == "\n":
            # These look the same at both ends, and one that is forgotten would turn all others around.
            return None
        if letter == mark and mark not in closing:
            # A new paragraph of one quotation opens again, without that the former was closed.
            depth += not text[:position].rstrip(" ").endswith("\n")
        elif letter in closing and _may_close(text, position):
            if not depth:
                return position
            depth -= 1
    return None


def _may_close(text: str, position: int) -> bool:
    """An apostrophe within a word (API’s) or after one (de gemeenten’ plan) closes only at a word's end."""
    after = text[position + 1 : position + 2]
    if text[position] in "’'":
        return not after.isalnum() and not text[position - 1].isspace()
    return text[position] == "“" or not text[position - 1].isspace()
