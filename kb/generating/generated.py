"""What a generated answer is made of, and what becomes of it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kb.documents import Passage
from kb.index import DocumentRecord


class Cut(Exception):
    """The words so far are those of the model, but they are not all of its answer."""


class Dropped(StrEnum):
    """Why a sentence of the model is not shown."""

    NO_CITATION = "noCitation"  # names no source
    UNKNOWN_SOURCE = "unknownSource"  # names a source that it was not given
    LANGUAGE = "language"  # not in the language of the question
    ADDRESS = "address"  # holds an address, a link or markup, which nobody should follow
    WORDS = "words"  # a word that does not stand in the cited sentence
    NUMBER = "number"  # a number that does not stand there, or not of the same thing
    NAME = "name"  # a name that does not stand there
    CLAIM = "claim"  # the same words, but denied, more certain or in another order
    MEANING = "meaning"  # its vector is too far from theirs


class Ending(StrEnum):
    """How a generated answer came to its end."""

    COMPLETE = "complete"
    CUT = "cut"  # the endpoint broke off, or its answer was longer than allowed
    TIMED_OUT = "timedOut"
    FAILED = "failed"  # the endpoint cannot be reached, refuses, or says what is no answer
    BUSY = "busy"  # too many are generated at once
    OFF = "off"  # no endpoint is set
    NOT_ANSWERED = "notAnswered"  # nothing was found that an answer could rest on


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A passage that the model is given, and may cite by `number`, which counts from 1."""

    number: int
    passage: Passage
    document: DocumentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """One sentence as the model wrote it, without its marks, and the numbers of the sources that it cites."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A sentence that each of these sources, cited by the model, supports."""

    text: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a generated answer: how it ended, how many sentences were kept, and why others were not."""

    ending: Ending
    kept: int = 0
    dropped: Mapping[Dropped, int]

    @property
    def dropped_total(self) -> int:
        """How many sentences were dropped."""
        return sum(self.dropped.values())
