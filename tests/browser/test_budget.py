"""Promises of weight: a page of results is small, needs nobody else, and waits for no more than its styles.

How long it takes is measured by benchmarks/page.py.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from lxml import html
from playwright.sync_api import Response, Route

from tests.browser.conftest import Begin
from tests.browser.site import IN_PDF, Site
from tests.browser.states import STATES
from tests.browser.visiting import PAINT
from tests.serving import Service

_MOST_BYTES = 100_000
# What a browser has to ask for before it paints: styles, one after another on a slow line.
_MOST_STYLES = 8
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.mark.parametrize("query", [IN_PDF, "gemeente", "leverancier contract gegevens raad"])
def test_a_page_of_results_is_under_a_hundred_kilobytes_unpacked_without_images(
    visit: Begin, query: str
) -> None:
    reader = visit()
    answers: list[Response] = []
    # A method of a list cannot be listened with.
    reader.context.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108
    page = reader.open(f"/?q={query}")
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("article").count() == 10
    sizes = {
        urlsplit(answer.url).path: len(answer.body())
        for answer in answers
        if answer.request.resource_type != "image"
    }
    assert {"/", "/static/style.css", "/static/vendor/core.css", "/static/search.js"} <= set(sizes)
    assert sum(sizes.values()) < _MOST_BYTES, sizes


def test_no_page_needs_an_exception_from_a_strict_policy(service: Service, site: Site) -> None:
    for state in STATES:
        answer = service.get(state.at(site), follow_redirects=True)
        parts = [part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")]
        assert {part[0]: part[1] for part in parts} == _POLICY
        tree = html.fromstring(answer.text)
        assert tree.xpath("//style | //@style | //script[not(@src)]") == []
        assert tree.xpath("//@*[starts-with(name(), 'on')]") == []
        sources = tree.xpath(
            "//script/@src | //link/@href | //img/@src | //form/@action | //button/@formaction"
        )
        assert [source for source in sources if not source.startswith("/") or source.startswith("//")] == []


def test_the_first_results_are_painted_before_a_script_or_an_image_has_come(visit: Begin) -> None:
    reader = visit()
    late: list[Route] = []
    styles: list[str] = []

    def hold(route: Route) -> None:
        kind = route.request.resource_type
        if kind not in {"document", "stylesheet"}:
            late.append(route)
            return
        if kind == "stylesheet":
            styles.append(route.request.url)
        route.continue_()

    reader.context.route("**/*", hold)
    page = reader.context.new_page()
    page.goto("/?q=netwerk", wait_until="commit")
    assert page.evaluate(PAINT) > 0
    assert page.get_by_role("article").first.is_visible()
    assert late
    assert 0 < len(styles) <= _MOST_STYLES
    for route in late:
        route.continue_()
