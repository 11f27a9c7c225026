"""Promises about keys: what changes something needs one of the right scope, and it is told nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx2
import pytest

from kb.builds import Builds
from kb.keys import Keys, Scope
from kb.settings import Settings

PROTECTED = [
    ("POST", "/builds"),
    ("GET", "/builds"),
    ("GET", "/builds/20261124T185454123456Z-0123456789ab"),
    ("GET", "/generations"),
    ("PUT", "/generations/live"),
    ("GET", "/generations/live/report"),
    ("POST", "/documents"),
    ("GET", "/gaps"),
]


def test_every_operation_that_says_so_needs_a_key_and_no_other_does(service: str) -> None:
    # It is composed when it is first asked for, which takes seconds on a busy machine.
    paths = httpx2.get(f"{service}/v1/openapi.json", timeout=60).json()["paths"]
    told = {
        (method.upper(), path)
        for path, item in paths.items()
        for method, operation in item.items()
        # An empty requirement: a key may be sent and need not be.
        if {} not in operation.get("security", [{}])
    }
    assert told == {
        (method, re.sub("/2026[^/]*", "/{id}", path).replace("live/report", "{name}/report"))
        for method, path in PROTECTED
    }


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_the_right_key_nothing_is_told_or_done(
    service: str, secrets: Mapping[str, str], home: Settings, method: str, path: str
) -> None:
    before = sorted(home.corpus.iterdir()), Builds(home.indexes).all()
    for header in (
        None,
        "",
        "Bearer",
        f"Basic {secrets['admin']}",
        secrets["admin"],
        f"Bearer {secrets['admin']}x",
        f"Bearer {secrets['admin'][:-1]}",
        f"Bearer {secrets['admin']} {secrets['admin']}",
        f"Bearer {'a' * 5_000}",
    ):
        headers = {} if header is None else {"authorization": header}
        answer = httpx2.request(method, f"{service}/v1{path}", headers=headers)
        assert answer.status_code == 401, header
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith('Bearer realm="')
    for scope in ("search", "members"):
        headers = {"authorization": f"bearer {secrets[scope]}"}
        answer = httpx2.request(method, f"{service}/v1{path}", headers=headers)
        assert answer.status_code == 403
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
        assert answer.json()["status"] == 403
    assert before == (sorted(home.corpus.iterdir()), Builds(home.indexes).all())


def test_a_key_is_over_when_it_is_revoked(service: str, home: Settings) -> None:
    _, secret = Keys(home.keys_file).create("tijdelijk", [Scope.ADMIN])
    headers = {"authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{service}/v1/builds", headers=headers).status_code == 200
    Keys(home.keys_file).revoke("tijdelijk")
    assert httpx2.get(f"{service}/v1/builds", headers=headers).status_code == 401


def test_a_key_is_never_logged(
    service: str, secrets: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        for secret in (*secrets.values(), "kb_verkeerd"):
            httpx2.get(f"{service}/v1/builds", headers={"authorization": f"Bearer {secret}"})
    logged = "\n".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert all(secret not in logged for secret in (*secrets.values(), "kb_verkeerd"))
