"""Promises of the pages on which documents are found without a query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from kb.documents import Event, Kind
from kb.history.meetings import meetings_of, slug_of
from kb.indexing import build_index
from tests.api.shelf import EVENING, HOSTILE, Shelf, make_shelf
from tests.geometry import WordEncoder
from tests.library import EVENING as EVENT
from tests.library import record


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with make_shelf(tmp_path_factory.mktemp("browsing")) as shelf:
        yield shelf


def links(shelf: Shelf, address: str) -> list[str]:
    return [str(link.get("href")) for link in shelf.page(address).all("a")]


def rows(shelf: Shelf, address: str) -> list[str]:
    """The titles in the lists of a page, in order."""
    text = shelf.client.get(address).text
    return re.findall(r'<li><a class="nl-link" href="/documenten/[0-9a-f]{16}"><bdi>(.*?)</bdi>', text)


def test_documents_are_listed_newest_first_and_the_undated_last(shelf: Shelf) -> None:
    titles = rows(shelf, "/documenten")
    assert titles[:3] == ["Verslag van de middag", "Dijken in cijfers", "Verslag van de avond"]
    assert titles[-1] == "Los stuk"
    assert "Alle 5 documenten" in shelf.page("/documenten").text


def test_documents_can_be_narrowed_to_a_kind_and_to_a_year(shelf: Shelf) -> None:
    assert "/documenten?soort=presentatie" in links(shelf, "/documenten")
    assert rows(shelf, "/documenten?soort=presentatie") == ["Dijken in cijfers"]
    assert "/jaren/2023" in links(shelf, "/documenten")
    assert rows(shelf, "/jaren/2023") == ["Dijken in cijfers", "Verslag van de avond"]
    assert rows(shelf, "/jaren/2023?soort=verslag") == ["Verslag van de avond"]
    assert rows(shelf, "/jaren/onbekend") == ["Los stuk"]
    assert "niet zeker" in shelf.page("/jaren/onbekend").text


def test_a_year_names_its_events_and_can_be_searched(shelf: Shelf) -> None:
    assert EVENING in links(shelf, "/jaren/2023")
    hidden = [field for field in shelf.page("/jaren/2023").all("input") if field["type"] == "hidden"]
    assert {"type": "hidden", "name": "year", "value": "2023"} in hidden


@pytest.mark.parametrize(
    "address",
    [
        "/jaren/1999", "/jaren/2023-04", "/jaren/x", "/bijeenkomsten/nergens", "/themas/nergens", "/themas/",
        "/documenten?soort=x", "/documenten?bladzijde=2", "/jaren/2023?soort=paper&bladzijde=2",
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_so(shelf: Shelf, address: str) -> None:
    assert "Deze bladzijde bestaat niet" in shelf.page(address, status=404).text


def test_a_long_list_has_pages(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.pages.listing.PER_PAGE", 2)
    every = rows(shelf, "/documenten") + rows(shelf, "/documenten?bladzijde=2")
    every += rows(shelf, "/documenten?bladzijde=3")
    assert len(every) == len(set(every)) == 5
    assert "/documenten?bladzijde=3" in links(shelf, "/documenten?bladzijde=2")
    assert "/documenten" in links(shelf, "/documenten?bladzijde=2")
    assert "Bladzijde 2 van 3" in shelf.page("/documenten?bladzijde=2").text


def test_events_are_listed_by_year_with_what_there_is_of_them(shelf: Shelf) -> None:
    found = shelf.page("/bijeenkomsten")
    assert found.texts["h2"] == ["2024", "2023"]
    assert "13 april 2023Raadhuis Waterrijk1 verslag, 1 presentatie" in found.text
    assert EVENING in links(shelf, "/bijeenkomsten")


def test_an_event_tells_all_that_is_known_of_it_and_how_to_cite_it(shelf: Shelf) -> None:
    found = shelf.page(EVENING)
    assert found.texts["h1"] == ["Avond over dijken en data"]
    for known in ("13 april 2023", "Raadhuis Waterrijk", "Kring Laagland", "Sam de Vries, Kim Oz"):
        assert known in found.text
    assert found.texts["h2"][:3] == ["Besluiten en afspraken 1", "Verslagen", "Presentaties"]
    assert rows(shelf, EVENING) == ["Verslag van de avond", "Dijken in cijfers"]
    assert f"Raadhuis Waterrijk{shelf.client.base_url}{EVENING}" in found.text.replace(
        "Waterrijk ", "Waterrijk"
    )
    (event,) = [field["value"] for field in found.all("input") if field.get("name") == "event"]
    answer = shelf.client.get("/v1/documents", params={"event": event})
    assert {one["title"] for one in answer.json()["documents"]} == set(rows(shelf, EVENING))


def test_the_id_of_the_api_leads_to_an_event_as_well(shelf: Shelf) -> None:
    documents = shelf.client.get("/v1/documents").json()["documents"]
    (event,) = {one["event"]["id"] for one in documents if one["event"] and "Avond" in one["event"]["name"]}
    answer = shelf.client.get(f"/bijeenkomsten/{event}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, EVENING)


def test_the_address_of_an_event_holds_when_all_is_built_again(shelf: Shelf, tmp_path: Path) -> None:
    with make_shelf(tmp_path, like=shelf) as again:
        again.page(EVENING)
        (again.settings.corpus / "avond").rename(again.settings.corpus / "archief-2023")
        (again.settings.corpus / "archief-2023" / "verslag.md").unlink()
        again.build()
        assert rows(again, EVENING) == ["Dijken in cijfers"]


def test_themes_lead_to_their_documents_however_they_are_spelled(shelf: Shelf) -> None:
    assert {"/themas/Data", "/themas/water%2Fdijken"} <= set(links(shelf, "/themas"))
    for address in ("/themas/water%2Fdijken", "/themas/water/dijken", "/themas/WATER%2FDijken"):
        assert rows(shelf, address) == ["Dijken in cijfers", "Verslag van de avond"]
        assert EVENING in links(shelf, address)
    fields = shelf.page("/themas/data").all("input")
    assert {"type": "hidden", "name": "theme", "value": "Data"} in fields


def test_a_document_leads_to_its_event_and_its_themes(shelf: Shelf) -> None:
    (address,) = [link for link in links(shelf, EVENING) if re.fullmatch("/documenten/[0-9a-f]{16}", link)][
        :1
    ]
    found = [link for link in links(shelf, address) if link.startswith(("/bijeenkomsten/", "/themas/"))]
    texts = [shelf.page(link).texts["h1"][0] for link in found]
    assert texts == ["Avond over dijken en data", "Data", "water/dijken"]


def test_the_overview_tells_what_there_is_and_what_came_in_last(shelf: Shelf, tmp_path: Path) -> None:
    with make_shelf(tmp_path, like=shelf) as again:
        (again.settings.corpus / "nieuw.md").write_text(
            "# Pas binnen\n\nDatum: 3 juni 2022\n\nDe brug gaat open.\n"
        )
        (again.settings.corpus / "los.md").write_text("# Los stuk\n\nDit stuk is bijgewerkt.\n")
        again.build()
        found = again.page("/overzicht")
        assert "6 documenten met" in found.text
        assert rows(again, "/overzicht")[:3] == ["Pas binnen", "Los stuk", "Verslag van de middag"]
        assert "1 document toegevoegd, 1 document gewijzigd" in found.text
        assert {"/jaren/2022", "/jaren/onbekend", EVENING, "/documenten?soort=verslag"} <= set(
            links(again, "/overzicht")
        )


def test_nothing_of_members_is_on_any_of_these_pages_for_others(shelf: Shelf) -> None:
    addresses = ["/documenten", "/bijeenkomsten", "/themas", "/overzicht", EVENING, "/jaren/2023"]
    for address in addresses:
        text = shelf.client.get(address).text
        assert "esloten" not in text
        assert "Kluis" not in text
        assert "2021" not in text
    hidden = ["/jaren/2021", "/themas/geheim", "/bijeenkomsten/2021-05-04-besloten-kring"]
    for address in hidden:
        shelf.page(address, status=404)
        assert "Kluis" in shelf.page(address, headers=shelf.members).text
    assert "Besloten kring" in shelf.page("/overzicht", headers=shelf.members).text


def test_hostile_titles_are_text(shelf: Shelf) -> None:
    for address in ("/documenten", "/jaren/2020", "/overzicht"):
        found = shelf.page(address)
        assert HOSTILE in found.texts["bdi"]
        assert all("alert" not in text for text in found.texts.get("script", ()))


def test_an_index_without_events_or_themes_says_so(shelf: Shelf, tmp_path: Path) -> None:
    with make_shelf(tmp_path, like=shelf) as again:
        for file in again.settings.corpus.rglob("*"):
            if file.is_file() and file.name != "los.md":
                file.unlink()
        themes = tmp_path / "themes.yaml"
        themes.write_text("[]")
        settings = again.settings.model_copy(update={"themes": themes})
        build_index(settings, WordEncoder, allow_removals=True)
        assert "nog geen bijeenkomsten" in again.page("/bijeenkomsten").text
        assert "nog geen thema’s" in again.page("/themas").text
        again.page("/overzicht")


def test_events_of_one_day_that_differ_in_case_and_punctuation_are_one() -> None:
    again = Event(name="avond over DATA.", date=EVENT.date, host="Kring", speakers=("Kim",))
    views = meetings_of(
        [
            record("b.md", title="B", event=EVENT, speakers=("Sam",)),
            record("a.pptx", title="A", event=again, kind=Kind.PRESENTATIE),
            record("c.md", title="C"),
        ]
    )
    (view,) = views
    assert view.slug == "2023-04-13-avond-over-data"
    assert (view.ids, view.place, view.host) == ((EVENT.id, again.id), "Waterrijk", "Kring")
    assert view.speakers == ("Kim", "Sam")
    assert [one.title for one in view.documents] == ["B", "A"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Café & co.: één plan!", "cafe-co-een-plan"),
        ("  Regels\n over   twee ", "regels-over-twee"),
    ],
)
def test_the_address_of_an_event_is_its_name(name: str, slug: str) -> None:
    assert slug_of(Event(name=name)) == slug


@pytest.mark.parametrize(
    "name", ["Ψηφιακή διακυβέρνηση", "日本", "a" * 300, "../../etc/passwd\x00 Ψ", "!!!", "ß"]
)
def test_a_name_that_cannot_be_an_address_has_its_own_all_the_same(name: str) -> None:
    event = Event(name=name)
    slug = slug_of(event)
    assert slug.endswith(event.id)
    assert re.fullmatch("[a-z0-9-]{16,120}", slug)


def test_searching_from_a_page_keeps_its_filter(shelf: Shelf) -> None:
    for address in (EVENING, "/themas/data", "/jaren/2023"):
        found = shelf.page(address)
        (form,) = [form for form in found.all("form") if form.get("role") == "search"]
        assert form["action"] == "/"
        assert form["method"] == "get"
    # No link of these pages leads elsewhere.
    for address in ("/overzicht", "/documenten", EVENING):
        for link in links(shelf, address):
            assert not urlsplit(link).netloc
            assert all(name for name, _ in parse_qsl(urlsplit(link).query))
