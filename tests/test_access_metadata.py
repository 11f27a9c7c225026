"""Who may see a document: what its sidecars and its front matter say, and what they may have meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.corpus import Corpus, scan
from kb.corpus.sidecars import access_told, read_document_sidecar
from kb.documents import Access
from kb.parsing.front_matter import read_front


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kring" / "bijlagen").mkdir(parents=True)
    (tmp_path / "kring" / "verslag.txt").write_text("Verslag")
    (tmp_path / "kring" / "bijlagen" / "brief.txt").write_text("Brief")
    return tmp_path


def accesses(corpus: Corpus) -> dict[str, Access | None]:
    return {source.path.rsplit("/", 1)[-1]: source.sidecar.access for source in corpus.sources}


@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("access: members", Access.MEMBERS),
        ("toegang: Leden", Access.MEMBERS),
        ("toegang: openbaar", Access.OPEN),
        ("title: Verslag", None),
    ],
)
def test_a_sidecar_says_who_may_see_its_file_in_dutch_or_english(text: str, access: Access | None) -> None:
    assert read_document_sidecar(text).access is access
    assert access_told(text) is access


@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("acess: members\ntitle: Verslag", Access.MEMBERS),
        ("toegnag: leden", Access.MEMBERS),
        ("access: member", Access.MEMBERS),
        ("access: [members]", Access.MEMBERS),
        ("access:\n  - members", Access.MEMBERS),
        ("event: {name: Kring, access: members", Access.MEMBERS),
        ("title: [niet af\naccess: leden", Access.MEMBERS),
        ("zichtbaar: leden", Access.MEMBERS),
        ("access: open\nauteur: Jan", Access.OPEN),
        ("auteur: Jan", None),
        ("date: gisteren", None),
    ],
)
def test_a_faulty_sidecar_closes_what_it_may_have_meant_to_close(
    folder: Path, text: str, access: Access | None
) -> None:
    (folder / "kring" / "verslag.txt.yaml").write_text(text)
    corpus = scan(folder)
    assert accesses(corpus) == {"verslag.txt": access, "brief.txt": None}
    (left,) = corpus.left_out
    assert ("only members" in left.message) is (access is Access.MEMBERS)


def test_a_sidecar_that_cannot_be_read_at_all_closes_its_file(folder: Path) -> None:
    (folder / "kring" / "verslag.txt.yaml").mkdir()
    assert accesses(scan(folder))["verslag.txt"] is Access.MEMBERS


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_sidecar_in_another_encoding_closes_its_file_too(folder: Path, encoding: str) -> None:
    (folder / "kring" / "verslag.txt.yaml").write_text("title: Café\naccess: members\n", encoding=encoding)
    assert accesses(scan(folder))["verslag.txt"] is Access.MEMBERS


@pytest.mark.parametrize("ending", ["yml", "YAML"])
def test_another_ending_of_a_sidecar_closes_too(folder: Path, ending: str) -> None:
    (folder / "kring" / f"verslag.txt.{ending}").write_text("access: members\n")
    corpus = scan(folder)
    assert accesses(corpus) == {"verslag.txt": Access.MEMBERS, "brief.txt": None}
    (folder / "kring" / f"_event.{ending}").write_text("name: Kring\naccess: members\n")
    assert set(accesses(scan(folder)).values()) == {Access.MEMBERS}


def test_access_of_an_event_holds_for_its_folder_and_all_below(folder: Path) -> None:
    (folder / "kring" / "_event.yaml").write_text("name: Kring\naccess: members\n")
    assert set(accesses(scan(folder)).values()) == {Access.MEMBERS}
    (folder / "kring" / "bijlagen" / "_event.yaml").write_text("name: Ochtend\n")
    assert accesses(scan(folder))["brief.txt"] is Access.MEMBERS
    (folder / "kring" / "bijlagen" / "brief.txt.yaml").write_text("event: Middag\n")
    assert accesses(scan(folder))["brief.txt"] is Access.MEMBERS
    (folder / "kring" / "bijlagen" / "brief.txt.yaml").write_text("event: Middag\naccess: open\n")
    assert accesses(scan(folder)) == {"verslag.txt": Access.MEMBERS, "brief.txt": Access.OPEN}


def test_access_that_changes_makes_every_document_below_another_source(folder: Path) -> None:
    outer = folder / "kring" / "_event.yaml"
    outer.write_text("name: Kring\n")
    (folder / "kring" / "bijlagen" / "_event.yaml").write_text("name: Ochtend\n")
    before = {source.path: source.sidecar_sha256 for source in scan(folder).sources}
    outer.write_text("name: Kring\naccess: members\n")
    after = {source.path: source.sidecar_sha256 for source in scan(folder).sources}
    assert all(after[path] != before[path] for path in before)


def test_a_faulty_sidecar_that_changes_makes_its_document_another_source(folder: Path) -> None:
    sidecar = folder / "kring" / "verslag.txt.yaml"
    found = set()
    for text in ("auteur: Jan", "acess: members", ""):
        sidecar.write_text(text)
        found |= {source.sidecar_sha256 for source in scan(folder).sources if "verslag" in source.path}
    assert len(found) == 3


@pytest.mark.parametrize("front", ["access: members", "access: leeden", "title: [\naccess: members"])
def test_front_matter_closes_its_file_also_where_it_has_faults(front: str) -> None:
    lines = ["---", *front.split("\n"), "---", "Tekst"]
    assert read_front(lines).metadata.access is Access.MEMBERS


def test_themes_stand_in_sidecars_of_files_and_events(folder: Path) -> None:
    (folder / "kring" / "_event.yaml").write_text("name: Kring\nthema's: Archief; Woo\n")
    (folder / "kring" / "verslag.txt.yaml").write_text("themes: [AI, Inclusie]\n")
    found = {source.path.rsplit("/", 1)[-1]: source.sidecar.themes for source in scan(folder).sources}
    assert found == {"verslag.txt": ("AI", "Inclusie"), "brief.txt": ("Archief", "Woo")}
