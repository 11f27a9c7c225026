"""Whether what was found is still current, as the API, the page and the command line tell it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.embedding import load_encoder
from kb.index.embedded import EmbeddedIndex
from kb.knowledge_base import KnowledgeBase
from kb.milestones import in_dutch
from kb.printing.answers import answer_json, answer_text
from kb.printing.hits import answered_json, answered_text
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.library import record, write_index

TOLD = (
    "Het nieuwste van deze stukken is van 12 maart 2019, {age}. Van 1 stuk is de datum niet zeker. "
    "Daarna in werking getreden: Woo, 1 mei 2022. Ga na of wat er staat dan nog geldt."
)
QUERY = "hoe behandelt de griffie een verzoek om openbaarmaking?"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    """A knowledge base with what was said of requests before the Woo, and of coffee."""
    folder = tmp_path_factory.mktemp("old")
    settings = Settings(indexes=folder, corpus=folder)
    encoder = load_encoder(settings)
    write_index(
        folder,
        {
            record("2017.md", date=dt.date(2017, 5, 1)): [
                "De griffie behandelt een verzoek om openbaarmaking binnen vier weken."
            ],
            record("2019.md", date=dt.date(2019, 3, 12)): [
                "Een verzoek om openbaarmaking behandelt de griffie met een vast formulier."
            ],
            record("undated.md", date_text="donderdag 7 november"): [
                "Wie een verzoek om openbaarmaking behandelt, belt de griffie."
            ],
            record("koffie.md", date=dt.date(2016, 6, 1)): ["Er was koffie met koek, en daarna een borrel."],
            record("borrel.md", date=dt.date(2015, 6, 1)): ["De borrel begon om vijf uur in de kantine."],
            record("koek.md", date=dt.date(2014, 6, 1)): ["Koek en koffie stonden klaar bij de ingang."],
            record("zaal.md", date=dt.date(2013, 6, 1)): ["De zaal bood plaats aan zestig mensen."],
        },
        encoder=encoder,
    )
    return KnowledgeBase.over(EmbeddedIndex.open(folder), settings, encoder)


@pytest.fixture(scope="module")
def service(old: KnowledgeBase) -> Iterator[TestClient]:
    with TestClient(create_app(old), client=("127.0.0.1", 50_000)) as client:
        yield client


def told() -> str:
    years = (dt.datetime.now().astimezone().date() - dt.date(2019, 3, 12)).days // 365.25
    return TOLD.format(age=f"{int(years)} jaar oud")


def test_a_search_tells_the_date_of_its_newest_hit_and_the_laws_after_it(service: TestClient) -> None:
    found = service.get("/v1/search", params={"q": QUERY}).json()["timeliness"]
    assert found["text"] == told()
    assert (found["newest"], found["undated"]) == ("2019-03-12", 1)
    (law,) = found["later"]
    assert law == {"name": "Woo", "title": "Wet open overheid", "part": None, "date": "2022-05-01"}
    assert found["coming"] == found["unsure"] == []


def test_a_filter_decides_what_the_newest_is(service: TestClient) -> None:
    asked = {"q": "verzoek om openbaarmaking binnen vier weken", "dateTo": "2018-01-01"}
    found = service.get("/v1/search", params=asked).json()["timeliness"]
    assert found["newest"] == "2017-05-01"


def test_nothing_is_said_of_what_answers_nothing(service: TestClient) -> None:
    assert service.get("/v1/search", params={"q": "xylofoon"}).json()["timeliness"] is None
    assert "Is dit nog actueel?" not in service.get("/", params={"q": "xylofoon"}).text


def test_a_law_of_another_subject_is_not_told(service: TestClient) -> None:
    found = service.get("/v1/search", params={"q": "koffie met koek en daarna een borrel"}).json()
    assert found["timeliness"]["later"] == []
    asked = {"q": "koffie met koek en daarna een borrel", "dateFrom": "2016-01-01", "dateTo": "2016-12-31"}
    assert service.get("/v1/search", params=asked).json()["timeliness"]["newest"] == "2016-06-01"


def test_an_answer_tells_it_and_the_page_says_it_in_the_language_of_who_reads(service: TestClient) -> None:
    asked = service.get("/v1/answers", params={"q": QUERY}).json()
    assert asked["answered"]
    assert asked["timeliness"]["text"] == told()
    page = service.get("/", params={"q": QUERY}).text
    assert "<strong>Is dit nog actueel?</strong> Het nieuwste van deze stukken is van 12 maart 2019," in page
    assert "Daarna in werking getreden: Woo, 1 mei 2022." in page
    english = service.get("/", params={"q": QUERY}, headers={"accept-language": "en"}).text
    assert (
        "<strong>Does this still hold?</strong> The newest of these documents is of 12 March 2019" in english
    )


def test_the_command_line_tells_it_too(old: KnowledgeBase) -> None:
    answered = old.search(QUERY)
    assert answered.timeliness is not None
    assert told() in answered_text(answered, colour=False).split("\n")
    assert answered_json(answered)["timeliness"]["text"] == in_dutch(answered.timeliness)
    asked = old.answer(SearchRequest(query=QUERY))
    assert told() in answer_text(asked)
    assert answer_json(asked)["timeliness"]["newest"] == "2019-03-12"
