"""The words of a theme's queries that tell its subject, and the terms by which a passage has them."""

from __future__ import annotations

from kb.language import tokens
from kb.language.terms import STEMMERS, term

# Letters of the English stop words that say nothing in a Dutch query either ("of", "the", "with").
_LONGEST_ENGLISH = 4


def terms_of(query: str) -> list[list[str]]:
    """The terms of each word of a query that tells a subject, any of which a passage may hold for it."""
    words = dict.fromkeys(word for word, _, _ in tokens(query))
    every = ([found for code in STEMMERS if (found := term(word, code))] for word in words if _tells(word))
    return [list(dict.fromkeys(terms)) for terms in every if terms]


def _tells(word: str) -> bool:
    """Whether a word tells a subject; Dutch first, for "haven" is a stop word in English alone."""
    is_english = term(word, "en") is None and len(word) <= _LONGEST_ENGLISH
    return term(word, "nl") is not None and not is_english and any(map(str.isalnum, word))
