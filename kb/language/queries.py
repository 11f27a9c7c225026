"""From what a person types to weighted terms: its words, their parts, their synonyms, what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kb.language.lexicon import Lexicon
from kb.language.synonyms import Synonyms
from kb.language.terms import STEMMERS, fold, forms, joined, term, tokens

# What a term adds to a passage's score, where a word of the query itself adds 1 (BENCHMARKS.md).
PART_WEIGHT = 0.4
JOINED_WEIGHT = 0.5
CORRECTION_WEIGHT = 0.8
SYNONYM_WEIGHT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A query as the lexical retriever asks it.

    `words` are the terms of each of the query's own words, as Dutch and as English passages would hold it.
    `terms` maps terms to weights. A key of several terms with spaces between is a phrase: only
    passages that hold all of them get its score. `corrections` are (word as typed, word that was
    probably meant), for "Zocht u ook".
    """

    terms: Mapping[str, float]
    words: tuple[tuple[str, ...], ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()


def expand_query(text: str, *, lexicon: Lexicon, synonyms: Synonyms) -> Expansion:
    """The terms of a query with their weights, and the words that are probably typing errors."""
    terms: dict[str, float] = {}
    corrections: dict[str, str] = {}
    words = [word for word, _, _ in tokens(text)]
    for word in words:
        correction = lexicon.correction(word)
        if correction:
            corrections[word] = correction
        for form, weight in _word_terms(word, lexicon):
            _raise_to(terms, form, weight)
        for form, weight in _word_terms(correction, lexicon) if correction else ():
            _raise_to(terms, form, weight * CORRECTION_WEIGHT)
    for word, _, _ in joined(text):
        for form, weight in _word_terms(word, lexicon):
            _raise_to(terms, form, weight * JOINED_WEIGHT)
    for phrase in synonyms.expand([corrections.get(word, word) for word in words]):
        for key in _phrase_terms(phrase):
            _raise_to(terms, key, SYNONYM_WEIGHT)
    if not terms:
        # Nothing but stop words ("wie is wie"): better matched literally than not at all.
        terms = {fold(word): 1.0 for word in words}
    # That the documents hold a single letter or digit is no sign that they know the subject.
    meant = [corrections.get(word, word) for word in dict.fromkeys(words) if len(word) > 1]
    own = tuple(tuple(found) for word in meant if (found := forms(word)))
    return Expansion(terms=terms, words=own, corrections=tuple(corrections.items()))


def corrections(text: str, *, lexicon: Lexicon) -> list[tuple[str, str]]:
    """The words of a query that the corpus does not know, each with the one that was probably meant."""
    found = {word: lexicon.correction(word) for word, _, _ in tokens(text)}
    return [(word, correction) for word, correction in found.items() if correction]


def _word_terms(word: str, lexicon: Lexicon) -> Iterator[tuple[str, float]]:
    found = forms(word)
    for form in found:
        yield form, 1.0
    for part in lexicon.parts(word) if found else ():
        part_term = term(part, "nl")
        if part_term:
            yield part_term, PART_WEIGHT


def _phrase_terms(phrase: str) -> list[str]:
    """A synonym as Dutch and as English passages would hold it; stop words are not asked for."""
    keys = [
        " ".join(form for word, _, _ in tokens(phrase) if (form := term(word, code))) for code in STEMMERS
    ]
    return [key for key in dict.fromkeys(keys) if key]


def _raise_to(terms: dict[str, float], key: str, weight: float) -> None:
    terms[key] = max(weight, terms.get(key, 0.0))
