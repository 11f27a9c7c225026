"""Which passages belong to a theme: those with a sentence that holds all words of one of its queries.

A rule that a reader can check with the passage before them. Words are compared as the index does it: stemmed,
parts of compounds included. The title and the headings above a passage count with each of its sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kb.chunking import sentences
from kb.documents import Passage
from kb.language import Lexicon, word_terms, words
from kb.language.terms import STEMMERS
from kb.themes import Theme
from kb.themes.wording import terms_of

Rows = npt.NDArray[np.int64]

# Passages that are read at once.
_AT_ONCE = 1_000


class Found(Protocol):
    """A passage with its row; see `kb.index.PassageRecord`."""

    @property
    def row(self) -> int:
        """Where it lies in the index."""
        ...

    @property
    def passage(self) -> Passage:
        """Its words and what stands above them."""
        ...


class Searched(Protocol):
    """What of an index is asked; see `kb.index.Index`."""

    @property
    def lexicon(self) -> Lexicon:
        """The words of its passages."""
        ...

    def holders(self, term: str) -> Rows:
        """The rows of the passages that hold a term."""
        ...

    def passages(self, rows: Iterable[int]) -> Sequence[Found]:
        """The passages in these rows, in the order asked."""
        ...


# The terms of each word of a query, any of which a passage may hold for it.
Asked = Sequence[Sequence[str]]


def theme_rows(themes: Iterable[Theme], index: Searched) -> Iterator[tuple[Theme, Rows]]:
    """Each theme with the rows of the passages that its queries find, in order."""
    themes = list(themes)
    terms = _Terms(index.lexicon, (query for theme in themes for query in theme.queries))
    for theme in themes:
        yield theme, _rows_about(theme.queries, index, terms)


def rows_about(queries: Iterable[str], index: Searched) -> Rows:
    """The rows of the passages with a sentence that holds all words of one of these queries, in order."""
    queries = list(queries)
    return _rows_about(queries, index, _Terms(index.lexicon, queries))


def _rows_about(queries: Iterable[str], index: Searched, terms: _Terms) -> Rows:
    found: Rows = np.empty(0, np.int64)
    several: list[tuple[Asked, Rows]] = []
    for query in queries:
        asked = terms_of(query)
        rows = _holding_all(asked, index)
        if len(asked) > 1:
            several.append((asked, rows))
        else:
            found = np.union1d(found, rows)
    return np.union1d(found, _in_one_sentence(several, found, index, terms))


def _holding_all(asked: Asked, index: Searched) -> Rows:
    """The rows of the passages that hold all of the words somewhere."""
    rows: Rows | None = None
    for terms in asked:
        holding: Rows = np.unique(
            np.concatenate([np.asarray(index.holders(term), np.int64) for term in terms])
        )
        rows = holding if rows is None else np.intersect1d(rows, holding, assume_unique=True)
        if not len(rows):
            break
    return np.empty(0, np.int64) if rows is None else rows


def _in_one_sentence(
    several: Sequence[tuple[Asked, Rows]], known: Rows, index: Searched, terms: _Terms
) -> Rows:
    """Those of the rows of several queries, and not `known` already, that have all words in a sentence."""
    queries: dict[int, list[Asked]] = {}
    for asked, rows in several:
        for row in np.setdiff1d(rows, known, assume_unique=True).tolist():
            queries.setdefault(row, []).append(asked)
    wanted = sorted(queries)
    found = []
    for at in range(0, len(wanted), _AT_ONCE):
        for record in index.passages(wanted[at : at + _AT_ONCE]):
            held = terms.of_sentences(record)
            if any(_holds(one, asked) for asked in queries[record.row] for one in held):
                found.append(record.row)
    return np.array(found, np.int64)


def _holds(terms: frozenset[str], asked: Asked) -> bool:
    return all(not terms.isdisjoint(word) for word in asked)


class _Terms(dict[str, frozenset[str]]):
    """The terms of words, as far as they are asked: each word is analysed once, and most have none."""

    def __init__(self, lexicon: Lexicon, queries: Iterable[str]) -> None:
        super().__init__()
        self._lexicon = lexicon
        self._asked = frozenset(term for query in queries for word in terms_of(query) for term in word)

    def __missing__(self, word: str) -> frozenset[str]:
        every = (term for code in STEMMERS for term in word_terms(word, code, self._lexicon))
        found = self[word] = self._asked.intersection(every)
        return found

    def of_sentences(self, record: Found) -> list[frozenset[str]]:
        """The terms of each sentence of a passage, with those of its context."""
        text = record.passage.text
        above = self._of("\n".join((record.passage.context, *record.passage.locator.headings)))
        return [above | self._of(text[start:end]) for start, end in sentences(text)] or [above]

    def _of(self, text: str) -> frozenset[str]:
        return frozenset().union(*map(self.__getitem__, words(text)))
