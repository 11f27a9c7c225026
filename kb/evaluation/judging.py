"""Which passages of an index are right for which question."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.evaluation.questions import QUOTE_SHARE, Question, trigrams
from kb.knowledge_base import KnowledgeBase
from kb.near_duplicates import Words, first_near_identical, grams, words_of

_Quote = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """What is right in one index.

    `right` maps a question's id to its right passages: each one's id to that of the first passage it is
    a copy of, which is its own where there is none. `quotes` maps a question and a passage to the
    numbers of the answers that the passage holds.
    """

    right: Mapping[str, Mapping[str, str]]
    quotes: Mapping[tuple[str, str], frozenset[int]]

    @property
    def relevant(self) -> dict[str, dict[str, int]]:
        """The grade, always 1, of each right passage of a question, copies taken as one: for `measure`."""
        return {question: dict.fromkeys(copies.values(), 1) for question, copies in self.right.items()}

    @property
    def unfindable(self) -> list[str]:
        """The ids of questions whose quotes stand in no passage of the index."""
        return [question for question, passages in self.right.items() if not passages]

    def ranking(self, question: str, found: Iterable[str]) -> tuple[str, ...]:
        """The ids that were found for a question, best first, as they are measured.

        A right passage goes by the id of the first passage it is a copy of, where it stands first; a copy
        of what stands higher gives a reader nothing new.
        """
        right = self.right.get(question, {})
        ranking: list[str] = []
        for passage in found:
            first = right.get(passage, passage)
            ranking.append(f"copy of {first}: {passage}" if first in ranking else first)
        return tuple(ranking)


def judge(knowledge_base: KnowledgeBase, questions: Sequence[Question]) -> Judgements:
    """Look for every quote in every passage of the index, once."""
    passages = (
        (passage.id, passage.text)
        for document in knowledge_base.documents()
        for passage in knowledge_base.passages_of(document.id)
    )
    return judge_passages(passages, questions)


def judge_passages(passages: Iterable[tuple[str, str]], questions: Sequence[Question]) -> Judgements:
    """The same for passages that are given as their ids and texts: those of another search engine, say."""
    answerable = [question for question in questions if question.answers]
    wanted: dict[_Quote, set[Words]] = {
        (at, number): trigrams(quote)
        for at, question in enumerate(answerable)
        for number, quote in enumerate(question.quotes)
    }
    quotes_with: dict[Words, list[_Quote]] = defaultdict(list)
    for quote, runs in wanted.items():
        for run in runs:
            quotes_with[run].append(quote)
    sizes = {len(run) for run in quotes_with}
    words: list[dict[str, Words]] = [{} for _ in answerable]
    held: dict[tuple[str, str], set[int]] = defaultdict(set)
    for passage, text in passages:
        own = words_of(text)
        runs = {run for size in sizes for run in grams(own, size)}
        found = Counter(quote for run in runs for quote in quotes_with.get(run, ()))
        for (at, number), count in found.items():
            if count >= QUOTE_SHARE * len(wanted[at, number]):
                words[at][passage] = own
                held[answerable[at].id, passage].add(number)
    return Judgements(
        right={question.id: _copies(words[at]) for at, question in enumerate(answerable)},
        quotes={key: frozenset(numbers) for key, numbers in held.items()},
    )


def _copies(passages: Mapping[str, Words]) -> dict[str, str]:
    """Each passage's id to that of the first it is near-identical to: a search shows one of them."""
    ids = list(passages)
    return {ids[at]: ids[first] for at, first in enumerate(first_near_identical(passages.values()))}
