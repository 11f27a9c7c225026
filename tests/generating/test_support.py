"""Which sentences a passage supports, by sentences that were judged by hand and by the rules one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kb.documents import Locator, Passage
from kb.generating import Dropped, Generated, Source
from kb.generating.generated import Cited
from kb.generating.support import Support, baseline_of
from kb.language import Lexicon, numbers
from tests.geometry import WordEncoder
from tests.library import record


def source_of(text: str, context: str = "") -> Source:
    passage = Passage(
        id="0" * 16,
        document_id="1" * 16,
        ordinal=0,
        start=0,
        end=len(text),
        text=text,
        context=context,
        locator=Locator(),
    )
    return Source(number=1, passage=passage, document=record("verslag.md"))


def verdict(sentence: str, text: str, context: str = "", *, baseline: float = 0.0) -> Dropped | None:
    """Why a sentence is dropped that cites a passage; None when it is kept."""
    support = Support(WordEncoder(), Lexicon({}), baseline=baseline)
    cited = Cited(text=sentence, citations=(1,))
    found = support.judge(cited, {1: source_of(text, context)}, language=None)
    return None if isinstance(found, Generated) else found


def judged(root: Path, file: str, kind: str) -> Iterator[tuple[str, Dropped | None]]:
    """Each sentence that was judged so, and what becomes of it."""
    cases: Any = yaml.safe_load((root / "tests/files/generating" / file).read_text(encoding="utf-8"))
    vectors = [found.vector for found in WordEncoder().encode_passages([case["text"] for case in cases])]
    baseline = baseline_of(np.stack(vectors))
    for case in cases:
        for sentence in case[kind]:
            yield sentence, verdict(sentence, case["text"], case["context"], baseline=baseline)


@pytest.mark.parametrize("file", ["judged.yaml", "judged_after.yaml"])
def test_no_sentence_that_a_passage_does_not_support_is_kept(root: Path, file: str) -> None:
    found = list(judged(root, file, "unsupported"))
    assert len(found) > 40
    assert [sentence for sentence, dropped in found if dropped is None] == []


@pytest.mark.parametrize("file", ["judged.yaml", "judged_after.yaml"])
def test_about_half_of_the_sentences_that_a_passage_supports_are_kept(root: Path, file: str) -> None:
    found = list(judged(root, file, "supported"))
    kept = [sentence for sentence, dropped in found if dropped is None]
    assert len(kept) > 0.45 * len(found)


PILOT = "De pilot in Waterrijk kost 5.000 euro. De pilot in Duinmeer kost 7.000 euro en duurt twee jaar."


@pytest.mark.parametrize(
    ("sentence", "text", "dropped"),
    [
        ("De pilot in Duinmeer kost 7.000 euro.", PILOT, None),
        ("De pilot in Waterrijk kost 7.000 euro.", PILOT, Dropped.NUMBER),
        ("De pilot in Duinmeer kost 7000 euro.", PILOT, None),
        ("De pilot in Duinmeer kost 7.000 euro en duurt 2 jaar.", PILOT, None),
        ("De pilot in Duinmeer duurt drie jaar.", PILOT, Dropped.NUMBER),
        ("De pilot in Duinmeer kost 7.000 jaar.", PILOT, Dropped.NUMBER),
        ("Het archief blijft open.", "Het archief blijft niet open.", Dropped.CLAIM),
        ("Het archief blijft niet open.", "Het archief blijft open.", Dropped.CLAIM),
        ("De archieven blijven altijd open.", "De archieven blijven open.", Dropped.CLAIM),
        ("De bouw begint in mei.", "Als de raad instemt, begint de bouw in mei.", Dropped.CLAIM),
        ("De bouw begint in mei.", "De bouw begint misschien in mei.", Dropped.CLAIM),
        ("De balie sluit in 2023.", "De balie sluit in 2019 en opent in 2023.", Dropped.NUMBER),
        ("De balie sluit in 2019.", "De balie sluit in 2019 en opent in 2023.", None),
        ("Zij beslist niet over de aanvraag.", "Zij beslist over de aanvraag zonder overleg.", Dropped.CLAIM),
        ("The archive is open.", "The archive isn't open.", Dropped.CLAIM),
        ("Duinmeer helpt Waterrijk vaak.", "Waterrijk helpt Duinmeer vaak.", Dropped.CLAIM),
        ("In mei begint de bouw van het archief.", "De bouw van het archief begint in mei.", None),
        ("In mei helpt Duinmeer Waterrijk.", "Waterrijk helpt Duinmeer in mei.", Dropped.CLAIM),
        ("De bouw voor Archief begint in mei.", "De bouw van Archieven begint in mei.", Dropped.NAME),
        ("De regel geldt na 1 juli.", "De regel geldt voor 1 juli.", Dropped.CLAIM),
        ("De regel geldt voor 1 juli.", "De regel geldt vóór 1 juli.", None),
        ("Gemeenten zeggen hun applicaties op.", "Gemeenten zeggen tien applicaties op.", Dropped.NUMBER),
        (
            "Gemeenten zeggen applicaties op.",
            "Gemeenten zeggen een derde van de applicaties op.",
            Dropped.CLAIM,
        ),
        ("De raad betaalt het gebouw.", "De raad betaalt 5 euro voor het gebouw.", Dropped.CLAIM),
        ("De raad stopt met de proef.", "De raad kan stoppen met de proef.", Dropped.CLAIM),
        (
            "De bouw begint in mei.",
            "Als de raad instemt, gaat het archief dicht, en de bouw begint in mei.",
            Dropped.CLAIM,
        ),
        ("De bouw begint in mei.", "De bouw begint in mei?", Dropped.CLAIM),
        ("De bouw begint in mei.", "Antwoord dat de bouw begint in mei.", Dropped.CLAIM),
        ("De bouw begint in mei" + " en begint in mei" * 60 + ".", "De bouw begint in mei.", Dropped.WORDS),
        ("Bouw begint.", "De bouw begint in mei.", Dropped.WORDS),
        ("Hij is het.", "Hij is het.", Dropped.WORDS),
    ],
)
def test_the_rules_one_by_one(sentence: str, text: str, dropped: Dropped | None) -> None:
    assert verdict(sentence, text) is dropped


def test_what_stands_in_the_headings_counts_as_said() -> None:
    assert verdict("De proef in Waterrijk duurt twee jaar.", "De proef duurt twee jaar.") is Dropped.WORDS
    assert verdict("De proef in Waterrijk duurt twee jaar.", "De proef duurt twee jaar.", "Waterrijk") is None


def test_words_from_far_apart_do_not_make_a_sentence() -> None:
    text = (
        "De raad bespreekt na de pauze het plan voor het nieuwe archief aan de haven, hoort de wethouder "
        "over de kosten van het oude gebouw en sluit daarna de vergadering."
    )
    assert verdict("De raad bespreekt na de pauze het plan voor het nieuwe archief.", text) is None
    assert verdict("De raad, plan, haven, kosten, vergadering.", text) is Dropped.CLAIM


def test_vectors_that_are_no_nearer_than_those_of_unrelated_texts_tell_of_another_meaning() -> None:
    text = "Zij spraken over " + ", ".join(f"onderwerp{number}" for number in range(40)) + " en het archief."
    assert verdict("Zij spraken over onderwerp0.", text, baseline=0.6) is Dropped.MEANING
    assert verdict(text, text, baseline=0.6) is None


def test_unrelated_texts_are_the_measure_of_nearness() -> None:
    vectors = np.eye(4, dtype=np.float32)
    assert baseline_of(vectors) == pytest.approx(0.0)
    assert baseline_of(np.repeat(vectors[:1], 3, axis=0)) == pytest.approx(1.0)
    assert baseline_of(vectors[:1]) == 0.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2.500 euro", {"2500"}),
        ("2,500 euros", {"2500"}),
        ("2,5 miljoen", {"2.5", "1000000"}),
        ("1.234.567,50", {"1234567.50"}),
        ("tweeëntwintig of twenty-two", {"22"}),
        ("om 09:30 uur", {"9.30"}),
        ("7 november 2024", {"7", "2024"}),
        ("een man en one man", set()),
        ("artikel 3a", {"3"}),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text: str, found: set[str]) -> None:
    assert numbers(text) == found
