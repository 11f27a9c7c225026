"""What a build makes of a suppression list: nothing of it is indexed, embedded, kept or told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from kb.archiving import back_up, restore
from kb.documents import Access, Block, Document, Event, Locator, Metadata, Source
from kb.errors import InvalidPrivacyList
from kb.generations import Generations
from kb.indexing import build_index, is_stale, preview_index
from kb.knowledge_base import KnowledgeBase
from kb.privacy import PrivacyList, Suppressed
from kb.privacy.documents import masked_document
from kb.reports import BuildReport
from kb.settings import Settings
from tests.geometry import WordEncoder

LIST = """\
mask:
  - name: Odilia Wintergroen
    reason: verzoek
    date: 2026-11-25
withhold:
  - glob: "weg/**"
    reason: niet openbaar
    date: 2026-11-25
"""
SECRETS = ("odilia", "wintergroen", "kroonjuwelen", "weg/", "kluis")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    (corpus / "weg").mkdir(parents=True)
    (corpus / "weg" / "kluis.md").write_text("# Kluis\n\nDe kroonjuwelen liggen in de kluis.\n")
    (corpus / "weg" / "stuk.md").write_bytes(b"\0\1" * 99)
    (corpus / "weg" / "niets.pdf.yaml").write_text("title: Kroonjuwelen\n")
    (corpus / "avond").mkdir()
    (corpus / "avond" / "_event.yaml").write_text(
        "name: Avond van Odilia Wintergroen\ndate: 2024-03-07\nhost: Odilia Wintergroen\n"
        "speakers: [Odilia Wintergroen, P. Punt]\n"
    )
    (corpus / "avond" / "verslag.md").write_text(
        "# Lezing Odilia Wintergroen\n\nDe dijk is hoog, zei Odilia\nWintergroen.\n\nDe sluis is laag.\n"
    )
    (corpus / "avond" / "odilia-wintergroen.md").write_text("# Over de dijk\n\nDe dijk is van klei.\n")
    (corpus / "avond" / "odilia_wintergroen.bin").write_bytes(b"\0\1" * 99)
    for number in range(6):
        (corpus / f"stuk-{number}.md").write_text(
            f"# Stuk {number}\n\nHet waterschap peilt sluis {number}.\n"
        )
    return Settings(corpus=corpus, indexes=tmp_path / "indexes")


def listed(settings: Settings, text: str = LIST) -> None:
    settings.privacy_file.write_text(text, encoding="utf-8")


def built(settings: Settings) -> tuple[BuildReport, WordEncoder]:
    encoder = WordEncoder()
    return build_index(settings, lambda: encoder), encoder


def on_disk(settings: Settings, generation: str) -> str:
    """All text in a generation's files but its manifest, and what was kept of reading."""
    folder = settings.indexes / generation
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "manifest.json"]
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files).casefold()


def test_without_a_list_all_of_it_is_there(settings: Settings) -> None:
    report, encoder = built(settings)
    told = on_disk(settings, report.generation) + "".join(encoder.encoded).casefold()
    assert [secret for secret in SECRETS if secret not in told] == []


def test_nothing_of_it_is_embedded_indexed_or_told(settings: Settings) -> None:
    listed(settings)
    report, encoder = built(settings)
    assert not [text for text in encoder.encoded if any(secret in text.casefold() for secret in SECRETS)]
    told = on_disk(settings, report.generation)
    # Where the file lies is kept, to find it again; it is never told.
    for path in ("avond/odilia-wintergroen.md",):
        told = told.replace(path, "")
    assert [secret for secret in SECRETS if secret in told] == []
    assert [secret for secret in SECRETS if secret in json.dumps(report.as_json()).casefold()] == []
    assert report.withheld == {"niet openbaar": 2}
    assert report.masked == 2
    assert BuildReport.from_json(report.as_json()).withheld == report.withheld


def test_a_list_makes_the_index_stale_and_a_build_settles_that(settings: Settings) -> None:
    built(settings)
    assert not is_stale(settings)
    listed(settings)
    assert is_stale(settings)
    report, encoder = built(settings)
    assert not is_stale(settings)
    # Only what is other words now is encoded again.
    assert not [text for text in encoder.encoded if "waterschap" in text]
    assert report.changes.removed == ()
    listed(settings, LIST.replace("verzoek", "een andere reden"))
    assert not is_stale(settings)


def test_who_withholds_much_is_not_taken_for_who_lost_it(settings: Settings) -> None:
    built(settings)
    listed(settings, 'withhold:\n  - glob: "stuk-*"\n    reason: r\n    date: 2026-11-25\n')
    report, _ = built(settings)
    assert report.withheld == {"r": 6}
    assert report.changes.removed == ()


def test_a_preview_tells_no_more_than_a_build(settings: Settings) -> None:
    listed(settings)
    preview = preview_index(settings)
    assert [secret for secret in SECRETS if secret in json.dumps(preview.as_json()).casefold()] == []


def test_a_broken_list_stops_a_build(settings: Settings) -> None:
    listed(settings, "mask: [")
    with pytest.raises(InvalidPrivacyList):
        built(settings)
    assert not Generations(settings.indexes).names()


def test_what_was_read_of_a_withheld_document_is_forgotten(settings: Settings) -> None:
    built(settings)
    before = len(list((settings.indexes / ".readings").iterdir()))
    listed(settings)
    built(settings)
    # The document and the file that is damaged.
    assert len(list((settings.indexes / ".readings").iterdir())) == before - 2


def told(settings: Settings) -> str:
    knowledge_base = KnowledgeBase(settings)
    found = [knowledge_base.documents(), knowledge_base.facets(), knowledge_base.report()]
    found += [knowledge_base.passages_of(one.id) for one in knowledge_base.documents()]
    found += [knowledge_base.arrivals()]
    return str(found).casefold()


def test_it_holds_in_every_generation_also_after_going_back(settings: Settings) -> None:
    first, _ = built(settings)
    assert [secret for secret in SECRETS if secret not in told(settings)] == []
    listed(settings)
    assert [secret for secret in SECRETS if secret in told(settings)] == []
    built(settings)
    assert [secret for secret in SECRETS if secret in told(settings)] == []
    Generations(settings.indexes).rollback(first.generation)
    assert [secret for secret in SECRETS if secret in told(settings)] == []


def test_a_document_says_on_which_pages_a_name_stood() -> None:
    privacy = PrivacyList(mask=(Suppressed(texts=("Jan Bakker",), reason="r", date=dt.date.min),))
    texts = {1: "Voorblad", 2: "Aldus Jan", 3: "Bakker, voorzitter", 4: "Jan"}
    document = Document(
        source=Source(path="a.pdf", sha256="0", size=1, sidecar=Metadata(access=Access.OPEN)),
        metadata=Metadata(event=Event(name="Avond")),
        blocks=tuple(Block(text=text, locator=Locator(page=page)) for page, text in texts.items()),
    )
    found = masked_document(document, privacy)
    assert found.pages == (2, 3)
    assert found.document.text == "Voorblad\nAldus •••\n••••••, voorzitter\nJan"
    assert len(found.document.text) == len(document.text)
    assert masked_document(found.document, privacy).pages is None


def test_a_backup_takes_the_list_with_it(settings: Settings, tmp_path: Path) -> None:
    listed(settings)
    built(settings)
    archive = tmp_path / "kopie.tar"
    back_up(settings, archive)
    elsewhere = Settings(corpus=tmp_path / "terug", indexes=tmp_path / "terug-index")
    restore(elsewhere, archive)
    assert elsewhere.privacy_file.read_text() == LIST
    assert not (elsewhere.corpus / "weg" / "kluis.md").exists()
    assert [secret for secret in SECRETS if secret in told(elsewhere)] == []
