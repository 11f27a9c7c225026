"""Dutch and English analysis for the lexical retriever: from text to the terms that are matched."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import Stemmer
from bm25s.stopwords import STOPWORDS_DUTCH, STOPWORDS_EN_PLUS

# Raised when the same text yields other terms: an index of another version is refused.
ANALYSIS_VERSION = 1

_TOKEN = re.compile(r"\w+(?:['’]\w+)*")
_STEMMERS = {"nl": "dutch", "en": "english"}
# The Dutch list is that of Snowball, which leaves out the words that questions start with.
_QUESTION_WORDS = "hoeveel hoelang waar waarmee waarom waarover waarvan waarvoor wanneer welk welke".split()  # noqa: SIM905
_STOP_WORDS = {"nl": frozenset([*STOPWORDS_DUTCH, *_QUESTION_WORDS]), "en": frozenset(STOPWORDS_EN_PLUS)}
_thread = threading.local()


def tokens(text: str) -> Iterable[tuple[str, int, int]]:
    """Each word in lower case with its start and end in `text`."""
    for found in _TOKEN.finditer(text):
        yield found.group().lower(), found.start(), found.end()


def analyse(text: str, language: str | None) -> list[str]:
    """The terms of a passage, in order, repeated as often as they occur.

    English when `language` is "en", otherwise Dutch: the corpus is Dutch first, and Dutch stemming
    does least harm to a third language.
    """
    code = "en" if language == "en" else "nl"
    return [term for word, _, _ in tokens(text) if (term := _term(word, code))]


def analyse_query(text: str) -> list[str]:
    """The different terms of a query, each as Dutch and as English passages would hold it."""
    terms: dict[str, None] = {}
    for word, _, _ in tokens(text):
        forms = [_term(word, code) for code in _STEMMERS]
        # A stop word of either language is none of the query's content: "die" is not English.
        if all(forms):
            terms.update(dict.fromkeys(form for form in forms if form))
    if not terms:
        # Nothing but stop words ("wie is wie"): better matched literally than not at all.
        terms = {_fold(word): None for word, _, _ in tokens(text)}
    return list(terms)


def matching_spans(text: str, terms: Iterable[str]) -> list[tuple[int, int]]:
    """Where the words of `text` stand that are among `terms`, as [start, end) offsets."""
    wanted = set(terms)
    return [
        (start, end)
        for word, start, end in tokens(text)
        if any(_term(word, code) in wanted for code in _STEMMERS)
    ]


@lru_cache(maxsize=200_000)
def _term(word: str, code: str) -> str | None:
    if word in _STOP_WORDS[code]:
        return None
    return _fold(_stemmer(code).stemWord(word))


def _fold(word: str) -> str:
    """Without accents: "coördinatie" and "coordinatie" are one word to a searcher."""
    if word.isascii():
        return word
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))


def _stemmer(code: str) -> Stemmer.Stemmer:
    # A PyStemmer object must not be used by two threads at once.
    stemmers = _thread.__dict__.setdefault("stemmers", {})
    if code not in stemmers:
        stemmers[code] = Stemmer.Stemmer(_STEMMERS[code])
    stemmer: Stemmer.Stemmer = stemmers[code]
    return stemmer
