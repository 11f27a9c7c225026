from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.candidates import Candidates
from kb.fusion import first_stage, second_stage, standardise
from kb.weights import Weights


def candidates(
    dense: Sequence[float], lexical: Sequence[float], *, fit: Sequence[float] = (), known: float = 1.0
) -> Candidates:
    return Candidates(
        outlines=(),
        rows=np.arange(len(dense)),
        dense=np.array(dense, np.float32),
        lexical=np.array(lexical, np.float32),
        fit=np.array(fit or [0.0] * len(dense)),
        known=known,
    )


def test_the_first_stage_is_the_weighted_sum_of_standardised_scores() -> None:
    """A case worked out by hand: dense 3, 2, 1 and lexical 0, 4, 2.

    Dense: mean 2, deviation √(2/3) ≈ 0.816, so 1.225, 0, -1.225. Lexical: mean 2, deviation
    √(8/3) ≈ 1.633, so -1.225, 1.225, 0. With weights 0.65 and 0.35: 0.367, 0.429, -0.796.
    """
    found = first_stage(candidates([3, 2, 1], [0, 4, 2]), Weights(dense=0.65))
    np.testing.assert_allclose(found, [0.367, 0.429, -0.796], atol=1e-3)


def test_the_second_stage_takes_the_late_scores_for_the_dense_ones() -> None:
    """And square roots: of lexical 0, 16, 4 they are 0, 4, 2, so the sums are those of the case above."""
    own = candidates([9, 9, 1], [0, 16, 4])
    found = second_stage(own, np.array([3.0, 2.0, 1.0]), Weights(dense=0, late=0.65))
    np.testing.assert_allclose(found, [0.367, 0.429, -0.796], atol=1e-3)


def test_a_query_in_another_language_leaves_less_to_its_words() -> None:
    """Of the lexical 0.35 a share `foreign` is left where the documents know no word: 0.175 at 0.5."""
    weights = Weights(dense=0.65, foreign=0.5)
    found = first_stage(candidates([3, 2, 1], [0, 4, 2], known=0), weights)
    np.testing.assert_allclose(
        found, [0.825 * 1.2247 - 0.175 * 1.2247, 0.175 * 1.2247, -0.825 * 1.2247], atol=1e-3
    )
    half = first_stage(candidates([3, 2, 1], [0, 4, 2], known=0.5), weights)
    assert found[0] > half[0] > first_stage(candidates([3, 2, 1], [0, 4, 2]), weights)[0]


def test_a_fitting_date_adds_its_weight_in_standard_deviations() -> None:
    plain, dated = candidates([3, 2], [1, 1]), candidates([3, 2], [1, 1], fit=[0, 1])
    weights = Weights(period=1.5)
    np.testing.assert_allclose(first_stage(dated, weights) - first_stage(plain, weights), [0, 1.5])


def test_scores_that_do_not_differ_say_nothing() -> None:
    assert standardise(np.array([2.0, 2.0])).tolist() == [0, 0]
    assert standardise(np.array([])).tolist() == []
    dense = first_stage(candidates([0.9, 0.8, 0.7], [0, 0, 0]), Weights())
    assert dense.tolist() == sorted(dense, reverse=True)
