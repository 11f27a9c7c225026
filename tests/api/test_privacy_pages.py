"""How a reader and an administrator see that something is kept from them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kb.indexing import build_index
from kb.settings import Settings
from tests.api.test_pages import Page
from tests.api.test_privacy import NAME, Service, opened, paged
from tests.geometry import WordEncoder

LIST = f"""\
mask:
  - name: {NAME}
    reason: verzoek van {NAME}
    date: 2026-11-25
withhold:
  - path: kluis.md
    reason: niet openbaar
    date: 2026-11-26
"""
DUTCH = {"accept-language": "nl"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("pages")
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", rate_address=0)
    settings.corpus.mkdir()
    (settings.corpus / "verslag.pdf").write_bytes(paged("De dijk", f"Aldus {NAME}, voorzitter", "De sluis"))
    (settings.corpus / "dijk.md").write_text("# Dijk\n\nMail griffie@waterrijk.nl over de dijk.\n")
    (settings.corpus / "kluis.md").write_text("# Kluis\n\nDe kroonjuwelen.\n")
    build_index(settings, WordEncoder)
    service = opened(settings)
    settings.privacy_file.write_text(LIST)
    with service.client:
        yield service


@pytest.fixture(scope="module")
def document(service: Service) -> str:
    (found,) = [one for one in service.client.get("/v1/documents").json()["documents"] if one["masked"]]
    assert found["source"] == "verslag.pdf"
    return str(found["id"])


def test_the_original_is_not_given_and_it_is_said_why(service: Service, document: str) -> None:
    answer = service.client.get(f"/v1/documents/{document}/file")
    assert answer.status_code == 451
    assert answer.headers["content-type"] == "application/problem+json"
    assert "name that must not be read" in answer.json()["detail"]
    page = service.client.get(f"/documenten/{document}/bestand", headers=DUTCH)
    assert page.status_code == 451
    assert "Er staat een naam in die niet meer mag worden getoond." in Page(page.text).text
    assert service.client.head(f"/documenten/{document}/bestand").status_code == 451


def test_a_page_with_a_name_has_its_masked_text_and_no_picture(service: Service, document: str) -> None:
    address = f"/documenten/{document}"
    page = Page(service.client.get(address, params={"p": 2}, headers=DUTCH).text)
    assert "Aldus •••••• •••••••••••, voorzitter" in page.text
    assert "Hiervan wordt geen beeld getoond" in page.text
    assert "Het origineel is niet in te zien" in page.text
    assert not [one for one in page.all("img") if "bladen" in str(one["src"])]
    assert service.client.get(f"{address}/bladen/2.png").status_code == 404
    assert service.client.get(f"{address}/miniaturen/2.png").status_code == 404
    assert service.client.get(f"{address}/bladen/1.png").status_code == 200
    page = Page(service.client.get(address, params={"p": 1}, headers=DUTCH).text)
    assert [one for one in page.all("img") if "bladen" in str(one["src"])]


def test_hits_lead_to_no_original_that_is_not_given(service: Service, document: str) -> None:
    text = service.client.get("/", params={"q": "sluis"}, headers=DUTCH).text
    assert f"/documenten/{document}?" in text
    assert f"/documenten/{document}/bestand" not in text


def test_a_query_for_a_name_alone_finds_nothing(service: Service) -> None:
    for mode in ("hybrid", "dense", "lexical"):
        found = service.client.get("/v1/search", params={"q": NAME, "mode": mode}).json()
        assert (found["total"], found["hits"]) == (0, [])
    found = service.client.get("/v1/search", params={"q": f"{NAME} dijk"}).json()
    assert found["hits"]
    answer = service.client.get("/v1/answers", params={"q": f"Wie is {NAME}?"}).json()
    assert not answer["sentences"]


def test_addresses_are_masked_in_hits_unless_that_is_off(service: Service) -> None:
    def hits(settings: Settings) -> str:
        with opened(settings).client as client:
            return str(client.get("/v1/search", params={"q": "griffie dijk"}).json()["hits"])

    assert "Mail •••••••@•••••••••.•• over" in hits(service.settings)
    off = service.settings.model_copy(update={"mask_contacts": "off"})
    assert "Mail griffie@waterrijk.nl over" in hits(off)
    service.settings.privacy_file.write_text(f"{LIST}keep: [Griffie@Waterrijk.nl]\n")
    try:
        assert "Mail griffie@waterrijk.nl over" in hits(service.settings)
    finally:
        service.settings.privacy_file.write_text(LIST)


def beheer(service: Service) -> str:
    headers = {"authorization": f"Bearer {service.key}", **DUTCH}
    return Page(service.client.get("/beheer", headers=headers).text).text


def test_the_administrator_sees_what_the_list_does_and_not_what_is_on_it(service: Service) -> None:
    text = beheer(service)
    assert "Maskeert: verzoek van •••••• ••••••••••• (25 november 2026)" in text
    assert "Houdt achter: niet openbaar (26 november 2026)" in text
    assert "In 1 document is een naam onleesbaar gemaakt." in text
    assert "Bouw de index opnieuw" in text
    assert "kluis" not in text


def test_the_administrator_sees_that_a_list_is_broken_and_that_the_one_before_holds(service: Service) -> None:
    service.settings.privacy_file.write_text("mask:\n  - name: Odilia\n")
    try:
        text = beheer(service)
        assert "De privacylijst op de server is niet te gebruiken. De vorige geldt nog." in text
        assert "line 2: the reason is missing" in text
        assert "Maskeert: verzoek" in text
    finally:
        service.settings.privacy_file.write_text(LIST)
    assert "niet te gebruiken" not in beheer(service)


def test_an_answer_from_before_the_list_is_not_the_one_from_after(service: Service) -> None:
    address = "/v1/search?q=dijk"
    tag = service.client.get(address).headers["etag"]
    known = {"if-none-match": tag}
    assert service.client.get(address, headers=known).status_code == 304
    service.settings.privacy_file.write_text(f"{LIST}keep: [griffie@waterrijk.nl]\n")
    try:
        assert service.client.get(address, headers=known).status_code == 200
    finally:
        service.settings.privacy_file.write_text(LIST)


def test_the_description_tells_of_files_that_are_not_given(service: Service) -> None:
    operation = service.client.get("/v1/openapi.json").json()["paths"]["/documents/{id}/file"]["get"]
    assert "451" in operation["responses"]
