"""Dutch compounds into their parts: "raadsinformatiesysteem" is raad, informatie and systeem.

After Koehn and Knight, "Empirical Methods for Compound Splitting" (EACL 2003): of all ways to cut a
word into known words, the one whose parts have the highest geometric mean of frequencies, unless the
word as it is occurs more often than that. What is known is learned from the corpus itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

# Shorter parts are mostly chance ("best-uur", "besl-uit"); these few build words.
_MIN_PART = 4
_SHORT_PARTS = frozenset("api app bus dag dak ict kas lid net pin sms tij tol vak wet web weg".split())  # noqa: SIM905
_MIN_FREQUENCY = 3
_MAX_PARTS = 5
_LONGEST = 60
_LINKS = ("", "s", "e", "en", "n", "er")
# Words by themselves, but no parts: prefixes and suffixes (onder-zoek, belang-rijk, samen-werken), and
# what is left of a word when one of these has been cut off.
_AFFIXES = """
    aaneen aard able acht achter achteraf achteruit ander atie baar baarheid beneden best beste bijeen
    binnen boven buiten daar dacht door eerst elen elijk elkaar ende enig eren ering gaan gang geen gekomen
    gelijk gelijke gelijks gene gevallen geven heden heen heer heid hier hoog houden ineen ingen inter iteit
    jaren keer komen komst kundig lijk lijke lijken lijkheid loos loosheid maal mate matig matige matigheid
    mede meer midden naar naast name neer nemen omhoog omver onder onderweg over overeen paald rijk rijke
    rijker rijkst rijkste rond same samen schap schappen sing slag staan stel stellen stelling sten stip
    tegelijk tegen tegenover terecht terug tevoren tijdig tussen vast veel vele verder vinden vindt voor
    vooraf voorbij voort vooruit vormig vrij waar waard waardig waardige waarts weder weer wijze woord zaam
    zame zelf zich zijde zonder
"""
_NO_PARTS = frozenset(_AFFIXES.split())


class Compounds:
    """Splits words into parts that occur by themselves in `frequencies`, which maps a word to its number."""

    def __init__(self, frequencies: Mapping[str, int]) -> None:
        self._frequencies = frequencies
        self._logs = {
            word: math.log(count)
            for word, count in frequencies.items()
            if count >= _MIN_FREQUENCY
            and (len(word) >= _MIN_PART or word in _SHORT_PARTS)
            and word.isalpha()
            and word not in _NO_PARTS
        }
        self._cached = lru_cache(maxsize=100_000)(self._split)

    def parts(self, word: str) -> tuple[str, ...]:
        """The parts of a lower-case word in order, without linking letters; none when it is no compound."""
        return self._cached(word)

    def _split(self, word: str) -> tuple[str, ...]:
        if not 2 * _MIN_PART - 1 <= len(word) <= _LONGEST or not word.isalpha():
            return ()
        count = self._frequencies.get(word, 0)
        best: tuple[str, ...] = ()
        best_score = math.log(count) if count else -math.inf
        # The best ways to reach each place of the word, by number of parts: a sum of logarithms each.
        reached: list[dict[int, tuple[float, tuple[str, ...]]]] = [{} for _ in range(len(word) + 1)]
        reached[0][0] = (0.0, ())
        for start, ways in enumerate(reached):
            for end, part, weight in self._from(word, start) if ways else ():
                for number, (total, parts) in ways.items():
                    known = reached[end].get(number + 1)
                    if number < _MAX_PARTS and (known is None or total + weight > known[0]):
                        reached[end][number + 1] = (total + weight, (*parts, part))
        for number, (total, parts) in reached[-1].items():
            if number > 1 and total / number > best_score:
                best, best_score = parts, total / number
        return best

    def _from(self, word: str, start: int) -> list[tuple[int, str, float]]:
        """The known parts that stand at `start`: where the next one begins, the part, its logarithm."""
        found = []
        for end in range(start + 3, len(word) + 1):
            part = word[start:end]
            weight = self._logs.get(part)
            if weight is None:
                continue
            if end == len(word):
                found.append((end, part, weight))
            found.extend(
                (end + len(link), part, weight)
                for link in _LINKS
                # A link joins two parts: no word ends in one.
                if word.startswith(link, end) and end + len(link) < len(word)
            )
        return found
