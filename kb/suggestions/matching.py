"""Which suggestions fit what was typed: every word of it, the last one as a beginning."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kb.language import fold
from kb.suggestions import Suggested, Suggestion, SuggestionKind

# Letters that a word must have before one of them may be wrong: one edit makes "vlak" "vaak".
_LONG_ENOUGH = 5
# Suggestions of one kind before those of others have their turn.
_AT_ONCE = 2
_WORD = re.compile(r"\w+")
# Sorts after every word that begins with what stands before it.
_LAST = "\U0010ffff"

_Ids = npt.NDArray[np.intp]
_Mask = npt.NDArray[np.bool_]
# Words from one place in the vocabulary up to another.
_Span = tuple[int, int]


class Suggestions:
    """Texts that can be suggested. Case and accents do not matter.

    A vocabulary in alphabetical order leads to the texts that hold each word, so the words that begin alike
    lead to one run of texts.
    """

    def __init__(self, suggestions: Iterable[Suggestion], *, is_complete: bool = True) -> None:
        """Of texts with the same words only the kind that says most is kept."""
        self._is_complete = is_complete
        kinds = list(SuggestionKind)
        first: dict[str, Suggestion] = {}
        for one in sorted(suggestions, key=lambda one: kinds.index(one.kind)):
            if key := " ".join(_words(one.text)):
                first.setdefault(key, one)
        kept = sorted(
            first.items(),
            key=lambda item: (
                kinds.index(item[1].kind),
                -item[1].documents,
                len(item[1].text),
                item[1].text,
            ),
        )
        self._suggestions = [one for _, one in kept]
        self._of_kind = _spans([kinds.index(one.kind) for one in self._suggestions], len(kinds))
        texts = [key for key, _ in kept]
        self._by_text: _Ids = np.array(sorted(range(len(texts)), key=texts.__getitem__), np.intp)
        self._texts = sorted(texts)
        pairs = sorted((word, number) for number, text in enumerate(texts) for word in set(text.split()))
        self._vocabulary = sorted({word for word, _ in pairs})
        self._holders: _Ids = np.array([number for _, number in pairs], np.intp)
        words = [word for word, _ in pairs]
        self._starts = [*(bisect_left(words, word) for word in self._vocabulary), len(words)]

    def __len__(self) -> int:
        return len(self._suggestions)

    def suggest(self, typed: str, limit: int) -> Suggested:
        """What may be meant by what was typed: see `matching`."""
        return Suggested(suggestions=tuple(self.matching(typed, limit)), is_complete=self._is_complete)

    def matching(self, typed: str, limit: int) -> list[Suggestion]:
        """At most `limit` of them that hold all words that were typed, the last of which may be a beginning.

        First those that begin as typed, then those of most documents, with all kinds in turn. When none fits,
        one letter too many, too few, wrong or swapped with its neighbour is allowed in words of five letters
        or more.
        """
        words = list(_words(typed))
        if not words:
            return []
        found = self._holding(words, is_exact=True)
        if not found.any():
            found = self._holding(words, is_exact=False)
        begins = np.zeros(len(self), np.bool_)
        begins[self._by_text[slice(*_beginning(self._texts, " ".join(words)))]] = True
        chosen = []
        for kind, (start, end) in enumerate(self._of_kind):
            of_kind = start + np.flatnonzero(found[start:end])
            is_first = begins[of_kind]
            ids = [*of_kind[is_first][:limit].tolist(), *of_kind[~is_first][:limit].tolist()][:limit]
            chosen += [
                (at // _AT_ONCE, not begins[number], kind, at, number) for at, number in enumerate(ids)
            ]
        return [self._suggestions[number] for *_, number in sorted(chosen)[:limit]]

    def _holding(self, words: Sequence[str], *, is_exact: bool) -> _Mask:
        """Which texts hold all of these words."""
        found = np.ones(len(self), np.bool_)
        for at, word in enumerate(words):
            spans = [self._span(word, is_last=at == len(words) - 1)]
            if not is_exact and len(word) >= _LONG_ENOUGH:
                spans += [self._span(other, is_last=at == len(words) - 1) for other in self._edits(word)]
            holding = np.zeros(len(self), np.bool_)
            for start, end in spans:
                holding[self._holders[self._starts[start] : self._starts[end]]] = True
            found &= holding
        return found

    def _span(self, word: str, *, is_last: bool) -> _Span:
        if is_last:
            return _beginning(self._vocabulary, word)
        start = bisect_left(self._vocabulary, word)
        is_known = start < len(self._vocabulary) and self._vocabulary[start] == word
        return start, start + is_known

    def _edits(self, word: str) -> set[str]:
        """What is one edit from a word and may begin a word of the vocabulary.

        All edits (Norvig 2007), but a letter is put only where words that begin so have it.
        """
        edits = set()
        for at in range(len(word) + 1):
            left, right = word[:at], word[at:]
            span = _beginning(self._vocabulary, left)
            if span[0] == span[1]:
                break
            edits.add(left + right[1:])
            if len(right) > 1:
                edits.add(left + right[1] + right[0] + right[2:])
            for letter in self._letters_after(left, span):
                edits |= {left + letter + right, left + letter + right[1:]}
        return edits - {word}

    def _letters_after(self, left: str, span: _Span) -> Iterator[str]:
        """The letters that stand behind a beginning, in the words of the vocabulary that begin so."""
        at, end = span
        while at < end:
            word = self._vocabulary[at]
            if len(word) == len(left):
                at += 1
                continue
            yield word[len(left)]
            at = bisect_right(self._vocabulary, left + word[len(left)] + _LAST, at, end)


def _beginning(ordered: Sequence[str], text: str) -> _Span:
    """Where those stand that begin with a text."""
    return bisect_left(ordered, text), bisect_right(ordered, text + _LAST)


def _spans(numbers: Sequence[int], count: int) -> list[_Span]:
    """From where up to where each number below `count` stands in an ordered list of them."""
    return [(bisect_left(numbers, number), bisect_right(numbers, number)) for number in range(count)]


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text.casefold()):
        yield fold(found.group())
