"""Golden questions: what an organisation wants answered whatever happens to its index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kb.corpus import GOLDEN
from kb.embedding import Encoder
from kb.errors import InvalidQuestions
from kb.index import Index
from kb.reports import GoldenReport
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.evaluation import Question

# A question is answered when one of so many hits holds an answer: what a reader sees at once.
_HITS = 5
# However busy the machine is, every question is ranked in full.
_MILLISECONDS = 60_000
_MOST_BYTES = 10_000_000


class GoldenQuestions:
    """Asks an index's golden questions; a `kb.indexing.Judge`."""

    def __init__(self, questions: Sequence[Question], settings: Settings) -> None:
        self._questions = questions
        # Quotes are compared with the text as it was read.
        self._settings = settings.model_copy(
            update={"rerank_milliseconds": _MILLISECONDS, "mask_contacts": "off"}
        )

    def __call__(self, live: Index | None, index: Index, encoder: Encoder) -> GoldenReport:
        """What of them each index answers.

        A live index of another encoder cannot be asked: then what its own build found counts, if it did.
        """
        now = self._answered(index, encoder)
        before = self._before(live, encoder)
        fell = (
            ()
            if before is None
            else tuple(
                question.question
                for question in self._questions
                if question.id in before and question.id not in now
            )
        )
        return GoldenReport(
            questions=len(self._questions),
            found=tuple(sorted(now)),
            before=None if before is None else tuple(sorted(before)),
            fell=fell,
        )

    def _before(self, live: Index | None, encoder: Encoder) -> set[str] | None:
        if live is None:
            return None
        if encoder.identity.holds(live.manifest.encoder):
            return self._answered(live, encoder)
        told = live.report().get("golden")
        return {question.id for question in self._questions} & set(told["found"]) if told else None

    def _answered(self, index: Index, encoder: Encoder) -> set[str]:
        from kb.evaluation import judge
        from kb.evaluation.evaluating import check_askable
        from kb.knowledge_base import KnowledgeBase

        knowledge_base = KnowledgeBase.over(index, self._settings, encoder)
        check_askable(knowledge_base, self._questions)
        right = judge(knowledge_base, self._questions).right
        return {
            question.id
            for question in self._questions
            if any(
                hit.passage.id in right[question.id]
                for hit in knowledge_base.search(question.question, limit=_HITS).found.hits
            )
        }


def golden_questions(settings: Settings) -> GoldenQuestions | None:
    """Those of the corpus; None when it has none.

    Raises `InvalidQuestions` for a file that breaks the format, or that asks nothing that can be answered.
    """
    file: Path = settings.corpus / GOLDEN
    if not os.path.lexists(file):
        return None
    # Most corpora have none, and it takes an eighth of a second to load.
    from kb.evaluation import read_questions

    # What cannot be asked must not open the gate.
    if not file.is_file() or file.stat().st_size > _MOST_BYTES:
        raise InvalidQuestions(
            f"{file} is no file of at most {_MOST_BYTES / 1e6:,.0f} MB. Put one in its place, or remove it"
        )
    questions = [question for question in read_questions(file) if question.answers]
    if not questions:
        raise InvalidQuestions(f"{file} holds no question with an answer. Add some, or remove the file")
    return GoldenQuestions(questions, settings)
