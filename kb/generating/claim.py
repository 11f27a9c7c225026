"""What a sentence claims, as far as its words tell, and whether the words of a source say the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.language import Lexicon, fold, is_stop_word, number_spans, tokens, word_terms

_LANGUAGES = ("nl", "en")
_DENYING = """
    niet geen not no / nooit never / niemand nobody / niets nothing / noch nor neither / nergens nowhere /
    zonder without / evenmin / nauwelijks hardly / tegen against / none / cannot
"""
# Each by the first of those that say the same.
_DENIALS = {word: same.split()[0] for same in _DENYING.split("/") for word in same.split()}
_CONTRACTED = re.compile(r"n['’]t\b", re.IGNORECASE)
# They say how much, how often or which way, and most are stop words: each must stand in the source itself.
_MEASURING = """
    meer minder meeste minste alle allemaal alles iedereen elke ieder iedere sommige enkele enige veel weinig
    alleen slechts uitsluitend minstens minimaal hoogstens maximaal altijd soms vaak zelden eerder later hoger
    lager groter kleiner beter slechter sneller moet moeten mag mogen voor na tot vanaf sinds binnen buiten
    boven onder tussen
    more less most least fewer all everyone every each some few many much only merely always sometimes often
    rarely earlier higher lower larger smaller better worse faster must may
    before after until till from since within outside above below under between
"""
_MEASURES = frozenset(_MEASURING.split())
_AMOUNTS = _MEASURES | {"helft", "derde", "kwart", "deel", "gedeelte", "half", "third", "quarter", "part"}
# What they stand with is asked, wished, thought of or told to be said, but not so: a claim may not leave
# them out.
_RESERVING = """
    als indien tenzij mits misschien mogelijk wellicht waarschijnlijk zou zouden kan kunnen mag mogen moet
    moeten vraag vraagt vroeg vragen voorstel voorstelt voorgesteld wil willen wilde wilden wenst hoopt hopen
    verwacht verwachten denkt denken voorbehoud voorlopig eventueel concept vindt vinden vond pleit pleiten
    overweegt onderzoekt twijfelt negeer antwoord zeg schrijf vermeld
    if unless perhaps maybe possibly probably whether would could might can may must should asks asked
    proposes proposed proposal wants wanted wishes hopes hoped expects expected provisionally draft thinks
    thought argues considers doubts ignore disregard answer say write pretend
"""
_RESERVATIONS = frozenset(_RESERVING.split())
# They add nothing to what the words around them say.
_EMPTY = """
    bedraagt bedragen bedroeg bedroegen namelijk volgens aldus genoemd zoals tevens eveneens
    according namely stated mentioned
"""
_SAYING_NOTHING = frozenset(_EMPTY.split())
_PLACING = """
    in op vanaf sinds voor vóór na tot tijdens bij volgens per met om over uit van tussen rond jaarlijks
    on from since before after until during at according each every with by between around for
"""
_PREPOSITIONS = frozenset(_PLACING.split())
# Words of such a beginning ("In het eerste jaar"), which may stand elsewhere in the source.
_MOVED = 4
# Words of a piece that is left of a source, on average: what is left of smaller ones may say anything.
_OF_A_PIECE = 3
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEARS = frozenset({"year of our era"})
_POSSESSION = re.compile(r"['’]?s$")


@dataclass(frozen=True, slots=True)
class _Item:
    """A word or a number of a text that says something by itself."""

    word: str
    number: str | None
    terms: frozenset[str]
    is_name: bool


class Said:
    """What a text says: its words and numbers in their order."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        plain = [word for word, _, _ in tokens(text)]
        self.items = list(_items(text, lexicon))
        self.numbers = [item.number for item in self.items if item.number]
        self.words = frozenset(map(fold, plain))
        self.length = len(plain)
        self.reservations = self.words & _RESERVATIONS
        self.measures = self.words & _MEASURES
        denying = [_DENIALS[word] for word in plain if word in _DENIALS]
        self.denials = Counter(denying + ["niet"] * len(_CONTRACTED.findall(text)))
        self.starts_with_place = bool(plain) and plain[0] in _PREPOSITIONS
        self._lexicon = lexicon
        self._terms = frozenset(term for item in self.items for term in item.terms)
        self._names = frozenset(map(_as_name, plain))

    def missing(self, other: Said) -> list[_Item]:
        """The words of this text that the other has in no form; numbers are not words."""
        return [item for item in self.items if not item.number and not other._holds(item.word)]

    def names_missing(self, other: Said) -> bool:
        """Whether a name of this text is not in the other, case, accents and the s of possession aside."""
        return any(item.is_name and _as_name(item.word) not in other._names for item in self.items)

    def amounts_differ(self, other: Said) -> bool:
        """Whether a number of this text is not in the other, counts something else there, or may be another
        one of the same kind."""
        own, others = _amounts(self.items), _amounts(other.items)
        for number, unit in own:
            like = [value for value, counted in others if counted & unit] if unit else other.numbers
            if number not in like:
                return True
            named = [value for value, counted in own if counted & unit]
            if unit and len(set(like)) > 1 and named != like and not self._is_piece_of(other):
                return True
        return False

    def leaves_amount_out(self, other: Said) -> bool:
        """Whether the other text counts something of which this one speaks without its number."""
        spoken = frozenset(term for item in self.items if not item.number for term in item.terms)
        counted = {number for number, unit in _amounts(other.items) if unit & spoken}
        return bool(counted) and counted.isdisjoint(self.numbers)

    def is_in_order(self, other: Said) -> bool:
        """Whether the words of this text stand in the same order in the other, in pieces that are not small.

        What it begins with may be moved where that is a time or a place, and the verb with it: "In 2024
        kostte de proef …".
        """
        found = [item for item in self.items if any(_alike(item, one) for one in other.items)]
        for at in range(_MOVED + 1 if self.starts_with_place else 1):
            moved = _pieces(found[:at], other.items, self.numbers)
            for verb in (0, 1) if at else (0,):
                rest = _pieces(found[at + verb :], other.items, self.numbers)
                if moved is None or rest is None:
                    continue
                if max(0, moved - 1) + rest <= 1 + len(found) / _OF_A_PIECE:
                    return True
        return False

    def _is_piece_of(self, other: Said) -> bool:
        length = len(self.items)
        return any(
            all(map(_alike, self.items, other.items[at : at + length]))
            for at in range(len(other.items) - length + 1)
        )

    def _holds(self, word: str) -> bool:
        if word in self.words or word in _SAYING_NOTHING or not self._terms.isdisjoint(_terms(word)):
            return True
        parts = self._lexicon.parts(word)
        return bool(parts) and all(not self._terms.isdisjoint(_terms(part)) for part in parts)


def _items(text: str, lexicon: Lexicon) -> Iterator[_Item]:
    numeric = {(start, end): number for number, start, end in number_spans(text)}
    told: set[tuple[int, int]] = set()
    for at, (word, start, end) in enumerate(tokens(text)):
        span = next((one for one in numeric if one[0] < end and start < one[1]), None)
        if span:
            if span not in told:
                told.add(span)
                yield _Item(word, numeric[span], frozenset(), is_name=False)
        elif not is_stop_word(word) and word not in _SAYING_NOTHING:
            terms = frozenset(form for code in _LANGUAGES for form in word_terms(word, code, lexicon))
            # The capital of the first word tells nothing.
            is_name = any(letter.isupper() for letter in text[start + (at == 0) : end])
            yield _Item(word, None, terms, is_name=is_name)


def _amounts(items: Sequence[_Item]) -> list[tuple[str, frozenset[str]]]:
    """Each number with the terms of the word that it counts: the next one, unless it is a year."""
    found: list[tuple[str, frozenset[str]]] = []
    for at, item in enumerate(items):
        if item.number:
            counted = next((one.terms for one in items[at + 1 :] if not one.number), frozenset())
            found.append((item.number, _YEARS if _YEAR.fullmatch(item.number) else counted))
    return found


def _pieces(items: Sequence[_Item], others: Sequence[_Item], numbers: Sequence[str]) -> int | None:
    """In how many pieces the items stand among the others in this order; None where they do not.

    Between two pieces no amount is left out that is not among `numbers`: it would say more than the source.
    """
    pieces, last, at = 0, -2, 0
    for item in items:
        at = next((one for one in range(at, len(others)) if _alike(item, others[one])), -1)
        if at < 0:
            return None
        left_out = others[last + 1 : at] if pieces else ()
        if any(one.number not in numbers if one.number else one.word in _AMOUNTS for one in left_out):
            return None
        pieces += at != last + 1
        last, at = at, at + 1
    return pieces


def _alike(item: _Item, other: _Item) -> bool:
    if item.number or other.number:
        return item.number == other.number
    return item.word == other.word or not item.terms.isdisjoint(other.terms)


def _terms(word: str) -> set[str]:
    return {term for code in _LANGUAGES for term in word_terms(word, code)}


def _as_name(word: str) -> str:
    return _POSSESSION.sub("", fold(word))
