"""Lines of a PDF page become paragraphs: where one ends, and how words broken by a line end rejoin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import quantiles

from kb.parsing.cleaning import clean
from kb.parsing.pdf_layout import Column, Region, Table
from kb.parsing.pdf_lines import BULLETS, Line

_HYPHENS = "-\u2010\u00ad"
_BULLET = re.compile(rf"(?:[{BULLETS}]\s*|[\u2013\u2014*\-oO§]\s+)(?=\S)")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+\S|(?:\d{1,2}\.){1,4}\d{1,2}\.?\s+\S")
_NOTE = re.compile(r"(?:\d{1,3}|[*†‡§])\s*(?=[^\W\d_]|[\"'(\u201c\u2018])")
_ENDS = re.compile(r"[.:;!?…][\"')\]\u201d\u2019]*$")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_BROKEN = re.compile(rf"([^\W\d_]+)[{_HYPHENS}]$")
# After a suspended hyphen ("aan- en verkoop") the hyphen and the space stay.
_CONJUNCTIONS = frozenset({"en", "of", "and", "or", "und", "oder", "tot", "als", "resp", "dan"})
# Prefixes that keep their hyphen inside a line as well.
_PREFIXES = frozenset({"niet", "non", "ex", "oud", "semi", "quasi"})
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffd]+")
_LEADERS = re.compile(r"(?:\s?[.·_]){5,}")
SMALL = 0.9
_SAME_SIZE = 0.12
_LONG_CELL = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Lines that are read as one text; `row` when it is a table row, `level` when it is a
    heading that the outline names."""

    text: str
    lines: tuple[Line, ...]
    row: bool = False
    level: int | None = None

    @property
    def size(self) -> float:
        """The size of most of its text, in points."""
        return max(self.lines, key=lambda line: len(line.text)).size

    @property
    def bold(self) -> bool:
        """Bold from beginning to end."""
        return all(line.bold for line in self.lines)

    @property
    def is_item(self) -> bool:
        """Opens with a bullet or a number."""
        return bool(_BULLET.match(self.lines[0].text) or _NUMBERED.match(self.lines[0].text))

    @property
    def has_bullet(self) -> bool:
        """Opens with a bullet."""
        return bool(_BULLET.match(self.lines[0].text))

    @property
    def opens_note(self) -> bool:
        """Opens with a number or sign, as a footnote does."""
        return bool(_NOTE.match(self.lines[0].text))


class Words:
    """The words of a document as they stand inside lines, to judge the broken ones by."""

    def __init__(self, lines: Iterable[Line]) -> None:
        """Collect the words of all lines of a document."""
        self._seen: set[str] = set()
        for line in lines:
            self._seen.update(match.group().lower() for match in _WORD.finditer(line.text))

    def rejoin(self, head: str, tail: str) -> str:
        """The end of one line and the start of the next, with or without hyphen and space."""
        broken = _BROKEN.search(head)
        following = _WORD.match(tail)
        if broken is None or following is None:
            glue = "" if re.search(r"\w[-\u2010]$", head) and tail[:1].isalnum() else " "
            return f"{head}{glue}{tail}"
        first, second = broken.group(1), following.group()
        if head[-1] == "\u00ad":
            return head[:-1] + tail
        if second.lower() in _CONJUNCTIONS:
            return f"{head} {tail}"
        return (head if self._keeps_hyphen(head, first, second) else head[:-1]) + tail

    def _keeps_hyphen(self, head: str, first: str, second: str) -> bool:
        before = head[: -len(first) - 1][-1:]
        if len(first) == 1 or first[-1].isupper() or second[0].isupper() or before.isdigit():
            return True
        joined, apart = f"{first}{second}".lower(), f"{first}-{second}".lower()
        if joined in self._seen:
            return False
        return apart in self._seen or first.lower() in _PREFIXES


def paragraphs_of(
    regions: Sequence[Region], words: Words, headings: Mapping[int, tuple[int, int]], body: float
) -> list[Paragraph]:
    """The paragraphs and table rows of one page in reading order.

    `headings` maps the id() of a line that the outline names to the level and the rank of the
    entry; `body` is the size of the document's running text.
    """
    found: list[Paragraph] = []
    for region in regions:
        for cells in _flows(region):
            if len(cells) > 1:
                found.append(_row(cells, words))
                continue
            started = [_paragraph(group, words, headings) for group in _grouped(cells[0], headings, body)]
            if found and _runs_on(found[-1], started[0]):
                merged = found.pop().lines + started.pop(0).lines
                started.insert(0, _paragraph(merged, words, headings))
            found += started
    # What holds no letter or figure is a bullet or an arrow that lost its text.
    return [paragraph for paragraph in found if any(map(str.isalnum, paragraph.text))]


def _flows(region: Region) -> Iterator[Sequence[Sequence[Line]]]:
    """Rows of several cells, and between them runs of lines that are no row: each a sole cell."""
    if isinstance(region, Column):
        yield (region.lines,)
    elif not _is_real(region):
        for row in region.rows:
            yield from ((cell,) for cell in row)
    else:
        for single, rows in groupby(region.rows, key=lambda row: len(row) == 1):
            if single:
                yield (tuple(line for row in rows for line in row[0]),)
            else:
                yield from rows


def _is_real(table: Table) -> bool:
    full = [row for row in table.rows if len(row) > 1]
    longest = max(sum(len(line.text) for line in cell) for row in table.rows for cell in row)
    return len(full) > 1 and len(full) >= 0.4 * len(table.rows) and longest <= _LONG_CELL


def _row(row: Sequence[Sequence[Line]], words: Words) -> Paragraph:
    lines = tuple(line for cell in row for line in cell)
    cells = [tidy(_joined(cell, words)) for cell in row]
    return Paragraph(text=" | ".join(cell for cell in cells if cell), lines=lines, row=True)


def _paragraph(lines: Sequence[Line], words: Words, headings: Mapping[int, tuple[int, int]]) -> Paragraph:
    return Paragraph(
        text=tidy(_joined(lines, words)), lines=tuple(lines), level=headings.get(id(lines[0]), (None, 0))[0]
    )


def _joined(lines: Sequence[Line], words: Words) -> str:
    text = ""
    for line in lines:
        text = words.rejoin(text.rstrip(" "), line.text) if text else line.text
    return text


def tidy(text: str) -> str:
    """Clean text with plain bullets, without private-use signs, and with dot leaders shortened."""
    text = re.sub("^[\uf000-\uf0ff]", "•", text)
    return clean(_LEADERS.sub(" … ", _PRIVATE.sub(" ", text)))


def _grouped(lines: Sequence[Line], headings: Mapping[int, tuple[int, int]], body: float) -> list[list[Line]]:
    groups: list[list[Line]] = []
    leading = _leading(lines)
    edges = _right_edges(lines)
    for line, right in zip(lines, edges, strict=True):
        last = groups[-1][-1] if groups else None
        named = headings.get(id(line))
        if (
            last is not None
            and named == headings.get(id(last))
            and (named is not None or not _breaks(groups[-1], line, leading=leading, right=right, body=body))
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _leading(lines: Sequence[Line]) -> float:
    """The distance of baselines within paragraphs, in units of the size: a low quartile."""
    steps = [
        (below.y - above.y) / below.size
        for above, below in pairwise(lines)
        if below.y > above.y and abs(below.size - above.size) < _SAME_SIZE * below.size
    ]
    if len(steps) < 2:  # quartiles need two values
        return 1.2
    return min(max(quantiles(steps, n=4)[0], 1.0), 2.2)


def _right_edges(lines: Sequence[Line]) -> list[float]:
    """For each line, how far the lines of its own text box reach."""
    boxes: list[list[Line]] = []
    for line in lines:
        last = boxes[-1][-1] if boxes else None
        alike = last is not None and abs(line.size - last.size) < _SAME_SIZE * line.size
        if last is not None and alike and 0 < line.y - last.y < 2 * line.size:
            boxes[-1].append(line)
        else:
            boxes.append([line])
    return [max(line.x1 for line in box) for box in boxes for _ in box]


def _breaks(group: list[Line], line: Line, *, leading: float, right: float, body: float) -> bool:
    last, first = group[-1], group[0]
    size = max(line.size, last.size)
    step = (line.y - last.y) / size
    if step > max(1.3 * leading, 1.55) or step < 0 or line.x0 > last.x1 or line.x1 < last.x0:
        return True
    if abs(line.size - last.size) > _SAME_SIZE * size or (line.bold != last.bold and len(last.text) > 1):
        return True
    if _BULLET.match(line.text):
        return True
    fresh = line.text[:1].isupper() or not line.text[:1].isalpha()
    ended = bool(_ENDS.search(last.text))
    short = _had_room(last, line, right)
    numbered = _NUMBERED.match(line.text) or (line.size < SMALL * body and _NOTE.match(line.text))
    if numbered and (ended or short):
        return True
    if _BULLET.match(first.text) and line.x0 < first.x0 + 0.3 * size and (fresh or ended):
        return True
    indented = line.x0 > last.x0 + 0.9 * size and len(group) > 1 and not _BULLET.match(first.text)
    return (indented and fresh and ended) or (short and (ended or fresh))


def _had_room(last: Line, line: Line, right: float) -> bool:
    """The next word would have fitted on the last line, so that line was ended on purpose."""
    word = line.text.split(" ", 1)[0]
    width = (line.x1 - line.x0) * (len(word) + 1.5) / max(len(line.text), 1)
    return last.x1 + width + 0.5 * last.size < right


def _runs_on(above: Paragraph, below: Paragraph) -> bool:
    """A sentence that goes on at the top of the next column."""
    if above.row or above.level is not None or below.level is not None or below.is_item:
        return False
    last, first = above.lines[-1], below.lines[0]
    alike = abs(above.size - below.size) < 0.05 * above.size and last.bold == first.bold
    next_column = first.y < last.y and first.x0 > last.x0
    return alike and next_column and first.text[:1].islower() and not _ENDS.search(last.text)
