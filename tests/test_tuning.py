from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kb.cli import app
from kb.errors import InvalidQuestions
from kb.evaluation import Answer, Question, evaluate, tune
from kb.evaluation.tables import evaluation_text, tuning_text
from kb.index import DocumentRecord
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.weights import Weights
from tests.geometry import WordEncoder
from tests.library import publish, record

# The test encoder takes a word and its plural for strangers; the lexical retriever knows both.
PLURALS = {
    "fiets": "fietsen", "krant": "kranten", "plant": "planten", "tafel": "tafels", "stoel": "stoelen",
    "berg": "bergen", "vriend": "vrienden", "dienst": "diensten", "feest": "feesten", "lamp": "lampen",
    "hond": "honden", "boek": "boeken", "arts": "artsen", "woord": "woorden", "beeld": "beelden",
    "park": "parken", "markt": "markten", "kaart": "kaarten", "winkel": "winkels", "tunnel": "tunnels",
    "toren": "torens", "molen": "molens", "motor": "motors", "dokter": "dokters",
}  # fmt: skip
OFF_TOPIC = ["pannenkoeken bakken", "zeilen op zee", "gitaar stemmen", "kip braden", "sneeuw ruimen"]
PLACES = "kade brug haven dijk gracht oever sluis polder duin akker weide heide".split()  # noqa: SIM905


def texts() -> dict[DocumentRecord, list[str]]:
    answers = {
        record(f"{word}.md"): [f"Het college besprak een {word} aan de {PLACES[number % len(PLACES)]}."]
        for number, word in enumerate(PLURALS)
    }
    decoys = [f"Wat gebeurt er met de {place} bij {PLACES[at - 1]}?" for at, place in enumerate(PLACES)]
    return answers | {record("vragen.md"): decoys}


def questions(form: str) -> list[Question]:
    """One on each word, in its own document, and a few that no document answers."""
    asked = [
        Question(
            id=word,
            question=form.format(word=word, plural=plural),
            language="nl",
            style="question",
            answers=(Answer(quote=f"besprak een {word} aan de", file=f"{word}.md"),),
        )
        for word, plural in PLURALS.items()
    ]
    return asked + [
        Question(id=text, question=text, language="nl", style="keywords", answers=()) for text in OFF_TOPIC
    ]


# The words of the decoys with another form of the answer's word, and the words of the answer itself.
HARD = questions("Wat gebeurt er met de {plural}?")
EASY = questions("het college besprak een {word}")


@pytest.fixture
def indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path / "indexes", texts())
    return tmp_path / "indexes"


@pytest.fixture
def knowledge_base(indexes: Path) -> KnowledgeBase:
    return KnowledgeBase(Settings(indexes=indexes))


def test_weights_that_rank_wrong_are_replaced_by_better_ones(knowledge_base: KnowledgeBase) -> None:
    found = tune(knowledge_base, HARD)
    assert found.before == Weights()
    assert found.is_better
    assert found.ndcg[1] > found.ndcg[0] + 0.1
    assert found.gain.low > 0
    assert found.gain.value == pytest.approx(found.ndcg[1] - found.ndcg[0])
    assert (found.questions, found.answerable, len(found.folds)) == (29, 24, 5)
    assert found.after.late < Weights().late


def test_a_part_is_measured_with_weights_that_were_fitted_without_it(
    knowledge_base: KnowledgeBase,
) -> None:
    """One half is ranked right by the weights of now, the other needs others: each is given the other's."""
    asked = [
        replace(found, answers=(replace(found.answers[0], file=f"{folder}/{found.id}.md"),))
        for folder, half in (("right", EASY[:12]), ("wrong", HARD[12:24]))
        for found in half
    ]
    found = tune(knowledge_base, asked, folds=2)
    assert [weights.late == Weights().late for weights in found.folds] == [False, True]
    assert found.ndcg[1] <= found.ndcg[0]
    assert found.after.late < Weights().late


def test_what_tuning_measures_is_what_a_search_does(
    knowledge_base: KnowledgeBase, indexes: Path, tmp_path: Path
) -> None:
    found = tune(knowledge_base, HARD, folds=2)
    searched = evaluate(knowledge_base, HARD)
    assert found.ndcg[0] == pytest.approx(searched.measures["ndcgAt10"])
    assert searched.reliability is not None
    before = found.relevance[0]
    assert before.reliability is not None
    assert before.reliability.brier == pytest.approx(searched.reliability.brier, abs=1e-6)
    # Also with weights of a fold, once they are written and loaded.
    found.folds[0].save(tmp_path / "fold.json")
    tuned = KnowledgeBase(Settings(indexes=indexes, weights=tmp_path / "fold.json"))
    again, searched = tune(tuned, HARD, folds=2), evaluate(tuned, HARD)
    assert again.ndcg[0] == pytest.approx(searched.measures["ndcgAt10"])
    assert again.ndcg[0] > found.ndcg[0]
    after = again.relevance[0].reliability
    assert after is not None
    assert searched.reliability is not None
    assert len(after.bins) > 1
    assert after.brier == pytest.approx(searched.reliability.brier, abs=1e-6)


def test_written_weights_change_the_order_of_a_search(
    knowledge_base: KnowledgeBase, indexes: Path, tmp_path: Path
) -> None:
    file = tmp_path / "weights.json"
    tuned = tune(knowledge_base, HARD).after
    tuned.save(file)
    assert Weights.load(file) == tuned
    before = evaluate(knowledge_base, HARD)
    after = evaluate(KnowledgeBase(Settings(indexes=indexes, weights=file)), HARD)
    assert after.measures["mrrAt10"] > before.measures["mrrAt10"] + 0.1
    assert [found.ranking for found in after.outcomes] != [found.ranking for found in before.outcomes]


def test_tuned_relevance_tells_answers_from_the_rest_on_questions_it_was_not_fitted_to(
    knowledge_base: KnowledgeBase,
) -> None:
    found = tune(knowledge_base, EASY, keep_order=True)
    before, after = found.relevance
    assert before.reliability is not None
    assert after.reliability is not None
    assert after.auroc is not None
    assert after.reliability.brier < before.reliability.brier
    assert after.reliability.error < 0.05
    assert after.auroc > 0.95
    assert found.is_better


def test_the_order_is_kept_where_it_is_asked_to_be(knowledge_base: KnowledgeBase) -> None:
    found = tune(knowledge_base, HARD, keep_order=True)
    order = {"dense", "late", "period", "foreign"}
    assert found.after.model_dump(include=order) == Weights().model_dump(include=order)
    assert found.gain.value == 0
    assert found.after.relevance != Weights().relevance


def test_weights_that_already_rank_right_are_left_as_they_are(knowledge_base: KnowledgeBase) -> None:
    found = tune(knowledge_base, EASY)
    assert found.ndcg == (1.0, 1.0)
    assert (found.is_better, found.gain.value) == (False, 0)
    assert (found.after.dense, found.after.late) == (Weights().dense, Weights().late)


def test_without_token_vectors_that_relevance_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder(token_dimension=0))
    monkeypatch.setattr("tests.library.WordEncoder", lambda: WordEncoder(token_dimension=0))
    publish(tmp_path, texts())
    found = tune(KnowledgeBase(Settings(indexes=tmp_path)), EASY, keep_order=True)
    assert found.after.relevance == Weights().relevance
    assert found.after.relevance_without_tokens != Weights().relevance_without_tokens
    assert found.relevance == found.without_tokens


def test_too_few_questions_are_refused(knowledge_base: KnowledgeBase) -> None:
    lost = [
        Question(
            id=str(number),
            question="wie",
            language="nl",
            style="question",
            answers=(Answer(quote="dit staat nergens", file=f"{number}.md"),),
        )
        for number in range(3)
    ]
    with pytest.raises(
        InvalidQuestions, match=r"at least 20 .* there are 19 \(3 more quote what stands in no"
    ):
        tune(knowledge_base, [*HARD[:19], *lost])


def test_a_question_that_cannot_be_asked_is_named(knowledge_base: KnowledgeBase) -> None:
    long = Question(id="long", question="x" * 1001, language="nl", style="question", answers=())
    with pytest.raises(InvalidQuestions, match="'long' cannot be asked"):
        tune(knowledge_base, [*HARD, long])


def test_a_person_is_told_in_dutch_what_tuning_gains(knowledge_base: KnowledgeBase) -> None:
    found = tune(knowledge_base, HARD)
    text = tuning_text(found)
    assert "29 vragen, waarvan 24 met antwoord; 5 delen" in text
    assert f"nDCG@10{found.ndcg[0]:25.3f}{found.ndcg[1]:8.3f}" in text
    assert ": beter" in text
    assert "AUROC" in text
    told = found.as_json()
    assert told["isBetter"] is True
    assert told["relevance"]["after"]["reliability"]["bins"]
    assert json.loads(json.dumps(told)) == told


def command(folder: Path, asked: list[Question], *options: str) -> str:
    """What `kb tune` prints, asked these questions of the index in a folder."""
    file = folder / "questions.jsonl"
    lines = [
        {
            "id": question.id,
            "question": question.question,
            "answers": [{"file": answer.file, "quote": answer.quote} for answer in question.answers],
        }
        for question in asked
    ]
    file.write_text("\n".join(json.dumps(line) for line in lines))
    places = ["--indexes", str(folder / "indexes"), "--out", str(folder / "weights.json")]
    done = CliRunner().invoke(app, ["tune", str(file), *places, *options], catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.usefixtures("indexes")
def test_the_command_shows_the_gain_and_then_writes(tmp_path: Path) -> None:
    told = command(tmp_path, HARD)
    file = tmp_path / "weights.json"
    assert told.index("Verschil, met 95%-interval:") < told.index(f"KB_WEIGHTS={file}")
    assert Weights.load(file).late < Weights().late
    assert [found.name for found in tmp_path.glob("*weights*")] == ["weights.json"]


@pytest.mark.usefixtures("indexes")
def test_without_a_gain_nothing_is_written_unless_forced(tmp_path: Path) -> None:
    assert "niets geschreven" in command(tmp_path, EASY)
    told = json.loads(command(tmp_path, EASY, "--json"))
    assert (told["isBetter"], told["written"]) == (False, None)
    assert not (tmp_path / "weights.json").exists()
    forced = json.loads(command(tmp_path, EASY, "--json", "--force"))
    assert (forced["isBetter"], forced["written"]) == (False, str(tmp_path / "weights.json"))
    assert Weights.load(tmp_path / "weights.json") == Weights.model_validate(forced["after"])


@pytest.mark.usefixtures("indexes")
def test_relevance_that_means_more_is_written_where_the_order_is_kept(tmp_path: Path) -> None:
    command(tmp_path, EASY, "--keep-order", "--folds", "3")
    written = Weights.load(tmp_path / "weights.json")
    assert written.relevance != Weights().relevance
    assert written.late == Weights().late


def test_an_evaluation_tells_how_reliable_relevance_is(knowledge_base: KnowledgeBase) -> None:
    found = evaluate(knowledge_base, EASY)
    assert found.reliability is not None
    assert found.reliability.hits == sum(own.hits for own in found.reliability.bins)
    assert found.as_json()["reliability"] == found.reliability.as_json()
    assert "kalibratiefout" in evaluation_text(found)
