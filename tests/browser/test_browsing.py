"""Promises to who does not search but looks around, and to who follows a link."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Opens
from tests.browser.site import IN_PDF, Site


def test_an_event_tells_when_where_who_and_what_there_is_of_it(read: Opens) -> None:
    page = read("/")
    page.get_by_role("navigation", name="Hoofdmenu").get_by_role("link", name="Bijeenkomsten").click()
    page.get_by_role("link", name="Themabijeenkomst informatiebeveiliging").click()
    main = page.get_by_role("main")
    expect(main.get_by_role("heading", level=1)).to_have_text("Themabijeenkomst informatiebeveiliging")
    for known in ("3 oktober 2024", "Stadhuis Duinmeer", "Secretarissenkring Laagland", "Ingrid Slotemaker"):
        expect(main).to_contain_text(known)
    for kind in ("Verslag", "Presentatie", "Paper"):
        expect(main.get_by_role("heading", level=2, name=kind)).to_be_visible()
    # It can be cited: by words and by an address that leads here.
    cited = main.locator(".cited")
    expect(cited).to_contain_text("Themabijeenkomst informatiebeveiliging")
    assert cited.get_by_role("link").inner_text().endswith(page.url.split("/", 3)[3])


def test_an_event_is_searched_by_itself(read: Opens, site: Site) -> None:
    page = read(f"/bijeenkomsten/{site.event(IN_PDF)}")
    page.get_by_role("searchbox").fill("netwerk")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("list", name="Actieve filters")).to_contain_text("informatiebeveiliging")
    facts = page.locator("article .facts").all_inner_texts()
    assert facts
    assert all("Themabijeenkomst informatiebeveiliging" in text for text in facts)


def test_documents_are_found_by_year_and_kind(read: Opens) -> None:
    page = read("/documenten")
    page.get_by_role("navigation", name="Jaar").get_by_role("link", name="2024").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Het jaar 2024")
    dates = page.locator(".rows time").evaluate_all("times => times.map(time => time.dateTime.slice(0, 4))")
    assert dates
    assert set(dates) == {"2024"}
    page.get_by_role("navigation", name="Soort").get_by_role("link", name="Paper").click()
    assert set(page.locator(".rows .kind").all_inner_texts()) == {"Paper"}


def test_the_overview_tells_what_there_is_and_what_came_last(read: Opens) -> None:
    page = read("/overzicht")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wat er in de kennisbank staat")
    assert re.search(r"\d+ documenten met \d+ passages", page.get_by_role("main").inner_text())
    expect(page.get_by_role("heading", name="Het laatst binnengekomen")).to_be_visible()
    assert "herindeling" not in page.content()


def test_a_permanent_link_leads_to_the_passage_in_its_document(read: Opens, site: Site) -> None:
    page = read(f"/passages/{site.hit(IN_PDF)['passageId']}/citaat")
    link = page.locator("#opgemaakt a").get_attribute("href") or ""
    assert "/passages/" in link
    page.goto(link)
    expect(page.get_by_role("main")).to_contain_text("Wie mag zonder overleg het netwerk afsluiten")
    expect(page.locator("h2#blad")).to_have_text("Bladzijde 3 van 4")


def test_a_link_to_a_passage_that_is_gone_says_so_and_helps_to_find_it(read: Opens) -> None:
    page = read("/passages/0123456789abcdef?begint=Het-afsluitmandaat-Wie-mag")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Deze passage")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("afsluitmandaat")
