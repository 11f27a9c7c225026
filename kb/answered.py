"""What is given for a question: its hits, its answer, and a passage where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from kb.answers import Answer
from kb.candidates import Query
from kb.documents import Passage
from kb.hits import GroupBy, Hits
from kb.index import DocumentRecord
from kb.relevance import is_answered
from kb.search_request import Mode, SearchRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The hits of one query, with what they were found in.

    `seconds` is the time it took, the loading of the model before the first one left out.

    `asked` is the query as it was understood: the period it names, and what may be a typing error.
    """

    request: SearchRequest
    asked: Query
    seconds: float
    generation: str
    found: Hits

    @property
    def query(self) -> str:
        """The words of the query, with single spaces."""
        return self.asked.text

    @property
    def mode(self) -> Mode:
        """Which retrievers were asked."""
        return self.request.mode

    @property
    def limit(self) -> int:
        """How many hits were asked for."""
        return self.request.page.limit

    @property
    def offset(self) -> int:
        """How many hits were passed over."""
        return self.request.page.offset

    @property
    def group_by(self) -> GroupBy | None:
        """What the hits are taken together by."""
        return self.request.page.group_by

    @property
    def is_answered(self) -> bool:
        """Whether there are hits, and the best passage found is relevant enough to count as an answer."""
        return bool(self.found.hits) and is_answered(self.found.best)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion:
    """An answer to a question, and the hits that it rests on. `seconds` is the time of both."""

    answered: Answered
    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageInContext:
    """A passage with its document and the passages before and after it, where there are any."""

    passage: Passage
    document: DocumentRecord
    previous: Passage | None
    next: Passage | None
