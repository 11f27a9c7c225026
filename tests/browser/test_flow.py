"""The promise itself: from a question to a quote in a memo, whoever asks and with whatever she has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from tests.browser.conftest import Opens
from tests.browser.flow import QUOTE, Flow, by_keyboard, by_mouse, paragraphs


@pytest.fixture(scope="module")
def english(root: Path) -> Callable[[str], str]:
    """What a text of the page is in English."""
    with (root / "api" / "locales" / "en" / "LC_MESSAGES" / "kennisbank.po").open("rb") as file:
        catalogue = read_po(file)

    def say(text: str) -> str:
        found = catalogue[text].string
        assert isinstance(found, str)
        return found

    return say


@pytest.mark.parametrize(
    ("properties", "use"),
    [
        pytest.param({}, by_mouse, id="mouse"),
        pytest.param({}, by_keyboard, id="keyboard"),
        pytest.param({"javascript": False}, by_mouse, id="without JavaScript"),
        pytest.param({"javascript": False}, by_keyboard, id="keyboard, without JavaScript"),
        pytest.param({"width": 320, "height": 640}, by_mouse, id="320 pixels"),
        pytest.param({"width": 1280, "height": 1024, "zoom": 4}, by_mouse, id="400 % zoom"),
        pytest.param({"width": 1280, "height": 1024, "zoom": 4}, by_keyboard, id="400 % zoom, keyboard"),
        pytest.param({"dark": True, "width": 2560, "height": 1440}, by_mouse, id="dark and wide"),
    ],
)
def test_a_question_leads_to_a_quote_with_its_source(
    read: Opens, properties: Mapping[str, Any], use: Callable[..., None]
) -> None:
    copies = properties.get("javascript", True)
    text = paragraphs(Flow(page=read("/", **properties), use=use, copies=copies).all())
    assert QUOTE in text
    assert "Weerbaar zonder held" in text
    assert "p. 3" in text


def test_it_does_so_in_english(read: Opens, english: Callable[[str], str]) -> None:
    page = read("/", language="en-GB")
    text = paragraphs(Flow(page=page, say=english, date="3 October 2024").all())
    # The words of the source stay what they are.
    assert QUOTE in text
    assert page.locator("html").get_attribute("lang") == "en"
