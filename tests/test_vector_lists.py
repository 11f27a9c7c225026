from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.errors import CorruptIndex
from kb.index.vector_lists import SENTENCES, TOKENS, VectorLists, VectorListsWriter, quantise

CODES = "tokens.i8"
OFFSETS = "tokens.npy"
# What 127 steps stand for.
LARGEST = 0.3


def unit(*shape: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def written(folder: Path, *passages: np.ndarray, name: str = TOKENS) -> None:
    writer = VectorListsWriter(folder, name, dimension=passages[0].shape[1])
    for vectors in passages:
        writer.add(quantise(vectors))
    writer.finish()


def test_token_vectors_are_read_back_by_passage(tmp_path: Path) -> None:
    passages = [unit(3, 384, seed=1), np.empty((0, 384), np.float32), unit(5, 384, seed=2)]
    written(tmp_path, *passages)
    tokens = VectorLists.open(tmp_path, TOKENS, dimension=384, passages=3)
    for row, vectors in enumerate(passages):
        np.testing.assert_array_equal(tokens.codes(row), quantise(vectors))
    assert (tmp_path / CODES).stat().st_size == 8 * 384


def test_vectors_of_sentences_lie_beside_those_of_tokens(tmp_path: Path) -> None:
    tokens, sentences = [unit(9, 8, seed=1), unit(4, 8, seed=2)], [unit(2, 8, seed=3), unit(1, 8, seed=4)]
    written(tmp_path, *tokens)
    written(tmp_path, *sentences, name=SENTENCES)
    for name, vectors in ((TOKENS, tokens), (SENTENCES, sentences)):
        found = VectorLists.open(tmp_path, name, dimension=8, passages=2)
        for row in (0, 1):
            np.testing.assert_array_equal(found.codes(row), quantise(vectors[row]))


def test_late_interaction_is_the_mean_over_the_query_of_the_best_token() -> None:
    """Worked out by hand: 127 steps are 0.3, so a token of (127, 0) has products 0.3 and 0 with the axes.

    The first passage holds the best of both, the second of one alone: (0.3 + 0) / 2; the fourth has only
    tokens that point away: (-0.3 + 0) / 2.
    """
    codes = np.array([[127, 0], [0, 127], [127, 0], [-127, 0]], np.int8)
    tokens = VectorLists(codes, np.array([0, 2, 3, 3, 4]))
    query = np.eye(2, dtype=np.float32)
    np.testing.assert_allclose(tokens.maxsim(query, [0, 1, 2, 3]), [0.3, 0.15, 0, -0.15], atol=1e-6)
    np.testing.assert_allclose(tokens.maxsim(query, [3, 0]), [-0.15, 0.3], atol=1e-6)
    np.testing.assert_allclose(tokens.similarities(query, 0), [[0.3, 0], [0, 0.3]], atol=1e-6)


def test_nothing_asked_or_nothing_held_scores_nothing() -> None:
    tokens = VectorLists(np.empty((0, 4), np.int8), np.array([0, 0, 0]))
    assert tokens.maxsim(unit(2, 4, seed=1), [0, 1]).tolist() == [0, 0]
    assert tokens.maxsim(np.empty((0, 4), np.float32), [0]).tolist() == [0]
    assert tokens.maxsim(unit(2, 4, seed=1), []).tolist() == []


def test_bytes_agree_with_the_exact_vectors(tmp_path: Path) -> None:
    query, passages = unit(9, 384, seed=3), [unit(40, 384, seed=number) for number in range(4, 14)]
    # One of them says what the query says, among other things.
    passages[0] = np.concatenate([passages[0], query])
    written(tmp_path, *passages)
    tokens = VectorLists.open(tmp_path, TOKENS, dimension=384, passages=len(passages))
    exact = [(query @ vectors.T).max(axis=1).mean() for vectors in passages]
    found = tokens.maxsim(query, range(len(passages)))
    np.testing.assert_allclose(found, exact, atol=0.003)
    assert np.argsort(found).tolist() == np.argsort(exact).tolist()


def test_token_vectors_of_another_number_of_passages_are_refused(tmp_path: Path) -> None:
    written(tmp_path, unit(3, 8, seed=1), unit(2, 8, seed=2))
    for passages in (1, 3):
        with pytest.raises(CorruptIndex, match="another index"):
            VectorLists.open(tmp_path, TOKENS, dimension=8, passages=passages)


def test_more_token_vectors_than_the_passages_have_are_refused(tmp_path: Path) -> None:
    written(tmp_path, unit(3, 8, seed=1))
    file = tmp_path / CODES
    file.write_bytes(file.read_bytes() * 2)
    with pytest.raises(CorruptIndex, match="kb build"):
        VectorLists.open(tmp_path, TOKENS, dimension=8, passages=1)


def test_token_vectors_that_were_cut_off_or_lost_are_refused(tmp_path: Path) -> None:
    written(tmp_path, unit(3, 8, seed=1))
    file = tmp_path / CODES
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptIndex, match="kb build"):
        VectorLists.open(tmp_path, TOKENS, dimension=8, passages=1)
    (tmp_path / OFFSETS).unlink()
    with pytest.raises(CorruptIndex, match="kb build"):
        VectorLists.open(tmp_path, TOKENS, dimension=8, passages=1)


@pytest.mark.parametrize(
    "offsets",
    [
        np.array([0, -3, 7, 12]),
        np.array([0, 3, 7, -12]),
        np.array([0, 7, 3, 12]),
        np.array([2, 3, 7, 12]),
        np.array([0, 3, 7, 11]),
        np.array([0, 3, 7, 2**62]),
        np.array([0.0, 3.5, 7.0, 12.0]),
        np.array([[0, 3, 7, 12]] * 4),
        np.array([0, 3, 7, 12], object),
        np.array([], np.int64),
    ],
)
def test_offsets_that_do_not_lead_through_the_token_vectors_are_refused(
    tmp_path: Path, offsets: np.ndarray
) -> None:
    written(tmp_path, unit(3, 8, seed=1), unit(4, 8, seed=2), unit(5, 8, seed=3))
    np.save(tmp_path / OFFSETS, offsets, allow_pickle=True)
    with pytest.raises(CorruptIndex, match="kb build"):
        VectorLists.open(tmp_path, TOKENS, dimension=8, passages=3)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 an archive", b"\x80\x04 a pickle"])
def test_offsets_that_are_no_array_are_refused(tmp_path: Path, content: bytes) -> None:
    written(tmp_path, unit(3, 8, seed=1))
    (tmp_path / OFFSETS).write_bytes(content)
    with pytest.raises(CorruptIndex, match="kb build"):
        VectorLists.open(tmp_path, TOKENS, dimension=8, passages=1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="takes a device that is always full")
def test_a_full_disk_is_told_once_when_the_token_vectors_are_written(tmp_path: Path) -> None:
    """What is still in a buffer is tried again at the close, and must not hide the first error."""
    (tmp_path / CODES).symlink_to("/dev/full")
    writer = VectorListsWriter(tmp_path, TOKENS, dimension=4096)
    writer.add(np.zeros((1, 4096), np.int8))
    with pytest.raises(OSError, match="No space left"):
        writer.add(np.zeros((100, 4096), np.int8))
    writer.close()


def test_codes_of_another_width_are_not_written(tmp_path: Path) -> None:
    writer = VectorListsWriter(tmp_path, TOKENS, dimension=8)
    with pytest.raises(ValueError, match="not"):
        writer.add(np.zeros((2, 7), np.int8))
    writer.close()
