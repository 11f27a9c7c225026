"""A web page is read as a visitor reads it: the content, not what stands around it."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import time
from pathlib import Path

import pytest

from kb.documents import Part, Role
from kb.errors import DamagedFile
from kb.parsing.html import read_html
from kb.parsing.reading import Reading, ReadOptions


@pytest.fixture(scope="module")
def evening() -> Reading:
    return read_html(Path(__file__).parents[1] / "files" / "text" / "avond.html", ReadOptions())


def page(folder: Path, text: str) -> Reading:
    file = folder / "pagina.html"
    file.write_text(text, encoding="utf-8")
    return read_html(file, ReadOptions())


def test_navigation_banners_and_scripts_are_left_out(evening: Reading) -> None:
    text = " ".join(block.text for block in evening.blocks)
    for around in ("cookies", "Home", "Verslagen", "Direct naar", "Lees ook", "Privacy", "geen tekst"):
        assert around not in text


def test_content_stands_under_its_headings(evening: Reading) -> None:
    found = next(block for block in evening.blocks if block.text.startswith("Er komt een register"))
    assert found.text == "Er komt een register van algoritmes."
    assert found.role is Role.LIST_ITEM
    assert found.locator.headings == ("Verslag van de avond", "Besluiten")


def test_nested_items_and_paragraphs_are_blocks_of_their_own(evening: Reading) -> None:
    texts = [block.text for block in evening.blocks]
    for text in ("Met een eigenaar", "Regel een regel twee", "Nieuwe alinea", "kode hier", "‘Een citaat’"):
        assert text in texts


def test_table_rows_carry_their_header(evening: Reading) -> None:
    row = next(block for block in evening.blocks if block.role is Role.TABLE_ROW)
    assert row.text == "Gemeente: Waterrijk | Bedrag: € 10"
    assert row.locator.part is Part.TABLE


def test_page_says_its_title_date_and_language(evening: Reading) -> None:
    assert evening.metadata.title == "Verslag van de avond"
    assert evening.metadata.date == dt.date(2024, 3, 14)
    assert evening.metadata.language == "nl"


def test_a_stamp_that_the_page_contradicts_is_not_certain(tmp_path: Path) -> None:
    time = '<time class="dt-published" datetime="2022-06-24">4 maart 2024</time>'
    reading = page(tmp_path, f"<body><h1>Handreiking</h1><h2>Werkversie {time}</h2><p>Tekst.</p></body>")
    assert reading.metadata.date is None


def test_a_section_named_navigation_is_content(tmp_path: Path) -> None:
    reading = page(
        tmp_path,
        "<body><h1>Regels</h1><section id='navigation'><h2 id='navigation-2'>Navigatie</h2>"
        "<p>Navigatie met vaste koppelingen is toegestaan binnen een organisatie.</p></section></body>",
    )
    assert [block.text for block in reading.blocks][1:] == [
        "Navigatie",
        "Navigatie met vaste koppelingen is toegestaan binnen een organisatie.",
    ]


def test_tables_that_lay_out_a_page_are_read_as_text(tmp_path: Path) -> None:
    reading = page(
        tmp_path, "<body><table><tr><td><h2>Kop</h2><p>Een alinea.</p></td></tr></table><p>Slot.</p></body>"
    )
    assert [block.role for block in reading.blocks] == [Role.HEADING, Role.PARAGRAPH, Role.PARAGRAPH]


def test_declared_encoding_is_used(tmp_path: Path) -> None:
    file = tmp_path / "oud.html"
    file.write_bytes("<meta charset=iso-8859-1><body><p>Eén coöperatie</p></body>".encode("cp1252"))
    assert read_html(file, ReadOptions()).blocks[0].text == "Eén coöperatie"


def test_entities_of_a_page_are_not_expanded(tmp_path: Path) -> None:
    reading = page(tmp_path, '<!DOCTYPE html [<!ENTITY a "LEK">]><body><p>Hier &a; staat niets.</p></body>')
    assert not any("LEK" in block.text.split() for block in reading.blocks if "Hier" in block.text)


def test_bottomless_nesting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="nested"):
        page(tmp_path, "<div>" * 5_000 + "tekst")


def test_a_menu_of_thousands_of_links_is_read_in_seconds(tmp_path: Path) -> None:
    menu = "<div class=menu>" + "<p><a href=x>a b c</a></p>" * 5_000 + "</div>"
    started = time.thread_time()
    reading = page(tmp_path, f"<h1>Kop</h1><p>Echte tekst.</p>{menu}")
    assert time.thread_time() - started < 20
    assert any(block.text == "Echte tekst." for block in reading.blocks)


def test_specifications_keep_their_words(shared: Path) -> None:
    """ReSpec pages are where extraction libraries lose headings, notes and fields."""
    file = shared / "corpus/kennisplatform-apis/API-strategie-algemeen/cv-hr-API-Strategie-20231006.html"
    reading = read_html(file, ReadOptions())
    raw = re.sub(
        r"(?s)<(script|style|nav|head)\b.*?</\1>|<!--.*?-->|<[^>]+>", " ", file.read_text(encoding="utf-8")
    )
    wanted = re.findall(r"[a-z]{5,}", raw.lower())
    kept = set(re.findall(r"[a-z]{5,}", " ".join(block.text for block in reading.blocks).lower()))
    assert sum(word in kept for word in wanted) > 0.99 * len(wanted)
    paths = {block.locator.headings for block in reading.blocks}
    assert any(path[-2:] == ("2.1 Visie", "2.1.2 Een wendbare informatievoorziening") for path in paths)
    levels = [block.level for block in reading.blocks if block.level]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_running_text_in_a_block_called_banner_is_content(tmp_path: Path) -> None:
    text = (
        "De gemeenteraad besprak in de vergadering van deze week uitvoerig hoe de gemeente met "
        "persoonsgegevens omgaat. Na een lange discussie besloot de raad het voorstel aan te nemen en het "
        "college te vragen om een jaarlijkse rapportage over de stand van zaken."
    )
    reading = page(tmp_path, f"<body><h1>Raad</h1><div class='banner'><p>{text}</p></div></body>")
    assert text in [block.text for block in reading.blocks]


def test_a_page_of_links_is_read(tmp_path: Path) -> None:
    items = "".join(f"<li><a href='{n}.html'>Verslag van avond {n}</a></li>" for n in range(1, 9))
    reading = page(tmp_path, f"<body><h1>Verslagen</h1><ul>{items}</ul></body>")
    assert len([block for block in reading.blocks if block.role is Role.LIST_ITEM]) == 8


def test_text_that_a_missing_quotation_mark_hides_is_told(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    body = "<p>De raad kiest een zaaksysteem voor alle gemeenten.</p><h2>Besluit</h2>"
    page.write_text(f'<html><body><h1>Verslag</h1><p class="lead>{body}<p class="x">Einde.</p></body></html>')
    assert [gap.code for gap in read_html(page, ReadOptions()).gaps] == ["damaged"]
    shown = f'<p class="lead">{body}<p data-text="{body}">Ja.</p>'
    page.write_text(f"<html><body><h1>Verslag</h1>{shown}</body></html>")
    assert read_html(page, ReadOptions()).gaps == ()
