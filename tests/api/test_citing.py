"""Promises of links to passages that hold, and of passages that are copied with their source."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.knowledge_base import KnowledgeBase
from kb.permalinks import Permalink
from tests.api.shelf import HOSTILE, Shelf, make_shelf
from tests.api.test_pages import Page

REPORT = "avond/verslag.md"
TEXT = "De raad besluit om de dijk in het voorjaar te verhogen, en wel over de hele lengte."


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf that no test changes."""
    with make_shelf(tmp_path_factory.mktemp("citing")) as shelf:
        yield shelf


@pytest.fixture
def shelf(kept: Shelf, tmp_path: Path) -> Iterator[Shelf]:
    """A shelf to be built again."""
    with make_shelf(tmp_path, like=kept) as shelf:
        yield shelf


def given_out(shelf: Shelf, source: str = REPORT, headers: dict[str, str] | None = None) -> str:
    """The permanent link that the page of a citation gives of a document's first passage."""
    found = shelf.page(f"/passages/{shelf.passage(source)}/citaat", headers=headers)
    (link,) = [text for text in found.texts["a"] if text.startswith("http")]
    return link.removeprefix(str(shelf.client.base_url))


def test_a_link_opens_the_document_at_the_passage(kept: Shelf) -> None:
    link = given_out(kept)
    passage = kept.passage(REPORT)
    answer = kept.client.get(link, follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].endswith(f"?passage={passage}#passage-{passage}")
    assert TEXT in html.unescape(kept.client.get(link).text)
    # What is beside the id is there for later: today it is not needed.
    bare = kept.client.get(f"/passages/{passage}", follow_redirects=False)
    assert bare.headers["location"] == answer.headers["location"]


def test_a_link_holds_when_the_index_is_built_again(shelf: Shelf) -> None:
    link = given_out(shelf)
    (shelf.settings.corpus / "ander.md").write_text("# Ander stuk\n\nDe brug gaat open.\n")
    shelf.build()
    assert shelf.client.get(link, follow_redirects=False).status_code == 302


def test_a_link_to_a_file_that_was_moved_shows_the_same_words_and_says_so(shelf: Shelf) -> None:
    link = given_out(shelf)
    (shelf.settings.corpus / "avond").rename(shelf.settings.corpus / "archief")
    shelf.build()
    found = shelf.page(link)
    assert found.texts["h1"] == ["Deze passage staat nu ergens anders"]
    assert "Woord voor woord dezelfde tekst" in found.text
    (quoted,) = found.texts["blockquote"]
    assert TEXT in quoted
    passage = shelf.passage("archief/verslag.md")
    assert any(f"?passage={passage}" in str(link.get("href")) for link in found.all("a"))


def test_a_link_to_words_that_were_edited_says_that_the_quotation_must_be_checked(shelf: Shelf) -> None:
    link = given_out(shelf)
    file = shelf.settings.corpus / REPORT
    file.write_text(file.read_text().replace("over de hele lengte", "bij de haven"))
    shelf.build()
    found = shelf.page(link)
    assert found.texts["h1"] == ["Deze passage is veranderd"]
    assert "controleer het citaat" in found.text
    assert "bij de haven" in found.texts["blockquote"][0]


def test_a_link_to_what_only_begins_the_same_does_not_call_it_the_same(shelf: Shelf) -> None:
    link = given_out(shelf)
    file = shelf.settings.corpus / REPORT
    (shelf.settings.corpus / "kopie.md").write_text(file.read_text().replace("hele lengte", "halve lengte"))
    file.unlink()
    shelf.build()
    found = shelf.page(link)
    assert found.texts["h1"] == ["Deze passage is niet zeker teruggevonden"]
    assert "geen bewijs" in found.text


def test_a_link_to_what_is_gone_says_so_and_offers_to_search(shelf: Shelf) -> None:
    link = given_out(shelf)
    (shelf.settings.corpus / REPORT).write_text(
        "# Verslag van de avond\n\nIn deze versie staat iets anders.\n"
    )
    shelf.build()
    found = shelf.page(link, status=404)
    assert found.texts["h1"] == ["Deze passage is er niet meer"]
    assert "begint ze met: ‘Verslag van de avond De raad’" in found.text
    assert "Het document is er nog wel: Verslag van de avond" in found.text
    assert "/?q=Verslag+van+de+avond+De+raad" in [link.get("href") for link in found.all("a")]
    assert not found.all("blockquote")


def test_a_link_to_a_passage_for_members_tells_others_nothing(kept: Shelf) -> None:
    knowledge_base = KnowledgeBase(kept.settings)
    (record,) = [one for one in knowledge_base.documents() if one.source == "besloten/kluis.md"]
    passage = knowledge_base.passages_of(record.id)[0]
    link = Permalink.to(passage).path
    told = kept.client.get(link)
    other = kept.client.get(link.replace(passage.id, "0" * 16).replace(record.id, "1" * 16))
    assert told.status_code == other.status_code == 404
    assert "Kluis" in told.text  # of the link itself
    assert told.text.replace(passage.id, "0" * 16).replace(record.id, "1" * 16) == other.text
    assert kept.client.get(f"/passages/{passage.id}/citaat").status_code == 404
    assert kept.client.get(link, headers=kept.members, follow_redirects=False).status_code == 302


def test_what_a_link_says_is_text_and_not_much_of_it(kept: Shelf) -> None:
    hostile = '<script>alert(1)</script> "onclick=" ' + "woord " * 2000
    answer = kept.client.get("/passages/x", params={"document": "<b>", "begint": hostile})
    found = Page(answer.text)
    assert answer.status_code == 404
    assert "<script>alert(1)</script>" in found.text
    assert all("alert" not in text for text in found.texts.get("script", ()))
    assert "woord " * 10 not in found.text


def test_a_passage_is_there_to_be_copied_in_three_forms(kept: Shelf) -> None:
    passage = kept.passage(REPORT)
    found = kept.page(f"/passages/{passage}/citaat")
    link = f"{kept.client.base_url}{given_out(kept)}"
    source = "Verslag van de avond, Avond over dijken en data, 13 april 2023"
    plain, markdown = found.texts["pre"]
    assert plain == f"“{kept.text(passage)}”\n— {source}\n{link}"
    assert markdown.endswith(
        f"> — *Verslag van de avond*, Avond over dijken en data, 13 april 2023  \n> <{link}>\n"
    )
    assert source in found.text
    assert found.texts["h2"] == ["Voor Word en e-mail", "Platte tekst", "Markdown"]


def test_a_citation_is_in_the_language_of_the_page(kept: Shelf) -> None:
    address = f"/passages/{kept.passage(REPORT)}/citaat"
    plain = kept.page(address, headers={"accept-language": "en"}).texts["pre"][0]
    assert "13 April 2023" in plain
    assert TEXT in plain


def test_hostile_words_are_copied_as_they_are_and_shown_as_text(kept: Shelf) -> None:
    found = kept.page(f"/passages/{kept.passage('vijandig.md')}/citaat")
    assert HOSTILE in found.texts["pre"][0]
    assert "\\<script\\>alert" in found.texts["pre"][1]
    assert all("alert" not in text for text in found.texts.get("script", ()))
    # Its change of direction ends with it, and does not turn the rest of the line around.
    assert any(HOSTILE in text for text in found.texts["bdi"])


def test_a_passage_that_is_not_there_cannot_be_copied(kept: Shelf) -> None:
    assert "bestaat niet" in kept.page("/passages/0123456789abcdef/citaat", status=404).text
