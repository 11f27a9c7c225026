from __future__ import annotations

from starlette.testclient import TestClient


def test_a_period_in_the_query_is_told_and_can_be_switched_off(client: TestClient) -> None:
    found = client.get("/v1/search", params={"q": "oefening met hackers in oktober 2024"}).json()
    assert found["period"] == {"text": "oktober 2024", "first": "2024-10-01", "last": "2024-10-31"}
    off = client.get(
        "/v1/search", params={"q": "oefening met hackers in oktober 2024", "dates": "false"}
    ).json()
    assert off["period"] is None
    assert client.post("/v1/search", json={"q": "oefening in 2024", "dates": False}).json()["period"] is None


def test_single_retrievers_do_not_reckon_with_a_period(client: TestClient) -> None:
    for mode in ("dense", "lexical"):
        assert (
            client.get("/v1/search", params={"q": "oefening in 2024", "mode": mode}).json()["period"] is None
        )


def test_a_probable_typing_error_is_told_with_what_was_searched_too(client: TestClient) -> None:
    found = client.get("/v1/search", params={"q": "oefenign zonder systemen"}).json()
    assert found["corrections"] == [{"word": "oefenign", "suggestion": "oefening"}]
    assert client.get("/v1/search", params={"q": "oefening zonder systemen"}).json()["corrections"] == []


def test_the_page_says_how_it_understood_and_offers_the_other_way(client: TestClient) -> None:
    page = client.get("/", params={"q": "oefening in oktober 2024"}).text
    assert "Stukken uit de tijd van ‘<bdi>oktober 2024</bdi>’ eerst" in page
    assert "/?q=oefening+in+oktober+2024&amp;dates=false" in page
    off = client.get("/", params={"q": "oefening in oktober 2024", "dates": "false"}).text
    assert "Er is geen rekening gehouden met de tijd in uw vraag." in off
    assert 'href="/?q=oefening+in+oktober+2024"' in off
    typed = client.get("/", params={"q": "oefenign zonder systemen"}).text
    link = '<a class="nl-link" href="/?q=oefening+zonder+systemen"><bdi>oefening</bdi></a>'
    assert f"Zocht u ook: {link}?" in typed
