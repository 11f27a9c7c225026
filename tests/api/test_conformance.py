"""The API keeps to the NL API Design Rules, as Spectral judges them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.conformance import spectral


@pytest.fixture
def linted(tmp_path: Path) -> Path:
    """Where a document to be judged is put. In CI Spectral must be there; elsewhere it may be missing."""
    if not spectral.is_installable():
        assert "CI" not in os.environ, "there is no npm, so the design rules are not checked: see .ci/run"
        pytest.skip("there is no npm to run Spectral with: apt-get install npm")
    return tmp_path / "openapi.json"


def test_spectral_finds_nothing_against_the_design_rules(client: TestClient, linted: Path) -> None:
    linted.write_bytes(client.get("/v1/openapi.json").content)
    assert spectral.lint(linted) == []


def test_spectral_tells_what_is_against_the_design_rules(client: TestClient, linted: Path) -> None:
    document = client.get("/v1/openapi.json").json()
    del document["info"]["contact"]["email"]
    del document["paths"]["/search"]["get"]["responses"]["200"]["headers"]
    linted.write_text(json.dumps(document))
    assert {item["code"] for item in spectral.lint(linted)} == {
        "nlgov:info-contact-fields-exist",
        "nlgov:missing-header",
    }


def test_the_rules_are_those_that_were_published(shared: Path) -> None:
    published = shared / "conformance" / "nlgov-adr-linter.yaml"
    assert spectral.RULES.read_bytes() == published.read_bytes()
