"""Words as they come, in whatever pieces, become the same sentences with the same citations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.generating.generated import Cut
from kb.generating.splitting import cited_sentences


def split(pieces: Sequence[str], *, is_cut: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    async def coming() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece
        if is_cut:
            raise Cut("broken off")

    async def gathered() -> list[tuple[str, tuple[int, ...]]]:
        found: list[tuple[str, tuple[int, ...]]] = []
        try:
            async for one in cited_sentences(coming()):
                found += [(one.text, one.citations)]
        except Cut:
            assert is_cut
        return found

    return asyncio.run(gathered())


CASES = [
    ("De proef kost 5 euro [1].", [("De proef kost 5 euro.", (1,))]),
    ("De proef kost 5 euro. [1]", [("De proef kost 5 euro.", (1,))]),
    ("De proef kost 5 euro. [1][2] Hij duurt lang [3].",
     [("De proef kost 5 euro.", (1, 2)), ("Hij duurt lang.", (3,))]),
    ("De proef kost 5 euro [1, 2; 3]. [4] Hij duurt lang.",
     [("De proef kost 5 euro.", (1, 2, 3)), ("Hij duurt lang.", (4,))]),
    ("Dhr. Bakker begint [1]. Zonder bron. En nog een [2].",
     [("Dhr. Bakker begint.", (1,)), ("Zonder bron.", ()), ("En nog een.", (2,))]),
    ("- **Kosten**: 5 euro [1]\n- Duur: een jaar [2]\n",
     [("Kosten: 5 euro", (1,)), ("Duur: een jaar", (2,))]),
    ("<think>Ik denk dat 5 euro [1]. Of 6 [1].</think>\n\nHet kost 5 euro [1].",
     [("Het kost 5 euro.", (1,))]),
    ("<think>Ik denk en denk [1]. En denk [1].", []),
    ("", []),
    ("[1]", [("", (1,))]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), CASES)
def test_sentences_get_their_own_citations(text: str, found: list[tuple[str, tuple[int, ...]]]) -> None:
    assert split([text]) == found


@given(case=st.sampled_from(CASES), cuts=st.lists(st.integers(0, 80)))
def test_it_does_not_matter_in_which_pieces_they_come(
    case: tuple[str, list[tuple[str, tuple[int, ...]]]], cuts: list[int]
) -> None:
    text, found = case
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert split(pieces) == found


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    assert split(["De proef kost 5 euro [1]. D"], is_cut=True) == [("De proef kost 5 euro.", (1,))]


def test_what_would_be_obeyed_by_a_terminal_or_turn_the_text_around_is_taken_out() -> None:
    ((text, _),) = split(["De proef\x1b[2J kost \u202e5 euro [1]."])
    assert text.isprintable()
