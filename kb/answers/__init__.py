"""An answer that can be checked: one to three sentences, word for word as in their source, or none.

`kb.answers.answering` makes one of what a search found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kb.documents import Passage
from kb.index import DocumentRecord

# Sentences of an answer.
MAX_SENTENCES = 3


class Why(StrEnum):
    """Why there is an answer, or none."""

    ANSWERED = "answered"
    BELOW_THRESHOLD = "below-threshold"
    NO_QUANTITY = "no-quantity"
    NOTHING_FOUND = "nothing-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSentence:
    """A sentence of a passage: `passage.text[start:end] == text`.

    `document_start` and `document_end` are its offsets in the document's text; `rank` is that of its passage
    among those that were found, from 1.
    """

    text: str
    start: int
    end: int
    document_start: int
    document_end: int
    passage: Passage
    document: DocumentRecord
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said about a question. Without an answer there are no sentences.

    Sentences of one document stand together, as they follow each other in it; of several documents the newest
    comes first and the undated last. `confidence` estimates within 0 and 1 that the question is answered by
    what was found.
    """

    sentences: tuple[AnswerSentence, ...]
    confidence: float
    why: Why

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.why is Why.ANSWERED
