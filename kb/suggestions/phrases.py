"""The frequent phrases of documents: one to three words that stand together in several of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from kb.language import is_stop_word

Numbers = npt.NDArray[np.int64]

# Documents that a phrase must stand in.
_MIN_DOCUMENTS = 3
# Single words that stand in more than this share of the documents are too general to be asked for.
_MOST_COMMON = 0.1
# Phrases that are kept, those of most documents: bounds memory and time in a corpus of any size.
_MOST = 20_000
# A shorter phrase is left out when a longer one that holds it stands in this share of its documents.
_COVERED = 0.8
# Letters of a phrase that is one word, at least.
_SHORTEST = 5
_LONGEST_WORD = 40
# A word, or what no phrase runs over: any other character than white space.
_PIECE = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\S")
_BREAK = 0


class PhraseLearner:
    """Gathers the words of documents, one after the other, and then tells their frequent phrases."""

    def __init__(self) -> None:
        # The number of each word as it is spelled; 0 is what breaks a phrase.
        self._number: dict[str, int] = {"": _BREAK}
        self._texts: list[Numbers] = []

    def add(self, texts: Iterable[str]) -> None:
        """The texts of one document. No phrase runs from one into the next."""
        numbers = [_BREAK]
        for text in texts:
            for piece in _PIECE.findall(text):
                is_word = piece[0].isalpha() and len(piece) <= _LONGEST_WORD
                numbers.append(self._number.setdefault(piece, len(self._number)) if is_word else _BREAK)
            numbers.append(_BREAK)
        self._texts.append(np.array(numbers, np.int64))

    def phrases(self) -> dict[str, int]:
        """The frequent phrases, most frequent first, each with the number of documents that it stands in."""
        spellings = list(self._number)
        words, word_of = self._words(spellings)
        shown = self._shown(spellings, word_of, len(words))
        texts = [word_of[text] for text in self._texts]
        is_end = np.array([bool(word) and not is_stop_word(word) for word in words])
        is_long = np.array([len(word) >= _SHORTEST for word in words])
        runs = [
            _frequent(texts, length, is_end=is_end & is_long if length == 1 else is_end, size=len(words))
            for length in (1, 2, 3)
        ]
        named = []
        for (shorter, counts), longer in zip(runs, [*runs[1:], None], strict=True):
            is_whole = counts * _COVERED > _most_in(shorter, longer, size=len(words))
            if shorter.shape[1] == 1:
                is_whole &= counts <= _MOST_COMMON * len(self._texts)
            for phrase, count in zip(shorter[is_whole].tolist(), counts[is_whole].tolist(), strict=True):
                named.append((" ".join(shown[word] for word in phrase), count))
        return dict(sorted(named, key=lambda one: (-one[1], one[0]))[:_MOST])

    @staticmethod
    def _words(spellings: Sequence[str]) -> tuple[list[str], Numbers]:
        """The different words in lower case, and the number of the word of each spelling."""
        words: dict[str, int] = {}
        word_of = [words.setdefault(spelling.lower(), len(words)) for spelling in spellings]
        return list(words), np.array(word_of, np.int64)

    def _shown(self, spellings: Sequence[str], word_of: Numbers, size: int) -> list[str]:
        """Each word as it is spelled most often: names keep their capitals."""
        counts = np.zeros(len(spellings), np.int64)
        for text in self._texts:
            counts += np.bincount(text, minlength=len(spellings))
        shown = [""] * size
        for at in np.argsort(counts, kind="stable"):
            shown[word_of[at]] = spellings[at]
        return shown


def _frequent(
    texts: Sequence[Numbers], length: int, *, is_end: npt.NDArray[np.bool_], size: int
) -> tuple[Numbers, Numbers]:
    """The runs of `length` words in enough documents, of shape (runs, length), and in how many they are.

    `size` is the number of different words. A run begins and ends with a word for which `is_end` is true.
    """
    of_documents = []
    for words in texts:
        runs = np.lib.stride_tricks.sliding_window_view(words, length) if len(words) >= length else None
        if runs is None:
            continue
        is_run = is_end[runs[:, 0]] & is_end[runs[:, -1]] & (runs != _BREAK).all(axis=1)
        of_documents.append(np.unique(_keys(runs[is_run], size)))
    keys, counts = np.unique(np.concatenate(of_documents or [np.empty(0, np.int64)]), return_counts=True)
    is_frequent = counts >= _MIN_DOCUMENTS
    return _runs(keys[is_frequent], length, size), counts[is_frequent]


def _keys(runs: Numbers, size: int) -> Numbers:
    """Each run as one number; three words of a vocabulary below two million fit."""
    keys = np.zeros(len(runs), np.int64)
    for column in runs.T:
        keys = keys * size + column
    return keys


def _runs(keys: Numbers, length: int, size: int) -> Numbers:
    columns = []
    for _ in range(length):
        columns.append(keys % size)
        keys = keys // size
    return np.stack(columns[::-1], axis=1)


def _most_in(runs: Numbers, longer: tuple[Numbers, Numbers] | None, *, size: int) -> Numbers:
    """For each run the documents of the most frequent of the `longer` runs that hold it; 0 without any."""
    most: dict[int, int] = {}
    if longer is not None:
        for part in (longer[0][:, :-1], longer[0][:, 1:]):
            for key, count in zip(_keys(part, size).tolist(), longer[1].tolist(), strict=True):
                most[key] = max(most.get(key, 0), count)
    return np.array([most.get(key, 0) for key in _keys(runs, size).tolist()], np.int64)
