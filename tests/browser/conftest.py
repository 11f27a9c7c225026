"""A service as secretaries have it, over our own documents, and a browser to visit it with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from kb.embedding import load_encoder
from kb.indexing import build_index
from kb.settings import Settings
from tests.api.administrator import make_secrets
from tests.browser.site import Site
from tests.browser.visiting import CHROMIUM, Reader, Visit, chromium
from tests.serving import Service, serving

Begin = Callable[..., Visit]
Opens = Callable[..., Page]
Visits = Callable[[], AbstractContextManager[Begin]]

# No longer than these tests: Playwright keeps an event loop running, and others' asyncio.run fails beside it.
_HERE_ONLY = "package"


@pytest.fixture(scope=_HERE_ONLY)
def settings(tmp_path_factory: pytest.TempPathFactory, root: Path, files: Path) -> Settings:
    """Settings of a service over the project's own corpus and tests/files/browser, with its index."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(root / "corpus", folder / "corpus")
    shutil.copytree(files / "browser", folder / "corpus", dirs_exist_ok=True)
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", rate_address=0, rate_key=0)
    build_index(settings, lambda: load_encoder(settings))
    return settings


@pytest.fixture(scope=_HERE_ONLY)
def secrets(settings: Settings) -> Mapping[str, str]:
    """A key for each scope."""
    return make_secrets(settings)


@pytest.fixture(scope=_HERE_ONLY)
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(settings, tmp_path_factory.mktemp("served")) as service:
        yield service


@pytest.fixture(scope=_HERE_ONLY)
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        # In CI nothing may be left out for want of a program: see .ci/run.
        assert "CI" not in os.environ, f"there is no {CHROMIUM}"
        pytest.skip("Chromium is not installed")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope=_HERE_ONLY)
def site(service: Service) -> Site:
    return Site(service)


@pytest.fixture(scope=_HERE_ONLY)
def visits(browser: Browser, service: Service) -> Visits:
    """Visits that end together. Nothing may go wrong during any of them."""

    @contextmanager
    def together() -> Iterator[Begin]:
        visits: list[Visit] = []

        def begin(**properties: Any) -> Visit:
            visits.append(Visit(browser, service.address, Reader(**properties)))
            return visits[-1]

        yield begin
        for one in visits:
            one.close()
        assert [fault for one in visits for fault in one.faults.all()] == []

    return together


@pytest.fixture
def visit(visits: Visits) -> Iterator[Begin]:
    """Begins a visit of a reader with these properties."""
    with visits() as begin:
        yield begin


@pytest.fixture
def read(visit: Begin) -> Opens:
    """Opens a path for a reader with these properties."""
    return lambda path, **properties: visit(**properties).open(path)
