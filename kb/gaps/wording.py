"""The words of a query as gaps compare them, and those that several queries share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kb.gaps import SHOWN_FROM
from kb.language import is_stop_word, tokens, word_terms

# A longer query tells more of who asks than of what is missing.
MAX_CHARACTERS = 200
_MAX_WORDS = 30
# The least share of their content words that two queries of one gap have in common (Jaccard, 1901).
_ALIKE = 0.5
_SHORTEST = 3

# Words in order, each with the stem by which it is compared: ("meld", "meldt"). A stop word is its own.
Wording = tuple[tuple[str, str], ...]


def wording_of(query: str) -> Wording:
    """The different words of a query; none of one that is too long, or has nothing but stop words."""
    if len(query) > MAX_CHARACTERS:
        return ()
    found: dict[str, str] = {}
    for word, _, _ in tokens(query):
        found.setdefault(word if is_stop_word(word) else _stem(word), word)
    wording = tuple(found.items())[:_MAX_WORDS]
    return wording if content(wording) else ()


def content(wording: Wording) -> frozenset[str]:
    """The stems of the words that tell what it is about."""
    return frozenset(stem for stem, word in wording if not is_stop_word(word))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much of two sets of stems is common to both, within 0 and 1; 0 for too little to be of one gap."""
    share = len(one & other) / len(one | other) if one or other else 0.0
    return share if share >= _ALIKE else 0.0


def together(one: Wording, other: Wording) -> Wording:
    """The words of two queries of one asker."""
    return tuple((dict(other) | dict(one)).items())[:_MAX_WORDS]


def shared(wordings: Sequence[Wording]) -> str:
    """The words that at least three of these have, as most of them spell and place them.

    "" where that tells nothing.
    """
    spelled: dict[str, Counter[str]] = {}
    places: dict[str, list[float]] = {}
    for wording in wordings:
        for at, (stem, word) in enumerate(wording):
            spelled.setdefault(stem, Counter())[word] += 1
            places.setdefault(stem, []).append(at / len(wording))
    common = [stem for stem, askers in places.items() if len(askers) >= SHOWN_FROM]
    common.sort(key=lambda stem: (sum(places[stem]) / len(places[stem]), stem))
    words = [_most(spelled[stem]) for stem in common]
    return " ".join(words) if any(not is_stop_word(word) for word in words) else ""


def _most(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda word: (-spellings[word], word))


def _stem(word: str) -> str:
    stem = next(iter(word_terms(word, "nl")), word)
    # "meld", "meldt" and "melden" have stems of their own, which differ in this alone.
    plain = stem.rstrip("dt")
    return plain if len(plain) >= _SHORTEST else stem


def loaded(stored: Iterable[Sequence[str]]) -> Wording:
    """A wording as JSON gives it back."""
    return tuple((str(stem), str(word)) for stem, word in stored)
