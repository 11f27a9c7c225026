"""Questions for a number or a date, and the texts that name one.

The class of a question says what its answer must hold (Li and Roth 2002, "Learning question classifiers"). Of
its classes only NUMERIC can be told by form from Dutch and English words alone: others want names of persons
and places to be recognised.
"""

from __future__ import annotations

import re

from kb.dates import MONTH_NUMBERS
from kb.language.numbers import numbers

_MEASURED = "hoog|lang|vaak|groot|oud|duur|ver|snel|laat|zwaar|breed|diep"
_NAMED = "jaar|jaartal|datum|dag|maand|percentage|bedrag|aantal|versie"
_MEASURED_IN_ENGLISH = "many|much|long|often|old|high|large|big|far|fast|late|expensive"
_NAMED_IN_ENGLISH = "year|date|day|month|percentage|amount|number|version"
# After "wanneer" a verb like these asks for a condition as well as for a date.
_CONDITIONAL = "moet|moeten|mag|mogen|kan|kun|kunnen|hoef|hoeft|hoeven|dient|dienen|geldt|gelden"
_CONDITIONAL_IN_ENGLISH = "must|may|can|should|do|does"
_QUANTITY = re.compile(
    rf"\bhoeveel\b|\bhoe (?:{_MEASURED})\b|\bwelke? (?:{_NAMED})\b"
    rf"|\bhow (?:{_MEASURED_IN_ENGLISH})\b|\b(?:what|which) (?:{_NAMED_IN_ENGLISH})\b"
    rf"|^(?:\w+ )?wanneer (?!(?:{_CONDITIONAL})\b)|^(?:\w+ )?when (?!(?:{_CONDITIONAL_IN_ENGLISH})\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_FRACTIONS = frozenset("één half halve helft kwart third quarter".split())  # noqa: SIM905
# "Mei", "mar" and the like are words of other meanings; a whole name of a month is none.
_MONTHS = frozenset(name for name in MONTH_NUMBERS if len(name) > 3)


def asks_quantity(question: str) -> bool:
    """Whether a question asks for a number or a date."""
    return bool(_QUANTITY.search(" ".join(question.split())))


def names_quantity(text: str, question: str) -> bool:
    """Whether a text names a number or a date that the question does not name already."""
    return bool(_quantities(text) - _quantities(question))


def _quantities(text: str) -> frozenset[str]:
    words = {found.group().lower() for found in _WORD.finditer(text)}
    return numbers(text) | (words & (_FRACTIONS | _MONTHS))
