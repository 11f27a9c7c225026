"""The promise that the OpenAPI document is true, on a sample of requests that a machine thought up.

`make conformance` makes many more of them.
"""

from __future__ import annotations

from pathlib import Path

from tests.conformance.fuzzing import fuzz


def test_whatever_is_asked_the_service_answers_as_its_document_says(tmp_path: Path) -> None:
    outcomes = list(fuzz(tmp_path, examples=3, callers=("without a key", "admin")))
    assert len(outcomes) == 2
    for outcome in outcomes:
        assert outcome.failures == 0, outcome.told
        assert outcome.cases > 1_000
