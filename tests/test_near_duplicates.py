from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from kb.near_duplicates import NEAR_SHARE, Words, first_near_identical, grams, words_of

# Ten words, so eight trigrams; with one word more nine, of which eight are shared.
TEXT = "de raad stelt de begroting van de gemeente vandaag vast"


def firsts(*texts: str) -> list[int]:
    return first_near_identical([words_of(text) for text in texts])


def test_equal_words_are_near_identical_case_and_punctuation_aside() -> None:
    assert firsts(TEXT, "Iets anders dan dit.", f"**{TEXT.upper()}!**") == [0, 1, 0]
    assert words_of("Cafe\u0301_bezoek, 2x") == ("café", "bezoek", "2x")


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("a b c d e f", "a b c d e f g", True),  # 4 of 5 trigrams: just the share
        ("a b c d e", "a b c d e f", False),  # 3 of 4
        (TEXT, f"{TEXT} gisteren", True),  # 8 of 9
        (TEXT, TEXT.replace("begroting", "jaarrekening"), False),  # 5 of 11
        (TEXT, " ".join(reversed(TEXT.split())), False),  # the same words in another order
    ],
)
def test_eighty_percent_of_the_trigrams_decides(one: str, other: str, is_near: bool) -> None:
    assert firsts(one, other) == ([0, 0] if is_near else [0, 1])


def test_a_chain_of_small_changes_is_not_one_group() -> None:
    assert firsts("a b c d e f", "a b c d e f g", "a b c d e f g h", "a b c d e f g h i") == [0, 0, 2, 2]


def test_texts_of_fewer_than_three_words_must_have_equal_words() -> None:
    assert firsts("Dank u", "dank, u!", "Dank u wel", "Dank", "u dank", "", "* * *") == [0, 0, 2, 3, 4, 5, 5]
    assert firsts() == []


def changed_texts() -> list[str]:
    """Texts of 1 to 120 words that are changed copies of each other, to every degree."""
    chance = random.Random(3)  # noqa: S311 - no secret
    sources = [[f"w{chance.randrange(200)}" for _ in range(chance.randrange(1, 120))] for _ in range(40)]
    texts = []
    for _ in range(600):
        words = list(chance.choice(sources))
        for _ in range(chance.randrange(8)):
            words[chance.randrange(len(words))] = f"w{chance.randrange(200)}"
        texts.append(" ".join(words[chance.randrange(3) :]))
    return texts


def one_by_one(texts: list[Words]) -> list[int]:
    """The same by comparing every text with every first one, in the plainest words."""
    known: dict[int, set[Words]] = {}
    found = []
    for at, words in enumerate(texts):
        own = grams(words, 3) or {words}
        is_like = (
            first for first, other in known.items() if len(own & other) >= NEAR_SHARE * len(own | other)
        )
        first = next(is_like, at)
        if first == at:
            known[at] = own
        found.append(first)
    return found


def test_no_pair_is_missed_and_none_is_invented() -> None:
    texts = [words_of(text) for text in changed_texts()]
    expected = one_by_one(texts)
    assert len(set(expected)) < len(texts) - 100
    assert first_near_identical(texts) == expected


def test_the_groups_do_not_depend_on_how_a_process_hashes(root: Path) -> None:
    script = "from tests.test_near_duplicates import *\n"
    script += "print(first_near_identical(map(words_of, changed_texts())))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
