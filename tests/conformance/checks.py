"""Checks of ours that schemathesis makes on every answer, beside its own; loaded by SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import json
import os
from typing import Any

import schemathesis
from schemathesis import GenerationMode

import kb

# Faults of a request that fits the schema: they depend on what the index holds, or on two values together.
_BEYOND_THE_SCHEMA = {
    "unknown-value", "not-judged", "empty", "control-characters", "name", "folder",
}  # fmt: skip


@schemathesis.check
def refuses_for_what_the_schema_cannot_say(ctx: Any, response: Any, case: Any) -> None:  # noqa: ARG001
    """A request that fits the schema is refused only for a reason beyond it."""
    mode = case.meta.generation.mode if case.meta else None
    if response.status_code == 400 and mode is GenerationMode.POSITIVE:
        for fault in response.json()["errors"]:
            is_period = fault["location"].rpartition("/")[2] in ("dateFrom", "dateTo")
            assert fault["code"] in _BEYOND_THE_SCHEMA or is_period, f"refused for {fault}"


@schemathesis.check
def has_the_headers_of_every_answer(ctx: Any, response: Any, case: Any) -> None:  # noqa: ARG001
    """Each answer tells its version and keeps browsers from what they need not do."""
    headers = {name.lower(): values for name, values in response.headers.items()}
    assert headers["api-version"] == [kb.__version__]
    assert headers["x-content-type-options"] == ["nosniff"]
    assert headers["x-frame-options"] == ["DENY"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"][0]
    assert "cache-control" in headers
    assert "Authorization" in headers["vary"][0]


@schemathesis.check
def tells_problems_in_one_form(ctx: Any, response: Any, case: Any) -> None:  # noqa: ARG001
    """RFC 9457, with a reason for each fault, and never 422."""
    assert response.status_code != 422
    if response.status_code < 400 or case.method == "HEAD":
        return
    assert response.headers["content-type"] == ["application/problem+json"]
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    assert (response.status_code == 400) == ("errors" in problem)


@schemathesis.check
def names_nothing_of_the_server(ctx: Any, response: Any, case: Any) -> None:  # noqa: ARG001
    """No answer names a folder of the server, but the full report of a build to who keeps it going."""
    if "/builds" in case.path or "/report" in case.path or "/file" in case.path:
        return
    assert os.environ["KB_FUZZED_FOLDER"] not in json.dumps(response.text)
