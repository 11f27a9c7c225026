"""Which passages of an index are right for which question."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb.evaluation.questions import QUOTE_SHARE, Question, Words, grams, trigrams, words_of
from kb.knowledge_base import KnowledgeBase

# Right passages of one question with this share of their trigrams in common (Jaccard) are copies. A
# search shows one of them and names the others, so that no ranking could hold them all.
COPY_SHARE = 0.8

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
    def unfindable(self) -> list[str]:
        """The ids of questions whose quotes stand in no passage of the index."""
        return [question for question, passages in self.right.items() if not passages]


def judge(knowledge_base: KnowledgeBase, questions: Sequence[Question]) -> Judgements:
    """Look for every quote in every passage of the index, once."""
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
    for document in knowledge_base.documents():
        for passage in knowledge_base.passages_of(document.id):
            own = words_of(passage.text)
            runs = {run for size in sizes for run in grams(own, size)}
            found = Counter(quote for run in runs for quote in quotes_with.get(run, ()))
            for (at, number), count in found.items():
                if count >= QUOTE_SHARE * len(wanted[at, number]):
                    words[at][passage.id] = own
                    held[answerable[at].id, passage.id].add(number)
    return Judgements(
        right={question.id: _copies(words[at]) for at, question in enumerate(answerable)},
        quotes={key: frozenset(numbers) for key, numbers in held.items()},
    )


def _copies(passages: Mapping[str, Words]) -> dict[str, str]:
    firsts: dict[str, set[Words]] = {}
    copies = {}
    for passage, words in passages.items():
        own = grams(words, 3) or {words}
        first = next((known for known, other in firsts.items() if _are_copies(own, other)), passage)
        firsts.setdefault(first, own)
        copies[passage] = first
    return copies


def _are_copies(one: set[Words], other: set[Words]) -> bool:
    return len(one & other) >= COPY_SHARE * len(one | other)
