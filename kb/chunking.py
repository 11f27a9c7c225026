"""A document into passages: exact slices of its text, each with one place.

A section is a run of blocks with the same page, slide, part and first headings; no passage crosses
it. Within a section sentences are packed into passages of nearly equal size, a little overlap
between two. The sizes are measured in words and kept within the encoder's window in tokens.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, takewhile

from kb.documents import Document, Locator, Part, Passage, Role, stable_id

# Raised when the same document yields other passages.
CHUNKING_VERSION = 1

# Sections deeper than this are often two sentences long, too little to embed by themselves.
FIRST_LEVELS = 2

# Never from the middle of a row of dots: a long one takes time by its square, to end at the same place.
_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[A-Z0-9ÀÁÄÈÉËÌÍÏÒÓÖÙÚÜ•–-])|\n+")
_ABBREVIATED = """
    aanh afb afd al art artt arts bijv blz bv bvb ca cf cfr c.q d.d dd d.m.v dhr dr dra drs d.w.z e.a
    e.d e.g e.v enz etc excl fig h.l i.c i.e i.h.a i.h.b i.p.v i.s.m i.t.t i.v.m incl ing ir jl jr l.s
    max m.a.w m.b.t m.b.v m.i.v m.n m.u.v mevr min mr mrs ms mw n.a.v n.b nl no nr nrs o.a o.b.v o.g.v
    o.i.d o.l.v o.m p par pag pp prof resp sec sr st str t.a.v t.b.v t.g.v t.h.v t.m t.n.v t.o.v tel t.w
    v.a vgl v.l.n.r vnl vol vs w.o zgn z.o.z z.s.m
"""
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
# No abbreviation is longer; what stands further back would be looked at again for each.
_LONGEST_ABBREVIATION = 40
_NOT_SPACE = re.compile(r"\S")
_LAST_WORD = re.compile(r"([\w.]+)\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The sizes of a passage.

    `words` is aimed at and exceeded by a quarter at most; `overlap_words` bounds what a passage
    repeats of the one before; `tokens` is a hard bound on context and text together, counted by
    `count_tokens` for each of a list of texts.
    """

    words: int
    overlap_words: int
    tokens: int
    count_tokens: Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    words: int
    tokens: int
    ends_paragraph: bool


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as [start, end) offsets, without the white space between them.

    A line break ends a sentence; a full stop after an abbreviation, an initial or a number at the
    start of a list item does not.
    """
    spans, start = [], 0
    for found in _END.finditer(text):
        before = text[max(start, found.start() - _LONGEST_ABBREVIATION) : found.start() + 1]
        if "\n" not in found.group() and text[found.start()] == "." and _goes_on(before):
            continue
        end = found.start() + len(found.group().rstrip())
        if text[start:end].strip():
            spans.append((start, end))
        start = found.end()
    if text[start:].strip():
        spans.append((start, len(text.rstrip())))
    return spans


def _goes_on(before: str) -> bool:
    last = _LAST_WORD.search(before)
    if not last:
        return False
    word = last.group(1)
    is_initial = len(word) == 1 and word.isalpha() and word.isupper()
    is_list_number = word.isdigit() and len(word) <= 2 and before.strip() == word + "."
    return is_initial or is_list_number or word.lower() in _ABBREVIATIONS


def chunk(document: Document, window: Window) -> list[Passage]:
    """The passages of a document in reading order."""
    passages: list[Passage] = []
    seen: dict[str, int] = {}
    for blocks in _sections(document):
        for start, end in _pack(document, blocks, window):
            text = document.text[start:end]
            # The same words twice in one document are two passages, told apart by their turn.
            turn = seen[text] = seen.get(text, 0) + 1
            locator = _locator(document, start, end)
            passages.append(
                Passage(
                    id=stable_id("passage", document.source.document_id, text, str(turn)),
                    document_id=document.source.document_id,
                    ordinal=len(passages),
                    start=start,
                    end=end,
                    text=text,
                    context=_context(document, locator, text),
                    locator=locator,
                )
            )
    return passages


def _sections(document: Document) -> Iterator[range]:
    """Runs of block numbers that share their place.

    A heading that has nothing of its own before the next one joins the section that it heads.
    """
    blocks = document.blocks

    def place(number: int) -> tuple[int | None, int | None, bool, tuple[str, ...]]:
        locator = blocks[number].locator
        return locator.page, locator.slide, locator.part is Part.NOTES, locator.headings[:FIRST_LEVELS]

    waiting: int | None = None
    runs = [list(run) for _, run in groupby(range(len(blocks)), key=place)]
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        first = run[0] if waiting is None else waiting
        is_bare = all(blocks[number].role is Role.HEADING for number in run)
        if is_bare and following and _heads(blocks[run[-1]].locator, blocks[following[0]].locator):
            waiting = first
        else:
            waiting = None
            yield range(first, run[-1] + 1)


def _heads(one: Locator, other: Locator) -> bool:
    """True when `other` stands under the heading at `one`, on the same page or slide."""
    is_same_unit = (one.page, one.slide, one.part) == (other.page, other.slide, other.part)
    return is_same_unit and other.headings[: len(one.headings)] == one.headings


def _pack(document: Document, blocks: range, window: Window) -> Iterator[tuple[int, int]]:
    units = _units(document, blocks, window)
    if not units:
        return
    # The words from each unit on.
    rest = [*accumulate((unit.words for unit in reversed(units)), initial=0)][::-1]
    first = 0
    while first < len(units):
        # What is left is divided evenly, so that no rest of a few words remains. Each passage but the
        # last is read again in part by the next one.
        left = rest[first]
        count = max(1, math.ceil((left - window.overlap_words) / (window.words * 1.1 - window.overlap_words)))
        target = (left + (count - 1) * window.overlap_words) / count
        last = _last(units, first, target, window)
        yield units[first].start, units[last].end
        if last + 1 >= len(units):
            return
        first = _next_first(units, first, last, window)


def _last(units: list[_Sentence], first: int, target: float, window: Window) -> int:
    """The unit that best ends a passage starting at `first`: near the target, rather at the end of
    a paragraph, never over the bounds."""
    words = tokens = 0
    best, best_cost = first, math.inf
    for number in range(first, len(units)):
        words += units[number].words
        tokens += units[number].tokens
        if number > first and (tokens > window.tokens or words > window.words * 1.25):
            break
        cost = abs(words - target) * (1.0 if units[number].ends_paragraph else 1.5)
        cost += 0 if units[number].ends_paragraph else target * 0.1
        if cost <= best_cost:
            best, best_cost = number, cost
    else:
        # All that is left fits; a rest of a few words is not worth a passage of its own.
        if words <= window.words * 1.25 and words - target < target * 0.5:
            return len(units) - 1
    return best


def _next_first(units: list[_Sentence], first: int, last: int, window: Window) -> int:
    """Where the next passage starts: whole sentences back, within the overlap."""
    start, words = last + 1, 0
    while start - 1 > first and words + units[start - 1].words <= window.overlap_words:
        start -= 1
        words += units[start].words
    return start


def _units(document: Document, blocks: range, window: Window) -> list[_Sentence]:
    spans: list[tuple[int, int, bool]] = []
    for number in blocks:
        block, offset = document.blocks[number], document.starts[number]
        found = [(0, len(block.text))] if block.role is Role.HEADING else sentences(block.text)
        pieces = [piece for span in found for piece in _pieces(block.text, span, window)]
        for start, end in pieces:
            ends_block = (start, end) == pieces[-1] and block.role is not Role.HEADING
            spans.append((offset + start, offset + end, ends_block))
    counts = window.count_tokens([document.text[start:end] for start, end, _ in spans])
    return [
        _Sentence(start, end, len(document.text[start:end].split()), tokens, ends_block)
        for (start, end, ends_block), tokens in zip(spans, counts, strict=True)
    ]


def _pieces(text: str, span: tuple[int, int], window: Window) -> Iterator[tuple[int, int]]:
    """A sentence as it is, or cut between words where it is longer than a passage may be.

    A word of 12 characters or more takes about three tokens, so the bound on characters keeps a
    piece within the window whatever its words are.
    """
    start, end = span
    while start < end:
        limit = min(end, start + window.tokens * 2)
        words = [found.end() for found in re.finditer(r"\S+", text[start:limit])][: window.words]
        cut = start + words[-1] if words else limit
        if limit < end and len(words) > 1 and not text[limit].isspace() and cut == limit:
            cut = start + words[-2]
        yield start, cut
        following = _NOT_SPACE.search(text, cut, end)
        start = following.start() if following else end


def _locator(document: Document, start: int, end: int) -> Locator:
    """The place that all blocks of the slice share, headings aside, of which there may be several."""
    first = bisect.bisect_right(document.starts, start) - 1
    inside = document.blocks[first : bisect.bisect_left(document.starts, end)]
    content = [block for block in inside if block.role is not Role.HEADING] or inside
    headings = content[0].locator.headings
    for block in content[1:]:
        pairs = zip(headings, block.locator.headings, strict=False)
        headings = headings[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))]
    parts = {block.locator.part for block in content}
    part = parts.pop() if len(parts) == 1 else Part.BODY
    return replace(inside[0].locator, headings=headings, part=part)


def _context(document: Document, locator: Locator, text: str) -> str:
    """Title and heading path, less what the passage itself starts with."""
    own = set(text.split("\n", len(locator.headings) + 1))
    parts = [document.metadata.title or "", *locator.headings]
    unique = dict.fromkeys(part for part in parts if part and part not in own)
    return " > ".join(unique)
