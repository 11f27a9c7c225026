"""Promises of what is pasted elsewhere: the words of a passage as they are, with where they come from."""

from __future__ import annotations

import csv
import datetime as dt
import io
from html.parser import HTMLParser
from typing import Any

import docx
import pytest
from docx.document import Document
from markdown_it import MarkdownIt

from kb.documents import Event, Kind, Locator, Part, Passage
from kb.exporting import Links, export_choice
from kb.exporting.quoting import Quotation, markdown, markdown_dossier, plain, rich
from kb.exporting.word import word_dossier
from kb.permalinks import Permalink
from tests.library import record

DAY = dt.date(2026, 11, 25)
LINKS = Links("https://kennisbank.example.org")
SLIDES = record(
    "avond/dia's.pptx",
    title="Wat is <data> & *ethiek*?",
    kind=Kind.PRESENTATIE,
    event=Event(name="Avond over data", date=dt.date(2023, 4, 13)),
    date=dt.date(2023, 4, 13),
    speakers=("Sam de Vries", "Kim Oz"),
)
PLACE = Locator(slide=12, part=Part.NOTES)
# Each line is something else to a program that reads it.
HOSTILE = """1. Eerste *punt* van <b onclick="x()">tekst</b> & meer
- streep
# geen kop
2) twee_a_b [klik](javascript:alert(1)) `code` ~~weg~~ $x$
12.5% en 31. december
+ plus
===
---
| a | b |
> citaat
&amp; &lt;script&gt;
\\\\ en ![beeld](http://elders.example/x.png)
<script>alert(1)</script>
=1+1"""


def found(document: Any = SLIDES, text: str = HOSTILE, locator: Locator = PLACE) -> Passage:
    return Passage(
        id="c0ffee0123456789", document_id=document.id, ordinal=0, start=0, end=len(text), text=text,
        context="", locator=locator,
    )  # fmt: skip


def quotation(document: Any = SLIDES, text: str = HOSTILE, locator: Locator = PLACE) -> Quotation:
    return Quotation.of(found(document, text, locator), document, LINKS)


class Shown(HTMLParser):
    """What a reader sees of HTML, a line for each line, and the elements that it is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.links = "", set[str](), list[str | None]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.text += "\n" if tag == "br" else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.text += "\n" if tag == "p" and not self.text.endswith("\n") else ""

    def handle_data(self, data: str) -> None:
        self.text += data.lstrip("\n")


def test_a_source_names_who_made_it_what_it_is_and_where_the_words_stand() -> None:
    assert quotation().source == (
        "Sam de Vries, Kim Oz, Wat is <data> & *ethiek*?, Avond over data, 13 april 2023, dia 12, notities"
    )
    report = record(
        "verslag.pdf", title="Verslag", date_text="donderdag 13 april", speakers=("Sam de Vries",)
    )
    assert quotation(report, "tekst", Locator(page=4)).source == "Verslag, donderdag 13 april, p. 4"
    # A title over two lines, and a name that says nothing more.
    twice = record("a.md", title="Avond over\n  data", event=Event(name="Avond over\n  data"))
    assert quotation(twice, "tekst", Locator()).source == "Avond over data"


def test_a_source_can_be_told_in_another_language() -> None:
    class English:
        def date(self, day: dt.date) -> str:
            return f"on {day.isoformat()}"

        def place(self, locator: Locator) -> str:
            return f"slide {locator.slide}"

    told = Quotation.of(found(), SLIDES, LINKS, English())
    assert told.details == ("Avond over data", "on 2023-04-13", "slide 12")


def test_plain_text_is_the_passage_as_it_stands_with_its_source_and_link() -> None:
    link = f"https://kennisbank.example.org{Permalink.to(found()).path}"
    assert plain(quotation()) == f"“{HOSTILE}”\n— {quotation().source}\n{link}"
    assert plain(Quotation.of(found(), SLIDES, Links())).endswith("dia 12, notities")


@pytest.mark.parametrize("options", [[], ["table", "strikethrough"]])
def test_markdown_shows_every_letter_and_obeys_none(options: list[str]) -> None:
    reader = MarkdownIt("commonmark").enable(options)
    shown = Shown(reader.render(markdown(quotation())))
    words, _, source = shown.text.strip().partition("\n— ")
    assert words == HOSTILE
    assert source.split("\n")[0] == quotation().source
    assert shown.tags == {"blockquote", "p", "em", "br", "a"}
    assert shown.links == [quotation().link]


def test_rich_text_shows_every_letter_and_obeys_none() -> None:
    shown = Shown(rich(quotation()))
    assert shown.text == f"{HOSTILE}\n— {quotation().source}\n{quotation().link}\n"
    assert shown.tags == {"blockquote", "p", "em", "br", "a"}
    assert shown.links == [quotation().link]
    assert rich(quotation()).startswith('<blockquote lang="nl">')


def test_a_dossier_in_markdown_has_a_heading_for_each_document() -> None:
    report = quotation(record("verslag.pdf", title="Verslag"), "Een [besluit].", Locator(page=4))
    text = markdown_dossier([quotation(), report], title="Voor *B&W*", told="2 passages")
    shown = Shown(MarkdownIt("commonmark").render(text))
    assert shown.tags == {"h1", "h2", "blockquote", "p", "em", "br", "a"}
    for words in ("Voor *B&W*", "2 passages", SLIDES.title, HOSTILE, "Een [besluit].", "Verslag, p. 4"):
        assert words in shown.text


def opened(*quotations: Quotation, title: str = "Memo", told: str = "2 passages") -> Document:
    return docx.Document(io.BytesIO(word_dossier(quotations, title=title, told=told, language="nl", day=DAY)))


def test_word_opens_a_dossier_with_each_passage_word_for_word() -> None:
    report = quotation(
        record("verslag.pdf", title="Verslag"), "Een besluit\nin twee regels.", Locator(page=4)
    )
    document = opened(quotation(), report)
    by_style = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert by_style == [
        ("Title", "Memo"),
        ("Normal", "2 passages"),
        ("Heading 1", SLIDES.title),
        ("Quote", HOSTILE),
        ("Normal", f"— {quotation().source}\navond/dia's.pptx\n{quotation().link}"),
        ("Heading 1", "Verslag"),
        ("Quote", "Een besluit\nin twee regels."),
        ("Normal", f"— Verslag, p. 4\nverslag.pdf\n{report.link}"),
    ]
    links = [link.address for paragraph in document.paragraphs for link in paragraph.hyperlinks]
    assert links == [quotation().link, report.link]


def test_a_dossier_in_word_is_of_this_country() -> None:
    english = quotation(record("en.md", title="Notes", language="en"), "The council decided.", Locator())
    document = opened(quotation(), english, title="Memo")
    (section,) = document.sections
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert (document.core_properties.title, document.core_properties.author) == ("Memo", "")
    assert document.core_properties.comments == ""
    assert 'w:lang w:val="nl-NL"' in document.styles.element.xml
    quotes = [paragraph for paragraph in document.paragraphs if paragraph.style.name == "Quote"]
    assert [('w:val="en-GB"' in quote._p.xml) for quote in quotes] == [False, True]


def test_the_same_dossier_of_one_day_is_the_same_bytes() -> None:
    told = {"title": "Memo", "told": "1 passage", "language": "nl"}
    first = word_dossier([quotation()], **told, day=DAY)
    assert word_dossier([quotation()], **told, day=DAY) == first
    assert word_dossier([quotation()], **told, day=DAY + dt.timedelta(1)) != first
    moment = docx.Document(io.BytesIO(first)).core_properties.created
    assert moment is not None
    assert moment.date() == DAY


def test_a_dossier_in_word_can_hold_what_xml_cannot() -> None:
    hostile = quotation(record("a.md", title="Titel\x0b\ud800"), "a\x00b\uffffc\u202ed", Locator())
    document = opened(hostile, title="\x1bMemo", told="\x07")
    assert document.paragraphs[0].text == "Memo"
    assert document.paragraphs[3].text == "abc\u202ed"


def test_what_was_chosen_is_a_table_that_excel_opens() -> None:
    text = export_choice([(found(text="een\ntwee"), SLIDES), (found(text="=1+1"), SLIDES)], LINKS)
    assert text.startswith("\ufeffNummer;Tekst;Vindplaats;")
    rows = list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";"))
    assert [(row["Nummer"], row["Tekst"]) for row in rows] == [("1", "een\ntwee"), ("2", "'=1+1")]
    assert rows[0]["Adres"] == quotation(text="een\ntwee").link
    assert "Relevantie" not in rows[0]
