from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest

from kb.embedding import load_reranker
from kb.errors import EncoderUnavailable
from kb.hits import Hits, Page, SecondStage
from kb.index import Filter, Rows
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.language import Synonyms
from kb.models import Models
from kb.reranking import Reranking
from kb.search import RERANKED, observe, read_query, search
from kb.search_request import Mode
from kb.settings import Settings
from kb.weights import RelevanceWeights, Weights
from tests.geometry import WordEncoder
from tests.library import publish, record, write_index
from tests.models import write_cross_encoder

REPORT, DECK = record("verslag.md"), record("dia.pptx")
# Of few words, so that its vector points to the half of the query that it holds.
SHORT = "Zaaksysteem gekozen."
# Of many words, among which are all of the query's.
LONG = (
    "De griffier legt uit wat het archief met een zaaksysteem en nog heel veel andere dingen te maken heeft."
)
OTHER = "De wethouder dankt de raad voor de bloemen."
TEXTS = {REPORT: [SHORT, LONG], DECK: [OTHER]}
QUERY = "zaaksysteem archief"
FIRST = Page()
# The dense retriever alone decides the first order, the second stage alone the second.
SIGNALS = RelevanceWeights(intercept=-2, best=2, known=1, rank=1)
WEIGHTS = Weights(dense=1, late=1, relevance=SIGNALS, relevance_without_tokens=SIGNALS)


def ask(
    index: EmbeddedIndex,
    query: str = QUERY,
    *,
    mode: Mode = Mode.HYBRID,
    page: Page = FIRST,
    reranking: Reranking | None = None,
    encoder: WordEncoder | None = None,
) -> Hits:
    models = Models(encoder=encoder or WordEncoder(), reranking=reranking or Reranking(), weights=WEIGHTS)
    asked = read_query(query, index=index, synonyms=Synonyms.of([]), today=None)
    return search(index, models, asked, mode=mode, filter=Filter(), page=page)


def texts(found: Hits) -> list[str]:
    return [hit.passage.text for hit in found.hits]


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    write_index(tmp_path, TEXTS)
    return EmbeddedIndex.open(tmp_path)


def test_late_interaction_prefers_the_passage_that_holds_every_word_of_the_query(
    index: EmbeddedIndex,
) -> None:
    assert texts(ask(index, mode=Mode.DENSE))[:2] == [SHORT, LONG]
    found = ask(index)
    assert texts(found)[:2] == [LONG, SHORT]
    assert found.second_stage is SecondStage.LATE_INTERACTION
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


def test_what_the_second_stage_does_not_read_stays_below_in_its_order(tmp_path: Path) -> None:
    many = [
        f"Het archief {' '.join(f'w{word * number}' for word in range(1, 9))}." for number in range(1, 131)
    ]
    write_index(tmp_path, {REPORT: many})
    index = EmbeddedIndex.open(tmp_path)
    whole = Page(limit=200)
    first, again = ask(index, mode=Mode.DENSE, page=whole), ask(index, page=whole)
    assert (first.total, again.total) == (130, 130)
    assert texts(again)[:RERANKED] != texts(first)[:RERANKED]
    assert set(texts(again)[:RERANKED]) == set(texts(first)[:RERANKED])
    assert texts(again)[RERANKED:] == texts(first)[RERANKED:]
    scores = [hit.score for hit in again.hits]
    assert scores == sorted(scores, reverse=True)


def test_out_of_time_the_first_order_stands_and_is_said_to(index: EmbeddedIndex) -> None:
    found = ask(index, reranking=Reranking(seconds=0))
    assert found.second_stage is SecondStage.TIMED_OUT
    assert texts(found) == texts(ask(index, mode=Mode.DENSE))


def test_an_index_without_token_vectors_is_searched_without_a_second_stage(tmp_path: Path) -> None:
    encoder = WordEncoder(token_dimension=0)
    write_index(tmp_path, TEXTS, encoder=encoder)
    assert not list(tmp_path.glob("tokens.*"))
    index = EmbeddedIndex.open(tmp_path)
    for seconds in (0.5, 0):
        found = ask(index, encoder=encoder, reranking=Reranking(seconds=seconds))
        assert found.second_stage is SecondStage.OFF
        assert texts(found) == texts(ask(index, mode=Mode.DENSE))
        assert all(hit.relevance is not None for hit in found.hits)


def test_a_single_retriever_has_no_second_stage_and_no_relevance(index: EmbeddedIndex) -> None:
    for mode in (Mode.DENSE, Mode.LEXICAL):
        found = ask(index, mode=mode)
        assert found.second_stage is SecondStage.OFF
        assert {(hit.relevance, hit.best_sentence) for hit in found.hits} == {(None, None)}


def test_relevance_does_not_depend_on_the_page(index: EmbeddedIndex) -> None:
    whole = {hit.passage.id: hit.relevance for hit in ask(index).hits}
    asked = read_query(QUERY, index=index, synonyms=Synonyms.of([]), today=None)
    models = Models(encoder=WordEncoder(), weights=WEIGHTS)
    assert len(set(whole.values())) == len(whole) == 3
    for offset in range(3):
        page = Page(offset=offset, limit=1)
        (hit,) = search(index, models, asked, filter=Filter(), page=page).hits
        assert hit.relevance == pytest.approx(whole[hit.passage.id])


def covering(index: EmbeddedIndex, encoder: WordEncoder, rows: Rows) -> tuple[float, float]:
    """The mean of the five largest cosines, and MaxSim values where there are any, of these passages."""
    query = encoder.encode_query(QUERY)
    late = index.late_interaction(query.tokens, rows)
    dense, late = (
        float(np.sort(scores)[-5:].mean())
        for scores in (index.scores(query.vector, rows), np.zeros(1) if late is None else late)
    )
    return dense, late


@pytest.mark.parametrize("token_dimension", [64, 0])
def test_the_five_best_of_the_first_fifty_tell_how_well_a_question_is_covered(
    tmp_path: Path, token_dimension: int
) -> None:
    encoder = WordEncoder(token_dimension=token_dimension)
    # By their vectors the short ones come first, each with half of the query; the long ones hold all of it.
    halves = [f"Zaaksysteem kiest{number}." for number in range(66)]
    wholes = [
        f"Zaaksysteem {' '.join(f'w{at}x{number}' for at in range(120))} archief." for number in range(6)
    ]
    write_index(tmp_path, {REPORT: halves, DECK: wholes}, encoder=encoder)
    index = EmbeddedIndex.open(tmp_path)
    every = index.dense(encoder.encode_query(QUERY).vector, k=72, filter=Filter()).rows
    own = RelevanceWeights(best=1)
    weights = Weights(dense=1, late=1, relevance=own, relevance_without_tokens=own)
    models = Models(encoder=encoder, reranking=Reranking(seconds=0), weights=weights)
    query = read_query(QUERY, index=index, synonyms=Synonyms.of([]), today=None)

    dense, late = covering(index, encoder, every[:50])
    assert set(every[:50]) <= set(range(66))
    assert not token_dimension or late < covering(index, encoder, every)[1] - 0.1
    (estimate,) = {hit.relevance for hit in search(index, models, query, filter=Filter(), page=FIRST).hits}
    best = late if token_dimension else dense
    assert estimate == pytest.approx(1 / (1 + math.exp(-best)))

    # Tuning sees both, of the order that the second stage makes of them where there is one.
    scores = index.late_interaction(encoder.encode_query(QUERY).tokens, every)
    first = every[:50] if scores is None else every[np.argsort(-scores, kind="stable")[:50]]
    dense, late = covering(index, encoder, first)
    seen = observe(index, models, query).hits(weights, 3)
    assert [signals.rank for _, signals, _ in seen] == [without.rank for *_, without in seen] == [1, 2, 3]
    for _, signals, without in seen:
        assert signals.has_tokens == bool(token_dimension)
        assert signals.best == pytest.approx(late if token_dimension else dense)
        assert (without.has_tokens, without.best) == (False, pytest.approx(dense))
        assert signals.known == without.known == 1


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("cross-encoder"), f"{SHORT} {LONG} {OTHER} {QUERY}")


def test_a_cross_encoder_orders_the_hits_by_its_own_scores(index: EmbeddedIndex, cross_encoder: Path) -> None:
    from sentence_transformers import CrossEncoder

    passages = [SHORT, LONG, OTHER]
    reranker = load_reranker(Settings(reranker=str(cross_encoder)))
    assert reranker is not None
    model = CrossEncoder(str(cross_encoder), device="cpu", local_files_only=True)
    orders = set()
    for query in ("zaaksysteem archief", "bloemen", "wethouder dankt griffier", "wat kiest de raad"):
        expected = np.asarray(model.predict([(query, text) for text in passages])).reshape(-1)
        scores = reranker.scores(query, passages, deadline=time.perf_counter() + 60)
        assert scores is not None
        np.testing.assert_allclose(scores, expected, atol=1e-5)
        found = ask(index, query, reranking=Reranking(reranker=reranker, seconds=60))
        assert found.second_stage is SecondStage.CROSS_ENCODER
        assert texts(found) == [passages[at] for at in np.argsort(-expected)]
        orders.add(tuple(texts(found)))
    assert len(orders) > 1


def test_a_cross_encoder_out_of_time_leaves_the_first_order(
    index: EmbeddedIndex, cross_encoder: Path
) -> None:
    reranker = load_reranker(Settings(reranker=str(cross_encoder)))
    found = ask(index, reranking=Reranking(reranker=reranker, seconds=0))
    assert found.second_stage is SecondStage.TIMED_OUT
    assert texts(found) == texts(ask(index, mode=Mode.DENSE))


def test_the_settings_choose_the_second_stage(
    tmp_path: Path, cross_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path, TEXTS)
    settings = Settings(indexes=tmp_path, rerank_milliseconds=60_000)

    def stage(**changed: object) -> SecondStage:
        return KnowledgeBase(settings.model_copy(update=changed)).search(QUERY).found.second_stage

    assert stage() is SecondStage.LATE_INTERACTION
    assert stage(rerank_milliseconds=0) is SecondStage.TIMED_OUT
    assert stage(reranker=str(cross_encoder)) is SecondStage.CROSS_ENCODER
    with pytest.raises(EncoderUnavailable, match="KB_RERANKER"):
        stage(reranker=str(tmp_path / "nowhere"))


def test_a_cross_encoder_that_cannot_be_loaded_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in (str(tmp_path), "organisation/model-that-is-not-here"):
        with pytest.raises(EncoderUnavailable, match=r"Set KB_RERANKER to a folder .*never downloaded"):
            load_reranker(Settings(reranker=name))
    assert load_reranker(Settings()) is None


@pytest.mark.parametrize(("labels", "reason"), [(0, "without the layer that scores"), (2, "gives 2 numbers")])
def test_a_model_that_gives_no_single_score_is_refused(tmp_path: Path, labels: int, reason: str) -> None:
    """It would load, with a layer of random numbers or by what its first label happens to mean."""
    folder = write_cross_encoder(tmp_path, QUERY, labels=labels)
    with pytest.raises(EncoderUnavailable, match=rf"{reason}.*Set KB_RERANKER"):
        load_reranker(Settings(reranker=str(folder)))


def test_a_cross_encoder_whose_scores_are_no_numbers_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write_cross_encoder(tmp_path, QUERY)
    file = folder / "model.safetensors"
    broken = {name: values * float("nan") for name, values in load_file(file).items()}
    save_file(broken, file, metadata={"format": "pt"})
    with pytest.raises(EncoderUnavailable, match=r"is nan.*Set KB_RERANKER"):
        load_reranker(Settings(reranker=str(folder)))
