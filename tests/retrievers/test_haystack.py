"""Promises of the Haystack retriever: passages with their sources, saved without the key, nothing told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from kb.client import InvalidRequest, Unauthorized
from kb.client.connecting import KEY_VARIABLE
from tests.conftest import ROOT

pytest.importorskip("haystack", reason="Haystack has an environment of its own: make retrievers")

from haystack import Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.utils import Secret

from kb.client.haystack import KennisbankRetriever

QUERY = "afspraken over lantaarnpalen"


def test_passages_come_with_their_source(service: Mapping[str, str]) -> None:
    found = KennisbankRetriever(service["url"], top_k=3).run(QUERY)["documents"]
    assert len(found) == 3
    first = found[0]
    assert "lantaarnpalen" in first.content
    assert first.meta["title"] == "Verslag van de avond over verlichting"
    assert (first.meta["date"], first.meta["event"]) == ("2024-11-07", "Avond over verlichting")
    assert first.meta["locator"] == "§ Besluiten"
    assert first.meta["url"].startswith(f"{service['url']}/v1/documents/{first.meta['document_id']}/file")
    assert first.meta["source"] == "avond/verslag.md"
    assert "page" not in first.meta
    assert first.score == first.meta["relevance"]
    assert [one.meta["rank"] for one in found] == [1, 2, 3]


def test_it_stands_in_pipelines_blocking_and_not(service: Mapping[str, str]) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", KennisbankRetriever(service["url"], options={"kind": "verslag"}))
    pipeline.add_component("joiner", DocumentJoiner())
    pipeline.connect("retriever", "joiner")
    asked = {"retriever": {"query": QUERY, "top_k": 2}}
    said = pipeline.run(asked)["joiner"]["documents"]
    assert said == asyncio.run(pipeline.run_async(asked))["joiner"]["documents"]
    assert {one.meta["kind"] for one in said} == {"verslag"}


def test_a_pipeline_is_saved_without_its_key(
    service: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, service["key"])
    pipeline = Pipeline()
    retriever = KennisbankRetriever(service["url"], top_k=2, options={"group_by": "document"})
    pipeline.add_component("retriever", retriever)
    saved = pipeline.dumps()
    assert service["key"] not in saved
    assert KEY_VARIABLE in saved
    again = Pipeline.loads(saved, allowed_modules=["kb.client.haystack"]).get_component("retriever")
    assert again.to_dict() == retriever.to_dict()
    assert again.run(QUERY) == retriever.run(QUERY)
    with pytest.raises(ValueError, match="serialize"):
        KennisbankRetriever(service["url"], key=Secret.from_token("kb_geheim")).to_dict()


def test_the_key_is_used_and_errors_are_told(service: Mapping[str, str]) -> None:
    with pytest.raises(Unauthorized):
        KennisbankRetriever(service["url"], key=Secret.from_token("kb_verkeerd")).run(QUERY)
    assert KennisbankRetriever(service["url"], key=Secret.from_token(service["key"])).run(QUERY)["documents"]
    with pytest.raises(InvalidRequest):
        KennisbankRetriever(service["url"]).run(" ")
    with pytest.raises(TypeError, match="no option"):
        KennisbankRetriever(service["url"], options={"soort": "verslag"}).run(QUERY)
    with pytest.raises(ValueError, match="top_k"):
        KennisbankRetriever(service["url"], top_k=0)


def test_nothing_leaves_the_building(service: Mapping[str, str]) -> None:
    program = (
        "import sys\n"
        "asked = []\n"
        "def heard(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        asked.append(str(arguments))\n"
        "sys.addaudithook(heard)\n"
        "from kb.client.haystack import KennisbankRetriever\n"
        "from haystack import Pipeline\n"
        "pipeline = Pipeline()\n"
        f"pipeline.add_component('retriever', KennisbankRetriever({service['url']!r}))\n"
        "pipeline.run({'retriever': {'query': 'licht'}})\n"
        "import time; time.sleep(2)\n"
        "assert asked\n"
        "print(*[one for one in asked if '127.0.0.1' not in one])\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HAYSTACK")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
