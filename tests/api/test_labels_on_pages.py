"""What was decided, is to be done, was asked and was said stands on passages as labels, and filters them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from lxml import html
from starlette.testclient import TestClient

from api.app import create_app
from kb.generations import Generations
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from tests.geometry import WordEncoder

MINUTES = """---
title: Verslag van de kring
---

# Verslag van de kring op donderdag 7 november

Aanwezig: Jan de Wit (wethouder, gemeente Utrecht), Mia Bos (griffier, gemeente Amersfoort)

## Verlichting

"De lantaarns gaan om middernacht uit", zei Jan de Wit.
Volgens Mia Bos kost de proef met verlichting vijf ton.
Wie betaalt de verlichting na het eerste jaar?

## Besluiten

- Besloten wordt de proef met verlichting met een jaar te verlengen.

## Actiepunten

- Mia Bos vraagt de offertes voor verlichting op.
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("labels")
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "verslag.md").write_text(MINUTES, encoding="utf-8")
    (corpus / "brief.md").write_text(
        "# Brief\n\nDe gemeente Zwolle schrijft over verlichting.\n", encoding="utf-8"
    )
    settings = Settings(corpus=corpus, indexes=folder / "indexes")
    build_index(settings, WordEncoder)
    index = Generations(settings.indexes).open_live()
    app = create_app(KnowledgeBase.over(index, settings, WordEncoder()))
    with TestClient(app, client=("127.0.0.1", 50_000), headers={"accept-language": "nl"}) as client:
        yield client


def labels(text: str) -> list[str]:
    """The labels on a page, as they are read."""
    return [
        " ".join(found.text_content().split())
        for found in html.fromstring(text).xpath("//*[contains(@class, 'states')]")
    ]


def test_a_hit_says_what_its_passage_states_and_who_said_it(pages: TestClient) -> None:
    told = labels(pages.get("/", params={"q": "verlichting"}).text)
    assert "Besluit" in told
    assert "Actie" in told
    assert "Vraag" in told
    assert "Citaat: Jan de Wit, wethouder, gemeente Utrecht" in told


def test_what_is_not_literal_is_never_called_a_quotation(pages: TestClient) -> None:
    told = labels(pages.get("/", params={"q": "verlichting"}).text)
    assert "Volgens Mia Bos, griffier, gemeente Amersfoort (niet letterlijk)" in told
    assert not [one for one in told if "Citaat" in one and "Mia" in one]


def test_labels_stand_in_the_text_of_a_document_where_it_is_stated(pages: TestClient) -> None:
    (document,) = [
        one for one in pages.get("/v1/documents").json()["documents"] if one["source"] == "verslag.md"
    ]
    for path in (f"/documenten/{document['id']}", f"/documenten/{document['id']}/tekst"):
        text = re.sub("</?bdi>", "", unescape(pages.get(path).text))
        begins = '<small class="states" lang="nl">'
        assert re.search(begins + 'Citaat: Jan de Wit, [^<]*</small>"?De lantaarns', text)
        assert re.search(begins + "Besluit</small>(- )?Besloten wordt", text)
        assert re.search(begins + "Vraag</small>Wie betaalt", text)


def test_labels_are_in_the_language_of_who_reads(pages: TestClient) -> None:
    told = labels(pages.get("/", params={"q": "verlichting"}, headers={"accept-language": "en"}).text)
    assert "Decision" in told
    assert "According to Mia Bos, griffier, gemeente Amersfoort (not literal)" in told


@pytest.mark.parametrize(
    ("name", "value", "chip"),
    [
        ("statement", "besluit", "Besluiten"),
        ("saidBy", "Jan de Wit", "Jan de Wit"),
        ("municipality", "GM0344", "Utrecht"),
        ("municipality", "Utrecht", "Utrecht"),
        ("province", "PV26", "Utrecht"),
    ],
)
def test_a_filter_narrows_the_hits_and_is_a_chip_that_goes(
    pages: TestClient, name: str, value: str, chip: str
) -> None:
    page = pages.get("/", params={"q": "verlichting", name: value}).text
    tree = html.fromstring(page)
    assert "Brief" not in [one.text_content() for one in tree.xpath("//h3")]
    assert tree.xpath("//h3")
    (found,) = tree.xpath("//ul[@class='chips']//bdi")
    assert found.text_content() == chip
    assert found.getparent().get("href") == "/?q=verlichting"


def test_the_values_of_the_filters_are_links_beside_the_hits(pages: TestClient) -> None:
    page = pages.get("/", params={"q": "verlichting"}).text
    for address in (
        "/?q=verlichting&amp;statement=besluit",
        "/?q=verlichting&amp;municipality=GM0344",
        "/?q=verlichting&amp;saidBy=Jan+de+Wit",
    ):
        assert f'href="{address}"' in page
    for title in ("Wat er staat", "Wie het zei", "Gemeente"):
        assert f"<summary>{title}</summary>" in page


@pytest.mark.parametrize("name", ["statement", "saidBy", "municipality", "province"])
def test_a_value_that_there_is_not_is_told_in_plain_dutch(pages: TestClient, name: str) -> None:
    answer = pages.get("/", params={"q": "verlichting", name: "<b>nergens</b>"})
    assert answer.status_code == 400
    assert "<b>nergens</b>" not in answer.text
    (fault,) = html.fromstring(answer.text).xpath("//*[@id='fouten']//li")
    assert not fault.text_content().startswith("De waarde bij")


def test_a_day_without_a_year_stands_as_it_was_written(pages: TestClient) -> None:
    page = pages.get("/", params={"q": "verlichting"}).text
    assert "<bdi>donderdag 7 november</bdi>" in page


def test_quotations_with_their_source_are_without_labels(pages: TestClient) -> None:
    hits = pages.get("/v1/search", params={"q": "verlichting"}).json()["hits"]
    for hit in hits:
        assert labels(pages.get(f"/passages/{hit['passageId']}/citaat").text) == []
