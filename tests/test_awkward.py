"""Files that are hard on parsers: each is read, or refused with its reason, and none stops the rest."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from kb.corpus import Corpus, scan
from kb.documents import Document, Part, Role
from kb.errors import ParseError
from kb.parsing.ocr import ocr_available
from kb.readings import Readings
from kb.sandbox import read_all, read_options
from kb.settings import Settings
from tests import sources
from tests.conftest import ROOT

AWKWARD = ROOT.parent / "shared" / "awkward"
FILES = sorted(
    file.relative_to(AWKWARD).as_posix()
    for file in AWKWARD.rglob("*")
    if file.is_file() and file.name != "manifest.tsv"
)
LOCK_FILE = "tricky/word-lockfile_~$nifest Kennisplatform APIs.docx"
SAVE_AS = r"save it as DOCX, PPTX or PDF"

# What must be refused, by its code and a word of the reason.
REFUSED = {
    "tricky/empty-0-bytes.pdf": ("damaged", "empty"),
    "tricky/broken_invalid.pdf": ("damaged", "not a readable PDF"),
    "tricky/bad-metadata_unreadablemetadata.pdf": ("damaged", "not a readable PDF"),
    "tricky/encrypted-userpw_libreoffice-writer-password.pdf": ("encrypted", "password"),
    "pypdf/libreoffice-writer-password.pdf": ("encrypted", "password"),
    "pypdf/crazyones-encrypted-256.pdf": ("encrypted", "password"),
    "pypdf/encrypted-file.pdf": ("encrypted", "password"),
    "pypdf/encryption-r2-user-password.pdf": ("encrypted", "password"),
    "pypdf/encryption-r3-user-password.pdf": ("encrypted", "password"),
    "pypdf/encryption-r4-user-password.pdf": ("encrypted", "password"),
    "pypdf/encryption-r4-aes-user-password.pdf": ("encrypted", "password"),
    "pypdf/encryption-r6-both-passwords.pdf": ("encrypted", "password"),
    "tricky/encrypted_testPPT_protected_passtika.ppt": ("unsupported", SAVE_AS),
    "tricky/old-large_testLargeOLEDoc.doc": ("unsupported", SAVE_AS),
    "tricky/old-various_testPPT_various.ppt": ("unsupported", SAVE_AS),
    "tricky/old-word6_testWORD6.doc": ("unsupported", SAVE_AS),
    "tricky/old-word97_duplicate-paragraphs.doc": ("unsupported", SAVE_AS),
    "tricky/old_fake-power-point.ppt": ("unsupported", SAVE_AS),
    "tricky/soft-hyphen_testOptionalHyphen.doc": ("unsupported", SAVE_AS),
    "tricky/soft-hyphen_testOptionalHyphen.rtf": ("unsupported", SAVE_AS),
    "tricky/rtf_eng_spa_mult.rtf": ("unsupported", SAVE_AS),
    "tricky/rtf-ms932.rtf": ("unsupported", SAVE_AS),
    "tricky/rtf-corrupt_testRTFCorruptListOverride.rtf": ("unsupported", SAVE_AS),
    "tricky/msg_fake-email-attachment.msg": ("unsupported", SAVE_AS),
    "tricky/epub_eng_spa_mult.epub": ("unsupported", SAVE_AS),
    "tricky/tiff-multipage_layout-parser-paper-fast.tiff": ("unsupported", r"\.tiff is not read"),
    # Pictures, outlines and fonts without letters: OCR is off in this run.
    "tricky/scan-fr_francais.pdf": ("no-text", "install Tesseract"),
    "tricky/scan-nl-no-text_plaatjes presentatie Amsterdam.pdf": ("no-text", "none of the 3 pages"),
    "tricky/scan-skewed_rotated_skew.pdf": ("no-text", "install Tesseract"),
    "tricky/outlined-text_ftv-update-1.pdf": ("no-text", "install Tesseract"),
    "tricky/nomapping_truetype_font_nomapping.pdf": ("no-text", "install Tesseract"),
    "tricky/tables_table-multi-row-column-cells.pdf": ("no-text", "install Tesseract"),
}
# What must be read: texts that stand in it one after the other, a space for each line break.
READ = {
    "tricky/encrypted-emptypw_r6-owner-password.pdf": ["pdf encryption test"],
    # Poppler too opens it without a password, whatever the manifest says of it.
    "tricky/encrypted-aes256_r6-user-password.pdf": ["pdf encryption test"],
    "tricky/copy-protected.pdf": ["LayoutParser: A Unified Toolkit", "Keywords: Document Image Analysis"],
    "tricky/broken_malformed-from-issue-932.pdf": ["2021 3 31"],
    "tricky/broken_invalid-structure-one-page.pdf": ["National Cybersecurity Strategy"],
    "tricky/broken_failure-after-repair.pdf": ["Understanding Breast Cancer"],
    "tricky/misnamed-is-pdf_20250422-juridische-structuur-ishare.pptx": [
        "gerard@ishare.eu",
        "Basis beginselen van het iSHARE framework",
        "Juridische dekking voor data transacties tussen Private partijen",
    ],
    "tricky/two-column_multicolumn.pdf": [
        "Ut purus elit, vestibulum ut, placerat ac, adipiscing vitae, felis.",
        "Nam dui ligula, fringilla a, euismod sodales, sollicitudin vel, wisi.",
        "Nulla malesuada porttitor diam.",
        "Quisque ullamcorper placerat ipsum. Cras nibh.",
        "Suspendisse vel felis. Ut lorem lorem, interdum eu",
    ],
    "tricky/two-column_multi-column.pdf": [
        "1 Introduction Open-domain question answering (QA) (Voorhees, 1999) is a task that answers",
        "factoid questions using a large collection of documents.",
        "Retrieval in open-domain QA is usually implemented using TF-IDF or BM25",
        "it is generally believed that learning a good dense vector representation",
    ],
    "tricky/two-column-paper_layout-parser-paper-fast.pdf": ["Abstract. Recent advances", "1 Introduction"],
    "tricky/ligatures-hyphenation_GeoTopo-komprimiert.pdf": [
        "Das Skript ist kostenlos",
        "Was ist Topologie?",
    ],
    "tricky/utf16_output_diff.txt": ["diff --git a/api-specificatie/drc/current_version/openapi.yaml"],
    "tricky/eml-utf16_fake-email-utf-16.eml": ["Test Email", "Roses are red", "Violets are blue"],
    "tricky/eml-nonutf8_email-no-utf8-2014-03-17.111517.eml": [
        "was recently changed",
        "(c) 2014 Google Inc.",
    ],
    "tricky/eml-attachment_fake-email-attachment.eml": ["Here's the attachments!", "Mallori"],
    "tricky/form_libreoffice-form.pdf": ["Example for a Form", "Alice", "Bob"],
    "tricky/ocr-layer_Seige_of_Vicksburg_Sample_OCR.pdf": ["Vicksburg"],
    "tricky/rotated_nics-background-checks-2015-11-rotated.pdf": ["Alaska | 209", "District of Columbia"],
    "tricky/tables_ca-warn-report.pdf": [
        "Maxim Integrated Product | San Jose | 150",
        "McGraw-Hill Education",
    ],
    "tricky/table_fake-power-point-table.pptx": ["Red | Green | Blue", "Tangerine | Pink | Aqua"],
    "tricky/malformed_fake-power-point-malformed.pptx": ["Test Slide"],
    "tricky/headers_docx-hdrftr.docx": ["Main document"],
    "tricky/textboxes_docx-shapes.docx": ["Paragraph with floating shape attached.", "<floating-shape>"],
    "tricky/tables_docx-tables.docx": ["Lorem ipsum | A link example", "Nested Table", "d | i", "j | k | l"],
    "tricky/long-nl-tables_stuf0301.pdf": ["GLOBALE FUNCTIONALITEIT", "BERICHTVERWERKING: STURING"],
    "tricky/mixed_20250506-logboek-miro.pdf": [""],
    "tricky/attachment_with-attachment.pdf": ["Lorem ipsum dolor sit amet"],
    "pypdf/commented.pdf": ["The Crazy Ones", "Note in second paragraph"],
    "pypdf/multilang.pdf": ["Привет, мир", "你好世界"],
}

pytestmark = pytest.mark.skipif(not FILES, reason=f"no folder of awkward files at {AWKWARD}")

Outcomes = Mapping[str, Document | ParseError]


def read(corpus: Corpus, settings: Settings, working: Path) -> Outcomes:
    readings = Readings(working / "readings", read_options(settings))
    with read_all(corpus, settings, readings=readings, working=working) as found:
        return {source.path: outcome for source, outcome in found}


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """One run over the whole folder, as a build makes it, without OCR."""
    corpus = scan(AWKWARD)
    found = read(corpus, Settings(ocr="off"), tmp_path_factory.mktemp("working"))
    assert found.keys() == {source.path for source in corpus.sources}
    assert corpus.left_out == ()
    return found


def document(outcomes: Outcomes, path: str) -> Document:
    outcome = outcomes[path]
    assert isinstance(outcome, Document), outcome
    return outcome


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_read_or_refused_with_its_reason(outcomes: Outcomes, path: str) -> None:
    if path == LOCK_FILE:
        assert path not in outcomes
        return
    outcome = outcomes[path]
    if isinstance(outcome, Document):
        assert outcome.text.strip()
        assert all(gap.code and len(gap.message) > 15 for gap in outcome.gaps)
    else:
        assert outcome.code in {"unsupported", "no-text", "encrypted", "damaged", "too-large"}
        assert re.search(r"\w+ \w+ \w+", str(outcome)), outcome
        # None hung, crashed its reader, or ran into a limit.
        assert not re.search(r"Traceback|object at 0x|reader crashed|KB_", str(outcome))


@pytest.mark.parametrize("path", REFUSED)
def test_what_cannot_be_read_says_why(outcomes: Outcomes, path: str) -> None:
    outcome = outcomes[path]
    assert isinstance(outcome, ParseError)
    code, reason = REFUSED[path]
    assert outcome.code == code
    assert re.search(reason, str(outcome)), outcome


@pytest.mark.parametrize("path", READ)
def test_text_is_found_in_reading_order(outcomes: Outcomes, path: str) -> None:
    text = document(outcomes, path).text.replace("\n", " ").lower()
    place = 0
    for wanted in READ[path]:
        place = text.find(wanted.lower(), place)
        assert place >= 0, wanted


def test_text_in_nested_groups_is_found(outcomes: Outcomes) -> None:
    found = document(outcomes, "tricky/nested-groups_group-shapes-nested.pptx")
    assert sorted(block.text for block in found.blocks) == list("ABCDEFGHIJ")


def test_tables_are_rows(outcomes: Outcomes) -> None:
    found = document(outcomes, "tricky/table_fake-power-point-table.pptx")
    rows = [block for block in found.blocks if block.role is Role.TABLE_ROW]
    assert len(rows) == 4
    assert all(row.locator.part is Part.TABLE and row.text.count(" | ") == 2 for row in rows)


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith((".docx", ".pptx"))])
def test_office_files_are_read_whole(outcomes: Outcomes, path: str) -> None:
    outcome = outcomes.get(path)
    if not isinstance(outcome, Document) or any(gap.code == "misnamed" for gap in outcome.gaps):
        pytest.skip("refused, or no office file: held above")
    with zipfile.ZipFile(AWKWARD / path) as archive:
        if any("/charts/" in name for name in archive.namelist()):
            pytest.skip("a chart stores dates as serial numbers, and what its labels hide")
    content = sources.extract(AWKWARD / path).content()
    unread = sources.unread(content, [outcome.text])
    assert unread.total() <= 0.02 * len(sources.words(content)), unread


def test_a_misnamed_file_is_read_as_what_it_is_and_told(outcomes: Outcomes) -> None:
    found = document(outcomes, "tricky/misnamed-is-pdf_20250422-juridische-structuur-ishare.pptx")
    assert {block.locator.page for block in found.blocks} == set(range(1, 8))
    assert {(gap.code, gap.page) for gap in found.gaps} == {("misnamed", None), ("no-text-layer", 8)}


def test_pages_without_text_are_named(outcomes: Outcomes) -> None:
    found = document(outcomes, "tricky/mixed_20250506-logboek-miro.pdf")
    empty = {gap.page for gap in found.gaps if gap.code == "no-text-layer"}
    assert empty
    assert not empty & {block.locator.page for block in found.blocks}


def test_attachments_are_named(outcomes: Outcomes) -> None:
    for path, name in {
        "tricky/attachment_with-attachment.pdf": "image.png",
        "tricky/eml-attachment_fake-email-attachment.eml": "fake-attachment.txt",
    }.items():
        assert any(gap.code == "attachment" and name in gap.message for gap in document(outcomes, path).gaps)


def test_huge_files_are_read_to_their_last_page(outcomes: Outcomes) -> None:
    for path, pages in {
        "tricky/huge-619-pages_DA-619p.pdf": 619,
        "tricky/huge-400-pages_pdf2image-memory-error-test.pdf": 400,
    }.items():
        last = max(block.locator.page or 0 for block in document(outcomes, path).blocks)
        assert pages - 2 <= last <= pages


def test_ligatures_and_hyphens_at_line_ends_are_gone(outcomes: Outcomes) -> None:
    text = document(outcomes, "tricky/ligatures-hyphenation_GeoTopo-komprimiert.pdf").text
    assert not re.search("[\ufb00-\ufb06\u00ad]", text)
    assert "Mitschriften aus der Vorlesung" in text
    # A hyphen within a line keeps a compound; one that stays with a space after it was a broken word.
    broken = re.findall(r"[a-zäöüß]{3,}- (?!und|oder|bzw|als|sowie|bis)[a-zäöüß]{3,}", text)
    assert len(broken) <= 5, broken


def test_utf16_text_is_right(outcomes: Outcomes) -> None:
    name = "tricky/utf16_output_diff.txt"
    text = (AWKWARD / name).read_text(encoding="utf-16")
    assert sources.unread(text, [document(outcomes, name).text]).total() <= 0.01 * len(sources.words(text))


def test_encoded_pictures_never_become_text(outcomes: Outcomes) -> None:
    for path, outcome in outcomes.items():
        if isinstance(outcome, Document) and path.endswith(".md"):
            assert not re.search(r"[A-Za-z0-9+/=]{300,}|data:image", outcome.text)


@pytest.mark.skipif(not ocr_available(), reason="Tesseract with Dutch and English is not installed")
def test_scans_are_read_by_ocr_and_told(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    names = ["scan-fr_francais.pdf", "scan-nl-no-text_plaatjes presentatie Amsterdam.pdf"]
    for name in names:
        shutil.copyfile(AWKWARD / "tricky" / name, tmp_path / name)
    found = read(scan(tmp_path), Settings(ocr="auto"), tmp_path_factory.mktemp("working"))
    french = document(found, names[0])
    assert [(gap.code, gap.page) for gap in french.gaps] == [("ocr", 1)]
    assert "Portez ce vieux whisky au juge blond qui fume" in french.text
    dutch = found[names[1]]
    if isinstance(dutch, Document):
        assert {gap.page for gap in dutch.gaps} == {1, 2, 3}
    else:
        assert dutch.code == "no-text"
