from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from kb.documents import Kind
from kb.errors import EvaluationUnavailable, InvalidQuestions
from kb.evaluation import (
    Answer,
    Evaluation,
    Question,
    compare,
    evaluate,
    holds,
    judge,
    judge_passages,
    read_questions,
)
from kb.evaluation.comparison import Verdict, paired_bootstrap
from kb.evaluation.measures import QUESTION_MEASURES, means, measure
from kb.evaluation.refusal import auroc, refusal
from kb.evaluation.tables import comparison_text, evaluation_text
from kb.knowledge_base import KnowledgeBase
from kb.relevance import ANSWERED_FROM
from kb.search_request import Mode
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import publish, record

DECK = record("deck.pptx", kind=Kind.PRESENTATIE)
MINUTES, COPY = record("verslag.pdf"), record("kopie/verslag.docx")
DECISION = "De stuurgroep kiest na lange beraadslaging één zaaksysteem voor alle gemeenten in de regio."
TEXTS = {
    DECK: ["Welkom bij de stuurgroep.", "Het zaaksysteem kost twee ton per jaar.", "Vragen?"],
    MINUTES: [DECISION, "Het archief verhuist in mei naar het streekarchief."],
    COPY: [DECISION],
}


def question(name: str, text: str, *answers: Answer, language: str = "nl") -> Question:
    return Question(id=name, question=text, language=language, style="question", answers=answers)


COSTS = question(
    "costs", "wat kost het zaaksysteem", Answer(quote="zaaksysteem kost twee ton", file="deck.pptx", page=2)
)
ARCHIVE = question(
    "archive",
    "archief verhuist",
    Answer(quote="archief verhuist in mei", file="verslag.pdf", page=7),
    language="en",
)
CHOICE = question(
    "choice", "welk zaaksysteem kiest de stuurgroep", Answer(quote=DECISION, file="verslag.pdf")
)
LOST = question("lost", "wie is voorzitter", Answer(quote="de voorzitter heet Jansen", file="weg.md"))
OFF_TOPIC = question("off", "pannenkoeken bakken")
QUESTIONS = [COSTS, ARCHIVE, CHOICE, LOST, OFF_TOPIC]


@pytest.fixture
def knowledge_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    return KnowledgeBase(Settings(indexes=tmp_path))


@pytest.fixture
def evaluation(knowledge_base: KnowledgeBase) -> Evaluation:
    return evaluate(knowledge_base, QUESTIONS)


def written(folder: Path, *lines: object) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return file


def test_the_measures_are_those_worked_out_by_hand() -> None:
    scores = measure(
        {"half": ["a", "x", "b", "y"], "second": ["x", "a"], "nothing": ["x"], "empty": []},
        {"half": {"a": 1, "b": 1, "c": 1}, "second": {"a": 1}, "nothing": {"a": 1}, "empty": {"a": 1}},
        QUESTION_MEASURES,
    )
    # Gains 1, 0, 1 against the ideal 1, 1, 1, each divided by log2(rank + 1).
    half = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3) + 1 / math.log2(4))
    assert scores["ndcgAt10"] == pytest.approx(
        {"half": half, "second": 1 / math.log2(3), "nothing": 0, "empty": 0}
    )
    assert scores["recallAt1"] == pytest.approx({"half": 1 / 3, "second": 0, "nothing": 0, "empty": 0})
    assert scores["recallAt5"] == pytest.approx({"half": 2 / 3, "second": 1, "nothing": 0, "empty": 0})
    assert scores["foundAt1"] == {"half": 1, "second": 0, "nothing": 0, "empty": 0}
    assert scores["mrrAt10"] == {"half": 1, "second": 0.5, "nothing": 0, "empty": 0}
    assert means(scores, list(scores["mrrAt10"]))["mrrAt10"] == pytest.approx(1.5 / 4)


def test_a_right_passage_below_the_tenth_counts_for_nothing() -> None:
    scores = measure({"q": [*"abcdefghij", "right"]}, {"q": {"right": 1}}, QUESTION_MEASURES)
    assert {values["q"] for values in scores.values()} == {0.0}


def test_the_order_of_the_ranking_counts_and_not_the_names_in_it() -> None:
    scores = measure({"q": ["z", "a"], "r": ["a", "z"]}, {"q": {"z": 1}, "r": {"z": 1}}, QUESTION_MEASURES)
    assert scores["mrrAt10"] == {"q": 1.0, "r": 0.5}


def test_without_its_library_the_message_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(EvaluationUnavailable, match="pip install ir-measures"):
        measure({}, {}, QUESTION_MEASURES)


@pytest.mark.parametrize(
    ("text", "quote", "is_held"),
    [
        ("Zij zei: «een twee drie vier» vijf.", "Een, twee drie vier!", True),
        ("een twee drie vier x vijf zes", "een twee drie vier vijf zes zeven", False),
        ("een twee drie vier vijf x zes", "een twee drie vier vijf zes", True),
        ("het is twee ton waard", "Twee ton", True),
        ("het is ton twee waard", "twee ton", False),
        ("cafe\u0301 de kroon open", "café de Kroon", True),
        ("iets", "…", False),
    ],
)
def test_a_passage_holds_a_quote_with_three_fifths_of_its_trigrams(
    text: str, quote: str, *, is_held: bool
) -> None:
    assert holds(text, quote) is is_held


def test_every_passage_that_holds_a_quote_is_right_and_copies_count_as_one(
    knowledge_base: KnowledgeBase,
) -> None:
    judgements = judge(knowledge_base, QUESTIONS)
    assert set(judgements.right) == {"costs", "archive", "choice", "lost"}
    assert len(judgements.right["choice"]) == 2
    assert len(set(judgements.right["choice"].values())) == 1
    assert judgements.unfindable == ["lost"]


def test_the_passages_of_another_search_are_judged_by_the_same_rules() -> None:
    passages = [("a", "Vragen?"), ("b", DECISION), ("c", DECISION.upper()), ("d", f"{DECISION[:40]} …")]
    judgements = judge_passages(passages, [CHOICE, LOST, OFF_TOPIC])
    assert judgements.right == {"choice": {"b": "b", "c": "b"}, "lost": {}}
    assert judgements.unfindable == ["lost"]


def test_a_copy_of_what_stands_higher_counts_for_nothing_wherever_it_stands() -> None:
    judgements = judge_passages([("a", "Vragen?"), ("b", DECISION), ("c", DECISION)], [CHOICE])
    assert judgements.ranking("choice", ["a", "c", "b"]) == ("a", "b", "copy of b: b")
    # Where nothing is right, the ids are as they were found.
    assert judgements.ranking("off", ["c", "b"]) == ("c", "b")


def test_an_evaluation_finds_what_stands_in_the_documents(evaluation: Evaluation) -> None:
    assert {found.id: found.rank for found in evaluation.outcomes} == {
        "costs": 1, "archive": 1, "choice": 1, "lost": None, "off": None,
    }  # fmt: skip
    assert evaluation.measures == pytest.approx(dict.fromkeys(QUESTION_MEASURES, 0.75))
    assert evaluation.p95_ms >= evaluation.median_ms > 0


def test_measures_are_split_by_language_style_and_format(evaluation: Evaluation) -> None:
    splits = evaluation.splits
    assert {label: count for label, (count, _) in splits["byLanguage"].items()} == {"en": 1, "nl": 3}
    assert {label: count for label, (count, _) in splits["byFormat"].items()} == {
        "md": 1,
        "pdf": 2,
        "pptx": 1,
    }
    assert splits["byFormat"]["md"][1]["ndcgAt10"] == 0
    assert splits["byLanguage"]["en"][1]["ndcgAt10"] == 1


def test_a_hit_on_another_page_than_the_answer_s_is_told(evaluation: Evaluation) -> None:
    # The archive's answer claims page 7 and stands on 2; the choice has no page to judge by.
    assert {found.id: found.has_right_place for found in evaluation.outcomes} == {
        "costs": True, "archive": False, "choice": None, "lost": None, "off": None,
    }  # fmt: skip
    assert evaluation.right_place == (2, 0.5)


def test_scripts_get_camel_case_and_every_question(evaluation: Evaluation) -> None:
    told = evaluation.as_json()
    assert told["measures"]["questions"] == 4
    assert told["byStyle"]["question"]["recallAt5"] == 0.75
    assert told["rightPlace"] == {"judged": 2, "share": 0.5}
    assert told["unfindable"] == ["lost"]
    assert told["outcomes"][0]["id"] == "costs"
    assert json.loads(json.dumps(told)) == told


def test_a_person_is_told_in_dutch(evaluation: Evaluation, knowledge_base: KnowledgeBase) -> None:
    text = evaluation_text(evaluation)
    assert "soort pptx" in text
    assert "Op de juiste pagina of dia: 50 % van 2 eerste goede treffers." in text
    assert "1 vraag met een citaat dat in geen passage staat: lost." in text
    assert "Zonder antwoord in de documenten: 1 vraag" in text
    dense = evaluate(knowledge_base, QUESTIONS, mode=Mode.DENSE)
    differences = compare(evaluation.scores, dense.scores)
    beside = comparison_text(("hybrid", evaluation), ("dense", dense), differences)
    assert "hybrid min dense, met 95%-interval:" in beside
    assert "geen verschil dat van toeval te onderscheiden is" in beside


def test_a_question_that_cannot_be_asked_is_named(knowledge_base: KnowledgeBase) -> None:
    with pytest.raises(InvalidQuestions, match=r"'long' cannot be asked: .*1001 characters"):
        evaluate(knowledge_base, [question("long", "x" * 1001)])


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    # Of six pairs four are in order and one is a tie.
    assert auroc([0.9, 0.6, 0.4], [0.6, 0.3]) == pytest.approx(4.5 / 6)


def test_refusal_is_judged_by_relevance() -> None:
    below = ANSWERED_FROM / 2
    found = refusal([1.0, ANSWERED_FROM, below, None], [ANSWERED_FROM, below, None], by_score=False)
    assert found is not None
    assert (found.wrongly_answered, found.wrongly_refused) == pytest.approx((1 / 3, 1 / 2))
    assert found.as_json()["judgedBy"] == "relevance"


def test_without_relevance_every_hit_is_an_answer_and_the_score_orders() -> None:
    found = refusal([3.0, 2.0], [1.0, None], by_score=True)
    assert found is not None
    assert (found.auroc, found.wrongly_answered, found.wrongly_refused) == (1.0, 0.5, 0.0)
    assert found.wrongly_answered_keeping == 0.0
    assert refusal([1.0], [], by_score=True) is None


def test_a_small_difference_is_noise_and_a_steady_one_is_not() -> None:
    steady, mixed = paired_bootstrap([0.1, 0.2, 0.3] * 20), paired_bootstrap([0.5, -0.5, 0.02] * 20)
    assert (steady.verdict, mixed.verdict) == (Verdict.BETTER, Verdict.NOISE)
    assert paired_bootstrap([-0.1, -0.2] * 20).verdict is Verdict.WORSE
    # The normal approximation: the mean and 1.96 standard errors.
    error = 1.96 * math.sqrt(2 / 3) * 0.1 / math.sqrt(60)
    assert (steady.low, steady.high) == pytest.approx((0.2 - error, 0.2 + error), abs=0.003)
    assert paired_bootstrap([0.1, 0.2, 0.3] * 20) == steady


def test_a_few_questions_tell_nothing() -> None:
    assert paired_bootstrap([1.0] * 9).verdict is Verdict.NOISE
    assert paired_bootstrap([1.0] * 10).verdict is Verdict.BETTER
    assert paired_bootstrap([]).verdict is Verdict.NOISE


def test_only_the_same_questions_are_compared() -> None:
    with pytest.raises(ValueError, match="same queries"):
        compare({"ndcgAt10": {"a": 1.0}}, {"ndcgAt10": {"b": 1.0}}, ["ndcgAt10"])


def test_questions_are_read_with_their_answers(tmp_path: Path) -> None:
    answer = {"file": "a/Verslag.PDF", "quote": "twee ton", "page": 3}
    file = written(
        tmp_path,
        {"id": 7, "question": "Hoeveel?\u2028Echt?", "lang": "en", "style": "keywords", "answers": [answer]},
        "",
        {"question": "Wie?", "answers": []},
    )
    first, second = read_questions(file)
    assert (first.id, first.language, first.style, first.formats) == ("7", "en", "keywords", ("pdf",))
    assert first.answers == (Answer(quote="twee ton", file="a/Verslag.PDF", page=3),)
    assert (second.id, second.answers) == ("3", ())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is not JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
        ("[]", "line 2 is not a JSON object"),
        ({"answers": []}, 'line 2: "question" must be a text'),
        ({"question": " ", "answers": []}, 'line 2: "question" must be a text'),
        ({"question": "x"}, 'line 2: "answers" must be a list'),
        ({"question": "x", "answers": ["y"]}, "line 2, answer 1 is not a JSON object"),
        ({"question": "x", "answers": [{"quote": "y"}, {}]}, 'line 2, answer 2: "quote" must be a text'),
        ({"question": "x", "answers": [{"quote": "…"}]}, '"quote" holds no words'),
        ({"question": "x", "answers": [{"quote": "y", "page": 0}]}, '"page" must be a number from 1'),
        ({"question": "x", "answers": [], "id": "1"}, "line 2: an earlier question has the id '1'"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, line: object, message: str) -> None:
    file = written(tmp_path, {"id": "1", "question": "x", "answers": []}, line)
    with pytest.raises(InvalidQuestions) as caught:
        read_questions(file)
    assert message in str(caught.value)


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuestions, match="holds no questions"):
        read_questions(written(tmp_path, ""))
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "caf\xe9", "answers": []}')
    with pytest.raises(InvalidQuestions, match="cannot be read"):
        read_questions(tmp_path / "latin.jsonl")
