from __future__ import annotations

from pathlib import Path

import pytest

from kb.evaluation import Answer, Question, evaluate
from kb.evaluation.answers import AnswerEvaluation, AnswerOutcome, holds_quote
from kb.evaluation.tables import evaluation_text
from kb.knowledge_base import KnowledgeBase
from kb.search_request import Mode
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

TEXTS = {
    record("verslag.md"): [
        "De voorzitter opent de vergadering. Het zaaksysteem kost veel geld per jaar. Er is koffie na afloop."
    ],
    record("notitie.md"): ["Het archief verhuist naar het streekarchief aan de rivier."],
}


def asked(name: str, text: str, *quotes: str) -> Question:
    answers = tuple(Answer(quote=quote) for quote in quotes)
    return Question(id=name, question=text, language="nl", style="question", answers=answers)


QUESTIONS = [
    asked("costs", "wat kost het zaaksysteem", "zaaksysteem kost veel geld per jaar"),
    asked(
        "when", "hoeveel archief verhuist naar het streekarchief", "archief verhuist naar het streekarchief"
    ),
    asked("off", "pannenkoeken bakken"),
]


@pytest.fixture
def knowledge_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    return KnowledgeBase(Settings(indexes=tmp_path, answer_from=1.0))


def test_an_answer_holds_a_quote_when_most_words_of_either_are_in_the_other() -> None:
    quote = "het archief verhuist in mei naar het streekarchief"
    assert holds_quote(f"Zij zegt: {quote.upper()}! En daarna is er koffie voor iedereen die dat wil.", quote)
    assert holds_quote("Het archief verhuist", quote)
    assert holds_quote("verhuist in mei naar het pakhuis", quote)
    assert not holds_quote("het archief", quote), "two words hold nothing"
    assert not holds_quote("het bestuur opent in juni een nieuw pakhuis", quote)
    assert not holds_quote("", quote)


def test_the_sentences_are_measured_whatever_the_threshold(knowledge_base: KnowledgeBase) -> None:
    found = evaluate(knowledge_base, QUESTIONS).answers
    assert found is not None
    by_id = {one.id: one for one in found.outcomes}
    assert by_id["costs"].is_found
    assert by_id["costs"].holds
    assert not by_id["costs"].is_refused
    # A number is asked for, and none is there: at no threshold is this an answer.
    assert by_id["when"].is_found
    assert by_id["when"].is_refused
    assert not by_id["when"].is_answered(0.0)
    assert (found.found, found.held) == (2, 0.5)
    now = found.shares(found.answer_from)
    assert (now.refused, now.answered, now.held_of_given) == (1.0, 0.0, None)
    assert found.p95_ms > 0


def outcome(name: str, confidence: float, **fields: bool) -> AnswerOutcome:
    values = {"is_answerable": True, "is_found": True, "holds": True, "is_refused": False, **fields}
    return AnswerOutcome(id=name, confidence=confidence, milliseconds=1.0, **values)


def test_the_shares_are_those_worked_out_by_hand() -> None:
    evaluation = AnswerEvaluation(
        outcomes=(
            outcome("right", 0.9),
            outcome("wrong", 0.8, holds=False),
            outcome("unsure", 0.2),
            outcome("lost", 0.7, is_found=False, holds=False),
            outcome("near", 0.6, is_answerable=False, is_found=False, holds=False),
            outcome("off", 0.1, is_answerable=False, is_found=False, holds=False),
        ),
        answer_from=0.5,
    )
    now = evaluation.shares(0.5)
    assert now.held == pytest.approx(1 / 3)
    assert now.held_of_given == pytest.approx(1 / 2)
    assert now.refused == pytest.approx(1 / 4)
    assert now.answered == pytest.approx(1 / 2)
    assert (evaluation.found, evaluation.held) == (3, pytest.approx(2 / 3))


def test_the_report_tells_of_answers_and_a_single_retriever_gives_none(knowledge_base: KnowledgeBase) -> None:
    found = evaluate(knowledge_base, QUESTIONS)
    text = evaluation_text(found)
    assert "de gekozen zinnen bevatten het antwoord bij 50 % van 2 vragen" in text
    assert "met KB_ANSWER_FROM=1:" in text
    assert "100 % van de vragen met een antwoord krijgt er geen" in text
    told = found.as_json()["answers"]
    assert (told["found"], told["answerableRefused"], told["unanswerableAnswered"]) == (2, 1.0, 0.0)
    dense = evaluate(knowledge_base, QUESTIONS, mode=Mode.DENSE)
    assert dense.answers is None
    assert dense.as_json()["answers"] is None
