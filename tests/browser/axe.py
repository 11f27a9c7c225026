"""axe-core over a page, held to WCAG 2.2 at levels A and AA."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests import npm

_HERE = Path(__file__).resolve().parent
_FOLDER = _HERE.parent.parent / "build" / "axe"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# axe leaves these two out unless they are asked for: WCAG 2.2's size of targets, and content outside
# landmarks, which is no success criterion but what our structure promises.
_RULES = {"target-size": {"enabled": True}, "region": {"enabled": True}}


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page as it is now: the rule, its explanation, and the elements."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(_source())
    options = {"runOnly": {"type": "tag", "values": _TAGS}, "rules": _RULES, "resultTypes": ["violations"]}
    found: list[dict[str, Any]] = page.evaluate(
        "async options => (await window.axe.run(document, options)).violations", options
    )
    return [
        f"{one['id']}: {one['help']}: {node['html']} ({node.get('failureSummary', '')})"
        for one in found
        for node in one["nodes"]
    ]


@cache
def _source() -> str:
    if not npm.is_there():
        assert "CI" not in os.environ, "there is no npm, so the pages are not held against WCAG: see .ci/run"
        pytest.skip("npm is not installed")
    return (npm.install(_HERE, _FOLDER) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
