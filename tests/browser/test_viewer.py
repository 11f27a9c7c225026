"""Promises of the source at the place: what is marked is what was found, wherever it stands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Locator, Page, expect

from kb.rendering.converting import converter
from kb.settings import Settings
from tests.browser.conftest import Opens
from tests.browser.site import IN_NOTES, IN_PDF, Site
from tests.serving import Service
from tests.sources import key

_XHTML = "{http://www.w3.org/1999/xhtml}"
Box = tuple[float, float, float, float]
# Of the page's width or height.
_NEAR = 0.012


needs_converter = pytest.mark.skipif(
    converter() is None and "CI" not in os.environ, reason="LibreOffice is not installed"
)


def _printed(file: Path, page: int) -> list[tuple[str, Box]]:
    """Each word of a page with its left, top, right and bottom as shares of the page, by Poppler."""
    command = ["pdftotext", "-bbox", "-f", str(page), "-l", str(page), str(file), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    (sheet,) = ET.fromstring(done.stdout).iter(f"{_XHTML}page")  # noqa: S314 - our own file
    width, height = float(sheet.attrib["width"]), float(sheet.attrib["height"])
    return [
        (
            key(word.text or ""),
            (
                float(word.attrib["xMin"]) / width,
                float(word.attrib["yMin"]) / height,
                float(word.attrib["xMax"]) / width,
                float(word.attrib["yMax"]) / height,
            ),
        )
        for word in sheet.iter(f"{_XHTML}word")
    ]


def _marked(page: Page, kind: str) -> list[Box]:
    """The marks on the image as shares of it, as they are drawn on the screen."""
    boxes: list[list[float]] = page.evaluate(
        """kind => {
          const image = document.querySelector('.picture img').getBoundingClientRect();
          return [...document.querySelectorAll(`.picture .edges .${kind} rect`)].map(mark => {
            const box = mark.getBoundingClientRect();
            return [(box.left - image.left) / image.width, (box.top - image.top) / image.height,
              (box.right - image.left) / image.width, (box.bottom - image.top) / image.height];
          });
        }""",
        kind,
    )
    return [(box[0], box[1], box[2], box[3]) for box in boxes]


def _covers(mark: Box, word: Box) -> bool:
    middle = ((word[0] + word[2]) / 2, (word[1] + word[3]) / 2)
    return mark[0] <= middle[0] <= mark[2] and mark[1] <= middle[1] <= mark[3]


def _loaded(image: Locator) -> None:
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0


def test_a_pdf_opens_at_its_page_with_the_words_marked_where_they_are_printed(
    read: Opens, site: Site, settings: Settings
) -> None:
    page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"))
    expect(page.locator("h2#blad")).to_have_text("Bladzijde 3 van 4")
    _loaded(page.locator(".picture img"))
    (file,) = settings.corpus.rglob("paper-weerbaar-zonder-held.pdf")
    words = _printed(file, 3)
    asked = {"mag", "overleg", "netwerk", "afsluiten"}
    found = set()
    for mark in _marked(page, "words"):
        covered = [text for text, box in words if _covers(mark, box)]
        # Neighbours may have one mark; it neither begins nor ends with another word.
        assert {covered[0], covered[-1]} <= asked
        found.update(covered)
    assert asked <= found
    # So is the whole passage, and nothing above it.
    lines = _marked(page, "passage")
    start = next(number for number, (text, _) in enumerate(words) if text == "afsluitmandaat")
    assert any(_covers(line, words[start][1]) for line in lines)
    assert not any(_covers(line, words[0][1]) for line in lines)
    assert all(-_NEAR <= side <= 1 + _NEAR for line in lines for side in line)


def test_the_marked_words_are_on_the_screen_when_it_opens(read: Opens, site: Site) -> None:
    for size in ({"width": 1280, "height": 900}, {"width": 1920, "height": 1080}):
        page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"), **size)
        _loaded(page.locator(".picture img"))
        expect(page.locator(".picture .edges .words rect").first).to_be_in_viewport()


def test_images_are_sharp_on_a_screen_of_many_dots(read: Opens, site: Site) -> None:
    for zoom in (1, 2):
        page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"), width=1280 * zoom, zoom=zoom)
        image = page.locator(".picture img")
        _loaded(image)
        shown, dots = image.evaluate("image => [image.getBoundingClientRect().width, devicePixelRatio]")
        drawn = image.evaluate(
            "async image => (await createImageBitmap(await (await fetch(image.currentSrc)).blob())).width"
        )
        assert drawn >= shown * dots * 0.99


@needs_converter
def test_a_slide_opens_with_its_notes_marked(read: Opens, site: Site, service: Service) -> None:
    hit = site.hit(IN_NOTES, "presentatie-common-ground-waterrijk.pptx")
    assert hit["locator"]["part"] == "notes"
    number = hit["locator"]["slide"]
    # The first picture of a presentation may take longer than a page waits for it.
    service.get(f"/documenten/{hit['document']['id']}/bladen/{number}.png")
    page = read(site.place(IN_NOTES, "presentatie-common-ground-waterrijk.pptx"))
    expect(page.locator("h2#blad")).to_have_text(f"Dia {number} van 12")
    _loaded(page.locator(".picture img"))
    text = page.get_by_role("region", name="Tekst van deze dia")
    expect(text.get_by_role("heading", name=re.compile(f"Dia {number}, notities"))).to_be_visible()
    marked = " ".join(text.locator(".here").all_inner_texts())
    assert hit["text"].split("\n")[0][:60] in marked


def test_previous_and_next_lead_from_hit_to_hit_in_the_document(read: Opens, site: Site) -> None:
    page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"))
    within = page.get_by_role("navigation", name="Treffers in dit document")
    first = re.search(r"Treffer (\d+) van (\d+)", within.inner_text())
    assert first
    within.get_by_role("link", name="Volgende treffer").click()
    expect(within).to_contain_text(f"Treffer {int(first[1]) + 1} van {first[2]}")
    within.get_by_role("link", name="Vorige treffer").click()
    expect(within).to_contain_text(f"Treffer {first[1]} van {first[2]}")


def test_thumbnails_show_every_page_and_lead_to_it(read: Opens, site: Site) -> None:
    page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"))
    thumbnails = page.get_by_role("navigation", name="Bladzijden").locator("img")
    expect(thumbnails).to_have_count(4)
    for number in range(4):
        _loaded(thumbnails.nth(number))
    page.get_by_role("navigation", name="Bladzijden").get_by_role("link").nth(1).click()
    expect(page.locator("h2#blad")).to_have_text("Bladzijde 2 van 4")


def test_other_formats_are_clean_text_under_their_headings_at_the_passage(read: Opens, site: Site) -> None:
    for query, ending, heading in (
        ("contractmanager per leverancier", "verslag-leveranciersdag.md", "Besluiten"),
        ("termijn verzoek", "handreiking-woo-verzoek-in-tien-stappen.docx", None),
        ("schriftelijk mandaat beheerder", "drie-dagen-zonder-systemen.html", "Dag één: wie beslist?"),
    ):
        hit = site.hit(query, ending)
        page = read(site.place(query, ending))
        here = page.locator(".here").first
        expect(here).to_be_in_viewport()
        wanted = heading or hit["locator"]["headings"][-1]
        expect(page.get_by_role("main").get_by_role("heading", name=wanted).first).to_be_visible()
        assert page.locator(".picture").count() == 0


def test_the_original_is_saved_as_it_is(read: Opens, site: Site, settings: Settings) -> None:
    page = read(site.place(IN_NOTES, "presentatie-common-ground-waterrijk.pptx"))
    with page.expect_download() as coming:
        page.get_by_role("link", name="Origineel (PPTX").click()
    (file,) = settings.corpus.rglob("presentatie-common-ground-waterrijk.pptx")
    assert coming.value.suggested_filename == file.name
    assert Path(coming.value.path()).read_bytes() == file.read_bytes()


def test_similar_passages_are_of_other_documents(read: Opens, site: Site) -> None:
    page = read(site.place(IN_PDF, "paper-weerbaar-zonder-held.pdf"))
    similar = page.get_by_role("region", name="Vergelijkbare passages in andere documenten")
    titles = similar.locator("li a").all_inner_texts()
    assert titles
    assert not [title for title in titles if title.startswith("Weerbaar zonder held")]
