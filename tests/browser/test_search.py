"""Promises of the page of results, as a reader sees it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.conftest import Begin, Opens
from tests.browser.site import IN_PDF, WITHOUT_ANSWER


def _facet(page: Page, title: str, value: str) -> tuple[str, int]:
    """The address behind a value of a facet, and the number beside it."""
    item = page.locator("details.facet", has=page.locator("summary", has_text=title)).locator("li")
    found = item.filter(has=page.get_by_role("link", name=value, exact=True)).first
    return found.get_by_role("link").get_attribute("href") or "", int(found.locator(".quiet").inner_text())


def _total(page: Page) -> int:
    # It is empty for a moment, so that it is spoken.
    expect(page.locator("#samenvatting")).to_have_text(re.compile(r"\d"))
    return int(re.findall(r"\d+", page.locator("#samenvatting").inner_text())[0])


def test_a_hit_says_what_it_is_how_well_it_fits_and_where_it_stands(read: Opens) -> None:
    page = read(f"/?q={IN_PDF}")
    hit = page.get_by_role("article").first
    expect(hit.get_by_role("heading")).to_have_text(
        "Weerbaar zonder held: informatiebeveiliging in de middelgrote gemeente"
    )
    facts = hit.locator(".facts").inner_text()
    for fact in (
        "Paper", "relevantie: sterk", "3 oktober 2024", "jaar oud", "Themabijeenkomst informatiebeveiliging",
        "Ingrid Slotemaker",
    ):  # fmt: skip
        assert fact in facts
    expect(hit.locator(".source")).to_contain_text("p. 3")
    # The best sentence stands out by more than its words: it has a ground of its own.
    best = hit.locator(".best")
    expect(best).to_contain_text("Wie mag zonder overleg het netwerk afsluiten")
    ground = "element => getComputedStyle(element).backgroundColor"
    assert best.evaluate(ground) not in (hit.evaluate(ground), "rgba(0, 0, 0, 0)")


def test_completions_come_while_typing_and_are_chosen_with_the_arrows(read: Opens) -> None:
    page = read("/")
    field = page.get_by_role("combobox", name="Waar zoekt u naar?")
    field.press_sequentially("informatieb", delay=20)
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    chosen = options.first.get_attribute("data-text") or ""
    assert "informatieb" in chosen.lower()
    field.press("Enter")
    page.wait_for_url(re.compile(r"\?q="))
    expect(page.locator("#q")).to_have_value(chosen)
    assert _total(page) > 0


def test_escape_closes_the_completions_and_keeps_what_was_typed(read: Opens) -> None:
    page = read("/")
    page.locator("#q").press_sequentially("informatieb", delay=20)
    completions = page.get_by_role("listbox", name="Waar zoekt u naar?")
    expect(completions).to_be_visible()
    page.locator("#q").press("Escape")
    expect(completions).to_be_hidden()
    expect(page.locator("#q")).to_have_value("informatieb")


def test_a_filter_is_a_link_that_gives_no_fewer_hits_than_it_said_and_only_those(read: Opens) -> None:
    for javascript in (True, False):
        page = read("/?q=netwerk+informatiebeveiliging", javascript=javascript)
        address, number = _facet(page, "Soort", "Verslag")
        assert parse_qs(urlsplit(address).query)["kind"] == ["verslag"]
        page.get_by_role("link", name="Verslag", exact=True).click()
        page.wait_for_url(re.compile("kind=verslag"))
        # More when others of its kind come to stand among the passages that a search looks at.
        assert _total(page) >= number
        kinds = page.locator("article .kind").all_inner_texts()
        assert set(kinds) == {"Verslag"}


def test_filters_add_up_and_are_taken_away_one_by_one(read: Opens) -> None:
    page = read("/?q=informatiebeveiliging")
    page.get_by_role("link", name="2024", exact=True).click()
    page.wait_for_url(re.compile("year=2024"))
    page.get_by_role("link", name="Presentatie", exact=True).click()
    page.wait_for_url(re.compile("kind=presentatie"))
    chips = page.get_by_role("list", name="Actieve filters")
    expect(chips.get_by_role("listitem")).to_contain_text(["2024", "Presentatie"], use_inner_text=True)
    chips.get_by_role("link", name="2024").click()
    expect(page).not_to_have_url(re.compile("year=2024"))
    expect(page).to_have_url(re.compile("kind=presentatie"))


def test_the_number_of_hits_is_spoken_when_it_changes(read: Opens) -> None:
    page = read("/?q=informatiebeveiliging")
    before = _total(page)
    page.evaluate(
        """() => {
          window.spoken = [];
          new MutationObserver(changes => {
            for (const { target } of changes) {
              const region = (target.closest ? target : target.parentElement).closest('[role=status]');
              if (region?.textContent.trim()) window.spoken.push(region.textContent.trim());
            }
          }).observe(document.querySelector('main'), { childList: true, characterData: true, subtree: true });
        }"""
    )
    page.get_by_role("link", name="Paper", exact=True).click()
    page.wait_for_function("() => window.spoken?.length")
    spoken = page.evaluate("() => window.spoken.at(-1)")
    assert re.match(r"\d+ passages? in", spoken)
    assert _total(page) < before
    # Nothing was loaded anew, and Back brings the former hits.
    page.go_back()
    page.wait_for_function(
        "total => document.querySelector('#samenvatting').textContent.includes(total)", arg=str(before)
    )
    assert page.evaluate("() => Array.isArray(window.spoken)")


def test_hits_stand_by_date_on_request_the_newest_first(read: Opens) -> None:
    page = read("/?q=informatiebeveiliging")
    page.get_by_role("link", name="Datum, nieuwste eerst").click()
    page.wait_for_url(re.compile("sort=date"))
    dates = page.locator("article time").evaluate_all("times => times.map(time => time.dateTime)")
    assert len(dates) > 3
    assert dates == sorted(dates, reverse=True)


def test_each_document_and_each_event_can_stand_there_once(read: Opens) -> None:
    for link, group in (("Documenten", "document"), ("Bijeenkomsten", "event")):
        page = read("/?q=informatiebeveiliging")
        page.get_by_role("main").get_by_role("link", name=link, exact=True).click()
        page.wait_for_url(re.compile(f"groupBy={group}"))
        headings = page.locator("ol > li > article h3").all_inner_texts()
        assert len(headings) > 1
        if group == "document":
            assert len(headings) == len(set(headings))


def test_a_typing_error_is_told_and_leads_to_what_was_meant(read: Opens) -> None:
    page = read("/?q=algoritmeregistr")
    expect(page.get_by_text("Zocht u ook:")).to_be_visible()
    page.locator(".understood a").first.click()
    expect(page.locator("#q")).to_have_value("algoritmeregister")


def test_it_says_clearly_that_nothing_answers_and_what_to_try(read: Opens) -> None:
    page = read(f"/?q={WITHOUT_ANSWER}")
    told = page.locator(".no-answer").inner_text()
    assert re.search(r"Geen passend antwoord in \d+ documenten \(20\d\d–20\d\d\)\.", told)
    assert "Het dichtstbij" in told
    assert page.locator(".no-answer li").count() >= 2
    assert page.get_by_role("article").count() > 0


def test_what_is_for_members_is_seen_by_members_alone(
    read: Opens, visit: Begin, secrets: dict[str, str]
) -> None:
    query = "/?q=zienswijze+herindeling+Zandloo+Lindewaard"
    assert "Memo voorbereiding herindeling" not in read(query).content()
    member = visit()
    page = member.open("/inloggen")
    page.get_by_label("Uw sleutel").fill(secrets["members"])
    page.get_by_role("main").get_by_role("button", name="Inloggen").click()
    expect(page.get_by_role("banner")).to_contain_text("members")
    page.goto(query)
    expect(page.get_by_role("article").first).to_contain_text("Memo voorbereiding herindeling")
    page.goto("/inloggen")
    page.get_by_role("button", name="Uitloggen").click()
    page.goto(query)
    assert "Memo voorbereiding herindeling" not in page.content()


def test_the_language_of_the_page_is_chosen_and_stays_and_that_of_the_query_is_its_own(visit: Begin) -> None:
    for javascript in (True, False):
        reader = visit(javascript=javascript)
        page = reader.open("/?q=what+can+a+register+of+algorithms+do")
        before = page.locator("article h3").all_inner_texts()
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_role("button", name="Search")).to_be_visible()
        assert page.locator("article h3").all_inner_texts() == before
        page.goto("/overzicht")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        page.get_by_role("button", name="Nederlands").click()
        expect(page.locator("html")).to_have_attribute("lang", "nl")


def test_the_browser_says_which_language_is_wanted(read: Opens) -> None:
    assert read("/", language="en-GB").locator("html").get_attribute("lang") == "en"
    assert read("/", language="nl-NL").locator("html").get_attribute("lang") == "nl"
    # Neither of ours: Dutch.
    assert read("/", language="fr-FR").locator("html").get_attribute("lang") == "nl"
