"""Where the words of a passage stand on a page, by what both have in common: found, or not marked at all.

A reader's text and PDFium's differ in hyphens, ligatures, white space and the order of columns. So letters
and digits alone are compared, and a passage may lie on the page in several runs: the longest are placed
first, as in greedy string tiling (Wise, 1993), and a short run only near others, for it may stand anywhere.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.rendering import Box, Word

# The least that makes a run; one of fewer letters than `_SURE` counts only near a longer one.
_SEED, _SURE = 8, 20
_NEAR = 150
# A run is placed for the letters that no longer one has.
_LEAST_NEW = 4
# Of a page on which a few letters are repeated without end no more places are looked at.
_MOST_PLACES = 50
_MOST_LETTERS = 5_000
# The share of a passage's letters that must be found on the page, or nothing is marked.
LEAST_COVERAGE = 0.75

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Run:
    """`length` letters of the passage from `start` on, which stand on the page from `at` on."""

    start: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A passage on a page. `places` maps each character of its text that was found to its word's number."""

    words: Sequence[Word]
    places: Mapping[int, int]
    coverage: float

    @property
    def is_found(self) -> bool:
        """Whether so much of the passage stands on the page that its place is certain."""
        return self.coverage >= LEAST_COVERAGE

    def boxes(self, *spans: Span) -> list[Box]:
        """What to mark for these [start, end) parts of the passage's text: a box for each run of words on a
        line. Nothing where the passage was not found.
        """
        if not self.is_found:
            return []
        wanted = {self.places[at] for start, end in spans for at in range(start, end) if at in self.places}
        return merged([(number, self.words[number].box) for number in sorted(wanted)])


def mark(text: str, words: Sequence[Word]) -> Marked:
    """Find a passage's text among the words of a page."""
    passage, offsets = _letters(text[:_MOST_LETTERS])
    page, owners = _letters(word.text for word in words)
    if len(passage) < _SURE:
        runs = _only_place(passage, page, owners)
    else:
        runs = _placed(sorted(_runs(passage, page), key=lambda run: -run.length))
    letters: dict[int, int] = {}
    for run in runs:
        for step in range(run.length):
            letters.setdefault(run.start + step, run.at + step)
    whole = _whole_words(letters.values(), owners)
    places = {offsets[start]: owners[at] for start, at in letters.items() if owners[at] in whole}
    return Marked(words, places, len(letters) / len(passage) if passage else 0.0)


def merged(numbered: Sequence[tuple[int, Box]]) -> list[Box]:
    """Boxes of words, by their numbers, with those that follow one another on a line made one."""
    found: list[Box] = []
    last = None
    for number, box in numbered:
        if last is not None and number - last <= 2 and _continues(found[-1], box):
            found[-1] = _both(found[-1], box)
        else:
            found.append(box)
        last = number
    return found


def _letters(parts: Iterable[str]) -> tuple[str, list[int]]:
    """The letters and digits of several texts without case and accents, and which text each is of."""
    found: list[str] = []
    owners: list[int] = []
    for number, part in enumerate(parts):
        for letter in unicodedata.normalize("NFKD", part).casefold():
            if letter.isalnum():
                found.append(letter)
                owners.append(number)
    return "".join(found), owners


def _runs(passage: str, page: str) -> Iterator[_Run]:
    """All runs of at least `_SEED` letters that the passage and the page have in common, each as long as it
    gets."""
    seeds: dict[str, list[int]] = {}
    for at in range(len(page) - _SEED + 1):
        places = seeds.setdefault(page[at : at + _SEED], [])
        if len(places) < _MOST_PLACES:
            places.append(at)
    for start in range(len(passage) - _SEED + 1):
        for at in seeds.get(passage[start : start + _SEED], ()):
            if not (start and at and passage[start - 1] == page[at - 1]):
                yield _Run(start, at, _common(passage, start, page, at))


def _common(passage: str, start: int, page: str, at: int) -> int:
    """How many letters are the same from both places on, of which `_SEED` are known to be."""
    length, most = _SEED, min(len(passage) - start, len(page) - at)
    # Slices are compared at once: letter by letter, a hostile page would keep this busy for long.
    while length < most and passage[start : start + 2 * length] == page[at : at + 2 * length]:
        length = min(2 * length, most)
    low, high = length, min(2 * length, most)
    while low < high:
        middle = (low + high + 1) // 2
        if passage[start : start + middle] == page[at : at + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _placed(runs: Sequence[_Run]) -> list[_Run]:
    """Of runs, longest first, those that add to what is found; a short one only near another."""
    placed: list[_Run] = []
    covered: set[int] = set()
    for run in runs:
        letters = range(run.start, run.start + run.length)
        is_near = any(-_NEAR <= run.at - other.at <= other.length + _NEAR for other in placed)
        if (run.length >= _SURE or is_near) and sum(at not in covered for at in letters) >= _LEAST_NEW:
            placed.append(run)
            covered.update(letters)
    return placed


def _only_place(passage: str, page: str, owners: Sequence[int]) -> list[_Run]:
    """The one place where all of a short passage stands in words of its own; none where there are more."""
    places, at = [], page.find(passage) if passage else -1
    while at >= 0:
        end = at + len(passage)
        starts_a_word = at == 0 or owners[at] != owners[at - 1]
        ends_a_word = end == len(page) or owners[end] != owners[end - 1]
        if starts_a_word and ends_a_word:
            places.append(at)
        at = page.find(passage, at + 1)
    return [_Run(0, places[0], len(passage))] if len(places) == 1 else []


def _whole_words(found: Iterable[int], owners: Sequence[int]) -> set[int]:
    """The words of which at least half of the letters were found."""
    all_letters, of_found = Counter(owners), Counter(owners[at] for at in set(found))
    return {word for word, letters in of_found.items() if letters * 2 >= all_letters[word]}


def _continues(line: Box, word: Box) -> bool:
    lower = min(line.y + line.height, word.y + word.height)
    overlap, least = lower - max(line.y, word.y), min(line.height, word.height)
    gap = word.x - (line.x + line.width)
    return overlap * 2 >= least and -least <= gap <= 2 * least


def _both(one: Box, other: Box) -> Box:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    return Box(left, top, right - left, max(one.y + one.height, other.y + other.height) - top)
