"""The numbers that a text names, in digits or in words, Dutch and English alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kb.language.terms import fold

_DIGITS = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "2.500" is 2500 in Dutch, "2,500" in English; 2.5 and 2,5 are parts of a whole.
_THOUSANDS = re.compile(r"(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?|(\d{1,3}(?:,\d{3})+)(?:\.(\d+))?")
# "Een" and "one" are left out: they are an article or a pronoun far more often than a number.
_ONES_NL = "twee drie vier vijf zes zeven acht negen".split()  # noqa: SIM905
_ONES_EN = "two three four five six seven eight nine".split()  # noqa: SIM905
_TEENS = (
    "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien".split(),  # noqa: SIM905
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),  # noqa: SIM905
)
_TENS_NL = "twintig dertig veertig vijftig zestig zeventig tachtig negentig".split()  # noqa: SIM905
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_LARGE = {
    "nul": "0", "zero": "0", "honderd": "100", "hundred": "100", "duizend": "1000", "thousand": "1000",
    "miljoen": "1000000", "million": "1000000", "mln": "1000000",
    "miljard": "1000000000", "billion": "1000000000", "mld": "1000000000",
}  # fmt: skip


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text, each as digits with a point before its decimals: "2,5", "twintig", "12:30".

    A number word is a number of its own: "2,5 miljoen" is 2.5 and 1000000.
    """
    return frozenset(found for found, _, _ in number_spans(text))


def number_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each number as `numbers` gives it, with its start and end in `text`; digits first."""
    for found in _DIGITS.finditer(text):
        yield _plain(found.group()), *found.span()
    for found in _WORD.finditer(text):
        value = _WORDS.get(fold(found.group().lower()))
        if value:
            yield value, *found.span()


def _plain(digits: str) -> str:
    if found := _THOUSANDS.fullmatch(digits):
        whole = re.sub(r"\D", "", found[1] or found[3]).lstrip("0") or "0"
        decimals = found[2] or found[4]
        return f"{whole}.{decimals}" if decimals else whole
    # A clock, a date or a version keeps its parts, however they are divided.
    return ".".join(part.lstrip("0") or "0" for part in re.split(r"[.,:]", digits))


def _number_words() -> Mapping[str, str]:
    found = dict(_LARGE)
    for teens in _TEENS:
        found.update({word: str(value) for value, word in enumerate(teens, 10)})
    for ones in (_ONES_NL, _ONES_EN):
        found.update({word: str(value) for value, word in enumerate(ones, 2)})
    for ten, (dutch, english) in enumerate(zip(_TENS_NL, _TENS_EN, strict=True), 2):
        found.update({dutch: str(ten * 10), english: str(ten * 10)})
        for one, (first, second) in enumerate(zip(["een", *_ONES_NL], ["one", *_ONES_EN], strict=True), 1):
            value = str(ten * 10 + one)
            # Without accents, as they are looked up: "tweeëntwintig" is "tweeentwintig".
            found[f"{first}en{dutch}"] = found[f"{english}-{second}"] = value
    return found


_WORDS = _number_words()
