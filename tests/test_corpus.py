"""The corpus is what lies in the folder: every file is a source, or left out with its reason."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import unicodedata
from pathlib import Path

import pytest

from kb.corpus import Corpus, scan, source_file
from kb.documents import Kind
from kb.errors import CorpusError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    (root / "2024-03-14 kringdag" / "stukken").mkdir(parents=True)
    (root / "2024-03-14 kringdag" / "verslag.md").write_text("# Verslag\n")
    (root / "2024-03-14 kringdag" / "stukken" / "paper.md").write_text("# Paper\n")
    (root / "los.txt").write_text("tekst\n")
    return root


def write_event(folder: Path, text: str) -> None:
    (folder / "2024-03-14 kringdag" / "_event.yaml").write_text(text, encoding="utf-8")


def paths(corpus: Corpus) -> list[str]:
    return [source.path for source in corpus.sources]


def reasons(corpus: Corpus) -> dict[str, str]:
    return {left.path: left.code for left in corpus.left_out}


def test_sources_come_in_order_of_path_with_their_hash(folder: Path) -> None:
    corpus = scan(folder)
    assert paths(corpus) == [
        "2024-03-14 kringdag/stukken/paper.md",
        "2024-03-14 kringdag/verslag.md",
        "los.txt",
    ]
    assert corpus.sources[2].sha256 == hashlib.sha256(b"tekst\n").hexdigest()
    assert corpus.sources[2].size == 6


def test_hidden_files_and_locks_are_passed_over(folder: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "~$rslag.docx", "kopie van ~$rslag.docx"):
        (folder / name).write_bytes(b"x" * 162)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x")
    corpus = scan(folder)
    assert len(corpus.sources) == 3
    assert not corpus.left_out


def test_event_holds_for_all_below_its_folder(folder: Path) -> None:
    write_event(folder, "naam: Kringdag\ndatum: 14 maart 2024\nplaats: Waterrijk\nsprekers: [Yara Benali]\n")
    paper, report, loose = scan(folder).sources
    for source in (paper, report):
        assert source.sidecar.event is not None
        assert source.sidecar.event.name == "Kringdag"
        assert source.sidecar.event.speakers == ("Yara Benali",)
        assert source.sidecar.date == dt.date(2024, 3, 14)
        assert source.sidecar.speakers == ()
    assert loose.sidecar.event is None
    assert loose.sidecar_sha256 == ""
    assert paper.sidecar_sha256 == report.sidecar_sha256 != ""


def test_nearest_event_counts(folder: Path) -> None:
    write_event(folder, "name: Kringdag\nplace: Waterrijk\n")
    (folder / "2024-03-14 kringdag" / "stukken" / "_event.yaml").write_text("event: {name: Ochtend}\n")
    paper, report, _ = scan(folder).sources
    assert paper.sidecar.event is not None
    assert (paper.sidecar.event.name, paper.sidecar.place) == ("Ochtend", None)
    assert report.sidecar.place == "Waterrijk"


def test_own_sidecar_goes_before_the_event(folder: Path) -> None:
    write_event(folder, "name: Kringdag\ndate: 2024-03-14\nhost: Kring Laagland\n")
    sidecar = folder / "2024-03-14 kringdag" / "verslag.md.yaml"
    sidecar.write_text(
        "titel: Mijn titel\nsoort: notulen\ndatum: 2024-03-15\n"
        "sprekers: Jan Jansen; Piet Pietersen\ntaal: Nederlands\n"
    )
    corpus = scan(folder)
    found = corpus.sources[1].sidecar
    assert (found.title, found.kind, found.date) == ("Mijn titel", Kind.VERSLAG, dt.date(2024, 3, 15))
    assert (found.host, found.language) == ("Kring Laagland", "nl")
    assert found.speakers == ("Jan Jansen", "Piet Pietersen")
    assert found.event is not None
    assert found.event.date == dt.date(2024, 3, 14)
    assert "2024-03-14 kringdag/verslag.md.yaml" not in paths(corpus)


def test_a_changed_sidecar_changes_its_hash(folder: Path) -> None:
    write_event(folder, "name: Kringdag\n")
    before = scan(folder).sources[0].sidecar_sha256
    write_event(folder, "name: Kringdag Waterrijk\n")
    assert scan(folder).sources[0].sidecar_sha256 != before


def test_a_sidecar_date_without_year_stays_wording(folder: Path) -> None:
    write_event(folder, "name: Avond\ndate: donderdag 7 november\n")
    found = scan(folder).sources[0].sidecar
    assert (found.date, found.date_text) == (None, "donderdag 7 november")
    assert found.event is not None
    assert found.event.date is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [niet gesloten\n", "line"),
        ("naam: Kringdag\nplats: Waterrijk\n", "plats is not a key"),
        ("name: Kringdag\ndate: 2024-02-31\n", "not a date"),
        ("place: Waterrijk\n", "name"),
        ("- een\n- twee\n", "title: …"),
        ("name: &a [x]\nplace: *a\n", "aliases"),
        ("name: " + "x" * 70_000, "64,000 bytes"),
        ("name: " + "[" * 5_000, ""),
    ],
)
def test_a_broken_sidecar_is_told_and_its_files_are_read(folder: Path, text: str, message: str) -> None:
    write_event(folder, text)
    corpus = scan(folder)
    assert len(corpus.sources) == 3
    assert [(left.path, left.code) for left in corpus.left_out] == [
        ("2024-03-14 kringdag/_event.yaml", "sidecar")
    ]
    assert message in corpus.left_out[0].message
    assert corpus.sources[0].sidecar.event is None


def test_a_sidecar_without_its_file_is_told(folder: Path) -> None:
    (folder / "verslga.docx.yaml").write_text("title: x\n")
    assert reasons(scan(folder)) == {"verslga.docx.yaml": "sidecar"}


def test_large_files_are_left_out_with_the_setting(folder: Path) -> None:
    (folder / "groot.pdf").write_bytes(b"x" * 2_000_001)
    corpus = scan(folder, max_bytes=2_000_000)
    assert reasons(corpus) == {"groot.pdf": "too-large"}
    assert "KB_FILE_MEGABYTES" in corpus.left_out[0].message


def test_links_out_of_the_corpus_are_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "geheim.txt"
    secret.write_text("geheim")
    (folder / "link.txt").symlink_to(secret)
    (folder / "map").symlink_to(tmp_path)
    (folder / "kring").symlink_to(folder)
    (folder / "binnen.txt").symlink_to(folder / "los.txt")
    corpus = scan(folder)
    assert reasons(corpus) == {"link.txt": "link", "map": "link", "kring": "link"}
    assert "binnen.txt" in paths(corpus)


def test_pipes_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pijp.txt")
    assert reasons(scan(folder)) == {"pijp.txt": "not-a-file"}


def test_a_name_that_is_no_utf8_is_told(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "w") as stream:  # noqa: PTH123 - a name of bytes
        stream.write("x")
    assert list(reasons(scan(folder)).values()) == ["name"]


def test_paths_are_nfc_and_the_file_is_found(folder: Path) -> None:
    name = unicodedata.normalize("NFD", "coöperatie.txt")
    (folder / name).write_text("inhoud")
    corpus = scan(folder)
    path = unicodedata.normalize("NFC", name)
    assert path in paths(corpus)
    assert source_file(folder, path).read_text() == "inhoud"


def test_missing_and_empty_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="KB_CORPUS"):
        scan(tmp_path / "bestaat-niet")
    with pytest.raises(CorpusError, match="Put documents in it"):
        scan(tmp_path)


def test_whole_real_corpus_is_scanned(shared: Path) -> None:
    corpus = scan(shared / "corpus")
    assert len(corpus.sources) == 596
    assert not corpus.left_out


def test_a_link_that_leads_to_itself_is_told(folder: Path) -> None:
    (folder / "kring.txt").symlink_to("kring.txt")
    assert [(left.path, left.code) for left in scan(folder).left_out] == [("kring.txt", "unreadable")]


@pytest.mark.parametrize("name", ["_event.yaml", "notitie.txt.yaml"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_sidecar_that_is_no_file_of_the_corpus_is_told_and_not_opened(
    tmp_path: Path, name: str, kind: str
) -> None:
    outside = tmp_path / "elders.yaml"
    outside.write_text("name: Geheime bijeenkomst\n")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "notitie.txt").write_text("De raad kiest.\n")
    sidecar = corpus / name
    if kind == "pipe":
        os.mkfifo(sidecar)
    elif kind == "link":
        sidecar.symlink_to(outside)
    else:
        sidecar.mkdir()
    found = scan(corpus)
    assert [(left.path, left.code) for left in found.left_out] == [(name, "sidecar")]
    (source,) = found.sources
    assert (source.path, source.sidecar.event) == ("notitie.txt", None)
