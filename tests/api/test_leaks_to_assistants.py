"""The promise that assistants see no document for members without a key for it, whatever tool they call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.assistants import create_assisted_app
from tests.api.closed import NOTHING, SECRETS, TYPOS, Home, leaked, make_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with make_home(tmp_path_factory.mktemp("assistants"), create_assisted_app) as home:
        yield home


def ask(home: Home, method: str, parameters: dict[str, Any], key: str | None) -> tuple[str, bytes]:
    """What was sent, and the whole answer."""
    headers = {"accept": "application/json, text/event-stream"}
    if key:
        headers["authorization"] = f"Bearer {home.keys[key]}"
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    answer = home.client.post("/mcp", json=message, headers=headers)
    assert answer.status_code < 500, answer.text
    head = b"\n".join(b"%s: %s" % item for item in answer.headers.raw)
    return json.dumps(parameters), head + b"\n\n" + answer.content


def values_of(home: Home) -> dict[str, list[Any]]:
    """What each argument of a tool is given. One that is not here fails the test."""
    words = [*SECRETS.values(), *TYPOS, "begroting"]
    return {
        "query": words,
        "words": words,
        "limit": [1, 20],
        "offset": [0, 1],
        "page": [1, 2, 99],
        "kind": ["overig", "verslag"],
        "event": ["Kring Schemerlicht", *home.members_ids["event"], NOTHING],
        "speaker": ["Q. Sluipvoet"],
        "host": ["Ondergronds BV"],
        "theme": ["nachtvlinder"],
        "municipality": ["Winterswijk", "GM0294"],
        "statement": ["besluit"],
        "said_by": ["Bo Zwaveldrager"],
        "document_id": [*home.members_ids["document"], *home.open_ids["document"], NOTHING],
        "passage_id": [*home.members_ids["passage"], *home.open_ids["passage"], NOTHING],
        "date_from": ["2011-05-16", "2024-01-01"],
        "date_to": ["2011-05-16"],
        "year": [2011, 2024],
    }


def calls(home: Home) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls of every tool, each argument with each of its values, and every resource."""
    values = values_of(home)
    _, answer = ask(home, "tools/list", {}, None)
    tools = json.loads(answer.split(b"\n\n", 1)[1])["result"]["tools"]
    assert tools
    for tool in tools:
        arguments = tool["inputSchema"]["properties"]
        first = {name: values[name][0] for name in tool["inputSchema"].get("required", [])}
        for name, schema in arguments.items():
            for value in values[name]:
                given = [value] if schema.get("type") == "array" else value
                yield "tools/call", {"name": tool["name"], "arguments": {**first, name: given}}
    for document in values["document_id"]:
        yield "resources/read", {"uri": f"kennisbank://documents/{document}"}
    for method in ("tools/list", "resources/list", "resources/templates/list", "prompts/list"):
        yield method, {}


@pytest.mark.parametrize("key", [None, "search", "admin"])
def test_no_assistant_without_a_key_for_it_is_told_a_word(home: Home, key: str | None) -> None:
    asked = [*calls(home)]
    assert len(asked) > 50
    for method, parameters in asked:
        sent, answer = ask(home, method, parameters, key)
        assert leaked(sent, home.secrets, answer) == [], (parameters, answer)


def test_an_assistant_with_the_key_of_a_member_is_told_them(home: Home) -> None:
    seen: set[str] = set()
    for method, parameters in calls(home):
        sent, answer = ask(home, method, parameters, "members")
        seen.update(leaked(sent, home.secrets, answer))
    assert {"word", "compound", "title", "speaker", "event", "place", "host", "heading", "date"} <= seen
    assert {"id of document 0", "id of passage 0"} <= seen
