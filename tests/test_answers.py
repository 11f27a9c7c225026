from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from kb.answers import MAX_SENTENCES, Answer, Why
from kb.answers.answering import answer
from kb.answers.choosing import Candidate, choose
from kb.answers.confidence import confidence
from kb.answers.quantities import asks_quantity, names_quantity
from kb.documents import Locator, Passage
from kb.errors import InvalidQuery
from kb.hits import Hits, Page, SecondStage
from kb.index import DocumentRecord, Filter, PassageRecord
from kb.index.embedded import EmbeddedIndex
from kb.index.stored import StoredVectors, embedded_text
from kb.index.writing import IndexWriter
from kb.knowledge_base import KnowledgeBase
from kb.search_request import Mode, SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import record, write_index

OLD = record("2019.md", title="Verslag 2019", date=dt.date(2019, 3, 1))
NEW = record("2024.md", title="Verslag 2024", date=dt.date(2024, 3, 1))
UNDATED = record("notitie.md", title="Notitie")
TEXTS = {
    OLD: ["De bijdrage van gemeenten aan het zaaksysteem is volgens het bestuur 12 euro per inwoner."],
    UNDATED: ["De bijdrage van gemeenten aan het zaaksysteem staat nog ter discussie in het bestuur."],
    NEW: ["De bijdrage van gemeenten aan het zaaksysteem is nu 15 euro per inwoner.\nAan het werk!"],
}
QUESTION = "wat is de bijdrage van gemeenten aan het zaaksysteem"


def opened(folder: Path, texts: dict[DocumentRecord, list[str]] | None = None) -> EmbeddedIndex:
    folder.mkdir(exist_ok=True)
    write_index(folder, texts or TEXTS)
    return EmbeddedIndex.open(folder)


def base(index: EmbeddedIndex, **settings: object) -> KnowledgeBase:
    return KnowledgeBase.over(index, Settings(**{"answer_from": 0.0, **settings}), WordEncoder())  # type: ignore[arg-type]


def said(found: Answer) -> list[str]:
    return [one.text for one in found.sentences]


def test_an_answer_is_sentences_as_they_stand_in_their_document(tmp_path: Path) -> None:
    index = opened(tmp_path)
    asked = base(index).answer(SearchRequest(query=QUESTION))
    assert asked.answer.is_answered
    assert 1 <= len(asked.answer.sentences) <= MAX_SENTENCES
    for one in asked.answer.sentences:
        assert one.passage.text[one.start : one.end] == one.text
        assert (one.document_start, one.document_end) == (
            one.passage.start + one.start,
            one.passage.start + one.end,
        )
        (stored,) = index.passages([index.passage_row(one.passage.id)])
        assert one.text in stored.passage.text
        assert one.document.id == stored.passage.document_id
        assert asked.answered.found.hits[one.rank - 1].passage.id == one.passage.id


def test_documents_that_differ_stand_beside_each_other_newest_first(tmp_path: Path) -> None:
    found = base(opened(tmp_path)).answer(SearchRequest(query=QUESTION)).answer
    assert [one.document.title for one in found.sentences] == ["Verslag 2024", "Verslag 2019", "Notitie"]
    assert "15 euro" in found.sentences[0].text
    assert "12 euro" in found.sentences[1].text


def test_sentences_of_one_document_stand_as_they_follow_each_other(tmp_path: Path) -> None:
    text = (
        "Het archief verhuist in mei. De directie zorgt voor dozen en vrachtwagens. "
        "Het streekarchief ontvangt het archief daarna met koffie."
    )
    found = base(opened(tmp_path, {OLD: [text]})).answer(SearchRequest(query="archief koffie streekarchief"))
    starts = [one.document_start for one in found.answer.sentences]
    assert starts == sorted(starts)
    assert len(starts) == 3


def test_below_the_threshold_there_is_no_answer_but_what_lies_nearest(tmp_path: Path) -> None:
    asked = base(opened(tmp_path), answer_from=1.0).answer(SearchRequest(query=QUESTION))
    assert (asked.answer.why, asked.answer.sentences) == (Why.BELOW_THRESHOLD, ())
    assert not asked.answer.is_answered
    assert asked.answered.found.hits


def test_where_nothing_may_be_found_there_is_no_answer(tmp_path: Path) -> None:
    nothing = SearchRequest(query=QUESTION, filter=Filter(years=frozenset({1999})))
    asked = base(opened(tmp_path)).answer(nothing)
    assert (asked.answer.why, asked.answer.confidence) == (Why.NOTHING_FOUND, 0)
    assert asked.answered.found.hits == ()


def test_a_question_for_a_number_is_not_answered_without_one(tmp_path: Path) -> None:
    only = Filter(documents=frozenset({UNDATED.id}))
    knowledge_base = base(opened(tmp_path))
    question = "hoeveel is de bijdrage van gemeenten aan het zaaksysteem"
    assert knowledge_base.answer(SearchRequest(query=question, filter=only)).answer.why is Why.NO_QUANTITY
    found = knowledge_base.answer(SearchRequest(query=question)).answer
    assert found.is_answered
    assert any("euro" in text for text in said(found))


def test_the_answer_does_not_depend_on_which_hits_are_shown(tmp_path: Path) -> None:
    knowledge_base = base(opened(tmp_path))
    answers = [
        knowledge_base.answer(SearchRequest(query=QUESTION, page=page)).answer
        for page in (Page(), Page(limit=1), Page(offset=2), Page(min_relevance=1.0))
    ]
    assert all(one == answers[0] for one in answers)


def test_a_single_retriever_is_not_asked_for_an_answer(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery, match="mode"):
        base(opened(tmp_path)).answer(SearchRequest(query=QUESTION, mode=Mode.DENSE))


def test_a_sentence_that_does_not_stand_in_its_source_is_dropped(tmp_path: Path) -> None:
    index, encoder = opened(tmp_path), WordEncoder()
    records = index.passages(range(3))

    def answered(first: list[PassageRecord]) -> Answer:
        hits = Hits(total=len(first), second_stage=SecondStage.OFF, best=0.9, first=tuple(first))
        return answer(index, encoder, encoder.encode_query(QUESTION), QUESTION, hits, answer_from=0)

    assert len(answered(records).sentences) == 3
    other = [_with_text(one, one.passage.text.replace("euro", "dollar")) for one in records]
    assert not any("dollar" in text for text in said(answered(other)))
    gone = [dataclasses.replace(one, passage=dataclasses.replace(one.passage, id="gone")) for one in records]
    assert answered(gone).why is Why.NOTHING_FOUND


def _with_text(one: PassageRecord, text: str) -> PassageRecord:
    return dataclasses.replace(one, passage=dataclasses.replace(one.passage, text=text))


@pytest.mark.parametrize("kept", ["tokens", "sentences", "neither"])
def test_an_index_without_some_of_the_vectors_is_answered_from_all_the_same(
    tmp_path: Path, kept: str
) -> None:
    encoder = WordEncoder(token_dimension=64 if kept == "tokens" else 0)
    index = _written(tmp_path, encoder, has_sentences=kept == "sentences")
    knowledge_base = KnowledgeBase.over(index, Settings(answer_from=0), encoder)
    found = knowledge_base.answer(SearchRequest(query=QUESTION)).answer
    assert found.is_answered
    if kept != "neither":
        assert any("bijdrage" in text for text in said(found))


def _written(folder: Path, encoder: WordEncoder, *, has_sentences: bool) -> EmbeddedIndex:
    (folder / "full").mkdir()
    full = EmbeddedIndex(folder / "full", write_index(folder / "full", TEXTS, encoder=encoder))
    own = folder / "own"
    own.mkdir()
    identity = encoder.identity
    with IndexWriter(
        own,
        dimension=identity.dimension,
        token_dimension=identity.token_dimension,
        has_sentences=has_sentences,
    ) as writer:
        for document in full.documents():
            rows = full.document_rows(document.id)
            passages = [one.passage for one in full.passages(rows)]
            encoded = encoder.encode_passages([embedded_text(one) for one in passages])
            writer.add(
                document,
                passages,
                [
                    dataclasses.replace(StoredVectors.of(one), sentences=full.sentence_codes(row))
                    for row, one in zip(rows, encoded, strict=True)
                ],
            )
        writer.finish()
    manifest = dataclasses.replace(full.manifest, has_sentences=has_sentences)
    return EmbeddedIndex(own, manifest)


def candidates(
    *texts: str, fits: list[float] | None = None, ranks: list[int] | None = None
) -> list[Candidate]:
    """Sentences that follow each other in one passage, or in as many as there are ranks."""
    ranks = ranks or [1] * len(texts)
    passages = {
        rank: " ".join(text for text, own in zip(texts, ranks, strict=True) if own == rank)
        for rank in set(ranks)
    }
    found = []
    for text, rank, fit in zip(texts, ranks, fits or [0.0] * len(texts), strict=True):
        start = passages[rank].index(text)
        found.append(
            Candidate(
                record=PassageRecord(row=rank, passage=_passage(passages[rank])),
                rank=rank,
                start=start,
                end=start + len(text),
                fit=fit,
            )
        )
    return found


def _passage(text: str) -> Passage:
    return Passage(
        id="p", document_id="d", ordinal=0, start=0, end=len(text), text=text, context="", locator=Locator()
    )


SENTENCES = [f"Dit is zin nummer {number} van deze passage." for number in range(8)]


def test_the_sentence_that_fits_best_is_chosen_first_and_then_its_neighbours() -> None:
    fits = [0.1, 0.1, 0.1, 0.2, 0.9, 0.2, 0.1, 0.1]
    chosen = [one.text for one in choose(candidates(*SENTENCES, fits=fits))]
    assert chosen[0] == SENTENCES[4]
    assert set(chosen) == set(SENTENCES[3:6])


def test_a_passage_that_was_found_later_must_fit_better() -> None:
    chosen = choose(candidates(*SENTENCES[:4], fits=[0.5] * 4, ranks=[1, 2, 3, 4]))
    assert [one.rank for one in chosen] == [1, 2, 3]
    chosen = choose(candidates(*SENTENCES, fits=[0.1] * 7 + [0.9], ranks=[1] + [2] * 7))
    assert chosen[0].rank == 2


def test_a_heading_is_passed_over_for_a_sentence() -> None:
    chosen = choose(candidates("Het archief", *SENTENCES[:3], fits=[0.5, 0.5, 0.5, 0.5]))
    assert "Het archief" not in [one.text for one in chosen]


def test_the_same_words_are_said_once() -> None:
    twice = candidates(SENTENCES[0], SENTENCES[0], SENTENCES[1], fits=[0.9, 0.9, 0.1], ranks=[1, 2, 3])
    assert [one.text for one in choose(twice)] == [SENTENCES[0], SENTENCES[1]]


def test_of_no_sentences_none_is_chosen() -> None:
    assert choose([]) == []


def test_confidence_rises_with_relevance_and_with_how_well_the_weakest_word_is_covered() -> None:
    assert confidence(0.4, None) == 0.4
    assert confidence(0.6, 0.7) > confidence(0.4, 0.7)
    assert confidence(0.4, 0.8) > confidence(0.4, 0.6)
    for relevance in (0.0, 1.0):
        for weakest in (-1.0, 1.0):
            assert 0 <= confidence(relevance, weakest) <= 1


@pytest.mark.parametrize(
    "question",
    [
        "Hoeveel gemeenten doen mee?",
        "Met hoeveel stemmen werd het aangenomen?",
        "Hoe lang wordt een dossier bewaard?",
        "hoe vaak vergadert het bestuur",
        "Wanneer begint de nieuwe wet?",
        "Sinds wanneer is zij secretaris?",
        "In welk jaar werd de vereniging opgericht?",
        "How many members are there?",
        "When did the law come into force?",
        "In what year was it founded?",
    ],
)
def test_questions_for_a_number_or_a_date_are_recognised(question: str) -> None:
    assert asks_quantity(question)


@pytest.mark.parametrize(
    "question",
    [
        "Wat doet de griffier?",
        "Hoe werkt het zaaksysteem?",
        "Wat gebeurt er wanneer iemand bezwaar maakt?",
        "Wanneer moet je een datalek melden?",
        "Wie was voorzitter toen de wet inging?",
        "What happens when a file is lost?",
        "How does it work?",
    ],
)
def test_other_questions_are_not(question: str) -> None:
    assert not asks_quantity(question)


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("Er waren 40 leden.", True),
        ("Er waren veertig leden.", True),
        ("Dat was in maart.", True),
        ("De helft stemde voor.", True),
        ("Er waren veel leden in 2024.", False),
        ("Er waren veel leden.", False),
    ],
)
def test_a_number_counts_only_when_the_question_does_not_name_it(text: str, is_named: bool) -> None:
    assert names_quantity(text, "Hoeveel leden waren er in 2024?") is is_named
