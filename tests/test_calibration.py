from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kb.errors import InvalidQuestions
from kb.evaluation import Answer, Question
from kb.evaluation.calibration import JudgedHit, calibration, fit_relevance
from kb.evaluation.folds import grouped_folds
from kb.evaluation.logistic import fit_logistic, probability
from kb.evaluation.reliability import Bin, reliability
from kb.relevance import Signals, relevance
from kb.weights import RelevanceWeights, Weights

KNOWN = RelevanceWeights(intercept=-4, best=8, known=2, rank=1.5)


def judged(signals: Signals, *, is_right: bool, is_answerable: bool) -> JudgedHit:
    """A hit whose cosines are half its MaxSim values."""
    without = replace(signals, best=signals.best / 2, has_tokens=False)
    return JudgedHit(signals=signals, without_tokens=without, is_right=is_right, is_answerable=is_answerable)


def question(name: str, *files: str | None) -> Question:
    answers = tuple(Answer(quote="een citaat", file=file) for file in files)
    return Question(id=name, question=name, language="nl", style="question", answers=answers)


def hits(number: int, *, seed: int = 7, answerable: bool = True) -> list[JudgedHit]:
    """Hits that are right as often as the known weights say; never, where there is no answer."""
    generator = np.random.default_rng(seed)
    found = []
    for best, known, rank, chance in generator.random((number, 4)):
        signals = Signals(best=best, has_tokens=True, known=known, rank=1 + int(10 * rank))
        is_right = bool(chance < relevance(signals, Weights(relevance=KNOWN)))
        found.append(judged(signals, is_right=is_right and answerable, is_answerable=answerable))
    return found


def test_known_coefficients_are_found_again() -> None:
    generator = np.random.default_rng(3)
    signals = generator.normal([0.8, 5.0], [0.05, 2.0], (40_000, 2))
    labels = generator.random(40_000) < probability(-15 + signals @ [20.0, -0.5])
    intercept, coefficients = fit_logistic(signals, labels)
    assert coefficients == pytest.approx([20.0, -0.5], rel=0.05)
    assert intercept == pytest.approx(-15, rel=0.05)


def test_a_sample_that_counts_twice_is_two_samples() -> None:
    signals, labels = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([False, True, False, True])
    twice = fit_logistic(np.vstack([signals, signals[1:2]]), np.append(labels, True), l2=0)
    weighed = fit_logistic(signals, labels, l2=0, weights=np.array([1.0, 2, 1, 1]))
    assert weighed[0] == pytest.approx(twice[0], abs=1e-6)
    assert weighed[1] == pytest.approx(twice[1], abs=1e-6)


@pytest.mark.parametrize("labels", [[False, False, True, True], [True, True, True, True]])
def test_labels_that_one_signal_separates_leave_the_fit_finite(labels: list[bool]) -> None:
    signals = np.array([[0.1, 5.0], [0.2, 5.0], [0.8, 5.0], [0.9, 5.0]])
    intercept, coefficients = fit_logistic(signals, np.array(labels))
    assert np.isfinite([intercept, *coefficients]).all()
    # A signal that is always the same tells nothing.
    assert coefficients[1] == 0


def test_reliability_is_what_is_worked_out_by_hand() -> None:
    found = reliability([0.05, 0.05, 0.92, 0.98, 1.0], [False, True, True, True, False])
    assert found is not None
    assert found.bins == (
        Bin(hits=2, estimate=pytest.approx(0.05), right=0.5),
        Bin(hits=3, estimate=pytest.approx(2.9 / 3), right=pytest.approx(2 / 3)),
    )
    assert found.error == pytest.approx((2 * 0.45 + 3 * 0.3) / 5)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0.08**2 + 0.02**2 + 1) / 5)
    assert reliability([], []) is None


def test_a_lower_rank_lowers_relevance_by_its_logarithm() -> None:
    """Worked out by hand: the odds of a passage at rank 4 are those of the first divided by 4^0.5 = 2."""
    weights = Weights(relevance=RelevanceWeights(rank=0.5))
    first, fourth = (
        relevance(Signals(best=0, has_tokens=True, known=0, rank=rank), weights) for rank in (1, 4)
    )
    assert (first, fourth) == (pytest.approx(1 / 2), pytest.approx(1 / 3))


def test_fitted_relevance_means_what_it_says() -> None:
    fitted = Weights(relevance=fit_relevance(hits(4_000), otherwise=RelevanceWeights()))
    others = hits(4_000, seed=8)
    found = calibration([(fitted, [others])]).reliability
    assert found is not None
    assert len(found.bins) > 5
    assert found.error < 0.03
    assert fitted.relevance.best == pytest.approx(KNOWN.best, rel=0.2)
    assert fitted.relevance.rank == pytest.approx(KNOWN.rank, rel=0.2)


def test_without_token_vectors_relevance_is_fitted_and_judged_by_the_cosines() -> None:
    """They are half of MaxSim here, so the coefficient is twice as large and the estimates are the same."""
    own, others = hits(4_000), hits(4_000, seed=8)
    weights = Weights(
        relevance=fit_relevance(own, otherwise=RelevanceWeights()),
        relevance_without_tokens=fit_relevance(own, otherwise=RelevanceWeights(), tokens=False),
    )
    assert weights.relevance_without_tokens.best == pytest.approx(2 * weights.relevance.best, rel=0.01)
    found, without = (
        calibration([(weights, [others])], tokens=tokens).reliability for tokens in (True, False)
    )
    assert found is not None
    assert without is not None
    assert without.brier == pytest.approx(found.brier, abs=1e-4)
    unfitted = weights.model_copy(update={"relevance_without_tokens": RelevanceWeights()})
    worse = calibration([(unfitted, [others])], tokens=False).reliability
    assert worse is not None
    assert worse.brier == pytest.approx(0.25)


def test_only_questions_of_one_part_are_compared() -> None:
    """Within each part the answerable question has the higher relevance; over both that would not show."""

    def top(best: float, *, answerable: bool) -> list[JudgedHit]:
        signals = Signals(best=best, has_tokens=True, known=0)
        return [judged(signals, is_right=False, is_answerable=answerable)]

    low, high = (Weights(relevance=RelevanceWeights(intercept=shift, best=1)) for shift in (-5, 5))
    questions = [top(0.9, answerable=True), top(0.1, answerable=False)]
    assert calibration([(low, questions), (high, questions)]).auroc == 1
    assert calibration([(low, questions[:1]), (high, questions[1:])]).auroc is None
    # Parts count by their pairs: two in order, and two of which one is a tie.
    mixed = [top(0.5, answerable=True), top(0.5, answerable=False), top(0.9, answerable=False)]
    assert calibration([(low, [*questions, questions[0]]), (low, mixed)]).auroc == 2.5 / 4


def test_a_signal_that_would_count_against_a_passage_is_left_out() -> None:
    turned = [replace(hit, signals=replace(hit.signals, known=1 - hit.signals.known)) for hit in hits(4_000)]
    fitted = fit_relevance(turned, otherwise=RelevanceWeights())
    assert fitted.known == 0
    assert fitted.best > 0


def test_where_nothing_is_right_the_relevance_stays_as_it_was() -> None:
    none = hits(60, answerable=False)
    assert fit_relevance(none, otherwise=KNOWN) == KNOWN


def test_questions_on_one_folder_stand_on_one_side() -> None:
    questions = [question(f"{place}{number}", f"{place}/{number}.pdf") for place in "abc" for number in "123"]
    folds = grouped_folds(questions, 3)
    assert sorted(sorted({name[0] for name in fold}) for fold in folds) == [["a"], ["b"], ["c"]]


def test_with_too_few_folders_for_the_folds_those_below_are_taken() -> None:
    questions = [
        question(f"{place}{number}", f"top/{place}/{number}.pdf") for place in "ab" for number in "12"
    ]
    assert len(grouped_folds(questions, 2)) == 2
    assert all(len({name[0] for name in fold}) == 1 for fold in grouped_folds(questions, 2))
    assert len(grouped_folds(questions, 4)) == 4
    assert len(grouped_folds(questions, 9)) == 4


def test_one_large_folder_is_parted_further() -> None:
    questions = [question(str(number), f"large/{number}.md") for number in range(8)]
    questions += [question("b", "b/x.md"), question("c", "c/x.md")]
    assert sorted(map(len, grouped_folds(questions, 3))) == [3, 3, 4]


def test_a_document_s_questions_stay_together_also_through_a_question_with_two_answers() -> None:
    questions = [
        question("1", "a/x.pdf"), question("2", "b/y.pdf"), question("3", "c/z.pdf"),
        question("4", "c/z.pdf", "a/x.pdf"), question("5", "d.md"), question("6", None), question("7", None),
    ]  # fmt: skip
    folds = [set(fold) for fold in grouped_folds(questions, 5)]
    assert {"1", "3", "4"} in folds
    assert {"6", "7"} in folds
    assert sorted(name for fold in folds for name in fold) == ["1", "2", "3", "4", "5", "6", "7"]


def test_questions_without_an_answer_are_spread() -> None:
    questions = [question("a", "a.md"), question("b", "b.md"), *(question(str(n)) for n in range(6))]
    assert sorted(len(fold) for fold in grouped_folds(questions, 2)) == [4, 4]


def test_questions_on_one_document_cannot_be_cross_validated() -> None:
    with pytest.raises(InvalidQuestions, match="one document"):
        grouped_folds([question("1", "a.md"), question("2", "a.md"), question("3")], 5)
