"""The part of a long passage that is shown at once: its best sentence with what stands around it."""

from __future__ import annotations

from collections.abc import Sequence

from kb.chunking import sentences

Span = tuple[int, int]

# A passage of no more words is shown whole.
_SHORT = 100
_WORDS = 60


def excerpt(text: str, best: Span | None = None) -> Span:
    """The [start, end) offsets of what is shown of a passage: whole sentences around its best one.

    All of a short passage, and the beginning of one without a best sentence.
    """
    if len(text.split()) <= _SHORT:
        return 0, len(text)
    spans = sentences(text)
    at = next((number for number, (_, end) in enumerate(spans) if best and end > best[0]), 0)
    first = last = at
    is_after = True
    while _words(text, spans, first, last) < _WORDS and (first > 0 or last + 1 < len(spans)):
        # One after it, one before it: what follows a sentence explains it more often.
        if (is_after and last + 1 < len(spans)) or first == 0:
            last += 1
        else:
            first -= 1
        is_after = not is_after
    start = 0 if first == 0 else spans[first][0]
    end = len(text) if last + 1 == len(spans) else spans[last][1]
    return start, end


def _words(text: str, spans: Sequence[Span], first: int, last: int) -> int:
    return len(text[spans[first][0] : spans[last][1]].split())
