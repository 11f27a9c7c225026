"""Visits to the pages in Debian's Chromium, and everything that went wrong during one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox",  # tests run as root in a container
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)
# From the click to the first words on the screen, in milliseconds.
PAINT = """() => new Promise(resolve => new PerformanceObserver((list, observer) => {
  const first = list.getEntriesByName('first-contentful-paint')[0];
  if (first) { observer.disconnect(); resolve(first.startTime); }
}).observe({ type: 'paint', buffered: true }))"""
# Runs before every document's own content and outside its policy.
_LISTENER = """
document.addEventListener('securitypolicyviolation', event => {
  window.tellViolation(`${event.violatedDirective}: ${event.blockedURI} on ${event.documentURI}`);
});
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads and with what. `zoom` as the browser does it: fewer CSS pixels, each of more dots."""

    javascript: bool = True
    language: str = "nl-NL"
    dark: bool = False
    width: int = 1280
    height: int = 900
    zoom: int = 1
    key: str = ""


@dataclass(slots=True)
class Faults:
    """What must not happen during a visit."""

    violations: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.violations, *self.elsewhere, *self.broken]

    def clear(self) -> None:
        for kind in (self.violations, self.elsewhere, self.broken):
            kind.clear()


class Visit:
    """A browser context of one reader at one service; its pages take addresses from `/`."""

    def __init__(self, browser: Browser, address: str, reader: Reader) -> None:
        self.faults = Faults()
        self.address = address
        self._host = urlsplit(address).netloc
        self.context: BrowserContext = browser.new_context(
            base_url=address,
            java_script_enabled=reader.javascript,
            locale=reader.language,
            color_scheme="dark" if reader.dark else "light",
            reduced_motion="reduce",
            viewport={"width": reader.width // reader.zoom, "height": reader.height // reader.zoom},
            device_scale_factor=reader.zoom,
            accept_downloads=True,
            extra_http_headers={"Authorization": f"Bearer {reader.key}"} if reader.key else {},
        )
        self.context.set_default_timeout(15_000)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        self.context.expose_binding("tellViolation", lambda _, text: self.faults.violations.append(text))
        self.context.add_init_script(_LISTENER)
        self.context.on("request", self._requested)
        self.context.on("response", self._answered)
        self.context.on("console", self._told)
        self.context.on("weberror", lambda error: self.faults.broken.append(str(error.error)))

    def open(self, path: str) -> Page:
        """A new page at this path."""
        page = self.context.new_page()
        page.goto(path)
        return page

    def close(self) -> None:
        self.context.close()

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.faults.elsewhere.append(request.url)

    def _answered(self, response: Response) -> None:
        # What a page itself answers is what a test asks about; its parts must be there.
        if response.status >= 400 and response.request.resource_type != "document":
            self.faults.broken.append(f"{response.status} for {response.url}")

    def _told(self, message: ConsoleMessage) -> None:
        # Without JavaScript no listener hears of a violation, but the console does.
        if "Content Security Policy" in message.text and message.text not in self.faults.violations:
            self.faults.violations.append(message.text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()
