"""Promises of relevance, of the best sentence and of what is said of the second stage."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.pages.quotes import runs
from kb.knowledge_base import KnowledgeBase
from kb.relevance import label
from kb.settings import Settings
from tests.api.test_pages import page
from tests.geometry import WordEncoder
from tests.library import publish, record

REPORT, NOTE = record("verslag.md"), record("notitie.md", title="Notitie")
OPENING = "De voorzitter opent de vergadering van de gemeente."
DECISION = "Het archief verhuist in mei naar het streekarchief."
THANKS = "Daarna dankt zij alle aanwezigen voor hun komst."
TEXTS = {REPORT: [f"{OPENING} {DECISION} {THANKS}"], NOTE: ["De begroting is rond.", "Het archief is vol."]}
QUERY = "archief naar streekarchief"
# Words that the documents know make an answer of the first hit: it is sterk, the next zwak, the last geen.
JUDGING = {"intercept": -1.0, "known": 2.0, "rank": 4.0}
# Whatever it is, it is no answer.
REFUSING = {"intercept": -20.0}

NO_ANSWER = "Geen passend antwoord in "
ANSWER = "Letterlijk uit de stukken"
TIMED_OUT = "De fijne rangschikking is overgeslagen"

Serve = Callable[..., TestClient]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a service on the same documents with these settings and weights of relevance."""
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    publish(tmp_path / "indexes", TEXTS)
    with ExitStack() as stack:

        def start(relevance: dict[str, float], **settings: Any) -> TestClient:
            weights = tmp_path / "weights.json"
            weights.write_text(json.dumps({"relevance": relevance}))
            own = Settings(indexes=tmp_path / "indexes", weights=weights, **settings)
            return stack.enter_context(TestClient(create_app(KnowledgeBase(own))))

        yield start


def ask(client: TestClient, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/search", params={"q": QUERY, **parameters}).json()
    return found


def test_each_hit_has_its_relevance_as_a_number_and_in_a_word(serve: Serve) -> None:
    answer = ask(serve(JUDGING))
    assert answer["secondStage"] == "lateInteraction"
    first, *_, last = answer["hits"]
    assert first["text"] == TEXTS[REPORT][0]
    assert [hit["relevanceLabel"] for hit in answer["hits"]] == ["sterk", "zwak", "geen"]
    assert first["relevance"] > last["relevance"]
    for hit in answer["hits"]:
        assert 0 <= hit["relevance"] <= 1
        assert hit["relevance"] == round(hit["relevance"], 3)
        assert hit["relevanceLabel"] == label(hit["relevance"])


def test_a_single_retriever_does_not_judge(serve: Serve) -> None:
    client = serve(JUDGING)
    for mode in ("dense", "lexical"):
        answer = ask(client, mode=mode)
        assert answer["secondStage"] == "off"
        judged = [(hit["relevance"], hit["relevanceLabel"], hit["bestSentence"]) for hit in answer["hits"]]
        assert set(judged) == {(None, None, None)}


def test_the_best_sentence_is_given_by_its_place_in_the_text(serve: Serve) -> None:
    first, *others = ask(serve(JUDGING))["hits"]
    start, end = first["bestSentence"]
    assert first["text"][start:end] == DECISION
    # A passage of one sentence leaves no choice.
    assert {hit["bestSentence"] for hit in others} == {None}


def test_further_passages_of_a_document_have_their_relevance_too(serve: Serve) -> None:
    grouped = ask(serve(JUDGING), groupBy="document")
    (note,) = [hit for hit in grouped["hits"] if hit["document"]["id"] == NOTE.id]
    (further,) = note["morePassages"]
    assert 0 <= further["relevance"] <= note["relevance"]


def test_a_second_stage_without_time_is_told_to_programs_and_people(serve: Serve) -> None:
    late = serve(JUDGING, rerank_milliseconds=0)
    assert ask(late)["secondStage"] == "timedOut"
    assert TIMED_OUT in page(late, "/", q=QUERY).text
    assert TIMED_OUT not in page(serve(JUDGING), "/", q=QUERY).text


def test_the_page_says_in_a_word_how_relevant_each_hit_is(serve: Serve) -> None:
    client = serve(JUDGING)
    shown = re.findall(r"relevantie: (\w+)", page(client, "/", q=QUERY).text)
    assert shown == [hit["relevanceLabel"] for hit in ask(client)["hits"]]
    assert NO_ANSWER not in page(client, "/", q=QUERY).text
    (passage,) = [hit["passageId"] for hit in ask(client)["hits"] if hit["text"] == TEXTS[REPORT][0]]
    assert "relevantie" not in page(client, f"/passages/{passage}/vergelijkbaar").text


def test_the_page_says_when_nothing_answers_and_shows_what_comes_nearest(serve: Serve) -> None:
    found = page(serve(REFUSING), "/", q=QUERY)
    assert f"{NO_ANSWER}2 documenten." in found.text
    assert len(found.texts["blockquote"]) == 3
    assert found.text.index(NO_ANSWER) < found.text.index("relevantie: geen")
    # Without any passage there is nothing that comes nearest.
    assert NO_ANSWER not in page(serve(REFUSING), "/", q=QUERY, dateTo="1990-01-01").text


def test_the_confidence_in_the_answer_alone_tells_whether_there_is_one(serve: Serve) -> None:
    # The first hit is zwak, and the next ones are better.
    weights = {"intercept": -1.0, "rank": -5.0}
    sure = page(serve(weights, answer_from=0.0), "/", q=QUERY).text
    assert re.findall(r"relevantie: (\w+)", sure) == ["zwak", "sterk", "sterk"]
    assert ANSWER in sure
    assert NO_ANSWER not in sure
    unsure = page(serve(weights, answer_from=1.0), "/", q=QUERY).text
    assert re.findall(r"relevantie: (\w+)", unsure) == ["zwak", "sterk", "sterk"]
    assert ANSWER not in unsure
    assert NO_ANSWER in unsure


def test_the_page_gives_the_answer_word_for_word_with_a_link_to_each_sentence(serve: Serve) -> None:
    client = serve(JUDGING, answer_from=0.0)
    told = client.get("/v1/answers", params={"q": QUERY}).json()
    found = page(client, "/", q=QUERY)
    links = list(zip(found.texts["a"], found.all("a"), strict=True))
    assert told["answered"]
    assert told["sentences"]
    for sentence in told["sentences"]:
        address = f"/documenten/{sentence['document']['id']}?passage={sentence['passageId']}"
        assert any(
            words == sentence["text"] and str(link["href"]).startswith(address) for words, link in links
        )
    assert "Lees wat eromheen staat." in found.text
    assert ANSWER not in page(client, "/", q=QUERY, page=2).text


def test_a_question_for_a_number_that_is_not_there_is_told_so(serve: Serve) -> None:
    found = page(serve(JUDGING, answer_from=0.0), "/", q="hoeveel archief verhuist er").text
    assert NO_ANSWER in found
    assert "U vraagt naar een getal of een datum, en die staat er niet bij." in found


def test_only_the_first_page_tells_whether_there_is_an_answer(serve: Serve, tmp_path: Path) -> None:
    publish(tmp_path / "indexes", {NOTE: [f"Het archief van deel {number} is vol." for number in range(12)]})
    client = serve(REFUSING)
    first, second = (page(client, "/", q=QUERY, page=number) for number in (1, 2))
    assert NO_ANSWER in first.text
    assert NO_ANSWER not in second.text
    assert len(second.texts["blockquote"]) == 2


def test_the_page_marks_the_best_sentence_and_the_words_within_it(serve: Serve) -> None:
    text = serve(JUDGING).get("/", params={"q": QUERY}).text
    (best,) = re.findall(r'<span class="best"[^>]*>(.*?)</span>', text)
    assert re.sub(r"</?mark[^>]*>", "", best) == DECISION
    assert "<mark>archief</mark>" in best
    assert "<mark>streekarchief</mark>" in best


@pytest.mark.parametrize("best", [None, (0, 0), (0, 5), (3, 9), (5, 12), (4, 5), (0, 12), (8, 99)])
def test_runs_are_the_text_whatever_overlaps(best: tuple[int, int] | None) -> None:
    text = "een twee <b>"
    found = runs(text, [(0, 3), (4, 8), (9, 40)], best)
    assert "".join(piece for run in found for piece, _ in run.segments) == text
    marked = "".join(piece for run in found for piece, is_marked in run.segments if is_marked)
    assert marked == "eentwee<b>"
    start, end = best or (0, 0)
    assert "".join(piece for run in found if run.is_best for piece, _ in run.segments) == text[start:end]
    assert sum(run.is_best for run in found) == (end > start)
    assert runs("", [], None) == ()


def test_the_description_of_the_api_tells_what_relevance_is(serve: Serve) -> None:
    schemas = serve(JUDGING).get("/v1/openapi.json").json()["components"]["schemas"]
    hit, answer = schemas["SearchHit"]["properties"], schemas["SearchAnswer"]["properties"]
    assert hit["relevance"]["examples"] == [0.734]
    assert schemas["Label"]["enum"] == ["sterk", "matig", "zwak", "geen"]
    assert schemas["SecondStage"]["enum"] == ["lateInteraction", "crossEncoder", "timedOut", "off"]
    for field in (hit["relevance"], hit["relevanceLabel"], hit["bestSentence"], answer["secondStage"]):
        assert field["description"]
        assert field["examples"]
