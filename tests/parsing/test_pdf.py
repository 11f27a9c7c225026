from __future__ import annotations

import json
import logging
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from kb.documents import Block, Gap, Part, Role
from kb.errors import DamagedFile, EncryptedFile, NoTextLayer, ParseError, TooLarge
from kb.parsing.cleaning import clean
from kb.parsing.pdf import read_pdf
from kb.parsing.reading import Limits, Reading, ReadOptions
from kb.settings import Settings

FILES = Path(__file__).parents[1] / "files" / "pdf"
SHARED = Path(__file__).parents[2] / ".." / "shared"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not beside this repository")
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")


def read(name: str, **limits: int) -> Reading:
    return read_pdf(FILES / name, ReadOptions(limits=Limits(**limits)))


def page(reading: Reading, number: int) -> list[Block]:
    return [block for block in reading.blocks if block.locator.page == number]


def texts(reading: Reading, number: int) -> list[str]:
    return [block.text for block in page(reading, number)]


def codes(gaps: tuple[Gap, ...]) -> list[tuple[str, int | None]]:
    return [(gap.code, gap.page) for gap in gaps]


def test_a_column_is_read_to_its_end_before_the_next() -> None:
    text = " ".join(texts(read("verslag.pdf"), 2))
    assert "het tweede deel van het betoog en dat gaat rechts verder met de vraag" in text
    assert text.index("Links begint") < text.index("wordt gecontroleerd") < text.index("bescherming brengt")


def test_a_sentence_that_goes_on_in_the_next_column_is_one_paragraph() -> None:
    assert any("Links begint" in text and "tegen misbruik." in text for text in texts(read("verslag.pdf"), 2))


def test_words_broken_at_a_line_end_are_whole_again() -> None:
    text = " ".join(texts(read("verslag.pdf"), 1))
    assert "gemeentelijke organisatie" in text
    assert "waterschappen en gemeenten werken" in text


def test_real_hyphens_stay_at_a_line_end() -> None:
    text = " ".join(texts(read("verslag.pdf"), 1))
    assert "AVG-proof maken" in text
    assert "per e-mail een" in text
    assert "VNG-bestuur sluit" in text
    assert "aan- en afmeldingen" in text


def test_ligatures_become_letters() -> None:
    assert "De financiële fietsroute van de flexibele schil is geregeld." in texts(read("verslag.pdf"), 3)


def test_running_heads_and_page_numbers_are_left_out() -> None:
    reading = read("verslag.pdf")
    assert not [block.text for block in reading.blocks if "Verslag informatiebeveiliging" in block.text]
    assert not [block.text for block in reading.blocks if block.text.startswith("Pagina")]


def test_titles_that_slides_share_are_kept() -> None:
    titles = [block.text for block in read("presentatie.pdf").blocks if block.role is Role.HEADING]
    assert titles == ["Digitale weerbaarheid", "Casus", "Casus", "Casus", "Afspraken"]


def test_a_slide_without_headings_of_its_own_does_not_inherit_one() -> None:
    paths = {block.locator.page: block.locator.headings for block in read("presentatie.pdf").blocks}
    assert paths == {
        1: ("Digitale weerbaarheid",),
        2: ("Casus",),
        3: ("Casus",),
        4: ("Casus",),
        5: ("Afspraken",),
    }


def test_slide_numbers_and_footers_of_a_deck_are_left_out() -> None:
    found = {block.text for block in read("presentatie.pdf").blocks}
    assert "Voorbeeldstad digitaal" not in found
    assert not {text for text in found if text.isdigit()}


def test_lines_of_a_list_item_are_one_block() -> None:
    items = [block.text for block in page(read("verslag.pdf"), 1) if block.role is Role.LIST_ITEM]
    assert items == [
        "• De gemeentesecretaris stelt een plan op dat in het voorjaar aan het college wordt aangeboden.",
        "• De CISO rapporteert elk kwartaal.",
    ]


def test_a_footnote_is_told_from_the_text_and_its_number_from_the_word() -> None:
    blocks = page(read("verslag.pdf"), 1)
    notes = [block.text for block in blocks if block.role is Role.FOOTNOTE]
    assert notes == ["1 Zie het jaarplan informatievoorziening, hoofdstuk 3."]
    assert "een voorziening 1 voor alle inwoners." in " ".join(block.text for block in blocks)


def test_rows_of_a_table_keep_their_wrapped_cells() -> None:
    rows = [block for block in page(read("verslag.pdf"), 3) if block.role is Role.TABLE_ROW]
    assert [row.text for row in rows] == [
        "Actie | Wie | Gereed",
        "Plan van aanpak opstellen voor het college | Secretaris | 1 maart",
        "Register bijwerken | FG | 1 april",
        "Logboek openbaar maken | CISO | 1 mei",
    ]
    assert {row.locator.part for row in rows} == {Part.TABLE}


def test_headings_come_from_the_outline_where_there_is_one() -> None:
    reading = read("verslag-inhoudsopgave.pdf")
    headings = [(block.level, block.text) for block in reading.blocks if block.role is Role.HEADING]
    assert headings == [
        (1, "Verslag themabijeenkomst"),
        (2, "1 Opening"),
        (2, "2 Regie op data"),
        (2, "3 Acties"),
        (2, "4 Rondvraag"),
    ]
    assert page(reading, 4)[-1].locator.headings == ("Verslag themabijeenkomst", "4 Rondvraag")


def test_headings_come_from_the_type_where_there_is_no_outline() -> None:
    reading = read("verslag.pdf")
    headings = [block.text for block in reading.blocks if block.role is Role.HEADING]
    assert headings == ["Verslag themabijeenkomst", "1 Opening", "2 Regie op data", "3 Acties", "4 Rondvraag"]


def test_page_labels_are_given_where_they_differ_from_the_count() -> None:
    labels = {block.locator.page: block.locator.page_label for block in read("verslag.pdf").blocks}
    assert labels == {1: "i", 2: "ii", 3: "1", 4: "2"}
    assert {block.locator.page_label for block in read("presentatie.pdf").blocks} == {None}


def test_the_title_is_read_and_the_creation_date_is_no_date() -> None:
    metadata = read("verslag.pdf").metadata
    assert metadata.title == "Verslag themabijeenkomst"
    assert metadata.date is None
    assert metadata.speakers == ()


def test_a_file_name_is_no_title() -> None:
    assert read("verslag-inhoudsopgave.pdf").metadata.title is None


def test_values_of_form_fields_stand_after_their_labels() -> None:
    found = texts(read("formulier.pdf"), 1)
    assert "Naam aanvrager: Fatima el Idrissi" in found
    assert "Zaaknummer: Z-2024-0113" in found


def test_comments_in_the_margin_are_notes() -> None:
    notes = [block.text for block in read("formulier.pdf").blocks if block.locator.part is Part.NOTES]
    assert notes == ["Graag nog laten tekenen door de secretaris."]


def test_an_attachment_is_reported_by_name() -> None:
    gaps = read("formulier.pdf").gaps
    assert codes(gaps) == [("attachment", None)]
    assert "bijlage.csv" in gaps[0].message


def test_a_scanned_page_is_reported_and_a_blank_one_is_not() -> None:
    assert codes(read("gemengd.pdf").gaps) == [("no-text-layer", 2)]


def test_a_file_of_scans_is_refused_with_its_number_of_pages() -> None:
    with pytest.raises(NoTextLayer, match=r"none of the 1 pages has a text layer"):
        read("scan.pdf")


def test_text_without_a_character_map_is_no_text() -> None:
    with pytest.raises(NoTextLayer):
        read("zonder-tekens.pdf")


def test_a_file_with_a_password_is_refused() -> None:
    with pytest.raises(EncryptedFile, match="password"):
        read("wachtwoord.pdf")


def test_a_file_that_only_its_owner_may_change_is_read() -> None:
    assert texts(read("alleen-eigenaar.pdf"), 1) == [
        "Deze notitie is versleuteld met een wachtwoord van de eigenaar."
    ]


def test_one_damaged_page_does_not_cost_the_others() -> None:
    reading = read("kapotte-pagina.pdf")
    assert codes(reading.gaps) == [("damaged-page", 2)]
    assert "loket" in texts(reading, 1)[0]
    assert "archief" in texts(reading, 3)[0]


def test_a_truncated_file_is_refused() -> None:
    with pytest.raises(DamagedFile):
        read("afgekapt.pdf")


def test_a_page_that_unpacks_without_end_is_left_out_in_time() -> None:
    started = time.thread_time()
    reading = read("bom.pdf")
    assert time.thread_time() - started < 5
    assert codes(reading.gaps) == [("damaged-page", 2)]
    assert len(texts(reading, 1)) == 1


def test_limits_are_kept() -> None:
    with pytest.raises(TooLarge, match="4 pages"):
        read("verslag.pdf", pages=3)
    with pytest.raises(TooLarge, match="500 characters"):
        read("verslag.pdf", characters=500)


def test_the_logger_of_pypdf_is_left_as_it_was() -> None:
    before = logging.getLogger("pypdf").level
    read("kapotte-pagina.pdf")
    assert logging.getLogger("pypdf").level == before


def test_reading_text_loads_no_renderer_and_no_tesseract() -> None:
    code = "import kb.parsing.pdf, sys; print([n for n in ('pypdfium2', 'pytesseract') if n in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_block_is_clean_and_has_its_page() -> None:
    for path in sorted(FILES.glob("verslag*.pdf")):
        for block in read(path.name).blocks:
            assert block.text
            assert block.text == clean(block.text)
            assert block.locator.page is not None


# Over the shared corpus.


@pytest.fixture(scope="module")
def corpus() -> dict[Path, Reading | ParseError]:
    """Every PDF of the shared corpus as it was read, or the reason why not."""
    readings: dict[Path, Reading | ParseError] = {}
    for path in sorted((SHARED / "corpus").rglob("*.pdf")):
        try:
            readings[path] = read_pdf(path, ReadOptions())
        except ParseError as error:
            readings[path] = error
    return readings


def words_of(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def is_bullet(word: str) -> bool:
    """Word and PowerPoint draw the bullet of the second level as a letter o."""
    return word == "o"


def pdftotext(path: Path) -> list[Counter[str]]:
    """The words of each page according to poppler, broken ones joined."""
    answer = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    pages = answer.stdout.decode("utf-8", "replace").split("\f")
    return [Counter(words_of(clean(re.sub(r"(\w)[-\u00ad]\s*\n\s*(?=\w)", r"\1", text)))) for text in pages]


def without_running(lost: list[Counter[str]]) -> Counter[str]:
    """Words lost, but those that are lost on many pages alike: headers, footers and numbers."""
    on = Counter(word for page_lost in lost for word in page_lost)
    running = {word for word, count in on.items() if count >= 3 or word.isdigit()}
    return sum((Counter({w: n for w, n in here.items() if w not in running}) for here in lost), Counter())


@needs_shared
@needs_pdftotext
def test_no_words_are_lost_that_another_reader_finds(corpus: dict[Path, Reading | ParseError]) -> None:
    for path, reading in corpus.items():
        if not isinstance(reading, Reading):
            continue
        here: dict[int | None, str] = defaultdict(str)
        for block in reading.blocks:
            here[block.locator.page] += " " + block.text
        pages = pdftotext(path)
        lost = []
        for number, words in enumerate(pages, 1):
            missing = words - Counter(words_of(here[number]))
            letters = "".join(words_of(here[number]))
            lost.append(
                Counter(
                    {
                        word: count
                        for word, count in missing.items()
                        if word not in letters and not is_bullet(word)
                    }
                )
            )
        missing = without_running(lost)
        total = sum(words.total() for words in pages)
        assert missing.total() <= 0.03 * total, (path.name, missing.most_common(10))


@needs_shared
def test_no_page_number_or_running_head_is_left_as_a_block(corpus: dict[Path, Reading | ParseError]) -> None:
    for path, reading in corpus.items():
        if isinstance(reading, Reading):
            lone = Counter(
                block.text for block in reading.blocks if re.fullmatch(r"(?i)pagina \d+ van \d+", block.text)
            )
            assert len(lone) < 3, path.name


@needs_shared
def test_every_quoted_answer_stands_on_its_page_in_neighbouring_blocks(
    corpus: dict[Path, Reading | ParseError],
) -> None:
    def trigrams(text: str) -> set[tuple[str, ...]]:
        words = words_of(text)
        return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}

    questions = (SHARED / "questions" / "dev.jsonl").read_text("utf-8").splitlines()
    answers = [answer for line in questions for answer in json.loads(line)["answers"]]
    checked = 0
    for answer in answers:
        reading = corpus.get(SHARED / "corpus" / answer["file"])
        if not isinstance(reading, Reading):
            continue
        here = texts(reading, answer["page"])
        wanted = trigrams(answer["quote"])
        runs = (here[start : start + 6] for start in range(len(here)))
        best = max((len(wanted & trigrams(" ".join(run))) for run in runs), default=0)
        assert best >= 0.6 * len(wanted), answer
        checked += 1
    assert checked > 50


@needs_shared
def test_paragraphs_run_on_within_sentences(corpus: dict[Path, Reading | ParseError]) -> None:
    broken = total = 0
    for reading in corpus.values():
        if not isinstance(reading, Reading):
            continue
        for above, below in pairwise(reading.blocks):
            if above.role is below.role is Role.PARAGRAPH and above.locator.page == below.locator.page:
                total += 1
                broken += len(above.text) > 60 and above.text[-1].isalpha() and below.text[0].islower()
    assert broken < 0.03 * total


AWKWARD = [
    *(SHARED / "awkward" / "tricky").glob("*.pdf"),
    *(SHARED / "awkward" / "tricky").glob("misnamed-is-pdf*"),
    *(SHARED / "awkward" / "pypdf").glob("*.pdf"),
]


@needs_shared
@pytest.mark.parametrize("path", sorted(AWKWARD), ids=lambda path: path.name)
def test_an_awkward_file_is_read_or_refused_with_its_reason(path: Path) -> None:
    started = time.thread_time()
    try:
        outcome = " ".join(block.text for block in read_pdf(path, ReadOptions()).blocks)
    except ParseError as error:
        outcome = str(error)
    assert outcome
    # Longer, and a build would give it up.
    assert time.thread_time() - started < Settings().file_seconds


@needs_shared
@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("encrypted-userpw_libreoffice-writer-password.pdf", EncryptedFile),
        ("broken_invalid.pdf", DamagedFile),
        ("empty-0-bytes.pdf", DamagedFile),
        ("scan-fr_francais.pdf", NoTextLayer),
        ("bad-metadata_unreadablemetadata.pdf", DamagedFile),
    ],
)
def test_an_awkward_file_is_refused_for_the_right_reason(name: str, error: type[ParseError]) -> None:
    with pytest.raises(error):
        read_pdf(SHARED / "awkward" / "tricky" / name, ReadOptions())


@needs_shared
def test_two_columns_of_a_paper_are_read_one_after_the_other() -> None:
    reading = read_pdf(SHARED / "awkward" / "tricky" / "two-column_multi-column.pdf", ReadOptions())
    text = " ".join(texts(reading, 2))
    assert "also suffers from two weaknesses. First, ICT pretraining is computationally intensive and" in text
    assert "we assume the extractive QA setting, in which the answer is restricted" in text


@needs_shared
def test_a_turned_page_is_read_in_rows() -> None:
    path = SHARED / "awkward" / "tricky" / "rotated_nics-background-checks-2015-11-rotated.pdf"
    blocks = read_pdf(path, ReadOptions()).blocks
    rows = [block.text.replace("| ", "") for block in blocks if block.text.startswith("Alabama")]
    figures = "18,870 23,022 22,650 859 1,178 0 14 15 0 2,179 2,307 11 0 0 0 13 14 0 3 2 0 71,137"
    assert rows == [f"Alabama {figures}"]
