"""Names and addresses that must not be read, found in a text however they are spelled.

Case, accents, white space, signs between the words (`Jan_de-Bakker`) and a word that is broken off at the end
of a line make no difference; a genitive -s belongs to the name. What counts is a text *folded*: every
character to its plain lower-case letters (Unicode NFKD without marks, then full case folding), each with the
place where it stood. A mask is as long as what it hides, so that every offset in the text still holds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from kb.masking import DOT

# Raised when the same name is found otherwise.
NAMES_VERSION = 2

Span = tuple[int, int]

_WORD = re.compile(r"[^\W_]+")
# Between two words of a name, such as ", " or "\n", and any white space; more signs stand between two names.
_GAP = r"(?:[\W_]{0,4}|\s*(?:[^\w\s]|_){0,4}\s*)"
# Letters that no decomposition makes plain, and marks above and below letters, which are no letters.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe"}
    | {
        mark: ""
        for mark in map(chr, (*range(0x300, 0x3100), *range(0xFE20, 0xFE30)))
        if unicodedata.combining(mark)
    }
)
# What no reader sees: soft hyphen, joiners, marks of direction, spaces without width.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# A word that goes on at the next line.
_BROKEN = re.compile(r"[-\u00ad\u2010\u2011](?<=[^\W_].)[ \t\u00a0]*\r?\n\s*(?=[^\W_])")


class Names:
    """Names that are looked for together. `words` are the folded words of each, as `words_of` gives them."""

    def __init__(self, words: Iterable[tuple[str, ...]]) -> None:
        self._names = [(max(one, key=len), _pattern(one)) for one in sorted(set(words))]

    def __bool__(self) -> bool:
        return bool(self._names)

    def spans(self, text: str) -> list[Span]:
        """Where names stand, as [start, end) offsets in order, those that overlap as one."""
        if not self._names:
            return []
        plain = fold(text)
        wanted = [pattern for word, pattern in self._names if word in plain]
        if not wanted:
            return []
        places = _places(text)
        found = []
        for pattern in wanted:
            for match in pattern.finditer(plain):
                start, last = places[match.start()], places[match.end() - 1]
                found.append((start, _with_marks(text, last + 1)))
        return _joined(found)

    def masked(self, text: str) -> str:
        """The text with every name made unreadable."""
        return with_spans_masked(text, self.spans(text))


def with_spans_masked(text: str, spans: Iterable[Span]) -> str:
    """The text with the letters and digits of these spans as dots."""
    parts, position = [], 0
    for start, end in spans:
        parts += [text[position:start], "".join(map(_hidden, text[start:end]))]
        position = end
    return "".join((*parts, text[position:])) if parts else text


def words_of(name: str) -> tuple[str, ...]:
    """The folded words of a name; none of one without letters or digits."""
    return tuple(_WORD.findall(fold(name)))


def fold(text: str) -> str:
    """The plain lower-case letters of a text, what no reader sees left out."""
    seen = _BROKEN.sub("", text)
    return seen.lower() if seen.isascii() else _folded(_UNSEEN.sub("", seen))


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    # The end of a name may have an apostrophe and the -s of a genitive.
    inner = _GAP.join(map(re.escape, words))
    # A digit beside a letter is the mark of a footnote; beside a digit it makes another number.
    before = r"(?<![^\W_])" if words[0][0].isdigit() else r"(?<![^\W\d_])"
    after = r"(?![^\W_])" if words[-1][-1].isdigit() else r"(?![^\W\d_])"
    return re.compile(rf"{before}{inner}(?:['\u2019]?s)?{after}")


def _places(text: str) -> list[int]:
    """For each character of the folded text the offset in `text` of the one that it came from."""
    unseen = {
        at
        for pattern in (_BROKEN, _UNSEEN)
        for found in pattern.finditer(text)
        for at in range(*found.span())
    }
    return [at for at, letter in enumerate(text) if at not in unseen for _ in _folded(letter)]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)


def _with_marks(text: str, end: int) -> int:
    """The end of a name with the accents that stand behind its last letter."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _hidden(letter: str) -> str:
    return DOT if letter.isalnum() or unicodedata.combining(letter) else letter
