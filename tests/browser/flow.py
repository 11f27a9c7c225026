"""What a secretary does with two minutes, from question to quote, by whatever means she has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from docx import Document
from playwright.sync_api import Download, Locator, Page, expect

from tests.browser.site import IN_PDF

Use = Callable[[Locator], None]
Say = Callable[[str], str]
QUOTE = "Wie mag zonder overleg het netwerk afsluiten"
_SOURCE = (QUOTE, "Ingrid Slotemaker", "Weerbaar zonder held", "p. 3", "/passages/")
_TABS = 250


def by_mouse(locator: Locator) -> None:
    """Use a link or button with the mouse."""
    locator.click()


def by_keyboard(locator: Locator) -> None:
    """Go to a link or button with Tab alone, and use it with Enter."""
    page = locator.page
    for _ in range(_TABS):
        if locator.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {locator}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The whole way. `use` is how links and buttons are used, `say` gives their words in a language.
    `copies`: there is JavaScript, so that a passage is copied at once."""

    page: Page
    use: Use = by_mouse
    say: Say = str
    copies: bool = True
    date: str = "3 oktober 2024"

    def all(self) -> bytes:
        """Everything, one after the other; the Word file that it ends in."""
        self.ask()
        self.filter()
        self.open_source()
        self.quote()
        return self.keep()

    def ask(self) -> None:
        """A question, typed on the first page, which has the field ready."""
        self.page.goto("/")
        self.page.keyboard.type(IN_PDF)
        self.page.keyboard.press("Enter")
        expect(self._first()).to_contain_text("Weerbaar zonder held")
        expect(self._first().locator(".best")).to_contain_text(QUOTE)

    def filter(self) -> None:
        """To the papers alone, and back."""
        self.use(self.page.locator("#verfijnen ~ details").get_by_role("link", name="Paper", exact=True))
        self.page.wait_for_url(re.compile("kind=paper"))
        chip = self.page.locator(".chips").get_by_role("link", name=self.say("(filter weghalen)"))
        expect(chip).to_have_count(1)
        self.use(chip)
        expect(self.page.locator(".chips a")).to_have_count(0)

    def open_source(self) -> None:
        """The page of the PDF, its words marked, and the next hit in it."""
        self.use(self._first().get_by_role("link", name=self.say("Lees op de plaats")))
        self.page.wait_for_url(re.compile("/documenten/"))
        expect(self.page.locator("h2#blad")).to_have_text(
            self.say("Bladzijde %(number)s van %(of)s") % {"number": 3, "of": 4}
        )
        expect(self.page.locator(".picture .words rect").first).to_be_attached()
        expect(self.page.locator(".text .here").first).to_contain_text("De gesprekken leiden")
        self.use(self.page.get_by_role("link", name=self.say("Volgende treffer")))
        expect(self.page.locator("h2#blad")).not_to_have_text(
            self.say("Bladzijde %(number)s van %(of)s") % {"number": 3, "of": 4}
        )
        self.page.go_back()
        self.page.go_back()

    def quote(self) -> None:
        """The passage with its source: on the clipboard, or without JavaScript on a page to copy it from."""
        self.use(self._first().get_by_role("link", name=self.say("Kopieer met bron")))
        if self.copies:
            expect(self.page.locator("#melding")).to_have_text(self.say("Gekopieerd, met de bron erbij."))
            copied = clipboard(self.page)
            assert sorted(copied) == ["text/html", "text/plain"]
            assert all(part in text for text in copied.values() for part in (*_SOURCE, self.date))
            return
        for form in ("#opgemaakt", "#platte-tekst", "#markdown"):
            for part in (*_SOURCE, self.date):
                expect(self.page.locator(form)).to_contain_text(part)
        self.page.go_back()

    def keep(self) -> bytes:
        """The passage in the dossier, and the dossier as a file for Word."""
        self.use(self._first().get_by_role("button", name=self.say("Bewaar in dossier")))
        expect(self._first().get_by_role("button", name=self.say("Uit dossier halen"))).to_be_visible()
        self.use(self.page.get_by_role("navigation").get_by_role("link", name=self.say("Dossier")))
        expect(self.page.get_by_role("main")).to_contain_text(QUOTE)
        with self.page.expect_download() as coming:
            self.use(self.page.get_by_role("button", name=self.say("Bewaar als Word-bestand")))
        return content(coming.value)

    def _first(self) -> Locator:
        return self.page.get_by_role("article").first


def clipboard(page: Page) -> dict[str, str]:
    """What was copied, by its media type."""
    found: dict[str, str] = page.evaluate("""async () => {
      const types = {};
      for (const item of await navigator.clipboard.read())
        for (const type of item.types) types[type] = await (await item.getType(type)).text();
      return types;
    }""")
    return found


def content(download: Download) -> bytes:
    """What was downloaded."""
    return Path(download.path()).read_bytes()


def paragraphs(file: bytes) -> str:
    """The text of a Word file, read by the library that made it."""
    return "\n".join(paragraph.text for paragraph in Document(BytesIO(file)).paragraphs)
