"""Promises about documents and queries that are meant to do harm: they are text, wherever they are shown.

Of every visit it is looked at that no policy was violated, nothing was asked of another host and no script
failed (tests/browser/visiting.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from playwright.sync_api import FilePayload, Page, expect

from kb.settings import Settings
from tests.browser.conftest import Begin
from tests.serving import Service

RTL = "\N{RIGHT-TO-LEFT OVERRIDE}"
QUERIES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title></textarea></script><svg onload=alert(1)>",
    "javascript:alert(1) {{ 7 * 7 }} ${7*7} %(lang)s #{7*7}",
    f"klokkenluiders{RTL}gniteger",
    "<style>*{display:none}</style><base href=https://kwaad.example/>",
]
# What a page must not have, whatever it shows. `{` and `}` of our own templates would show as well.
_WRONG = """() => {
  const wrong = [];
  const tell = (what, element) => wrong.push(`${what}: ${element.outerHTML.slice(0, 200)}`);
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) tell('handler', element);
      if (name === 'style') tell('style', element);
      if (['href', 'src', 'action', 'formaction', 'data', 'xlink:href'].includes(name)) {
        const address = new URL(value, location.href);
        const ours = address.origin === location.origin || address.protocol === 'mailto:';
        if (!ours) tell('address', element);
      }
    }
  }
  const never = 'iframe, object, embed, base, style, marquee, body :not(svg) > title';
  for (const element of document.querySelectorAll(never)) tell('element', element);
  for (const element of document.querySelectorAll('script'))
    if (element.type !== 'module' || element.textContent) tell('script', element);
  for (const element of document.querySelectorAll('meta[http-equiv]')) tell('meta', element);
  const main = document.querySelector('main');
  const footer = document.querySelector('footer.site');
  const stands = main && footer && !main.contains(footer) && footer.checkVisibility();
  if (!stands) wrong.push('the layout is broken');
  return wrong;
}"""
# What turns the direction of letters stands by itself: isolated, or in a block with nothing but the source's
# own words, which are given. Else it would turn words of ours beside it.
_TURNED = """own => {
  const turns = /[\\u202a-\\u202e\\u2066-\\u2069]/;
  const plain = text => text.replace(/\\s+/g, ' ').trim();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    if (!turns.test(walker.currentNode.data)) continue;
    let element = walker.currentNode.parentElement;
    for (; ; element = element.parentElement) {
      const style = getComputedStyle(element);
      // Blocks isolate as well, but have words of ours in them.
      if (style.display === 'inline' && !/isolate|plaintext/.test(style.unicodeBidi)) continue;
      if (style.display === 'inline') break;
      if (!plain(own).includes(plain(element.textContent))) found.push(element.outerHTML.slice(0, 300));
      break;
    }
  }
  return found;
}"""


@pytest.fixture
def page(visit: Begin) -> Iterator[Page]:
    """A reader's page, on which no dialog may open."""
    page = visit().open("/")
    dialogs: list[str] = []

    def close(dialog: object) -> None:
        dialogs.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", close)
    yield page
    assert dialogs == []


@pytest.fixture(scope="module")
def hostile(service: Service) -> Mapping[str, list[str]]:
    """The hostile documents, their passages, events, themes and speakers, and all their words."""
    every = service.get("/v1/documents", params={"limit": 100}).json()["documents"]
    documents = [one for one in every if one["source"].startswith("vijandig/")]
    assert len(documents) == 3
    texts = [service.get(f"/documenten/{one['id']}/bestand").text for one in documents]
    query = {"q": "klokkenluiders", "limit": 50, "document": [one["id"] for one in documents]}
    hits = service.get("/v1/search", params=query).json()["hits"]
    assert {hit["document"]["id"] for hit in hits} == {one["id"] for one in documents}
    return {
        "documents": [one["id"] for one in documents],
        "passages": [hit["passageId"] for hit in hits],
        "events": list({one["event"]["id"] for one in documents}),
        "themes": sorted({theme for one in documents for theme in one["themes"]}),
        "speakers": sorted({name for one in documents for name in one["speakers"]}),
        "texts": [*texts, *(hit["text"] for hit in hits), *(one["title"] for one in documents)],
    }


def pages_with(hostile: Mapping[str, list[str]]) -> Iterator[str]:
    """Every address at which something of a hostile document is shown."""
    only = "".join(f"&document={one}" for one in hostile["documents"])
    for more in ("", "&groupBy=document", "&groupBy=event", "&sort=date"):
        yield f"/?q=klokkenluiders{only}{more}"
    for one in hostile["documents"]:
        yield f"/documenten/{one}"
        yield f"/documenten/{one}?q=klokkenluiders"
        yield f"/documenten/{one}/tekst"
    for one in hostile["passages"]:
        yield f"/passages/{one}"
        yield f"/passages/{one}/citaat"
        yield f"/passages/{one}/vergelijkbaar"
    for one in hostile["events"]:
        yield f"/bijeenkomsten/{one}"
        yield f"/?q=klokkenluiders&event={one}"
    yield from ("/", "/overzicht", "/documenten", "/jaren/2024", "/bijeenkomsten", "/themas")
    for one in hostile["themes"]:
        yield f"/themas/{quote(one, safe='')}"
        yield f"/?q=klokkenluiders&theme={quote(one)}"
    for one in hostile["speakers"]:
        yield f"/?q=klokkenluiders&speaker={quote(one)}"


def test_a_hostile_document_is_text_on_every_page(page: Page, hostile: Mapping[str, list[str]]) -> None:
    seen, own = "", " ".join(hostile["texts"])
    for address in pages_with(hostile):
        answer = page.goto(address)
        assert answer
        assert answer.status == 200, address
        assert page.evaluate(_WRONG) == [], address
        assert page.evaluate(_TURNED, own) == [], address
        seen += page.locator("body").inner_text()
    for shown in (
        '</title><script>alert("title")</script>',
        '<img src=x onerror=alert("kopje")>',
        '<b onmouseover=alert("speaker")>Mallory</b>',
        '<svg onload=alert("theme")>',
        'javascript:alert("host")',
        "{{ 7 * 7 }}",
        "%(lang)s",
        '</textarea><script>alert("txt")</script>',
        '<img src=x onerror=alert("tekst")>',
    ):
        assert shown in seen, shown
    assert "https://kwaad.example/kader" not in seen


@pytest.mark.parametrize("query", QUERIES)
def test_a_hostile_query_is_text_wherever_it_is_given(page: Page, query: str) -> None:
    given = quote(query)
    for address in (
        f"/?q={given}&groupBy=event&sort=date",
        f"/?q=verslag&theme={given}&speaker={given}&host={given}&event={given}&kind={given}",
        f"/?q=verslag&dateFrom={given}&dateTo={given}&page={given}&groupBy={given}&sort={given}",
        f"/{given}",
        f"/documenten?soort={given}&page={given}",
        f"/documenten/{given}?q={given}&passage={given}",
        f"/passages/{given}?begint={given}&document={given}",
        f"/passages/0123456789abcdef?begint={given}&document={given}",
        f"/themas/{given}",
        f"/jaren/{given}",
        f"/bijeenkomsten/{given}",
        f"/dossier?titel={given}",
        f"/inloggen?terug={given}",
        f"/toegankelijkheid?{given}",
    ):
        page.goto(address)
        assert page.evaluate(_WRONG) == [], address
        assert page.evaluate(_TURNED, query) == [], address
    page.goto(f"/?q={given}")
    expect(page.locator("#q")).to_have_value(query)


def test_a_hostile_query_is_typed_completed_and_sent(page: Page) -> None:
    for query in QUERIES[:2]:
        page.goto("/")
        page.get_by_role("combobox").fill(query)
        page.get_by_role("combobox").press("Enter")
        page.wait_for_url("**/?q=*")
        assert page.evaluate(_WRONG) == []
    page.goto("/")
    page.get_by_role("combobox").press_sequentially("avond")
    page.get_by_role("option").filter(has_text="<script>").first.wait_for()
    assert page.evaluate(_WRONG) == []


def test_a_hostile_passage_is_copied_and_kept_as_text(page: Page, hostile: Mapping[str, list[str]]) -> None:
    page.goto("/?q=klokkenluiders" + "".join(f"&document={one}" for one in hostile["documents"]))
    keep = page.get_by_role("button", name="Bewaar in dossier")
    for number in range(3):
        keep.first.click()
        page.get_by_role("button", name="Uit dossier halen").nth(number).wait_for()
    page.goto("/dossier")
    assert page.evaluate(_WRONG) == []
    assert page.evaluate(_TURNED, " ".join(hostile["texts"])) == []
    expect(page.get_by_role("main")).to_contain_text('<script>alert("')
    page.get_by_label("Titel boven het dossier").fill(QUERIES[0])
    page.get_by_role("button", name="Toon met deze titel").click()
    page.wait_for_url("**/dossier?titel=*")
    assert page.evaluate(_WRONG) == []


def test_hostile_names_of_files_are_text_in_beheer(
    page: Page, settings: Settings, secrets: Mapping[str, str], hostile: Mapping[str, list[str]]
) -> None:
    page.goto("/inloggen?terug=/beheer")
    page.get_by_label("Uw sleutel").fill(secrets["admin"])
    page.get_by_role("main").get_by_role("button", name="Inloggen").click()
    page.wait_for_url("**/beheer")
    name = "<img src=x onerror=alert(1)>.md"
    file = FilePayload(name=name, mimeType="text/html", buffer=b"# <script>alert(2)</script>")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Voeg toe").click()
    expect(page.locator(".sent li")).to_have_text(f"{name} toegevoegd")
    assert page.evaluate(_WRONG) == []
    for address in ("/beheer", "/beheer/aandacht", "/beheer/verslag/live", "/beheer/aandacht/zonder-datum"):
        page.goto(address)
        assert page.evaluate(_WRONG) == [], address
        assert page.evaluate(_TURNED, " ".join(hostile["texts"])) == [], address
    (settings.corpus / "_img src=x onerror=alert(1)_.md").unlink()


def test_answers_for_programs_are_never_taken_for_pages(service: Service) -> None:
    for query in QUERIES:
        for path in ("/suggesties", "/v1/search", "/v1/suggestions"):
            answer = service.get(path, params={"q": query})
            assert answer.headers["content-type"].split(";")[0] in {
                "application/json",
                "application/problem+json",
            }, path
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_hostile_file_is_given_to_keep_and_not_to_show(
    service: Service, hostile: Mapping[str, list[str]]
) -> None:
    shown = 0
    for one in hostile["documents"]:
        answer = service.get(f"/documenten/{one}/bestand")
        assert answer.headers["x-content-type-options"] == "nosniff"
        media_type = answer.headers["content-type"].split(";")[0]
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment") or media_type == "text/plain"
        assert "html" not in media_type or disposition.startswith("attachment")
        assert all(letter not in disposition for letter in "<>\r\n")
        shown += 1
    assert shown == 3
