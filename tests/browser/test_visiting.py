"""Promises of the harness: what must not happen during a visit is seen when it does."""

from __future__ import annotations

from playwright.sync_api import Route

from tests.browser.conftest import Begin
from tests.browser.visiting import Visit

_EVIL = (
    "<script>document.title = 'taken'</script><p style='color: red'>x</p>"
    "<img src='https://elsewhere.example/x.png' onerror='document.title = 1'>"
)


def _tampered(visit: Begin, **properties: object) -> Visit:
    """A visit to a page that somebody wrote into."""

    def write(route: Route) -> None:
        answer = route.fetch()
        if answer.headers["content-type"].startswith("text/html"):
            route.fulfill(response=answer, body=answer.text().replace("</main>", f"{_EVIL}</main>"))
        else:
            route.fulfill(response=answer)

    begun = visit(**properties)
    begun.context.route("**/*", write)
    page = begun.open("/?q=netwerk")
    page.wait_for_timeout(300)
    assert page.title() == "netwerk · Kennisbank"
    return begun


def test_what_the_policy_forbids_is_counted_and_what_goes_elsewhere_is_seen(visit: Begin) -> None:
    faults = _tampered(visit).faults
    told = " ".join(faults.violations)
    assert all(rule in told for rule in ("script-src-elem", "script-src-attr", "style-src-attr", "img-src"))
    assert faults.elsewhere == ["https://elsewhere.example/x.png"]
    faults.clear()


def test_it_is_counted_without_javascript_as_well(visit: Begin) -> None:
    faults = _tampered(visit, javascript=False).faults
    assert any("img-src" in text for text in faults.violations)
    faults.clear()


def test_a_part_that_is_not_there_is_seen(visit: Begin) -> None:
    begun = visit()
    page = begun.open("/")
    page.evaluate("() => fetch('/static/nothing.css')")
    assert begun.faults.broken == [f"404 for {begun.address}/static/nothing.css"]
    begun.faults.clear()
