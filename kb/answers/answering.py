"""What a search found, as an answer: sentences chosen, judged, and verified in their source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.answers import Answer, AnswerSentence, Why
from kb.answers.choosing import Candidate, choose
from kb.answers.confidence import confidence
from kb.answers.quantities import asks_quantity, names_quantity
from kb.best_sentence import fits_of
from kb.chunking import sentences
from kb.embedding import Encoded, Encoder
from kb.errors import NotFound
from kb.hits import Hits
from kb.index import Index, PassageRecord

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an answer is made of: the sentences of the best passages, and how well the question's weakest
    token is covered by them; None without token vectors."""

    candidates: tuple[Candidate, ...]
    weakest: float | None

    @classmethod
    def of(cls, index: Index, encoder: Encoder, encoded: Encoded, first: Sequence[PassageRecord]) -> Evidence:
        """That of the passages which fit an encoded question best, the best first."""
        candidates: list[Candidate] = []
        covered: list[Floats] = []
        for rank, record in enumerate(first, 1):
            similarities = index.token_similarities(encoded.tokens, record.row)
            candidates += _candidates(index, encoder, encoded, record, rank, similarities)
            if similarities is not None and similarities.size:
                covered.append(similarities.max(axis=1))
        weakest = float(np.max(covered, axis=0).min()) if covered else None
        return cls(candidates=tuple(candidates), weakest=weakest)


def answer(
    index: Index, encoder: Encoder, encoded: Encoded, question: str, found: Hits, *, answer_from: float
) -> Answer:
    """The answer to a question in what a search found for it, or none below a confidence of `answer_from`."""
    evidence = Evidence.of(index, encoder, encoded, found.first)
    sure = confidence(found.best, evidence.weakest) if found.best is not None else 0.0
    chosen = [verified for one in choose(evidence.candidates) if (verified := _verified(index, one))]
    why = _why(question, chosen, is_sure=sure >= answer_from)
    return Answer(
        sentences=_arranged(chosen) if why is Why.ANSWERED else (),
        confidence=sure,
        why=why,
    )


def _why(question: str, chosen: Sequence[AnswerSentence], *, is_sure: bool) -> Why:
    if not chosen:
        return Why.NOTHING_FOUND
    if not is_sure:
        return Why.BELOW_THRESHOLD
    if asks_quantity(question) and not any(names_quantity(one.text, question) for one in chosen):
        return Why.NO_QUANTITY
    return Why.ANSWERED


def _candidates(
    index: Index,
    encoder: Encoder,
    encoded: Encoded,
    record: PassageRecord,
    rank: int,
    similarities: Floats | None,
) -> Iterator[Candidate]:
    """The sentences of one passage."""
    spans = sentences(record.passage.text)
    fits = [0.0] * len(spans)
    if similarities is not None and similarities.size:
        fits = fits_of(encoder, record.passage, spans, similarities)
    cosines = index.sentence_scores(encoded.vector, record.row)
    # Other than they were counted when the index was made, they are no one's.
    known = cosines is not None and len(cosines) == len(spans)
    for number, (start, end) in enumerate(spans):
        similarity = float(cosines[number]) if cosines is not None and known else 0.0
        yield Candidate(
            record=record, rank=rank, start=start, end=end, fit=fits[number], similarity=similarity
        )


def _verified(index: Index, chosen: Candidate) -> AnswerSentence | None:
    """A sentence with its place; None unless the passage that its id names in the index has these words
    there, and is as long as its place in the document."""
    passage = chosen.record.passage
    try:
        (stored,) = index.passages([index.passage_row(passage.id)])
        (document,) = index.documents([passage.document_id])
    except NotFound:
        return None
    kept = stored.passage
    is_same = kept.document_id == passage.document_id and kept.text[chosen.start : chosen.end] == chosen.text
    if not is_same or kept.end - kept.start != len(kept.text):
        return None
    return AnswerSentence(
        text=chosen.text,
        start=chosen.start,
        end=chosen.end,
        document_start=kept.start + chosen.start,
        document_end=kept.start + chosen.end,
        passage=kept,
        document=document,
        rank=chosen.rank,
    )


def _arranged(chosen: Sequence[AnswerSentence]) -> tuple[AnswerSentence, ...]:
    """Document by document, the newest first, and within each in reading order."""
    first = {one.document.id: one.rank for one in sorted(chosen, key=lambda one: -one.rank)}

    def place(one: AnswerSentence) -> tuple[int, int, str, int]:
        date = one.document.date or dt.date.min
        return -date.toordinal(), first[one.document.id], one.document.id, one.document_start

    return tuple(sorted(chosen, key=place))
