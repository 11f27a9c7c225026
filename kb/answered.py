"""What is given for a question: its hits, its answer, and a passage where it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from kb.answers import Answer
from kb.candidates import Query
from kb.documents import Passage
from kb.hits import GroupBy, Hits
from kb.index import DocumentRecord
from kb.index.labels import Told
from kb.milestones import Milestone, Subject, Timeliness, timeliness
from kb.relevance import Label, is_answered, label
from kb.search_request import Mode, SearchRequest

# Hits that tell what a question is about.
_OF_SUBJECT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The hits of one query, with what they were found in.

    `seconds` is the time it took, the loading of the model before the first one left out.

    `asked` is the query as it was understood: the period it names, and what may be a typing error.
    `timeliness` tells how current these hits are; None where they answer nothing.
    """

    request: SearchRequest
    asked: Query
    seconds: float
    generation: str
    found: Hits
    timeliness: Timeliness | None = None

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


def timeliness_of(query: str, found: Hits, milestones: Sequence[Milestone]) -> Timeliness | None:
    """How current the documents of the relevant hits are today; None where none of them answers anything."""
    relevant = [hit for hit in found.hits if hit.relevance is None or label(hit.relevance) is not Label.NONE]
    if not relevant or not is_answered(found.best):
        return None
    days = {hit.document.id: hit.document.date for hit in relevant}
    subject = Subject(question=query, texts=tuple(hit.passage.text for hit in relevant[:_OF_SUBJECT]))
    return timeliness(days.values(), subject, milestones, dt.datetime.now().astimezone().date())


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredQuestion:
    """An answer to a question, and the hits that it rests on. `seconds` is the time of both."""

    answered: Answered
    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageInContext:
    """A passage with its document and the passages before and after it, where there are any.

    `told` is what it states and which places it names.
    """

    passage: Passage
    document: DocumentRecord
    previous: Passage | None
    next: Passage | None
    told: Told = field(default_factory=Told)
