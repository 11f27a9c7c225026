"""Promises of the LangChain retriever: passages with their sources, saved without the key, nothing told."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from kb.client import InvalidRequest, Unauthorized
from kb.client.connecting import KEY_VARIABLE
from tests.conftest import ROOT

pytest.importorskip("langchain_core", reason="LangChain has an environment of its own: make retrievers")

from langchain_core.load import dumps, loads
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from kb.client.langchain import KennisbankRetriever

QUERY = "afspraken over lantaarnpalen"


def test_passages_come_with_their_source(service: Mapping[str, str]) -> None:
    found = KennisbankRetriever(url=service["url"], limit=3).invoke(QUERY)
    assert len(found) == 3
    first = found[0]
    assert "lantaarnpalen" in first.page_content
    assert first.id == first.metadata["passage_id"]
    assert first.metadata["title"] == "Verslag van de avond over verlichting"
    assert (first.metadata["date"], first.metadata["event"]) == ("2024-11-07", "Avond over verlichting")
    assert first.metadata["locator"] == "§ Besluiten"
    assert first.metadata["url"].startswith(f"{service['url']}/v1/documents/")
    assert 0 <= first.metadata["relevance"] <= 1


def test_it_stands_in_chains_blocking_and_not(service: Mapping[str, str]) -> None:
    retriever = KennisbankRetriever(url=service["url"], options={"kind": ["verslag"]})
    chain = retriever | RunnableLambda(lambda documents: [one.metadata["kind"] for one in documents])
    said = chain.invoke(QUERY)
    assert set(said) == {"verslag"}
    assert asyncio.run(chain.ainvoke(QUERY)) == said
    assert asyncio.run(chain.abatch([QUERY, QUERY])) == [said, said]


@pytest.mark.filterwarnings("ignore:The function `loads` is in beta")
def test_it_is_saved_without_its_key(service: Mapping[str, str]) -> None:
    retriever = KennisbankRetriever(url=service["url"], key=service["key"], limit=2)
    saved = dumps(retriever)
    assert service["key"] not in saved + repr(retriever)
    assert json.loads(saved)["kwargs"]["key"] == {"lc": 1, "type": "secret", "id": [KEY_VARIABLE]}
    again = loads(
        saved,
        allowed_objects=[KennisbankRetriever],
        valid_namespaces=["kb"],
        secrets_map={KEY_VARIABLE: service["key"]},
    )
    assert again == retriever
    assert again.invoke(QUERY) == retriever.invoke(QUERY)


def test_the_key_is_used_and_errors_are_told(service: Mapping[str, str]) -> None:
    with pytest.raises(Unauthorized):
        KennisbankRetriever(url=service["url"], key="kb_verkeerd").invoke(QUERY)
    assert KennisbankRetriever(url=service["url"], key=service["key"]).invoke(QUERY)
    with pytest.raises(InvalidRequest):
        KennisbankRetriever(url=service["url"]).invoke(" ")
    with pytest.raises(TypeError, match="no option"):
        KennisbankRetriever(url=service["url"], options={"soort": "verslag"}).invoke(QUERY)
    with pytest.raises(ValidationError):
        KennisbankRetriever(url=service["url"], limit=0)


def test_nothing_leaves_the_building(service: Mapping[str, str]) -> None:
    program = (
        "import sys\n"
        "asked = []\n"
        "def heard(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        asked.append(str(arguments))\n"
        "sys.addaudithook(heard)\n"
        "from kb.client.langchain import KennisbankRetriever\n"
        f"KennisbankRetriever(url={service['url']!r}).invoke('licht')\n"
        "import time; time.sleep(2)\n"
        "assert asked\n"
        "print(*[one for one in asked if '127.0.0.1' not in one])\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LANG")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
