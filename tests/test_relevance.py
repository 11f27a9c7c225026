from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.knowledge_base import KnowledgeBase
from kb.relevance import ANSWERED_FROM, Label, Signals, is_answered, label, relevance
from kb.settings import Settings
from kb.weights import RelevanceWeights, Weights

WEIGHTS = Weights(
    relevance=RelevanceWeights(intercept=-2, best=4, known=0.5),
    relevance_without_tokens=RelevanceWeights(intercept=-1, best=2),
)


def test_relevance_is_the_logistic_function_of_its_signals() -> None:
    """By hand: -2 + 4 · 0.8 + 0.5 · 0.4 = 1.4; without tokens -1 + 2 · 0.8 = 0.6."""
    signals = Signals(best=0.8, has_tokens=True, known=0.4)
    assert relevance(signals, WEIGHTS) == pytest.approx(1 / (1 + math.exp(-1.4)))
    without = Signals(best=0.8, has_tokens=False, known=0.4)
    assert relevance(without, WEIGHTS) == pytest.approx(1 / (1 + math.exp(-0.6)))


def test_the_second_hit_of_a_query_is_less_likely_than_the_first() -> None:
    """A rank counts by its logarithm: -2 + 0.5 · -ln 3 for the third."""
    weights = Weights(relevance=RelevanceWeights(intercept=-2, rank=0.5))
    third = relevance(Signals(best=1, has_tokens=True, known=1, rank=3), weights)
    assert third == pytest.approx(1 / (1 + math.exp(2 + 0.5 * math.log(3))))


@pytest.mark.parametrize("intercept", [-1e6, 1e6])
def test_relevance_stays_within_zero_and_one(intercept: float) -> None:
    weights = Weights(relevance=RelevanceWeights(intercept=intercept))
    assert 0 <= relevance(Signals(best=1, has_tokens=True, known=1), weights) <= 1


def test_labels_follow_the_estimate_from_none_to_strong() -> None:
    found = [label(step / 1000) for step in range(1001)]
    assert list(dict.fromkeys(found)) == [Label.NONE, Label.WEAK, Label.MODERATE, Label.STRONG]


@pytest.mark.parametrize(
    ("start", "below", "name"),
    [(0.5, Label.MODERATE, Label.STRONG), (0.3, Label.WEAK, Label.MODERATE), (0.05, Label.NONE, Label.WEAK)],
)
def test_a_label_starts_where_the_manual_says(start: float, below: Label, name: Label) -> None:
    assert (label(math.nextafter(start, 0)), label(start)) == (below, name)


def test_a_question_counts_as_answered_from_a_threshold_on() -> None:
    assert not is_answered(math.nextafter(ANSWERED_FROM, 0))
    assert is_answered(ANSWERED_FROM)
    # A single retriever does not judge.
    assert is_answered(None)


def test_weights_are_read_from_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"dense": 0.4, "relevance": {"intercept": -3}}))
    found = Weights.load(file)
    assert (found.dense, found.relevance.intercept) == (0.4, -3)
    assert found.late == Weights().late
    assert Weights.load(None) == Weights()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        '{"dense": 1.5}',
        '{"dense": NaN}',
        '{"dens": 0.5}',
        '{"relevance": {"best": "x"}}',
        "\xff",
    ],
)
def test_weights_with_faults_are_refused_when_the_program_starts(tmp_path: Path, content: str) -> None:
    file = tmp_path / "weights.json"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(SettingsError, match=r"KB_WEIGHTS: .*weights\.json .*kb tune"):
        KnowledgeBase(Settings(indexes=tmp_path, weights=file))


def test_weights_that_are_not_there_are_said_to_be_so(tmp_path: Path) -> None:
    for missing in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(SettingsError, match=r"KB_WEIGHTS: .* cannot be read"):
            KnowledgeBase(Settings(indexes=tmp_path, weights=missing))
