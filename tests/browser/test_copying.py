"""Promises of copying a passage: its words, its source and its link, whatever the browser allows."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Begin, Opens

_QUERY = "/?q=wie+mag+het+netwerk+afsluiten"
_COPIED = "Gekopieerd, met de bron erbij."
_READ = """async () => {
  const [item] = await navigator.clipboard.read();
  const found = {};
  for (const type of item.types) found[type] = await (await item.getType(type)).text();
  return found;
}"""
# Over plain HTTP a browser gives pages no other clipboard than the old one.
_PLAIN_HTTP = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
# What is pasted where formatted text can be, and where only plain text can.
_PASTED = """() => {
  const rich = document.createElement('div');
  rich.contentEditable = 'true';
  document.body.append(rich);
  rich.focus();
}"""


def _first(page: Page) -> tuple[str, str]:
    """The words of the first hit and the title of its document."""
    hit = page.get_by_role("article").first
    return hit.locator("blockquote").first.text_content() or "", hit.get_by_role("heading").inner_text()


def _is_whole(copied: dict[str, Any], words: str, title: str) -> bool:
    lines = [line for line in words.splitlines() if line.strip()]
    return all(line in copied["text/plain"] for line in lines) and title in copied["text/plain"]


def test_a_hit_is_copied_formatted_and_plain_without_leaving_the_page(read: Opens) -> None:
    page = read(_QUERY)
    words, title = _first(page)
    page.get_by_role("link", name="Kopieer met bron").first.click()
    expect(page.get_by_role("status").filter(has_text=_COPIED)).to_be_visible()
    copied = page.evaluate(_READ)
    assert _is_whole(copied, words, title)
    assert copied["text/html"].startswith("<blockquote")
    assert "class=" not in copied["text/html"]
    (link,) = {part for part in copied["text/plain"].split() if part.startswith("http")}
    assert page.url.endswith(_QUERY)
    page.goto(link)
    expect(page).to_have_url(re.compile("#passage-"))


def test_a_hit_is_copied_over_plain_http_as_well(visit: Begin) -> None:
    mine = visit()
    mine.context.add_init_script(_PLAIN_HTTP)
    page = mine.open(_QUERY)
    words, title = _first(page)
    page.get_by_role("link", name="Kopieer met bron").first.click()
    expect(page.get_by_role("status").filter(has_text=_COPIED)).to_be_visible()
    page.evaluate(_PASTED)
    page.keyboard.press("Control+V")
    pasted = page.locator("[contenteditable]")
    expect(pasted.locator("blockquote")).to_be_visible()
    assert title in pasted.inner_text()
    assert all(line in pasted.inner_text() for line in words.splitlines() if line.strip())


def test_each_form_has_a_button_that_copies_it(read: Opens) -> None:
    page = read(_QUERY)
    page.goto(page.get_by_role("link", name="Kopieer met bron").first.get_attribute("href") or "")
    for number, name in ((1, "platte-tekst"), (2, "markdown")):
        page.get_by_role("button", name="Kopieer").nth(number).click()
        # What is being written cannot be read at that moment.
        wanted = f"document.getElementById('{name}').textContent"
        page.wait_for_function(
            f"() => navigator.clipboard.readText().then(text => text === {wanted}, () => false)"
        )
    expect(page.get_by_role("status").filter(has_text=_COPIED)).to_be_visible()
    page.get_by_role("button", name="Kopieer").first.click()
    page.wait_for_function(f"() => ({_READ})().then(copied => 'text/html' in copied, () => false)")


def test_without_scripts_the_same_link_leads_to_a_page_to_copy_from(read: Opens) -> None:
    page = read(_QUERY, javascript=False)
    words, title = _first(page)
    page.get_by_role("link", name="Kopieer met bron").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Passage met bron, om over te nemen")
    assert _is_whole({"text/plain": page.locator("#platte-tekst").text_content()}, words, title)
    assert page.get_by_role("button", name="Kopieer").count() == 0


def test_when_it_cannot_be_copied_the_reader_gets_that_page(visit: Begin) -> None:
    mine = visit()
    page = mine.open(_QUERY)
    refuse = "navigator.clipboard.write = () => Promise.reject(new Error('no'))"
    page.evaluate(f"() => {{ {refuse}; }}")
    page.get_by_role("link", name="Kopieer met bron").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Passage met bron, om over te nemen")


def test_a_dossier_is_kept_when_the_service_does_not_answer_a_script(visit: Begin) -> None:
    mine = visit()
    page = mine.open(_QUERY)

    page.route("**/dossier", lambda route: route.abort(), times=1)
    button = page.get_by_role("button", name="Bewaar in dossier").first
    with page.expect_navigation():
        button.click()
    expect(page.get_by_role("navigation", name="Hoofdmenu")).to_contain_text("Dossier 1")
