"""Promises of the dossier: it stays in this browser, in the chosen order, and leaves it in three forms."""

from __future__ import annotations

import csv
import io

from playwright.sync_api import Page, expect

from tests.browser.conftest import Begin, Opens
from tests.browser.flow import content, paragraphs
from tests.sources import key

_QUERY = "/?q=wie+mag+het+netwerk+afsluiten"


def _fill(page: Page, number: int) -> list[str]:
    """Keep the first passages; their documents' titles."""
    titles = []
    for hit in page.get_by_role("article").all()[:number]:
        titles.append(hit.get_by_role("heading").inner_text())
        hit.get_by_role("button", name="Bewaar in dossier").click()
        expect(hit.get_by_role("button", name="Uit dossier halen")).to_be_visible()
    return titles


def _kept(page: Page) -> list[str]:
    return page.get_by_role("main").locator("ol > li h2").all_inner_texts()


def _saved(page: Page, button: str) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("button", name=button).click()
    return content(coming.value)


def test_it_stays_while_the_reader_goes_on_and_is_nobody_elses(visit: Begin) -> None:
    mine = visit()
    titles = _fill(mine.open(_QUERY), 3)
    later = mine.open("/dossier")
    assert _kept(later) == titles
    expect(later.get_by_role("navigation", name="Hoofdmenu")).to_contain_text("Dossier 3")
    assert _kept(visit().open("/dossier")) == []


def test_passages_are_moved_and_taken_out_with_and_without_javascript(read: Opens) -> None:
    for javascript in (True, False):
        page = read(_QUERY, javascript=javascript)
        titles = _fill(page, 3)
        page.goto("/dossier")
        page.get_by_role("button", name="Omhoog").nth(1).click()
        expect(page.locator("ol > li h2").nth(1)).to_have_text(titles[2])
        page.get_by_role("button", name="Uit dossier halen").first.click()
        expect(page.locator("ol > li h2")).to_have_count(2)
        assert _kept(page) == [titles[2], titles[1]]
        page.get_by_role("button", name="Maak het dossier leeg").click()
        expect(page.get_by_role("main")).to_contain_text("Uw dossier is leeg")


def test_every_form_holds_every_passage_word_for_word_with_its_source(read: Opens) -> None:
    page = read(_QUERY)
    titles = _fill(page, 2)
    page.goto("/dossier")
    quotes = page.locator("ol > li blockquote").all_text_contents()
    page.get_by_label("Titel boven het dossier").fill("Memo college 12 mei")
    word = paragraphs(_saved(page, "Bewaar als Word-bestand"))
    markdown = _saved(page, "Markdown").decode()
    table = io.StringIO(_saved(page, "Tabel (CSV)").decode("utf-8-sig"), newline="")
    rows = list(csv.DictReader(table, delimiter=";"))
    assert word.startswith("Memo college 12 mei")
    assert "Memo college 12 mei" in markdown
    assert len(rows) == 2
    for title, quote, row in zip(titles, quotes, rows, strict=True):
        lines = [line.strip() for line in quote.splitlines() if line.strip()]
        for text in (word, "\n".join(row.values())):
            assert title in text
            assert all(line in text for line in lines)
            assert "/passages/" in text
        # Some signs are escaped there.
        assert key(quote) in key(markdown)
        assert title in markdown


def test_what_is_printed_is_the_passages_with_their_sources_and_no_buttons(read: Opens) -> None:
    page = read(_QUERY)
    titles = _fill(page, 2)
    page.goto("/dossier")
    page.emulate_media(media="print")
    for title in titles:
        expect(page.get_by_role("heading", name=title).first).to_be_visible()
    expect(page.locator(".printed").first).to_be_visible()
    for hidden in (page.get_by_role("button"), page.get_by_role("navigation"), page.get_by_role("searchbox")):
        assert [one for one in hidden.all() if one.is_visible()] == []
