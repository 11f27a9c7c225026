"""An answer to a question: its sentences with their sources, or that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from kb import dutch
from kb.answers import AnswerSentence, Why
from kb.hits import Hit
from kb.knowledge_base import AnsweredQuestion
from kb.milestones import as_json, in_dutch
from kb.printing.hits import document_json, hit_json, locator_json, period_json, source_line


def answer_text(asked: AnsweredQuestion) -> str:
    """The answer, document by document, and the passages that it rests on."""
    answered, found = asked.answered, asked.answer
    lines = []
    if answered.asked.period:
        lines.append(f"Stukken uit de tijd van «{answered.asked.period.text}» eerst (anders: --no-dates)")
    for word, suggestion in answered.asked.corrections:
        lines.append(f"«{word}» komt niet voor; ook gezocht op «{suggestion}»")
    if found.is_answered:
        lines += [f"Letterlijk uit de stukken, op de vraag «{answered.query}»:", ""]
        for _, sentences in groupby(found.sentences, key=lambda one: one.document.id):
            lines += [*_of_document(list(sentences)), ""]
        if answered.timeliness:
            lines += [in_dutch(answered.timeliness), ""]
        lines.append("Gekozen uit deze passages:")
    else:
        lines.append(no_answer(found.why))
    lines += _passages(answered.found.hits)
    return "\n".join(lines).rstrip()


def no_answer(why: Why) -> str:
    """That there is no answer, and what is shown instead."""
    if why is Why.NOTHING_FOUND:
        return dutch.NOTHING_FOUND
    return dutch.NO_QUANTITY if why is Why.NO_QUANTITY else dutch.NO_ANSWER


def answer_json(asked: AnsweredQuestion) -> dict[str, Any]:
    """The answer as the API gives it, without its links."""
    answered, found = asked.answered, asked.answer
    return {
        "query": answered.query,
        "answered": found.is_answered,
        "reason": found.why.value,
        "confidence": round(found.confidence, 3),
        "sentences": [_sentence_json(one) for one in found.sentences],
        "limit": answered.limit,
        "tookMs": round(asked.seconds * 1000, 1),
        "generation": answered.generation,
        "period": period_json(answered),
        "corrections": [
            {"word": word, "suggestion": suggestion} for word, suggestion in answered.asked.corrections
        ],
        "secondStage": answered.found.second_stage.value,
        "timeliness": as_json(answered.timeliness) if answered.timeliness and found.is_answered else None,
        "passages": [hit_json(hit) for hit in answered.found.hits],
    }


def _of_document(sentences: Sequence[AnswerSentence]) -> list[str]:
    """The sentences of one document, those of each place under it."""
    lines = []
    for _, some in groupby(sentences, key=lambda one: one.passage.id):
        of_passage = list(some)
        first = of_passage[0]
        lines.append(source_line(first.document, first.passage.locator))
        lines += [f"   «{' '.join(dutch.printable(one.text).split())}»" for one in of_passage]
    lines.append(f"   {dutch.printable(sentences[0].document.source)}")
    return lines


def _passages(hits: Sequence[Hit]) -> list[str]:
    return [f"{hit.rank}. {source_line(hit.document, hit.passage.locator)}" for hit in hits]


def _sentence_json(one: AnswerSentence) -> dict[str, Any]:
    return {
        "text": one.text,
        "passageOffsets": [one.start, one.end],
        "documentOffsets": [one.document_start, one.document_end],
        "rank": one.rank,
        "passageId": one.passage.id,
        "document": document_json(one.document),
        "locator": locator_json(one.passage.locator),
    }
