"""Promises of the dossier: passages that a reader keeps in the browser and takes along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import docx
import httpx2
import pytest
from markdown_it import MarkdownIt

from kb.knowledge_base import KnowledgeBase
from tests.api.shelf import HOSTILE, OWN, Shelf, make_shelf
from tests.api.test_pages import Page

REPORT, HAVEN, HOSTILE_FILE = "avond/verslag.md", "haven/verslag.md", "vijandig.md"
GONE = "0123456789abcdef"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with make_shelf(tmp_path_factory.mktemp("dossier")) as shelf:
        yield shelf


@pytest.fixture
def shelf(made: Shelf) -> Iterator[Shelf]:
    """A shelf, for a browser that keeps nothing yet."""
    made.client.cookies.clear()
    yield made
    made.client.cookies.clear()


def post(shelf: Shelf, **fields: str) -> Any:
    return shelf.client.post("/dossier", data=fields, headers=OWN, follow_redirects=False)


def keep(shelf: Shelf, *sources: str) -> list[str]:
    """Add the first passage of each of these documents; their ids."""
    found = [shelf.passage(source) for source in sources]
    for one in found:
        assert post(shelf, bij=one).status_code == 303
    return found


def kept(shelf: Shelf) -> list[str]:
    """The passages on the page of the dossier, in order."""
    text = shelf.client.get("/dossier").text
    return [part[:16] for part in text.split('<li id="bewaar-')[1:]]


def test_a_passage_is_kept_by_a_form_and_the_reader_is_back_where_it_was_asked(shelf: Shelf) -> None:
    passage = shelf.passage(REPORT)
    answer = post(shelf, bij=passage, terug="/?q=dijk&page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/?q=dijk&page=2#bewaar-{passage}"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"dossier={passage};")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert kept(shelf) == [passage]


def test_the_button_of_a_passage_says_whether_it_is_kept(shelf: Shelf) -> None:
    address = f"/passages/{shelf.passage(REPORT)}/citaat"
    (button,) = [one for one in shelf.page(address).all("button") if one.get("form") == "bewaren"]
    assert (button["name"], button["value"]) == ("bij", shelf.passage(REPORT))
    post(shelf, bij=shelf.passage(REPORT))
    found = shelf.page(address)
    (button,) = [one for one in found.all("button") if one.get("form") == "bewaren"]
    assert button["name"] == "weg"
    assert "Uit dossier halen" in found.text
    assert [form for form in found.all("form") if form.get("id") == "bewaren"]
    (counted,) = [one for one in found.all("span") if "data-kept" in one]
    assert counted["data-kept"] == "1"


def test_the_dossier_shows_each_passage_word_for_word_with_its_source(shelf: Shelf) -> None:
    passages = keep(shelf, HAVEN, REPORT)
    found = shelf.page("/dossier")
    assert found.texts["blockquote"] == [shelf.text(one) for one in passages]
    assert "Verslag van de avond, Avond over dijken en data, 13 april 2023" in found.text
    assert "2 passages uit de Kennisbank" in found.text


def test_passages_can_be_put_in_order_and_taken_out(shelf: Shelf) -> None:
    first, second, third = keep(shelf, HAVEN, REPORT, HOSTILE_FILE)
    post(shelf, omhoog=third)
    assert kept(shelf) == [first, third, second]
    post(shelf, omhoog=first)
    post(shelf, weg=third)
    assert kept(shelf) == [first, second]
    # Twice is once.
    post(shelf, bij=first)
    assert kept(shelf) == [first, second]
    answer = post(shelf, leeg="1")
    assert 'dossier="";' in answer.headers["set-cookie"]
    assert "Uw dossier is leeg" in shelf.page("/dossier").text


def test_a_full_dossier_says_so(shelf: Shelf) -> None:
    shelf.client.cookies.set("dossier", ".".join(f"{number:016x}" for number in range(100)))
    answer = post(shelf, bij=shelf.passage(REPORT), terug="/?q=dijk")
    assert answer.headers["location"] == "/dossier?vol"
    assert len(answer.headers["set-cookie"].partition(";")[0]) < 4096
    assert "Uw dossier is vol: er passen 100 passages in" in shelf.page("/dossier?vol").text
    # What is in it already fits.
    assert post(shelf, bij=f"{5:016x}", terug="/").headers["location"].startswith("/#")


@pytest.mark.parametrize(
    "cookie", ["x", "<script>", "a" * 4000, "../..", ".", GONE[:15], GONE.upper(), '"";']
)
def test_a_cookie_that_is_none_of_ours_is_an_empty_dossier(shelf: Shelf, cookie: str) -> None:
    answer = shelf.client.get("/dossier", headers={"cookie": f"dossier={cookie}"})
    assert answer.status_code == 200
    assert "Uw dossier is leeg" in Page(answer.text).text


@pytest.mark.parametrize("value", ["", "x", "<script>", "a" * 5000, f"{GONE}.{GONE}"])
def test_only_a_passage_can_be_kept(shelf: Shelf, value: str) -> None:
    answer = post(shelf, bij=value, terug="/")
    assert answer.status_code == 303
    assert GONE not in answer.headers.get("set-cookie", "")
    assert "script" not in answer.headers["location"]
    assert kept(shelf) == []


@pytest.mark.parametrize("address", ["https://elders.example/", "//elders.example", "javascript:alert(1)"])
def test_a_form_leads_to_no_other_site(shelf: Shelf, address: str) -> None:
    answer = post(shelf, bij=shelf.passage(REPORT), terug=address)
    assert answer.headers["location"].startswith("/#bewaar-")


def test_another_site_cannot_fill_a_dossier(shelf: Shelf) -> None:
    data = {"bij": shelf.passage(REPORT)}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elders.example"}, {}):
        answer = shelf.client.post("/dossier", data=data, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def exported(shelf: Shelf, suffix: str, **query: str) -> httpx2.Response:
    answer: httpx2.Response = shelf.client.get(f"/dossier.{suffix}", params=query)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="dossier.{suffix}"'
    return answer


def test_word_gets_each_passage_with_its_source_and_its_permanent_link(shelf: Shelf) -> None:
    passages = keep(shelf, REPORT, HOSTILE_FILE)
    answer = exported(shelf, "docx", titel="  Voor het\n college ")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats-officedocument")
    document = docx.Document(io.BytesIO(answer.content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    quotes = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Quote"]
    assert texts[0] == "Voor het college"
    assert quotes == [shelf.text(one) for one in passages]
    links = [link.address for paragraph in document.paragraphs for link in paragraph.hyperlinks]
    assert [link.rpartition("/passages/")[2][:16] for link in links] == passages
    for link in links:
        assert shelf.client.get(link, follow_redirects=False).status_code == 302


def test_markdown_and_the_table_hold_the_same_passages(shelf: Shelf) -> None:
    passages = keep(shelf, REPORT, HOSTILE_FILE)
    text = exported(shelf, "md", titel="*Memo*").text
    shown = MarkdownIt("commonmark").render(text)
    assert shown.startswith("<h1>*Memo*</h1>")
    assert "<script>" not in shown
    assert HOSTILE in Page(f"<body>{shown}</body>").text
    answer = exported(shelf, "csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row["Passage-id"] for row in rows] == passages
    assert [row["Tekst"] for row in rows] == [shelf.text(one) for one in passages]


def test_an_empty_dossier_can_be_exported_as_well(shelf: Shelf) -> None:
    document = docx.Document(io.BytesIO(exported(shelf, "docx").content))
    assert document.paragraphs[0].text == "Dossier"
    assert "0 passages" in document.paragraphs[1].text
    assert exported(shelf, "md").text.startswith("# Dossier\n")
    assert exported(shelf, "csv").text.count("\r\n") == 1


def test_a_dossier_is_in_the_language_of_the_page(shelf: Shelf) -> None:
    keep(shelf, REPORT)
    shelf.client.cookies.set("taal", "en")
    assert "13 April 2023" in shelf.page("/dossier").text
    document = docx.Document(io.BytesIO(exported(shelf, "docx").content))
    assert "1 passage from the Knowledge base" in document.paragraphs[1].text
    assert document.core_properties.language == "en"


def test_what_is_gone_is_told_of_and_can_be_taken_out(shelf: Shelf) -> None:
    (passage,) = keep(shelf, REPORT)
    post(shelf, bij=GONE)
    found = shelf.page("/dossier")
    assert "1 passage is niet meer gevonden." in found.text
    assert f"Passage {GONE}" in found.text
    document = docx.Document(io.BytesIO(exported(shelf, "docx").content))
    assert "1 passage is niet meer gevonden." in document.paragraphs[1].text
    post(shelf, weg=GONE)
    assert kept(shelf) == [passage]
    assert "niet meer gevonden" not in shelf.page("/dossier").text


def test_a_passage_for_members_is_in_nobody_elses_dossier(shelf: Shelf) -> None:
    knowledge_base = KnowledgeBase(shelf.settings)
    (record,) = [one for one in knowledge_base.documents() if one.source == "besloten/kluis.md"]
    passage = knowledge_base.passages_of(record.id)[0]
    post(shelf, bij=passage.id)
    for address in ("/dossier", "/dossier.docx", "/dossier.md", "/dossier.csv"):
        told, member = (shelf.client.get(address, headers=headers) for headers in ({}, shelf.members))
        assert b"kluizenaar" not in told.content
        if not address.endswith("docx"):
            assert b"kluizenaar" in member.content
    # It looks as one that never was.
    told = shelf.client.get("/dossier").text.replace(passage.id, GONE)
    shelf.client.cookies.clear()
    shelf.client.cookies.set("dossier", GONE)
    assert shelf.client.get("/dossier").text == told


def test_what_lies_in_a_browser_leaves_no_trace_on_the_server(shelf: Shelf) -> None:
    before = sorted(shelf.settings.indexes.rglob("*"))
    keep(shelf, REPORT)
    shelf.page("/dossier")
    assert [file for file in sorted(shelf.settings.indexes.rglob("*")) if file not in before] == []
