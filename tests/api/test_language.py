"""Promises of the languages of the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from api.pages.frame import Pages
from api.pages.language import local
from kb.settings import Settings
from scripts.messages import LOCALES, messages
from tests.api.test_pages import Page, page

Document = Callable[[str], dict[str, Any]]
# What a browser says of a form of this service.
OWN = {"sec-fetch-site": "same-origin"}
ENGLISH = {"accept-language": "en-GB,en;q=0.9,nl;q=0.5"}
CATALOGUE = LOCALES / "en" / "LC_MESSAGES" / "kennisbank.po"


def test_every_message_has_its_english_text_and_there_are_no_others() -> None:
    known = {one.id: one.string for one in read_po(CATALOGUE.read_bytes().splitlines(True)) if one.id}
    wanted = {one.id for one in messages() if one.id}
    assert wanted == set(known)
    for dutch, english in known.items():
        texts = english if isinstance(english, tuple) else (english,)
        assert all(texts), dutch
        names = re.findall(r"%\(\w+\)s", dutch if isinstance(dutch, str) else dutch[1])
        assert sorted(names) == sorted(re.findall(r"%\(\w+\)s", texts[-1])), dutch


class Words(HTMLParser):
    """The words of a template that are neither code nor markup."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        code = r"\{#.*?#\}|\{% *trans\b.*?endtrans *%\}|\{%.*?%\}|\{\{.*?\}\}"
        self.feed(re.sub(code, "", text, flags=re.DOTALL))

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = ("title", "alt", "placeholder", "aria-label", "aria-description")
        self.found += [str(value) for name, value in attrs if name in said]

    def handle_data(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize("file", sorted(Path("api/templates").glob("*.html")), ids=lambda file: file.name)
def test_no_template_has_words_of_its_own(root: Path, file: Path) -> None:
    words = {
        word for text in Words((root / file).read_text()).found for word in re.findall(r"[^\W\d_]{2,}", text)
    }
    # The languages are named in themselves.
    assert words <= {"Nederlands", "English"}


def test_the_language_is_as_chosen_else_as_the_browser_asks_else_dutch(client: TestClient) -> None:
    def language(**headers: str) -> str | None:
        found = Page(client.get("/", headers=headers).text)
        return found.all("html")[0]["lang"]

    assert language(**{"accept-language": ""}) == "nl"
    assert language(**{"accept-language": "de, fr;q=0.5"}) == "nl"
    assert language(**{"accept-language": "nl-BE, en;q=0.8"}) == "nl"
    assert language(**{"accept-language": "de, en-US;q=0.8, nl;q=0.5"}) == "en"
    assert language(**{"accept-language": "en;q=0, nl"}) == "nl"
    assert language(**{"accept-language": "en;q=veel, *;q=0.1"}) == "nl"
    assert language(**{"accept-language": "nl", "cookie": "taal=en"}) == "en"
    assert language(**{**ENGLISH, "cookie": "taal=nl"}) == "nl"
    assert language(**{**ENGLISH, "cookie": "taal=xx"}) == "en"


def test_a_language_is_chosen_with_a_form_that_leads_back(client: TestClient) -> None:
    found = page(client, "/", q="licht")
    assert {"type": "hidden", "name": "terug", "value": "/?q=licht"} in found.all("input")
    answer = client.post(
        "/taal", data={"taal": "en", "terug": "/?q=licht"}, headers=OWN, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/?q=licht")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("taal=en;")
    assert {"httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    client.cookies.clear()
    refused = client.post("/taal", data={"taal": "xx", "terug": "/"}, headers=OWN, follow_redirects=False)
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("address", ["//elders.example", "https://elders.example", "/\\elders", "", "/a\nb"])
def test_only_addresses_of_our_own_are_gone_back_to(client: TestClient, address: str) -> None:
    assert local(address) == "/"
    answer = client.post("/taal", data={"taal": "nl", "terug": address}, headers=OWN, follow_redirects=False)
    assert answer.headers["location"] == "/"
    client.cookies.clear()


def test_an_english_page_says_in_english_what_is_ours_and_leaves_the_sources(client: TestClient) -> None:
    answer = client.get("/", params={"q": "gemeente koopt verlichting als dienst"}, headers=ENGLISH)
    found = Page(answer.text)
    assert answer.headers["content-language"] == found.all("html")[0]["lang"] == "en"
    for text in ("Report", "7 November 2024", "Read in place", "relevance:", "Refine"):
        assert text in found.text
    dutch = page(client, "/", q="gemeente koopt verlichting als dienst")
    assert found.texts["blockquote"] == dutch.texts["blockquote"]
    wrong = Page(client.get("/", params={"q": "a", "dateFrom": "gisteren"}, headers=ENGLISH).text)
    assert "The date at ‘From’ does not exist." in wrong.text
    assert "This page does not exist" in client.get("/nergens", headers=ENGLISH).text


def test_a_template_is_compiled_to_the_same_for_every_language() -> None:
    """So that what one language compiled serves the others."""
    languages = list(Pages(Settings())._templates.values())
    assert len(languages) > 1
    for name in languages[0].list_templates():
        compiled = set()
        for templates in languages:
            assert templates.loader
            source, file, _ = templates.loader.get_source(templates, name)
            compiled.add(templates.compile(source, name, file, raw=True))
        assert len(compiled) == 1, name
