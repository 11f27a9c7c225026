"""Promises of the API and the pages of meetings and themes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from starlette.testclient import TestClient

from api.app import create_app
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.api.test_pages import Page
from tests.geometry import WordEncoder
from tests.test_history import FILES, THEMES

HOSTILE = "<script>alert(1)</script> & \u202eomgekeerd\u202c \"dijk'"
MORE = {
    f"reeks/2018-{month:02}-01.md": f"# Stuk {month}\n\nDe dijk van {month}. De dijk is hoog.\n"
    for month in range(1, 9)
}
NASTY = {
    "vijandig/_event.yaml": "name: '<img src=x onerror=alert(1)>'\ndate: 2022-05-05\n"
    "place: '<b>raadhuis</b>'\nspeakers: ['<i>Kwaad</i>']\nthemes: ['</title><script>alert(2)</script>/x']\n",
    "vijandig/verslag.md": "# Verslag\n\n## Besluiten\n\n- De <script>alert(3)</script> wordt besloten.\n",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("history-api")
    for name, text in {**FILES, **MORE, **NASTY}.items():
        file = folder / "corpus" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    hostile = f"- name: '{HOSTILE.replace(chr(39), chr(39) * 2)}'\n  queries: [haven]\n"
    (folder / "themes.yaml").write_text(THEMES + hostile, encoding="utf-8")
    settings = Settings(
        corpus=folder / "corpus",
        indexes=folder / "indexes",
        themes=folder / "themes.yaml",
        ocr="off",
        rate_address=0,
    )
    build_index(settings, WordEncoder)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    client = TestClient(
        create_app(KnowledgeBase(settings)), client=("127.0.0.1", 50_000), base_url="http://127.0.0.1:8000"
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def keys(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    made = {
        "members": Keys(settings.keys_file).create("leden", [Scope.SEARCH, Scope.MEMBERS])[1],
        "admin": Keys(settings.keys_file).create("beheer", [Scope.SEARCH, Scope.ADMIN])[1],
    }
    return {name: {"authorization": f"Bearer {secret}"} for name, secret in made.items()}


def ask(client: TestClient, path: str, **asked: Any) -> Any:
    answer = client.get(f"/v1{path}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(client: TestClient, address: str, *, status: int = 200) -> Page:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def event_of(client: TestClient, year: int) -> Any:
    (event,) = ask(client, "/events", year=year)["events"]
    return ask(client, f"/events/{event['id']}")


def test_events_can_be_listed_a_page_at_a_time(client: TestClient) -> None:
    first = ask(client, "/events", limit=2)
    assert first["total"] == 4
    assert [one["date"] for one in first["events"]] == ["2023-04-13", "2022-05-05"]
    rest = client.get(first["links"]["next"]).json()
    assert [one["date"] for one in rest["events"]] == ["2021-03-01", None]
    assert rest["links"]["next"] is None
    assert "7 november" in rest["events"][1]["dateText"]
    assert first["events"][0]["documentCounts"] == {"verslag": 2, "presentatie": 1}


def test_events_can_be_asked_by_year_theme_and_what_was_stated(client: TestClient) -> None:
    for asked in ({"year": 2023}, {"theme": "dijken"}, {"municipality": "Arnhem"}, {"kind": "presentatie"}):
        assert [one["date"] for one in ask(client, "/events", **asked)["events"]] == ["2023-04-13"], asked
    assert ask(client, "/events", theme="dijken", year=2021)["events"] == []
    assert ask(client, "/events", dateFrom="2021-01-01", dateTo="2021-12-31")["total"] == 1
    for wrong in ({"theme": "nergens"}, {"year": "x"}, {"limit": 0}, {"naam": "x"}, {"q": "dijk"}):
        assert client.get("/v1/events", params=wrong).status_code == 400, wrong


def test_an_event_tells_its_documents_statements_people_and_municipalities(client: TestClient) -> None:
    event = event_of(client, 2023)
    assert {kind: len(some) for kind, some in event["documents"].items()} == {
        "verslag": 2, "presentatie": 1, "paper": 0, "overig": 0,
    }  # fmt: skip
    assert event["statements"] == {"citaat": 1, "besluit": 2, "actie": 1, "vraag": 0}
    assert "Kim Oz" in [one["name"] for one in event["people"]]
    assert {(one["code"], one["name"]) for one in event["municipalities"]} == {
        ("GM0344", "Utrecht"), ("GM0202", "Arnhem"),
    }  # fmt: skip
    passages = client.get(event["links"]["passages"]).json()
    assert passages["total"] == sum(
        one["passages"] for one in ask(client, "/documents", event=event["id"])["documents"]
    )
    assert client.get(event["links"]["page"]).status_code == 200


def test_the_decisions_of_an_event_are_the_passages_that_hold_one(client: TestClient) -> None:
    event = event_of(client, 2023)
    found = ask(client, "/passages", event=event["id"], kind="besluit")
    told = [one for passage in found["passages"] for one in passage["statements"]]
    decisions = {one["text"] for one in told if one["kind"] == "besluit"}
    assert len(decisions) == event["statements"]["besluit"]


def test_what_there_is_not_is_not_found(client: TestClient) -> None:
    for path in ("/events/nergens", "/events/0123456789abcdef", "/themes/nergens/timeline", "/themes/x"):
        assert client.get(f"/v1{path}").status_code == 404, path
    assert client.get("/v1/themes?x=1").status_code == 400
    assert client.get("/v1/events/x?x=1").status_code == 400


def test_themes_tell_how_much_there_is_of_each(client: TestClient) -> None:
    found = {one["name"]: one for one in ask(client, "/themes")["themes"]}
    assert list(found)[:3] == ["Dijken", "Digitale inclusie", "Nergens over"]
    for one in found.values():
        assert ask(client, "/passages", theme=one["name"])["total"] == one["passages"]
        assert ask(client, "/documents", theme=one["name"])["total"] == one["documents"]
    assert found["Dijken"]["queries"] == ["dijk", "hoog water"]
    assert found["Nergens over"]["passages"] == 0


def test_a_timeline_counts_what_the_lists_with_its_year_count(client: TestClient) -> None:
    for theme in ask(client, "/themes")["themes"]:
        told = client.get(theme["links"]["timeline"]).json()
        for year in told["years"]:
            asked = {"theme": theme["name"], "year": year["year"], "limit": 1}
            assert ask(client, "/passages", **asked)["total"] == year["passages"], (theme, year)
            assert client.get(year["links"]["passages"]).json()["total"] == year["passages"]
            assert ask(client, "/documents", **asked)["total"] == year["documents"]
            assert ask(client, "/events", **asked)["total"] == year["events"]
            assert ask(client, "/passages", year=year["year"])["total"] == year["allPassages"]
        dated = sum(year["passages"] for year in told["years"])
        assert dated + told["undated"]["passages"] == theme["passages"]
        assert told["undated"]["links"]["passages"] is None


def test_small_numbers_and_shares_are_told(client: TestClient) -> None:
    told = ask(client, "/themes/dijken/timeline")
    years = {year["year"]: year for year in told["years"]}
    assert years[2018]["passages"] == 8
    assert years[2018]["share"] == 1
    assert years[2018]["small"] is True  # of a year with fewer than twenty passages
    assert years[2021]["share"] == 0
    assert (told["firstMention"]["date"], told["lastMention"]["date"]) == ("2018-01-01", "2023-04-13")


def test_suggestions_come_once_the_documents_have_been_read(client: TestClient) -> None:
    import time

    deadline = time.monotonic() + 60
    while not (found := ask(client, "/themes/suggestions"))["complete"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert found["suggestions"] == []


def test_what_is_for_members_is_told_to_members_alone(
    client: TestClient, keys: Mapping[str, Mapping[str, str]]
) -> None:
    for path, secret in (("/events", "Besloten kring"), ("/themes", "Geheim")):
        assert secret not in client.get(f"/v1{path}").text
        assert secret in client.get(f"/v1{path}", headers=keys["members"]).text
    assert client.get("/v1/themes/geheim/timeline").status_code == 404
    assert client.get("/v1/themes/geheim/timeline", headers=keys["members"]).status_code == 200


def test_the_chart_of_a_theme_has_a_title_an_explanation_and_its_numbers_beside_it(
    client: TestClient,
) -> None:
    text = client.get("/themas/dijken").text
    (svg,) = re.findall(r"<svg viewBox=.*?</svg>", text, re.DOTALL)
    drawn = etree.fromstring(svg)
    assert drawn.get("role") == "img"
    ids = {part.get("id"): part for part in drawn.iter()}
    for name in str(drawn.get("aria-labelledby")).split():
        assert ids[name].text
    assert [part.tag for part in drawn][:2] == ["title", "desc"]
    told = ask(client, "/themes/dijken/timeline")
    assert len(drawn.findall("rect")) == len([year for year in told["years"] if year["passages"]])
    rows = re.findall(r"<tr.*?</tr>", text, re.DOTALL)
    cells = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    for year in told["years"]:
        (row,) = [cell for cell in cells if cell[0] == str(year["year"])]
        counts = [str(year[name]) for name in ("passages", "documents", "events", "allPassages")]
        assert row[1:5] == counts
        assert ("(klein" in row) == year["small"]
    # Under the strict policy nothing may be styled or run within the page.
    assert "style=" not in text
    assert "onclick" not in text


def test_a_year_of_the_table_leads_to_as_many_passages_as_it_says(client: TestClient) -> None:
    found = page(client, "/themas/dijken")
    years = [str(link["href"]) for link in found.all("a") if "?jaar=" in str(link.get("href"))]
    assert [link.rpartition("=")[2] for link in years] == ["2023", "2019", "2018"]
    for link in years:
        listed = page(client, link)
        total = ask(client, "/passages", theme="Dijken", year=link.rpartition("=")[2])["total"]
        assert f"{total} passage" in listed.text
        assert len(listed.texts["article"]) == total
    for missing in ("?jaar=2021", "?jaar=1999", "?jaar=2018&bladzijde=2", "?jaar=2018&bladzijde=999999999"):
        page(client, f"/themas/dijken{missing}", status=404)
    for wrong in ("?jaar=x", "?jaar=20180", "?jaar=-1", "?bladzijde=0"):
        assert client.get(f"/themas/dijken{wrong}").status_code in (400, 404, 422), wrong


def test_the_page_of_an_event_shows_what_was_decided_by_whom_and_where_it_stands(client: TestClient) -> None:
    found = page(client, event_of(client, 2023)["links"]["page"])
    text = found.text
    for known in (
        "Besluiten en afspraken 2", "De dijk wordt in 2024 verhoogd.", "Acties 1",
        "Sam de Vries schrijft de brief.", "Kim Oz", "Utrecht", "Arnhem",
    ):  # fmt: skip
        assert known in text
    assert "De dijk moet hoger" in " ".join(found.texts["blockquote"])
    assert any("?passage=" in str(link.get("href")) for link in found.all("a"))


def test_an_uncertain_date_is_shown_as_it_is_written(client: TestClient) -> None:
    (event,) = [one for one in ask(client, "/events")["events"] if one["date"] is None]
    text = page(client, event["links"]["page"]).text
    assert "donderdag 7 november" in text
    assert "niet zeker" in text
    assert "2024" not in text


def test_hostile_names_are_text(client: TestClient, keys: Mapping[str, Mapping[str, str]]) -> None:
    addresses = ["/themas", "/bijeenkomsten", "/overzicht"]
    addresses += [one["links"]["page"] for one in ask(client, "/themes")["themes"]]
    addresses += [one["links"]["page"] for one in ask(client, "/events")["events"]]
    addresses += [f"{ask(client, '/themes')['themes'][3]['links']['page']}?jaar=2021"]
    for address in addresses:
        text = client.get(address).text
        for raw in ("<script>alert", "<img src=x", "<b>raadhuis", "<i>Kwaad"):
            assert raw not in text, address
    admin = client.get("/beheer/themas", headers=keys["admin"])
    assert admin.status_code == 200
    assert "<script>alert" not in admin.text


def test_beheer_shows_the_file_of_themes_and_what_is_wrong_with_it(
    client: TestClient, keys: Mapping[str, Mapping[str, str]], settings: Settings
) -> None:
    def shown() -> str:
        return " ".join(client.get("/beheer/themas", headers=keys["admin"]).text.split())

    assert client.get("/beheer/themas").status_code == 401
    assert "hoog water" in shown()
    assert "Bouw opnieuw" not in shown()
    assert settings.themes
    file = Path(settings.themes)
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text("- name: Anders\n", encoding="utf-8")
        assert "Bouw opnieuw" in shown()
        file.write_text("- naam: Anders\n", encoding="utf-8")
        assert "kan niet worden gebruikt" in shown()
        assert "naam" in shown()
        # What is searched stays as it was built.
        assert ask(client, "/themes")["themes"][0]["name"] == "Dijken"
    finally:
        file.write_text(before, encoding="utf-8")
