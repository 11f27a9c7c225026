"""Promises of exports: each is read back by a library that other programs use."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from typing import Any

import bibtexparser
import pytest
import rispy
from bibtexparser import middlewares

from kb.documents import Event, Kind, Locator, Part, Passage
from kb.exporting import Format, Links, export_documents, export_hits, json_lines
from kb.hits import FurtherPassage, Hit, Place
from tests.library import record

LINKS = Links("https://kennisbank.example.org")
FULL_WIDTH = ["\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"]
EVENT = Event(name="Avond over data & ethiek", date=dt.date(2023, 4, 13))
SLIDES = record(
    "avond/dia's.pptx",
    title='Wat is {"data"}; 100% zeker_\\?',
    kind=Kind.PRESENTATIE,
    event=EVENT,
    date=dt.date(2023, 4, 13),
    place="Waterrijk",
    host="Gemeente Waterrijk",
    speakers=("Sam de Vries", "Ö. and Söhne"),
    themes=("data", "ethiek"),
)
REPORT = record("verslag.pdf", title="Verslag", date_text="donderdag 13 april", speakers=("Sam de Vries",))
PAPER = record(
    "paper.pdf", title="Paper", kind=Kind.PAPER, event=EVENT, date=dt.date(2023, 4, 14), speakers=("Kim Oz",)
)


def hit(document: Any, text: str = "tekst", *, rank: int = 1, **options: Any) -> Hit:
    """A hit in a document; `place` says where."""
    passage = found(document, options.pop("place", Locator(page=4)), text, ordinal=rank)
    return Hit(rank=rank, score=1.5, passage=passage, document=document, relevance=0.7341, **options)


def found(document: Any, locator: Locator, text: str = "tekst", ordinal: int = 1) -> Passage:
    return Passage(
        id=f"{ordinal:016x}", document_id=document.id, ordinal=ordinal, start=0, end=len(text), text=text,
        context="", locator=locator,
    )  # fmt: skip


def table(hits: Sequence[Hit], wanted: Format = Format.CSV, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export_hits(hits, wanted, LINKS), newline=""), **options))


def test_a_table_names_each_hit_with_its_place_its_source_and_its_link() -> None:
    other = Place(document=REPORT, passage=found(REPORT, Locator(page=9)), is_identical=True)
    place = Locator(slide=12, part=Part.NOTES, headings=("Deel", "Slot"))
    (row,) = table([hit(SLIDES, 'Hij zei: "data, of niet;"\nniet?', place=place, also_in=(other,))])
    assert row["text"] == 'Hij zei: "data, of niet;"\nniet?'
    assert row["title"] == SLIDES.title
    assert (row["where"], row["slide"], row["page"], row["part"]) == ("dia 12, notities", "12", "", "notes")
    assert row["headings"] == "Deel > Slot"
    assert (row["date"], row["event"], row["eventDate"]) == ("2023-04-13", EVENT.name, "2023-04-13")
    assert (row["speakers"], row["themes"]) == ("Sam de Vries; Ö. and Söhne", "data; ethiek")
    assert (row["rank"], row["relevance"], row["relevanceLabel"]) == ("1", "0.734", "sterk")
    assert row["alsoIn"] == "Verslag, p. 9"
    permanent = f"?document={SLIDES.id}&begint=Hij-zei-data-of-niet-niet"
    assert row["link"] == f"https://kennisbank.example.org/passages/{row['passageId']}{permanent}"


def test_a_table_keeps_to_the_letter_of_rfc_4180() -> None:
    text = export_hits([hit(SLIDES, "een\ntwee"), hit(REPORT, rank=2)], Format.CSV, LINKS)
    assert not text.startswith("\ufeff")
    assert text.endswith("\r\n")
    assert text.count("\r\n") == 3
    assert '"een\ntwee"' in text
    assert text.split("\r\n")[0].split(",")[:3] == ["rank", "relevance", "relevanceLabel"]


def test_a_table_for_excel_opens_in_a_dutch_one() -> None:
    text = export_hits([hit(SLIDES)], Format.CSV_EXCEL, LINKS)
    assert text.startswith("\ufeffNummer;Relevantie;")
    (row,) = csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=";")
    assert row["Relevantie"] == "0,734"
    assert row["Titel"] == SLIDES.title
    assert row["Vindplaats"] == "p. 4"


@pytest.mark.parametrize("text", ["=1+1", "+31 6", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", *FULL_WIDTH])
@pytest.mark.parametrize("wanted", [Format.CSV, Format.CSV_EXCEL])
def test_no_text_is_a_formula_to_a_spreadsheet(text: str, wanted: Format) -> None:
    document = record("a.md", title=text, speakers=(text,), host=text, themes=(text,), date_text=text)
    both = {"delimiter": ";"} if wanted is Format.CSV_EXCEL else {}
    (row,) = table([hit(document, text)], wanted, **both)
    cells = [value for name, value in row.items() if text.strip() in value and name not in ("link", "Adres")]
    assert len(cells) == 6
    assert all(cell == f"'{text}" for cell in cells)
    # A number is none: it stays what it is.
    negative = Hit(rank=1, score=0.0, passage=found(document, Locator()), document=document, relevance=0.0)
    assert "0.0" in export_hits([negative], Format.CSV, LINKS)


def test_without_hits_there_is_a_table_with_headings_alone() -> None:
    assert export_hits([], Format.CSV, LINKS).count("\r\n") == 1
    assert export_hits([], Format.RIS, LINKS) == ""
    assert export_hits([], Format.BIBTEX, LINKS) == ""


def test_a_list_of_literature_has_each_document_once_with_all_its_places() -> None:
    more = FurtherPassage(score=1.0, passage=found(SLIDES, Locator(slide=7), ordinal=5), document=SLIDES)
    hits = [
        hit(SLIDES, place=Locator(slide=3), further=(more,)),
        hit(REPORT, rank=2, place=Locator(headings=("Besluiten",))),
        hit(SLIDES, rank=3, place=Locator(slide=3)),
    ]
    first, second = rispy.loads(export_hits(hits, Format.RIS, LINKS))
    assert "Vindplaats: dia 3; dia 7" in first["notes"]
    assert "Vindplaats: § Besluiten" in second["notes"]
    entries = bibtexparser.parse_string(export_hits(hits, Format.BIBTEX, LINKS)).entries
    assert [entry.key for entry in entries] == [SLIDES.id, REPORT.id]


def test_ris_is_read_back() -> None:
    slides, report = rispy.loads(export_hits([hit(SLIDES), hit(REPORT, rank=2)], Format.RIS, LINKS))
    assert slides["type_of_reference"] == "SLIDE"
    assert slides["title"] == SLIDES.title
    assert slides["authors"] == ["Sam de Vries", "Ö. and Söhne"]
    assert (slides["year"], slides["date"]) == ("2023", "2023/04/13/")
    assert slides["secondary_title"] == EVENT.name
    assert slides["keywords"] == ["data", "ethiek"]
    assert slides["urls"] == [f"https://kennisbank.example.org/documenten/{SLIDES.id}"]
    assert report["type_of_reference"] == "RPRT"
    # Who spoke at a meeting did not write its report.
    assert "authors" not in report
    assert "Sprekers: Sam de Vries" in report["notes"]
    assert "Datum zoals vermeld: donderdag 13 april" in report["notes"]
    assert "year" not in report


def test_a_value_in_ris_is_one_line() -> None:
    sly = record("a.md", title="Titel\r\nER  - \r\nTY  - BOOK", host="a\n\nb")
    (entry,) = rispy.loads(export_hits([hit(sly)], Format.RIS, LINKS))
    assert entry["title"] == "Titel ER - TY - BOOK"
    assert entry["publisher"] == "a b"


def test_bibtex_is_read_back() -> None:
    text = export_hits([hit(SLIDES), hit(PAPER, rank=2), hit(REPORT, rank=3)], Format.BIBTEX, LINKS)
    library = bibtexparser.parse_string(text, append_middleware=[middlewares.LatexDecodingMiddleware()])
    assert library.failed_blocks == []
    slides, paper, report = library.entries
    assert slides.entry_type == "misc"
    # The braces are written as commands; this reader takes all braces away once it has read them.
    assert slides["title"] == SLIDES.title.replace("{", "").replace("}", "")
    assert r"\textbraceleft{}" in text
    written = bibtexparser.parse_string(text).entries[0]
    assert written["author"] == "{Sam de Vries} and {Ö. and Söhne}"
    assert (slides["year"], slides["date"], slides["eventdate"]) == ("2023", "2023-04-13", "2023-04-13")
    assert slides["eventtitle"] == EVENT.name
    assert slides["howpublished"] == f"Presentatie, {EVENT.name}"
    assert slides["url"] == f"https://kennisbank.example.org/documenten/{SLIDES.id}"
    assert "Vindplaats: p. 4" in slides["note"]
    assert paper.entry_type == "inproceedings"
    assert paper["booktitle"] == EVENT.name
    assert report.entry_type == "misc"
    assert "author" not in report
    assert "date" not in report


def test_no_brace_of_a_title_ends_an_entry() -> None:
    for title in ("}", "{", "a}\n@misc{b, title={c", "\\}", "%", "a\\"):
        library = bibtexparser.parse_string(
            export_hits([hit(record("a.md", title=title))], Format.BIBTEX, LINKS)
        )
        assert library.failed_blocks == []
        assert len(library.entries) == 1, title


def test_documents_are_exported_as_hits_are() -> None:
    records = [SLIDES, REPORT]
    rows = list(csv.DictReader(io.StringIO(export_documents(records, Format.CSV, LINKS), newline="")))
    assert [row["title"] for row in rows] == [SLIDES.title, "Verslag"]
    assert rows[0]["link"] == f"https://kennisbank.example.org/documenten/{SLIDES.id}"
    entries = rispy.loads(export_documents(records, Format.RIS, LINKS))
    assert [entry["id"] for entry in entries] == [SLIDES.id, REPORT.id]
    assert not any(note.startswith("Vindplaats") for note in entries[0]["notes"])
    library = bibtexparser.parse_string(export_documents(records, Format.BIBTEX, LINKS))
    assert len(library.entries) == 2


def test_without_an_address_nothing_is_linked() -> None:
    assert table([hit(SLIDES)])[0]["link"]
    (row,) = csv.DictReader(io.StringIO(export_hits([hit(SLIDES)], Format.CSV, Links()), newline=""))
    assert row["link"] == ""
    assert "UR  -" not in export_hits([hit(SLIDES)], Format.RIS, Links())


def test_each_line_of_json_lines_is_one_object() -> None:
    items = [{"text": "een\ntwee\u2028drie", "n": 1}, {"text": "ä"}]
    lines = json_lines(items).split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == items
