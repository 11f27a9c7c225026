"""What minutes tell: who was there, who said what, and what was decided, left to be done and asked.

All of it is found by rule, at offsets of the text, and nothing is guessed: a speaker whom the text does not
name is none. The rules are in `kb.minutes.reading` and beside it; here is only the noun that searches need,
since compiling the expressions of the rules takes a fifth of a second.
"""

from __future__ import annotations

from enum import StrEnum


class StatementKind(StrEnum):
    """What a statement in minutes is. A quotation is one too: see `kb.minutes.quotations`."""

    CITAAT = "citaat"
    BESLUIT = "besluit"
    ACTIE = "actie"
    VRAAG = "vraag"
