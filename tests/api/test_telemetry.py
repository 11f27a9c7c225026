"""Promises of the log: one line a request, with its id, and never a key, a query or an address."""

from __future__ import annotations

import json
import logging
import logging.config
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from kb.keys import Keys
from kb.logs import CURRENT, JsonFormatter, RequestContext, TextFormatter
from kb.settings import Settings
from tests.serving import Service, serving

QUERY = "Wie is mevrouw Van der Zande-Klomp?"


@pytest.fixture(scope="module")
def logging_service(
    home: Settings, secrets: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service that logs JSON."""
    assert secrets
    settings = home.model_copy(update={"log_format": "json"})
    with serving(settings, tmp_path_factory.mktemp("log")) as service:
        yield service


def line_of(service: Service, request_id: str) -> dict[str, object]:
    """The one line that tells of a request."""
    found: list[dict[str, object]] = []

    def is_told() -> bool:
        found[:] = [
            line
            for line in service.lines
            if line.get("requestId") == request_id and line["logger"] == "api.access"
        ]
        return bool(found)

    service.until(is_told)
    (line,) = found
    return line


def test_each_request_has_one_line_with_its_route_and_what_it_cost(
    logging_service: Service, secrets: Mapping[str, str]
) -> None:
    key = {"authorization": f"Bearer {secrets['admin']}"}
    asked = [
        ("GET", f"/v1/search?q={QUERY}", {}, "/v1/search", 200, None),
        ("HEAD", "/v1/documents", {}, "/v1/documents", 200, None),
        ("GET", "/v1/documents/0123456789abcdef", {}, "/v1/documents/{id}", 404, None),
        ("GET", "/v1/builds", key, "/v1/builds", 200, "admin"),
        ("DELETE", "/v1/status", {}, "/v1/status", 405, None),
        ("GET", "/van-der-Zande", {}, "none", 404, None),
        ("GET", "/static/style.css", {}, "/static", 200, None),
        ("VERZIN", "/", {"sec-fetch-site": "same-origin"}, "/", 405, None),
        ("GET", "/documenten/van-der-Zande", {}, "/documenten/{document_id}", 404, None),
    ]
    for method, path, headers, route, status, name in asked:
        answer = httpx2.request(method, logging_service.address + path, headers=headers, timeout=60)
        line = line_of(logging_service, answer.headers["x-request-id"])
        assert line["method"] == ("other" if method == "VERZIN" else method)
        assert (line["route"], line["status"], line["key"]) == (route, status, name), path
        assert answer.status_code == status
        assert line["bytes"] == len(answer.content)
        assert isinstance(line["milliseconds"], float)
        assert line["level"] == "info"
    log = logging_service.log
    assert "Zande" not in log
    assert not any(secret in log for secret in secrets.values())


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("proef-20261125/0001", True),
        ("0af76519-16cd-43dd-8448-eb211c80319c", True),
        ("kort", False),
        ("a" * 129, False),
        ("met spatie erin", False),
        ('"};alert(1)//aaaa', False),
        ("", False),
    ],
)
def test_an_id_of_the_client_is_kept_when_it_is_well_formed(
    logging_service: Service, given: str, is_taken: bool
) -> None:
    answer = logging_service.get("/v1/health/live", headers={"X-Request-ID": given})
    used = answer.headers["x-request-id"]
    assert (used == given) is is_taken
    assert is_taken or len(used) == 32
    line_of(logging_service, used)


def test_two_ids_are_no_id(logging_service: Service) -> None:
    given = [("X-Request-ID", "proef-0000001"), ("X-Request-ID", "proef-0000002")]
    used = httpx2.get(f"{logging_service.address}/v1/health/live", headers=given).headers["x-request-id"]
    assert used not in {"proef-0000001", "proef-0000002"}


def test_every_line_of_the_log_is_json_also_those_of_the_server(logging_service: Service) -> None:
    loggers = {line["logger"] for line in logging_service.lines}
    assert {"uvicorn.error", "api.access"} <= loggers
    assert all(
        {"time", "level", "logger", "message", "process"} <= set(line) for line in logging_service.lines
    )


def test_queries_are_logged_when_that_is_wanted(home: Settings, tmp_path: Path) -> None:
    settings = home.model_copy(update={"log_format": "json", "log_queries": "on"})
    with serving(settings, tmp_path) as service:
        answer = service.get("/v1/search", params={"q": QUERY})
        assert line_of(service, answer.headers["x-request-id"])["queries"] == [QUERY]
        posted = httpx2.post(f"{service.address}/v1/search", json={"q": "lantaarnpalen"}, timeout=60)
        assert line_of(service, posted.headers["x-request-id"])["queries"] == ["lantaarnpalen"]


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
def test_a_traceback_tells_neither_the_query_nor_a_key_nor_values(
    formatter: type[TextFormatter], tmp_path: Path
) -> None:
    key, secret = Keys(tmp_path / "keys.json").create("proef", ["search"])  # type: ignore[list-item]
    assert key
    context = RequestContext("proef-0000001")
    context.hide(QUERY)
    context.hide("O'Brien")
    token = CURRENT.set(context)
    try:
        try:
            local = f"in a local variable: {QUERY}"
            raise RuntimeError(
                f"cannot read {QUERY!r}, {chr(39)}O'Brien{chr(39)}, key {secret}, {len(local)}"
            )
        except RuntimeError:
            record = logging.LogRecord(
                "api", logging.ERROR, __file__, 1, "asked %s with %s", (QUERY, secret), sys.exc_info()
            )
        told = formatter().format(record)
        assert "RuntimeError: cannot read" in told
        assert "proef-0000001" in told
        for hidden in ("Zande", "Brien", secret, "in a local variable: W"):
            assert hidden not in told
        assert "Zande" in formatter(queries=True).format(record)
    finally:
        CURRENT.reset(token)


@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
def test_nobody_writes_a_line_of_the_log(formatter: type[TextFormatter]) -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "a\nb\r\x1b[31m\u2028c", (), None)
    assert len(formatter().format(record).splitlines()) == 1


def test_warnings_of_python_are_logged_as_well() -> None:
    script = (
        "import logging, logging.config, warnings\n"
        "from kb.logs import logging_of\n"
        "from kb.settings import Settings\n"
        "logging.config.dictConfig(logging_of(Settings(log_format='json')))\n"
        "logging.captureWarnings(True)\n"
        "warnings.warn('out of date')\n"
        "logging.getLogger('elders').info('not heard')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert line["logger"] == "py.warnings"
    assert "out of date" in line["message"]
