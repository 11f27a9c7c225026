"""What three or more asked and the documents do not answer, kept without who asked it or when.

An asker stands in the file as an HMAC-SHA256 of who it is and of what was asked, by a key that is drawn anew
each month. So one asker counts once however often it asks, and what somebody asks here cannot be laid beside
what the same one asked elsewhere. At the end of a month the key and all of these are thrown away; what is
left is how many asked, and the words that three or more of them used. What fewer asked goes then as well.

While a month lasts, who has the file, its key and a list of all addresses or keys could try each of them. The
file is readable for the service alone, and neither it nor its key is part of a backup.
"""

from __future__ import annotations

from dataclasses import dataclass

# How many must have asked before anything is shown, and how many must have used a word before it is.
SHOWN_FROM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What at least three asked in one month ("2026-11") and was not answered: the words that they share."""

    words: str
    askers: int
    month: str
