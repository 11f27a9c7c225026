"""Every page, and every state in which it looks different: what is true of all of them is tested of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.site import AT_TOP, IN_NOTES, IN_PDF, WITHOUT_ANSWER, Site
from tests.browser.visiting import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A page at `path`, after `do` was done on it. `scope`: with a key that has this scope."""

    name: str
    path: str | Callable[[Site], str]
    do: Callable[[Page], None] | None = None
    scope: str = ""
    # Two states of one page have one title.
    titled: bool = True

    def at(self, site: Site) -> str:
        """The path at this service."""
        return self.path if isinstance(self.path, str) else self.path(site)

    def __str__(self) -> str:
        return self.name


def reached(
    begin: Callable[..., Visit], state: State, site: Site, secrets: Mapping[str, str], **properties: Any
) -> Page:
    """A page in this state, for a reader with these properties."""
    page = begin(key=secrets[state.scope] if state.scope else "", **properties).open(state.at(site))
    if state.do:
        state.do(page)
    return page


def _type(page: Page) -> None:
    page.locator("#q").press_sequentially("informatiebev", delay=5)
    page.get_by_role("option").first.wait_for()


def _open_all(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")


def _keep(page: Page) -> None:
    for number in range(3):
        page.get_by_role("button", name="Bewaar in dossier").first.click()
        page.get_by_role("button", name="Uit dossier halen").nth(number).wait_for()
    page.goto("/dossier")


def _mistype(page: Page) -> None:
    page.get_by_label("Uw sleutel").fill("kb_vergeten")
    page.get_by_role("main").get_by_role("button", name="Inloggen").click()
    page.get_by_role("alert").wait_for()


def _first(page: Page) -> None:
    page.get_by_role("main").locator("li a").first.click()


def _report(page: Page) -> None:
    page.get_by_role("link", name="Lees het verslag").first.click()
    page.wait_for_url("**/beheer/verslag/*")


def _search(query: str, more: str = "") -> str:
    return f"/?q={quote(query)}{more}"


STATES = (
    State(name="start", path="/"),
    State(name="start-aanvullingen", path="/", do=_type, titled=False),
    State(name="start-filters", path="/", do=_open_all, titled=False),
    State(name="resultaten", path=_search(IN_PDF)),
    State(name="resultaten-verfijnd", path=_search("netwerk", "&kind=verslag&year=2024"), do=_open_all),
    State(name="resultaten-per-document", path=_search("leverancier", "&groupBy=document")),
    State(name="resultaten-per-bijeenkomst", path=_search("contract", "&groupBy=event")),
    State(name="resultaten-op-datum", path=_search("gegevens", "&sort=date")),
    State(name="resultaten-tijd", path=_search("wat is er in het najaar van 2024 besloten")),
    State(name="resultaten-zocht-u-ook", path=_search("algoritmeregistr")),
    State(name="resultaten-vervolg", path=_search("gemeente", "&page=2")),
    State(name="geen-antwoord", path=_search(WITHOUT_ANSWER)),
    State(name="geen-treffers", path=_search("subsidie", "&kind=verslag&year=1999")),
    State(name="fout-filter", path=_search("netwerk datum", "&dateFrom=gisteren")),
    State(name="niet-gevonden", path="/documenten/bestaat-niet"),
    State(name="document-pdf", path=lambda site: site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf")),
    State(name="document-pdf-boven", path=lambda site: site.place(AT_TOP, "paper-weerbaar-zonder-held.pdf")),
    State(name="document-dia", path=lambda site: site.place(IN_NOTES, "common-ground-waterrijk.pptx")),
    State(name="document-markdown", path=lambda site: site.place("contractmanager", "leveranciersdag.md")),
    State(name="document-docx", path=lambda site: site.place("termijn", "woo-verzoek-in-tien-stappen.docx")),
    State(name="document-html", path=lambda site: site.place("mandaat", "drie-dagen-zonder-systemen.html")),
    State(name="document-scan", path=lambda site: site.place("verdeelsleutel", "zandloo-scan.pdf")),
    State(
        name="document-tekst",
        path=lambda site: f"/documenten/{site.document('paper-weerbaar-zonder-held.pdf')}/tekst",
    ),
    State(name="vergelijkbaar", path=lambda site: f"/passages/{site.hit(IN_PDF)['passageId']}/vergelijkbaar"),
    State(name="citaat", path=lambda site: f"/passages/{site.hit(IN_PDF)['passageId']}/citaat"),
    State(name="passage-weg", path="/passages/0123456789abcdef?begint=De+raad+besluit"),
    State(name="dossier-leeg", path="/dossier"),
    State(name="dossier", path=_search(IN_PDF), do=_keep, titled=False),
    State(name="documenten", path="/documenten"),
    State(name="jaar", path="/jaren/2024"),
    State(name="bijeenkomsten", path="/bijeenkomsten"),
    State(
        name="bijeenkomst", path=lambda site: f"/bijeenkomsten/{site.hit(IN_PDF)['document']['event']['id']}"
    ),
    State(name="themas", path="/themas"),
    State(
        name="thema", path="/themas", do=lambda page: page.locator("main li a").first.click(), titled=False
    ),
    State(name="thema-jaar", path="/themas/Informatiebeveiliging?jaar=2024"),
    State(name="overzicht", path="/overzicht"),
    State(name="inloggen", path="/inloggen"),
    State(name="inloggen-fout", path="/inloggen", do=_mistype, titled=False),
    State(name="ingelogd", path="/inloggen", scope="members"),
    State(name="toegankelijkheid", path="/toegankelijkheid"),
    State(name="privacy", path="/privacy"),
    State(name="geen-toegang", path="/beheer"),
    State(name="beheer", path="/beheer", scope="admin"),
    State(name="beheer-aandacht", path="/beheer/aandacht", scope="admin"),
    State(name="beheer-vragen", path="/beheer/vragen", scope="admin"),
    State(name="beheer-themas", path="/beheer/themas", scope="admin"),
    State(name="beheer-verslag", path="/beheer", do=_report, scope="admin"),
)
