"""Promises to whoever reads otherwise: WCAG 2.2 AA by axe-core, on every page and state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.conftest import Visits
from tests.browser.pictures import take
from tests.browser.site import Site
from tests.browser.states import STATES, State, reached
from tests.serving import Service

# For each heading its level, in the order of the page. One with a role is no heading to a screen reader.
_LEVELS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
  .filter(heading => heading.checkVisibility() && !heading.hasAttribute('role'))
  .map(heading => Number(heading.tagName[1]))"""
_TWICE = """() => [...document.querySelectorAll('[id]')].map(element => element.id)
  .filter((id, number, ids) => ids.indexOf(id) !== number)"""
# What sticks out, and is in no box that scrolls by itself.
_WIDER = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
  [...document.body.querySelectorAll('*')]
  .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.outerHTML.slice(0, 160)).concat('the page')"""
_STEPS = """() => {
  const steps = [];
  const kinds = 'a[href], button, input, select, textarea, summary, [tabindex]';
  for (const element of document.querySelectorAll(kinds))
    if (element.tabIndex >= 0 && !element.disabled && element.type !== 'hidden'
        && element.checkVisibility({ visibilityProperty: true }))
      steps.push(element);
  return steps.length;
}"""
# Where the focus is: whether it shows, and whether anything else lies over all of it.
_FOCUS = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const box = element.getBoundingClientRect();
  const inside = (x, y) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const seen = [0.1, 0.5, 0.9].some(part => {
    const [x, y] = [box.left + box.width * part, box.top + Math.min(box.height / 2, 20)];
    const top = inside(x, y) && document.elementFromPoint(x, y);
    return top && (element.contains(top) || top.contains(element));
  });
  element.dataset.step ??= document.querySelectorAll('[data-step]').length;
  const style = getComputedStyle(element);
  const shows = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  return { step: element.dataset.step, html: element.outerHTML.slice(0, 160), seen, shows };
}"""


@pytest.fixture(scope="module", params=STATES, ids=str)
def state(request: pytest.FixtureRequest) -> State:
    found: State = request.param
    return found


@pytest.fixture(scope="module")
def shown(state: State, visits: Visits, site: Site, secrets: Mapping[str, str]) -> Iterator[Page]:
    """A page in its state, opened once for all that is asked of it."""
    with visits() as begin:
        yield reached(begin, state, site, secrets)


@pytest.fixture
def page(shown: Page) -> Page:
    """The same, wide and in light colours."""
    shown.set_viewport_size({"width": 1280, "height": 900})
    shown.emulate_media(color_scheme="light")
    return shown


def test_a_page_has_its_picture(page: Page, state: State, root: Path) -> None:
    take(page, root / "build" / "screenshots" / f"{state.name}.png")


def test_axe_finds_nothing_in_light_dark_and_narrow(page: Page) -> None:
    found = {"light": axe.violations(page)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = axe.violations(page)
    page.set_viewport_size({"width": 320, "height": 640})
    found["dark and narrow"] = axe.violations(page)
    assert found == {"light": [], "dark": [], "dark and narrow": []}


def test_headings_and_landmarks_tell_how_a_page_is_made(page: Page) -> None:
    levels = page.evaluate(_LEVELS)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert [pair for pair in pairwise(levels) if pair[1] > pair[0] + 1] == []
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role  # type: ignore[arg-type]
    navigation = [found.get_attribute("aria-label") for found in page.get_by_role("navigation").all()]
    assert all(navigation)
    assert len(set(navigation)) == len(navigation)
    assert page.locator("html").get_attribute("lang") == "nl"
    assert page.evaluate(_TWICE) == []


def test_nothing_asks_to_scroll_sideways_at_320_pixels(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    wider = page.evaluate(_WIDER)
    assert wider == []


def test_the_skip_link_leads_past_the_menu(page: Page) -> None:
    link = page.get_by_role("link", name="Naar de inhoud")
    link.focus()
    assert link.is_visible()
    link.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")


def test_tab_reaches_everything_shows_where_it_is_and_is_never_trapped(
    state: State, visits: Visits, site: Site, secrets: Mapping[str, str]
) -> None:
    with visits() as begin:
        page = reached(begin, state, site, secrets, width=1280, height=1024, zoom=4)
        page.keyboard.press("Escape")
        page.evaluate("() => document.activeElement.blur()")
        steps = page.evaluate(_STEPS)
        seen: dict[str, dict[str, object]] = {}
        for _ in range(2 * steps + 5):
            page.keyboard.press("Tab")
            focus = page.evaluate(_FOCUS)
            if focus and focus["step"] not in seen:
                seen[focus["step"]] = focus
            elif len(seen) >= steps:
                break
    assert len(seen) >= steps
    assert [focus["html"] for focus in seen.values() if not focus["seen"]] == []
    assert [focus["html"] for focus in seen.values() if not focus["shows"]] == []


def test_no_two_pages_have_the_same_title(service: Service, site: Site) -> None:
    titles: dict[str, str] = {}
    for state in STATES:
        if state.titled and not state.scope:
            text = service.get(state.at(site), follow_redirects=True).text
            (title,) = re.findall("<title>(.*?)</title>", text, re.DOTALL)
            assert title not in titles, (state.name, titles[title])
            titles[title] = state.name
