"""An answer as the page shows it: sentences word for word, each with the place that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from api.pages.quotes import PlaceView
from kb.answers import Answer, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Sentences of one passage, in reading order, and their place."""

    at: PlaceView
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What was said about a question, the newest document first; nothing where there is no answer.

    `lacks_quantity`: a number or a date is asked, and none was found.
    """

    said: tuple[Said, ...]
    spans_documents: bool
    lacks_quantity: bool

    @classmethod
    def of(cls, answer: Answer, query: str) -> AnswerView:
        """The view of the answer to a query."""
        said = tuple(
            Said(
                at=PlaceView.of(one[0].passage, one[0].document, query),
                sentences=tuple(sentence.text for sentence in one),
            )
            for _, run in groupby(answer.sentences, key=lambda sentence: sentence.passage.id)
            for one in [list(run)]
        )
        return cls(
            said=said,
            spans_documents=len({one.at.document.id for one in said}) > 1,
            lacks_quantity=answer.why is Why.NO_QUANTITY,
        )
