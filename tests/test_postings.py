"""BM25 worked out by hand for each passage, beside what is written in columns and read from disk."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.index import posting_writing
from kb.index.posting_writing import BM25_B, BM25_K1, write_postings
from kb.index.postings import Postings

VOCABULARY = ["raad", "gemeente", "archief", "zaak", "besluit"]
passages_of = st.lists(st.lists(st.integers(0, len(VOCABULARY) - 1), max_size=12), min_size=1, max_size=20)


def by_hand(passages: list[list[int]], is_open: list[bool], term: int, row: int) -> float:
    """The formula of kb.index.posting_writing, term by term."""
    counted = [passage for passage, one in zip(passages, is_open, strict=True) if one] or passages
    mean = max(sum(map(len, counted)) / len(counted), 1.0)
    holders = sum(term in passage for passage in counted)
    frequency = Counter(passages[row])[term]
    idf = math.log(1 + (len(counted) - holders + 0.5) / (holders + 0.5))
    return idf * frequency / (frequency + BM25_K1 * (1 - BM25_B + BM25_B * len(passages[row]) / mean))


def numbered(passages: list[list[int]]) -> Iterator[npt.NDArray[np.int64]]:
    return (np.array(passage, np.int64) for passage in passages)


@settings(max_examples=60, deadline=None)
@given(passages_of, st.data())
def test_every_passage_scores_what_the_formula_says(passages: list[list[int]], data: st.DataObject) -> None:
    is_open = data.draw(st.lists(st.booleans(), min_size=len(passages), max_size=len(passages)))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # So that columns are put together from several parts.
        patch.setattr(posting_writing, "_AT_ONCE", 3)
        write_postings(Path(folder), numbered(passages), VOCABULARY, np.array(is_open, np.bool_))
        postings = Postings.open(Path(folder), passages=len(passages))
        assert sorted(file.name for file in Path(folder).iterdir()) == [
            "rows.npy", "starts.npy", "terms.txt", "weights.npy",
        ]  # fmt: skip
        for term, name in enumerate(VOCABULARY):
            holding = [row for row, passage in enumerate(passages) if term in passage]
            assert postings.holders(name).tolist() == holding
            scores = postings.scores({name: 2.0}, len(passages))
            wanted = [2 * by_hand(passages, is_open, term, row) for row in range(len(passages))]
            np.testing.assert_allclose(scores, wanted, rtol=1e-5, atol=1e-6)
        both = postings.scores({"raad gemeente": 1.0}, len(passages))
        for row, passage in enumerate(passages):
            has_both = {0, 1} <= set(passage)
            one, other = (by_hand(passages, is_open, term, row) for term in (0, 1))
            assert both[row] == pytest.approx(one + other if has_both else 0, rel=1e-5, abs=1e-6)
        held = postings.held(np.array(is_open, np.bool_))
        assert held.tolist() == [
            sum(term in passage for passage, one in zip(passages, is_open, strict=True) if one)
            for term in range(len(VOCABULARY))
        ]


def test_passages_without_a_term_leave_postings_that_hold_none(tmp_path: Path) -> None:
    write_postings(tmp_path, numbered([[], []]), [], np.ones(2, np.bool_))
    postings = Postings.open(tmp_path, passages=2)
    assert len(postings) == 0
    assert postings.scores(["raad"], 2).tolist() == [0, 0]
    assert len(postings.holders("raad")) == 0


def test_scores_that_are_remembered_cannot_be_changed_by_who_asked(tmp_path: Path) -> None:
    write_postings(tmp_path, numbered([[0], [1, 0]]), VOCABULARY, np.ones(2, np.bool_))
    postings = Postings.open(tmp_path, passages=2)
    scores = postings.scores(["raad"], 2)
    with pytest.raises(ValueError, match="read-only"):
        scores[0] = 9
    assert postings.scores({"raad": 1.0}, 2) is scores
    assert postings.scores({"raad": 2.0}, 2)[0] == pytest.approx(2 * scores[0])
