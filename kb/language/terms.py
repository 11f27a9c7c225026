"""Words of a text, and the term by which a word is matched: lower case, stemmed, without accents."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from kb.language import stopwords

# Languages that are stemmed, with Snowball's name: "dutch" is Kraaij and Pohlmann (1994), which found
# more than "dutch_porter" (BENCHMARKS.md).
STEMMERS = {"nl": "dutch", "en": "english"}

WORD = re.compile(r"\w+(?:['’]\w+)*")
# The same where none begins before.
_WORD_HERE = re.compile(r"(?<!\w)(?<!\w['’])\w+(?:['’]\w+)*")
# From the start of a word, and never back into it: every word is tried, few have a hyphen.
HYPHENATED = re.compile(r"\b\w++(?:[-\u2010\u2011]\w++)+")
_HYPHENS_BESIDE = frozenset("\u2010\u2011")
_HYPHENS = str.maketrans("", "", "-\u2010\u2011")
# The Dutch list is that of Snowball, which leaves out the words that questions start with.
_QUESTION_WORDS = "hoeveel hoelang waar waarmee waarom waarover waarvan waarvoor wanneer welk welke".split()  # noqa: SIM905
_STOP_WORDS = {
    "nl": frozenset([*stopwords.DUTCH, *_QUESTION_WORDS]),
    "en": frozenset(stopwords.ENGLISH),
}
_thread = threading.local()


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word in lower case with its start and end in `text`; a hyphenated word is several."""
    for found in WORD.finditer(text):
        yield found.group().lower(), found.start(), found.end()


def token_words(text: str) -> list[str]:
    """The words of `tokens`, without where they stand."""
    # In lower case the first is two characters, and how the second is written depends on what is around it.
    if "İ" in text or "Σ" in text:
        return [word.lower() for word in WORD.findall(text)]
    return WORD.findall(text.lower())


def word_places(word: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a word stands in a text, written as it is: [start, end) offsets in order."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        here = _WORD_HERE.match(text, at)
        if here and here.end() == end:
            yield at, end
        at = text.find(word, end)


def joined(text: str) -> Iterator[tuple[str, int, int]]:
    """Each hyphenated word as one, without its hyphens: "e-mail" is "email", "co-ordinatie" coordinatie."""
    for found in HYPHENATED.finditer(text):
        yield without_hyphens(found.group().lower()), found.start(), found.end()


def hyphenated(text: str) -> list[str]:
    """The hyphenated words as they are written."""
    # None holds white space: of the pieces between it few have a hyphen, and need be looked at.
    return [
        found
        for piece in text.split()
        if "-" in piece or not (piece.isascii() or _HYPHENS_BESIDE.isdisjoint(piece))
        for found in HYPHENATED.findall(piece)
    ]


def without_hyphens(word: str) -> str:
    """A hyphenated word as one."""
    return word.translate(_HYPHENS)


def code_of(language: str | None) -> str:
    """The language in which a text is stemmed.

    English for "en", otherwise Dutch: the corpus is Dutch first, and Dutch stemming does least harm to
    a third language.
    """
    return "en" if language == "en" else "nl"


@lru_cache(maxsize=200_000)
def term(word: str, code: str) -> str | None:
    """The term of a lower-case word in the language `code`; None for a stop word of it."""
    if word in _STOP_WORDS[code]:
        return None
    return fold(_stemmer(code).stemWord(word))


def forms(word: str) -> list[str]:
    """The different terms of a word of a query, whose language is not known.

    None when it is a stop word of either language: "die" is not English there.
    """
    found = [term(word, code) for code in STEMMERS]
    return list(dict.fromkeys(form for form in found if form)) if all(found) else []


def is_stop_word(word: str) -> bool:
    """True for a lower-case word that says nothing by itself in one of the languages."""
    return any(word in stop_words for stop_words in _STOP_WORDS.values())


def language_of(text: str) -> str | None:
    """The code of the language of which a short text has most stop words that the other has not; None where
    that cannot tell."""
    counts = dict.fromkeys(_STOP_WORDS, 0)
    for word, _, _ in tokens(text):
        found = [code for code, stop_words in _STOP_WORDS.items() if word in stop_words]
        if len(found) == 1:
            counts[found[0]] += 1
    best = max(counts, key=lambda code: counts[code])
    return best if list(counts.values()).count(counts[best]) == 1 else None


def fold(word: str) -> str:
    """Without accents: "coördinatie" and "coordinatie" are one word to a searcher."""
    if word.isascii():
        return word
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))


def _stemmer(code: str) -> Stemmer.Stemmer:
    # A PyStemmer object must not be used by two threads at once.
    stemmers = _thread.__dict__.setdefault("stemmers", {})
    if code not in stemmers:
        stemmers[code] = Stemmer.Stemmer(STEMMERS[code])
    stemmer: Stemmer.Stemmer = stemmers[code]
    return stemmer
