"""The demonstration corpus shows what the product can do, and the product finds what is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from kb.documents import Kind, Part, Unit
from kb.embedding import load_encoder
from kb.evaluation import evaluate, holds, read_questions
from kb.index import DocumentRecord
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.parsing import FORMATS
from kb.parsing.ocr import ocr_available
from kb.reports import BuildReport
from kb.settings import Settings

needs_ocr = pytest.mark.skipif(
    not ocr_available(), reason="Tesseract with Dutch and English is not installed"
)

RECALL = 0.8
KRINGDAG = "Kringdag zaakgericht werken en Common Ground"
AI = "Themabijeenkomst AI en algoritmeregister"
SECURITY = "Themabijeenkomst informatiebeveiliging"
STEERING = "Stuurgroep Laagland Digitaal"
WOO = "Kringdag Woo, archief en raadsinformatie"
INCLUSION = "Bijeenkomst dienstverlening en digitale inclusie"
SUPPLIERS = "Leveranciersdag Laagland Digitaal"
EVENING = "Avond digitale innovatie voor gemeentesecretarissen"
REPORT, DECK, PAPER, OTHER = Kind.VERSLAG, Kind.PRESENTATIE, Kind.PAPER, Kind.OVERIG

# By file name: title, kind, date, event, language.
EXPECTED = {
    "presentatie-common-ground-waterrijk.pptx": (
        ("Common Ground in een middelgrote gemeente", DECK, "2024-03-14", KRINGDAG, "nl")
    ),
    "programma-kringdag.odt": (
        ("Programma kringdag zaakgericht werken", OTHER, "2024-03-14", KRINGDAG, "nl")
    ),
    "verslag-kringdag-zaakgericht-werken.docx": (
        ("Verslag kringdag zaakgericht werken en Common Ground", REPORT, "2024-03-14", KRINGDAG, "nl")
    ),
    "paper-small-councils-public-algorithms.pdf": (
        (
            "Small councils, public algorithms: what a register can and cannot do",
            PAPER,
            "2024-06-20",
            AI,
            "en",
        )
    ),
    "presentatie-algoritmeregister-zandloo.odp": (
        ("Het algoritmeregister vullen in twee rondes", DECK, "2024-06-20", AI, "nl")
    ),
    "uitnodiging-themabijeenkomst-ai.eml": (
        ("Uitnodiging themabijeenkomst AI en algoritmeregister, 20 juni 2024", OTHER, "2024-06-20", AI, "nl")
    ),
    "verslag-themabijeenkomst-ai.odt": (
        (
            "Verslag themabijeenkomst kunstmatige intelligentie en algoritmeregister",
            REPORT,
            "2024-06-20",
            AI,
            "nl",
        )
    ),
    "paper-weerbaar-zonder-held.pdf": (
        (
            "Weerbaar zonder held: informatiebeveiliging in de middelgrote gemeente",
            PAPER,
            "2024-10-03",
            SECURITY,
            "nl",
        )
    ),
    "presentatie-bio-in-de-praktijk.pptx": (
        ("De BIO in de praktijk: van vinkjes naar keuzes", DECK, "2024-10-03", SECURITY, "nl")
    ),
    "verslag-oefening-drie-dagen-zonder-systemen.html": (
        (
            "Drie dagen zonder systemen: verslag van de oefening in Duinmeer",
            REPORT,
            "2024-10-03",
            SECURITY,
            "nl",
        )
    ),
    "ingekomen-brief-zandloo-scan.pdf": (
        ("Brief van gemeente Zandloo over de verdeelsleutel", OTHER, "2025-01-27", STEERING, "nl")
    ),
    "memo-personeelstekort-ict.txt": (
        ("Memo personeelstekort ICT in de regio", OTHER, "2025-01-16", STEERING, "nl")
    ),
    "notulen-stuurgroep-2025-02-06.md": (
        ("Notulen stuurgroep Laagland Digitaal", REPORT, "2025-02-06", STEERING, "nl")
    ),
    "notulen-stuurgroep-2025-02-06.pdf": (
        ("Notulen stuurgroep Laagland Digitaal", REPORT, "2025-02-06", STEERING, "nl")
    ),
    "handreiking-woo-verzoek-in-tien-stappen.docx": (
        ("Handreiking: een Woo-verzoek in tien stappen", OTHER, "2025-05-22", WOO, "nl")
    ),
    "presentatie-een-vindplaats-voor-de-raad.pptx": (
        ("Eén vindplaats voor de raad", DECK, "2025-05-22", WOO, "nl")
    ),
    "studie-duurzaam-digitaal.pdf": (
        ("Duurzaam digitaal: archiveren vanaf het ontwerp", PAPER, "2025-05-22", WOO, "nl")
    ),
    "verslag-kringdag-woo-archief.md": (
        ("Verslag kringdag Woo, archief en raadsinformatie", REPORT, "2025-05-22", WOO, "nl")
    ),
    "presentatie-datagedreven-werken.odp": (
        ("Datagedreven werken zonder tunnelvisie", DECK, "2025-09-18", INCLUSION, "nl")
    ),
    "report-peer-visit-nordhavn.html": (
        ("Peer visit on digital inclusion: what we took home", REPORT, "2025-09-18", INCLUSION, "en")
    ),
    "verslag-iedereen-moet-mee-kunnen-doen.docx": (
        ("Iedereen moet mee kunnen doen", REPORT, "2025-09-18", INCLUSION, "nl")
    ),
    "presentation-exit-planning-saas.pptx": (
        ("Leaving well: exit planning for software as a service", DECK, "2025-11-27", SUPPLIERS, "en")
    ),
    "verslag-leveranciersdag.md": (
        ("Leveranciersdag: van klant naar opdrachtgever", REPORT, "2025-11-27", SUPPLIERS, "nl")
    ),
    "verslag-avond-digitale-innovatie.md": (
        ("Digitale innovatie in het provinciehuis van Noord-Brabant", REPORT, None, EVENING, "nl")
    ),
}


@dataclass(frozen=True)
class Demonstration:
    """The corpus as it is published, with the encoder that the product ships."""

    report: BuildReport
    knowledge_base: KnowledgeBase

    @property
    def documents(self) -> dict[str, DocumentRecord]:
        return {record.source.rsplit("/", 1)[-1]: record for record in self.knowledge_base.documents()}


@pytest.fixture(scope="session")
def demonstration(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    settings = Settings(corpus=root / "corpus", indexes=tmp_path_factory.mktemp("indexes"))
    report = build_index(settings, lambda: load_encoder(settings))
    return Demonstration(report, KnowledgeBase(settings))


@needs_ocr
def test_every_file_is_read(demonstration: Demonstration) -> None:
    assert demonstration.report.left_out == ()
    assert demonstration.documents.keys() == EXPECTED.keys()
    # A scan among them is read by OCR; nothing else of any file is missing.
    assert demonstration.report.gaps == {"ocr": 1}


def test_the_corpus_has_every_format_both_languages_and_all_kinds(root: Path) -> None:
    suffixes = {
        file.suffix for file in (root / "corpus").rglob("*") if file.suffix != ".yaml" and file.is_file()
    }
    assert len(EXPECTED) >= 16
    assert len(FORMATS) == 9
    assert all(suffixes & set(known.suffixes) for known in FORMATS.values())
    assert Counter(language for *_, language in EXPECTED.values())["en"] >= 3
    assert {kind for _, kind, *_ in EXPECTED.values()} == set(Kind)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_document_is_described_as_its_authors_would(demonstration: Demonstration, name: str) -> None:
    if name not in demonstration.documents:
        pytest.skip("a scan, and Tesseract is not installed")
    record = demonstration.documents[name]
    title, kind, date, event, language = EXPECTED[name]
    assert record.event is not None
    assert (record.title, record.kind, record.language) == (title, kind, language)
    assert (record.date and record.date.isoformat(), record.event.name) == (date, event)


def test_events_group_reports_slides_and_papers(demonstration: Demonstration) -> None:
    kinds = defaultdict(set)
    for record in demonstration.documents.values():
        assert record.event is not None
        kinds[record.event.name].add(record.kind)
        assert record.event.place
    assert len(kinds) == 8
    assert sum(found >= {REPORT, DECK} for found in kinds.values()) >= 5
    assert sum(found >= {REPORT, DECK, PAPER} for found in kinds.values()) >= 3


def test_the_evening_in_the_province_house_has_no_year(demonstration: Demonstration) -> None:
    record = demonstration.documents["verslag-avond-digitale-innovatie.md"]
    assert record.date is None
    assert record.date_text == "donderdag 7 november"
    assert record.speakers == ("Marcel Thaens", "Martijn Hartog")
    assert record.event is not None
    assert record.event.date is None
    text = " ".join(passage.text for passage in demonstration.knowledge_base.passages_of(record.id))
    for fact in (
        "Marcel Thaens, CIO van de provincie",
        "Martijn Hartog, promovendus aan de TU Delft",
        "geen lampen meer, maar licht",
        "kerntaken",
        "platform- en netwerksamenleving",
        "collectiviteit en solidariteit",
        "Den Haag meer de regie",
        "hoog op de bestuurlijke agenda",
    ):
        assert fact in text


def test_minutes_in_two_formats_are_shown_once_or_both_found(demonstration: Demonstration) -> None:
    query = "verdeelsleutel met ingang van 2026 inwonertal en werkplekken"
    hits = demonstration.knowledge_base.search(query, limit=10).found.hits
    sources = [hit.document.source for hit in hits] + [
        twin.document.source for hit in hits for twin in hit.also_in
    ]
    assert {source for source in sources if "notulen" in source} == {
        "2025-02-06-stuurgroep-laagland-digitaal/notulen-stuurgroep-2025-02-06.md",
        "2025-02-06-stuurgroep-laagland-digitaal/notulen-stuurgroep-2025-02-06.pdf",
    }


def test_a_sentence_of_the_speaker_notes_is_found_with_its_slide(demonstration: Demonstration) -> None:
    query = "overleden inwoner kreeg drie keer een aanslag"
    hit = demonstration.knowledge_base.search(query).found.hits[0]
    assert hit.document.source.endswith("presentatie-common-ground-waterrijk.pptx")
    locator = hit.passage.locator
    assert (locator.unit, locator.slide, locator.part) == (Unit.SLIDE, 3, Part.NOTES)


def test_golden_questions_find_their_passage_among_the_first_five(
    demonstration: Demonstration, files: Path
) -> None:
    questions = read_questions(files / "questions.jsonl")
    assert sum(bool(question.quotes) for question in questions) >= 20
    assert sum(not question.quotes for question in questions) >= 4
    evaluation = evaluate(demonstration.knowledge_base, questions)
    asked = {question.id for question in evaluation.answerable}
    ranks = {outcome.id: outcome.rank for outcome in evaluation.outcomes if outcome.id in asked}
    missed = [name for name, rank in ranks.items() if rank is None or rank > 5]
    assert len(missed) <= (1 - RECALL) * len(ranks), missed


@needs_ocr
def test_golden_quotes_are_in_the_corpus(demonstration: Demonstration, files: Path) -> None:
    texts = [
        passage.text
        for record in demonstration.documents.values()
        for passage in demonstration.knowledge_base.passages_of(record.id)
    ]
    for question in read_questions(files / "questions.jsonl"):
        for quote in question.quotes:
            assert any(holds(text, quote) for text in texts), question.id
