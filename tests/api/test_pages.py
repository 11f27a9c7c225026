"""Promises of the pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

Document = Callable[[str], dict[str, Any]]
VOID = {"meta", "link", "input", "br", "path", "img"}


class Page(HTMLParser):
    """What a test asks of a page: its elements, its text, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.texts["body"][0].split())


def page(client: TestClient, address: str, *, status: int = 200, **parameters: Any) -> Page:
    answer = client.get(address, params=parameters or None)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def addresses(document: Document) -> list[str]:
    return [
        "/",
        "/?q=verlichting",
        "/?q=verlichting&kind=verslag&dateFrom=2024-01-01",
        "/?q=",
        "/nergens",
        f"/documenten/{document('.pptx')['id']}",
        f"/documenten/{document('vijandig.html')['id']}",
    ]


def test_every_page_is_whole_and_loads_nothing_from_elsewhere(client: TestClient, document: Document) -> None:
    for address in addresses(document):
        text = client.get(address).text
        found = Page(text)
        assert found.all("html") == [{"lang": "nl"}]
        assert all(script["type"] == "module" for script in found.all("script"))
        assert not any(found.texts.get("script", ()))
        assert not found.all("style")
        assert not re.search(r"<[^>]+\s(on\w+|style)=", text)
        for attributes in found.all("link") + found.all("a") + found.all("form") + found.all("script"):
            target = attributes.get("href") or attributes.get("action") or attributes.get("src") or ""
            assert not urlsplit(target).netloc
            assert urlsplit(target).scheme == ""


def test_every_page_can_be_walked_by_headings_and_landmarks(client: TestClient, document: Document) -> None:
    for address in addresses(document):
        found = Page(client.get(address).text)
        for landmark in ("header", "main", "footer"):
            assert len(found.all(landmark)) == 1
        levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert found.all("a")[0] == {
            "class": "nl-skip-link nl-skip-link--visible-on-focus",
            "href": "#inhoud",
        }
        identifiers = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
        assert len(identifiers) == len(set(identifiers))
        labels = {attributes.get("for") for attributes in found.all("label")}
        for field in found.all("input") + found.all("select"):
            if field.get("type") not in ("hidden", "checkbox"):
                assert field["id"] in labels


def test_the_first_page_tells_what_can_be_searched(client: TestClient) -> None:
    found = page(client, "/")
    total = client.get("/v1/documents").json()["total"]
    assert f"{total} documenten" in found.text
    (event,) = [text for text in found.texts["option"] if "Avond over verlichting" in text]
    assert "7 november 2024" in event
    assert "Engels" in " ".join(found.texts["option"])
    assert [field["value"] for field in found.all("input") if field.get("type") == "checkbox"] == [
        "verslag",
        "presentatie",
        "paper",
        "overig",
    ]


def test_hits_show_title_date_event_place_and_marked_words(client: TestClient) -> None:
    found = page(client, "/", q="gemeente koopt verlichting als dienst", kind="verslag")
    assert re.search(r"\d+ passages? in \d+ ms", found.text.replace("\N{NO-BREAK SPACE}", " "))
    assert "Verslag van de avond over verlichting" in found.texts["h3"]
    assert "7 november 2024" in found.texts["time"]
    assert "Avond over verlichting" in found.text
    assert "§ Besluiten" in found.text
    assert "verlichting" in found.texts["mark"]


def test_the_words_of_a_hit_are_the_words_of_the_passage(client: TestClient) -> None:
    query = "back-up terugzetten na een aanval"
    hits = client.get("/v1/search", params={"q": query}).json()["hits"]
    shown = page(client, "/", q=query).texts["blockquote"]
    assert shown == [hit["text"] for hit in hits]


@pytest.mark.parametrize("suffix", [".pdf", ".pptx"])
def test_a_pdf_opens_at_its_page_and_slides_at_the_passage(
    client: TestClient, document: Document, suffix: str
) -> None:
    identifier = document(suffix)["id"]
    parameters = {"q": "weerbaar zonder held", "document": identifier}
    hits = client.get("/v1/search", params=parameters).json()["hits"]
    links = [attributes.get("href") for attributes in page(client, "/", **parameters).all("a")]
    assert hits
    for hit in hits:
        at_page = f"/documenten/{identifier}/bestand#page={hit['locator']['page']}"
        assert (at_page in links) is (suffix == ".pdf")
        passage = hit["passageId"]
        assert f"/documenten/{identifier}?passage={passage}&q=weerbaar+zonder+held#passage-{passage}" in links


def test_notes_are_named_as_the_notes_of_their_slide(client: TestClient, document: Document) -> None:
    parameters = {"q": "de deelnemers zijn moe", "document": document(".pptx")["id"]}
    locators = [hit["locator"] for hit in client.get("/v1/search", params=parameters).json()["hits"]]
    slides = [locator["slide"] for locator in locators if locator["part"] == "notes"]
    assert slides
    text = page(client, "/", **parameters).text
    assert all(f"dia {slide}, notities" in text for slide in slides)


def test_the_same_words_elsewhere_are_named(client: TestClient) -> None:
    found = page(client, "/", q="verlichting als dienst niet langer lampen", kind="overig")
    assert "Ook in:" in found.text
    titles = set(found.texts["h3"]) | set(found.texts["li"])
    assert any("Eerder afschrift" in title for title in titles)


def test_a_date_that_is_not_known_is_said_to_be_so(client: TestClient) -> None:
    assert "datum onbekend" in page(client, "/", q="caféhouder terras").text


def test_filters_hold_and_can_be_taken_away_one_by_one(client: TestClient) -> None:
    found = page(
        client, "/", q="licht", kind="verslag", dateFrom="2024-11-01", event="", language="", dateTo=""
    )
    assert set(found.texts["h3"]) == {"Verslag van de avond over verlichting"}
    chips = {
        attributes["href"] for attributes in found.all("a") if str(attributes.get("href")).startswith("/?")
    }
    assert {"/?q=licht&kind=verslag", "/?q=licht&dateFrom=2024-11-01"} <= chips
    assert "van 1 november 2024" in found.text
    assert {"type": "hidden", "name": "kind", "value": "verslag"} in found.all("input")


def test_a_search_within_a_document_stays_there(client: TestClient, document: Document) -> None:
    source = document(".pptx")
    found = page(client, "/", q="veiligheid", document=source["id"])
    assert set(found.texts["h3"]) == {source["title"]}
    assert {"type": "hidden", "name": "document", "value": source["id"]} in found.all("input")


def test_hits_are_paged_without_losing_the_question(client: TestClient) -> None:
    first = page(client, "/", q="gemeente", language="nl")
    (forward,) = [str(link["href"]) for link in first.all("a") if link.get("rel") == "next"]
    second = page(client, forward)
    assert not set(first.texts["blockquote"]) & set(second.texts["blockquote"])
    assert "Bladzijde 2 van" in second.text
    (back,) = [str(link["href"]) for link in second.all("a") if link.get("rel") == "prev"]
    assert page(client, back).texts["blockquote"] == first.texts["blockquote"]
    assert "Op deze bladzijde staan geen passages" in page(client, "/", q="gemeente", page="900").text


def test_an_empty_query_is_answered_with_a_request_for_one(client: TestClient) -> None:
    found = page(client, "/", status=400, q=" ")
    assert "Typ eerst waar u naar zoekt." in found.text


def test_all_that_is_wrong_is_told_in_dutch(client: TestClient) -> None:
    found = page(
        client,
        "/",
        status=400,
        q="x" * 1_001,
        kind="roman",
        event="nergens",
        language="xx",
        dateFrom="2024-13-01",
        page="nul",
    )
    for text in (
        "Uw zoekvraag is te lang.",
        "Deze soort bestaat niet.",
        "Deze bijeenkomst staat niet in de kennisbank.",
        "In deze taal zijn er geen documenten.",
        "De datum bij ‘Van’ bestaat niet.",
        "Deze bladzijde met passages bestaat niet.",
    ):
        assert text in found.text
    assert "ligt na" in page(client, "/", status=400, q="a", dateFrom="2024-02-02", dateTo="2024-01-01").text


def test_what_was_filled_in_wrong_is_still_there(client: TestClient) -> None:
    found = page(client, "/", status=400, q="licht", dateFrom="2024-02-02", dateTo="2024-01-01")
    values = {
        field.get("name"): field.get("value")
        for field in found.all("input")
        if field.get("type") != "checkbox" and field.get("name") != "terug"
    }
    assert values == {"q": "licht", "dateFrom": "2024-02-02", "dateTo": "2024-01-01"}


def test_nothing_found_says_what_to_try(client: TestClient) -> None:
    found = page(client, "/", q="licht", dateTo="1990-01-01")
    assert "Geen passages gevonden" in found.text
    assert "Zoek zonder filters" in found.text


def test_names_that_are_not_ours_are_left_alone(client: TestClient) -> None:
    assert page(client, "/", q="licht", utm_source="nieuwsbrief").texts["h3"]


def test_hostile_words_are_only_words(client: TestClient, document: Document) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    for text in (
        client.get("/", params={"q": hostile}).text,
        client.get("/", params={"q": "", "dateFrom": hostile, "event": hostile, "document": hostile}).text,
        client.get("/", params={"q": "zeldzaamwoord"}).text,
        client.get(f"/documenten/{document('vijandig.html')['id']}").text,
        client.get(f"/documenten/{hostile}").text,
    ):
        found = Page(text)
        assert all(str(script["src"]).startswith("/static/") for script in found.all("script"))
        assert not found.all("img")
        assert "javascript:" not in str(found.all("a"))
    shown = page(client, "/", q="zeldzaamwoord").texts["blockquote"][0]
    assert "<img src=x onerror=alert(1)>" in shown


def test_a_document_shows_each_of_its_words_once_and_in_order(client: TestClient, document: Document) -> None:
    source = document(".pdf")
    text = client.get(f"/documenten/{source['id']}/tekst").text
    found = Page(text)
    anchors = re.findall(r'id="passage-(\w+)"', text)
    assert len(anchors) == source["passages"]
    passages = [client.get(f"/v1/passages/{anchor}").json() for anchor in anchors]
    assert passages[0]["previous"] is None
    for before, after in pairwise(passages):
        assert before["next"]["passageId"] == after["passageId"]
    words = found.text
    for passage in passages:
        last = passage["text"].splitlines()[-1]
        assert words.count(" ".join(last.split())) == 1 or len(last) < 40
    assert any(title.startswith("Bladzijde 1") for title in found.texts["h2"])


def test_a_passage_that_is_pointed_at_is_there_in_full(client: TestClient, document: Document) -> None:
    for name in (".pdf", ".pptx", "avond/verslag.md"):
        source = document(name)
        text = client.get(f"/documenten/{source['id']}/tekst").text
        for anchor in re.findall(r'id="passage-(\w+)"', text):
            passage = client.get(f"/v1/passages/{anchor}").json()["text"]
            lit = _lit(text, anchor)
            # The heading over a section is shown as its heading.
            assert passage.endswith(lit)
            assert len(passage) - len(lit) < 200


def _lit(text: str, anchor: str) -> str:
    """The words that the style sheet marks when the address names this anchor, without the labels in them."""
    text = re.sub(r'<small class="states".*?</small>', "", text)
    spans = re.findall(
        r'<span class="(anchor|shared|own)"(?: id="passage-(\w+)")?>([^<]*)</span>(<br>)?', text
    )
    at = next(number for number, span in enumerate(spans) if span[1] == anchor)
    words = ""
    for number, (kind, _, inside, ends) in enumerate(spans[at + 1 :], at + 1):
        if kind == "anchor":
            follows = spans[number + 1]
            if follows[0] == "shared":
                words += follows[2]
            break
        words += inside
        if ends:
            break
    return html.unescape(words)


def test_without_an_index_the_page_says_whom_to_ask_and_what_to_run(without_index: TestClient) -> None:
    for address in ("/", "/?q=licht", "/documenten/0"):
        found = page(without_index, address, status=503)
        assert "waarschuw dan de beheerder" in found.text
        assert "kb build" in found.text


def test_a_page_that_is_not_there_says_so_in_dutch(client: TestClient) -> None:
    for address in ("/nergens", "/documenten/0", "/documenten/0/bestand", "/static/nergens.css"):
        assert "Deze bladzijde bestaat niet" in page(client, address, status=404).text


def test_a_page_of_hits_is_light_and_complete_without_pictures(client: TestClient) -> None:
    """With its style sheets and scripts under 100 kB as it is sent, without compression."""
    answer = client.get("/", params={"q": "gemeente"})
    found = Page(answer.text)
    assert len(found.texts["blockquote"]) == 10
    names = [str(link["href"]) for link in found.all("link")]
    names += [str(script["src"]) for script in found.all("script")]
    files = [client.get(name) for name in names]
    assert all(file.status_code == 200 and "url(" not in file.text for file in files)
    assert len(answer.content) + sum(len(file.content) for file in files) < 100_000


COLOURS = {
    "text": ("ground", "band", "raised", "best"),
    "quiet": ("ground", "band", "raised"),
    "link": ("ground", "band", "raised"),
    "link-hover": ("ground", "band", "raised"),
    "on-brand": ("brand", "button", "button-hover"),
    "on-mark": ("mark",),
    "fault": ("fault-ground",),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(client: TestClient, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1; 1.4.11: edges of fields 3 to 1."""
    blocks = re.findall(r":root \{(.*?)\}", client.get("/static/theme.css").text, re.DOTALL)
    colours = dict(re.findall(r"--kb-([\w-]+): #([0-9a-f]{6})", blocks[scheme == "dark"]))
    for ink, grounds in COLOURS.items():
        for ground in grounds:
            assert _contrast(colours[ink], colours[ground]) >= 4.5, f"{ink} on {ground}"
    for edge in ("edge", "field"):
        assert _contrast(colours[edge], colours["band"]) >= 3


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (
            channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
            for channel in channels
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
