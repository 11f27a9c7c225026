"""What is told of the words of passages, beside what the plain functions say of their texts."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kb.documents import Access
from kb.index import passage_words
from kb.index.passage_words import PassageWords
from kb.language import Lexicon, analyse, token_words
from kb.near_duplicates import words_of

WORDS = """
    raad Foto\u2019s foto's e-mail cafe\u0301 café snake_case ΟΔΟΣ İstanbul 2x raadsinformatie
    informatie the de _ -
"""
texts = st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join)
passages = st.lists(
    st.tuples(texts, texts, st.sampled_from(["nl", "en"]), st.sampled_from(list(Access))), max_size=9
)


@settings(max_examples=150, deadline=None)
@given(passages, st.data())
@example([("cafe\u0301", "", "nl", Access.OPEN), ("café", "", "en", Access.MEMBERS)], None)
def test_passages_have_the_words_and_terms_of_their_texts(
    given: list[tuple[str, str, str, Access]], data: st.DataObject | None
) -> None:
    rows = list(range(len(given)))
    groups = [rows, *([row] for row in rows)]
    if data and rows:
        groups.append(data.draw(st.lists(st.sampled_from(rows), max_size=6)))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # So that there are several parts.
        patch.setattr(passage_words, "_AT_ONCE", 2)
        words = PassageWords(Path(folder, "words"))
        for passage in given:
            words.add(*passage)
        assert len(words) == len(given)
        assert words.is_open().tolist() == [access is Access.OPEN for *_, access in given]

        numbers: dict[str, int] = {}
        for _ in range(2):  # the same when it is asked again
            for group, found in zip(groups, words.compared(groups), strict=True):
                wanted = [word for row in group for word in words_of(given[row][0])]
                assert len(found) == len(wanted)
                assert all(
                    numbers.setdefault(word, number) == number
                    for word, number in zip(wanted, found.tolist(), strict=True)
                )
        assert len(set(numbers.values())) == len(numbers)

        for accesses in (list(Access), [Access.OPEN]):
            for code, counts in zip(("nl", "en"), words.frequencies(accesses), strict=True):
                of_code = [text for text, _, own, access in given if own == code and access in accesses]
                assert counts == Counter(word for text in of_code for word in token_words(text))

        vocabulary: dict[str, int] = {}
        every, of_open = Lexicon({"raads": 4, "raad": 9, "informatie": 9}), Lexicon({})
        terms, open_terms = words.terms(every, vocabulary), words.terms(of_open, vocabulary)
        names = list(vocabulary)
        told = list(words.expanded(terms, open_terms))
        assert len(told) == len(given)
        for own, (text, context, code, access) in zip(told, given, strict=True):
            lexicon = of_open if access is Access.OPEN else every
            wanted = analyse(text, code, lexicon) + analyse(context, code, lexicon)
            assert Counter(names[number] for number in own.tolist()) == Counter(wanted)
        words.remove()
        assert list(Path(folder).iterdir()) == []


def test_a_document_without_passages_has_no_words(tmp_path: Path) -> None:
    words = PassageWords(tmp_path / "words")
    words.add("de raad", "", "nl", Access.OPEN)
    none, one = words.compared([range(0), range(1)])
    words.close()
    assert none.dtype == one.dtype == np.int64
    assert (none.tolist(), one.tolist()) == ([], [0, 1])
