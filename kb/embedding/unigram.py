"""The pieces that a word is made of, in a vocabulary whose pieces have a likelihood each.

Unigram language model segmentation (Kudo 2018): the pieces whose log likelihoods sum to the most, found by
Viterbi's algorithm from left to right; of equals the first that is found. That is what the tokenizers library
gives (models/unigram/model.rs), which keeps 300 MB for 250,000 pieces and takes a second to load them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# What a character costs that no piece holds, beside the least likely piece.
_UNKNOWN_PENALTY = 10.0

# A piece by its number, and where it begins and ends in its word, in characters.
Piece = tuple[int, int, int]


class Unigram:
    """A vocabulary of pieces with their log likelihoods. Safe to use from several threads."""

    def __init__(self, pieces: Sequence[str], scores: npt.NDArray[np.float64], *, unknown: int) -> None:
        """`scores` is of shape (pieces,); `unknown` is the number of what stands for anything else."""
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._scores = scores
        self._unknown = unknown
        self._unknown_score = float(scores.min()) - _UNKNOWN_PENALTY
        self._longest = max(map(len, pieces), default=0)

    def pieces(self, word: str) -> list[Piece]:
        """The pieces of a word, in order. Characters that no piece holds are one unknown piece together."""
        number_of, scores, longest = self._numbers.get, self._scores, self._longest
        size = len(word)
        # Of each end, the best sum of a way to it, where its last piece begins and which it is.
        best: list[float | None] = [None] * (size + 1)
        begins = [0] * (size + 1)
        last = [self._unknown] * (size + 1)
        best[0] = 0.0
        for start in range(size):
            so_far = best[start]
            if so_far is None:
                continue
            has_single = False
            for end in range(start + 1, min(size, start + longest) + 1):
                number = number_of(word[start:end])
                if number is None:
                    continue
                score = so_far + float(scores[number])
                known = best[end]
                if known is None or score > known:
                    best[end], begins[end], last[end] = score, start, number
                has_single = has_single or end == start + 1
            if not has_single:
                score = so_far + self._unknown_score
                known = best[start + 1]
                if known is None or score > known:
                    best[start + 1], begins[start + 1], last[start + 1] = score, start, self._unknown
        found: list[Piece] = []
        end = size
        while end > 0:
            start, number = begins[end], last[end]
            if found and number == self._unknown == found[-1][0]:
                found[-1] = (number, start, found[-1][2])
            else:
                found.append((number, start, end))
            end = start
        return found[::-1]
