"""The main pages as others see them, beside the picture of every state that test_accessibility.py takes.

`make screenshots` puts the chosen ones of build/screenshots in docs/beelden.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Visits
from tests.browser.pictures import take
from tests.browser.site import Site
from tests.browser.states import STATES, State, reached

_MAIN = ("start", "resultaten", "document-pdf", "document-dia", "bijeenkomst", "dossier", "beheer")
_LOOKS: Mapping[str, Mapping[str, Any]] = {
    "donker": {"dark": True},
    "telefoon": {"width": 390, "height": 844},
    "breed": {"width": 1920, "height": 1080},
}


@pytest.mark.parametrize("look", _LOOKS)
@pytest.mark.parametrize("state", [state for state in STATES if state.name in _MAIN], ids=str)
def test_a_main_page_has_its_picture(
    visits: Visits, site: Site, secrets: Mapping[str, str], root: Path, state: State, look: str
) -> None:
    with visits() as begin:
        page = reached(begin, state, site, secrets, **_LOOKS[look])
        take(page, root / "build" / "screenshots" / f"{state.name}-{look}.png")
