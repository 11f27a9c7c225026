"""Dutch and English analysis for the lexical retriever: from text to the terms that are matched.

A passage's terms are its words, stemmed, and the parts of its compounds; a hyphenated word is there as
its parts and as one word. A query's terms are weighted: its own words count most (`expand_query`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kb.language.lexicon import Lexicon
from kb.language.numbers import number_spans, numbers
from kb.language.queries import Expansion, corrections, expand_query
from kb.language.synonyms import Synonyms, shipped_synonyms
from kb.language.terms import (
    HYPHENATED,
    STEMMERS,
    WORD,
    code_of,
    fold,
    forms,
    hyphenated,
    is_stop_word,
    language_of,
    term,
    token_words,
    tokens,
    without_hyphens,
    word_places,
)

__all__ = [
    "ANALYSIS_VERSION",
    "Expansion",
    "Lexicon",
    "Matching",
    "Synonyms",
    "analyse",
    "analyse_query",
    "corrections",
    "expand_query",
    "fold",
    "hyphenated_words",
    "is_stop_word",
    "language_of",
    "matching_spans",
    "number_spans",
    "numbers",
    "shipped_synonyms",
    "token_words",
    "tokens",
    "word_terms",
    "words",
]

# Raised when the same text yields other terms: an index of another version is refused.
ANALYSIS_VERSION = 2

# Words whose terms are remembered, some 300 bytes each: those of passages that are shown.
_REMEMBERED = 30_000
# Marks a hyphenated word among `words`, where no other holds it.
_HYPHEN = "-"
_NONE: frozenset[str] = frozenset()


def words(text: str) -> Iterator[str]:
    """Each word of a passage in lower case, and each hyphenated word as one after a hyphen ("-email")."""
    yield from token_words(text)
    yield from hyphenated_words(text)


def hyphenated_words(text: str) -> list[str]:
    """The words of a text that are hyphenated, each as one after a hyphen."""
    return [_HYPHEN + without_hyphens(word.lower()) for word in hyphenated(text)]


def word_terms(word: str, code: str, lexicon: Lexicon | None = None) -> list[str]:
    """The terms that one of `words` adds to a passage in the language `code`: none for a stop word."""
    whole = term(word.removeprefix(_HYPHEN), code)
    if not whole:
        return []
    # The parts of a hyphenated word are there already, as words.
    parts = lexicon.parts(word) if lexicon and code == "nl" and not word.startswith(_HYPHEN) else ()
    return [whole, *(form for part in parts if (form := term(part, code)))]


def analyse(text: str, language: str | None, lexicon: Lexicon | None = None) -> list[str]:
    """The terms of a passage, repeated as often as they occur; English when `language` is "en".

    Compounds are split when there is a lexicon to split them by.
    """
    code = code_of(language)
    return [form for word in words(text) for form in word_terms(word, code, lexicon)]


def analyse_query(text: str) -> list[str]:
    """The different terms of a query's own words, each as Dutch and as English passages would hold it."""
    found = dict.fromkeys(form for word, _, _ in tokens(text) for form in forms(word))
    if not found:
        # Nothing but stop words ("wie is wie"): better matched literally than not at all.
        found = dict.fromkeys(fold(word) for word, _, _ in tokens(text))
    return list(found)


class Matching:
    """Where the words of texts stand that are among some terms: those of the passages of one search."""

    def __init__(self, terms: Iterable[str], lexicon: Lexicon | None = None) -> None:
        self._phrases = [key.split() for key in terms]
        self._asked = frozenset(term for phrase in self._phrases for term in phrase)
        self._lexicon = lexicon
        # Of each word as it was written, those of the terms that it has: texts that are found share words.
        self._words: dict[str, frozenset[str]] = {}
        self._joined: dict[str, frozenset[str]] = {}

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The places as [start, end) offsets in order.

        A word is marked as a whole when a part of it matches. A phrase (terms with spaces between) is
        marked only where `text` holds all of it.
        """
        found: list[tuple[tuple[int, int], frozenset[str]]] = []
        # Few of the words that there are have a term: to look for these alone takes a third of the time.
        for word, own in self._matched(set(WORD.findall(text)), self._words, str.lower).items():
            found += [(span, own) for span in word_places(word, text)]
        joined = self._matched(set(hyphenated(text)), self._joined, _hyphenated_key)
        if joined:
            for place in HYPHENATED.finditer(text):
                if own := joined.get(place.group(), _NONE):
                    found.append((place.span(), own))
        present = frozenset().union(*(own for _, own in found))
        wanted = {term for phrase in self._phrases if present.issuperset(phrase) for term in phrase}
        return _outermost(span for span, own in found if not wanted.isdisjoint(own))

    def _matched(
        self, written: set[str], known: dict[str, frozenset[str]], key_of: Callable[[str], str]
    ) -> dict[str, frozenset[str]]:
        """Those of some words that have any of the terms, with these."""
        for word in written.difference(known):
            known[word] = self._asked & _forms(key_of(word), self._lexicon)
        return {word: own for word in written if (own := known[word])}


def matching_spans(text: str, terms: Iterable[str], lexicon: Lexicon | None = None) -> list[tuple[int, int]]:
    """The places of one text, as `Matching` has them."""
    return Matching(terms, lexicon).spans(text)


def _hyphenated_key(written: str) -> str:
    return _HYPHEN + without_hyphens(written.lower())


def _forms(word: str, lexicon: Lexicon | None) -> frozenset[str]:
    """The terms that one of `words` has in a passage of any language."""
    remembered = {} if lexicon is None else lexicon.forms
    if (found := remembered.get(word)) is None:
        found = frozenset(form for code in STEMMERS for form in word_terms(word, code, lexicon))
        if len(remembered) < _REMEMBERED:
            remembered[word] = found
    return found


def _outermost(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that lie in no other: of "e-mail" and the "mail" in it the first."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept
