"""Promises to who keeps the knowledge base: files in, a build to watch, and a way back, all in the browser.

In the end the index is the one that the other tests ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import Begin, Opens

# A build loads a model first.
_BUILD = 120_000


def _log_in(page: Page, key: str) -> None:
    page.goto("/inloggen?terug=/beheer")
    page.get_by_label("Uw sleutel").fill(key)
    page.get_by_role("main").get_by_role("button", name="Inloggen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Beheer")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_file_is_added_built_found_and_taken_back(
    visit: Begin, secrets: Mapping[str, str], tmp_path: Path, javascript: bool
) -> None:
    word = "zonneakker" if javascript else "windbosje"
    file = tmp_path / f"nota-{word}.md"
    file.write_text(f"# Nota {word}\n\nDe raad bespreekt de {word} bij het kanaal in maart.\n")
    page = visit(javascript=javascript).open("/")
    _log_in(page, secrets["admin"])
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Voeg toe").click()
    expect(page.get_by_role("main")).to_contain_text(f"nota-{word}.md")
    page.get_by_role("button", name="Bouw de index opnieuw").first.click()
    page.wait_for_url(re.compile("/beheer/bouwen/"))
    if javascript:
        # Watched without being loaded anew.
        page.evaluate("() => { window.stayed = true; }")
        assert axe.violations(page) == []
    expect(page.get_by_role("main")).to_contain_text("Toegevoegd", timeout=_BUILD)
    if javascript:
        assert page.evaluate("() => window.stayed")
        assert axe.violations(page) == []
    page.goto(f"/?q={word}")
    expect(page.get_by_role("article").first).to_contain_text(f"Nota {word}")
    page.goto("/beheer")
    page.get_by_role("button", name="Neem in gebruik").first.click()
    page.goto(f"/?q={word}")
    expect(page.get_by_role("main")).not_to_contain_text(f"Nota {word}")


def test_without_the_scope_there_is_no_beheer(read: Opens, secrets: Mapping[str, str]) -> None:
    page = read("/", key=secrets["members"])
    expect(page.get_by_role("navigation", name="Hoofdmenu")).not_to_contain_text("Beheer")
    page.goto("/beheer")
    expect(page.get_by_role("button", name="Bouw de index opnieuw")).to_have_count(0)
