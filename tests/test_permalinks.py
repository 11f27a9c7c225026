"""Promises of links to passages, kept by indexes that are built again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kb.documents import Passage
from kb.index import DocumentRecord, Index
from kb.index.embedded import EmbeddedIndex
from kb.permalinks import Finding, Permalink, find_again
from tests.library import record, write_index

Make = Callable[[Mapping[DocumentRecord, Sequence[str]]], Index]

REPORT = record("2023/verslag.md", title="Verslag")
RENAMED = record("archief/verslag.md", title="Verslag")
OTHER = record("2024/paper.md", title="Paper")
TEXT = "De raad besluit om het zaaksysteem in het voorjaar te vervangen, en wel voor alle afdelingen."
NOISE = ["De dijk wordt verhoogd.", "Het zaaksysteem en de raad komen ook hier voor, maar anders gezegd."]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Make]:
    """Makes an index of documents with a passage for each text."""
    opened: list[EmbeddedIndex] = []

    def made(texts: Mapping[DocumentRecord, Sequence[str]]) -> Index:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        write_index(folder, texts)
        opened.append(EmbeddedIndex.open(folder))
        return opened[-1]

    yield made
    for one in opened:
        one.close()


def passage(index: Index, document: DocumentRecord, number: int = 0) -> Passage:
    return index.passages(index.document_rows(document.id))[number].passage


def link_to(index: Index, document: DocumentRecord, number: int = 0) -> Permalink:
    """The link, as it comes back from its own address."""
    address = urlsplit(Permalink.to(passage(index, document, number)).path)
    told = parse_qs(address.query)
    return Permalink(
        passage_id=address.path.rpartition("/")[2],
        document_id=told["document"][0],
        begins=told["begint"][0],
    )


def test_a_link_finds_its_passage_after_a_rebuild_with_other_documents(index: Make) -> None:
    link = link_to(index({REPORT: [NOISE[0], TEXT]}), REPORT, 1)
    found = find_again(link, index({OTHER: NOISE, REPORT: ["Iets nieuws vooraan.", TEXT]}))
    assert found.finding is Finding.KEPT
    assert [one.text for one in found.passages] == [TEXT]
    assert found.document == REPORT


def test_a_link_finds_the_same_words_when_the_file_has_another_name(index: Make) -> None:
    link = link_to(index({REPORT: [TEXT]}), REPORT)
    found = find_again(link, index({OTHER: [*NOISE, TEXT + " Dat staat vast."], RENAMED: [NOISE[0], TEXT]}))
    assert found.finding is Finding.MOVED
    assert [(one.document_id, one.text) for one in found.passages] == [(RENAMED.id, TEXT)]
    assert found.document is None


def test_the_second_time_that_words_stand_in_a_document_is_found_too(index: Make) -> None:
    link = link_to(index({REPORT: [TEXT, NOISE[0], TEXT]}), REPORT, 2)
    found = find_again(link, index({RENAMED: [TEXT]}))
    assert found.finding is Finding.MOVED


def test_a_passage_that_was_edited_is_not_called_the_same(index: Make) -> None:
    link = link_to(index({REPORT: [TEXT]}), REPORT)
    edited = TEXT.replace("alle afdelingen", "één afdeling")
    found = find_again(link, index({REPORT: [NOISE[0], edited], RENAMED: [TEXT]}))
    assert found.finding is Finding.CHANGED
    assert [one.text for one in found.passages] == [edited]
    assert found.document == REPORT


def test_words_that_only_begin_the_same_elsewhere_are_called_alike(index: Make) -> None:
    link = link_to(index({REPORT: [TEXT]}), REPORT)
    edited = TEXT.replace("alle afdelingen", "één afdeling")
    found = find_again(link, index({OTHER: [*NOISE, edited]}))
    assert found.finding is Finding.ALIKE
    assert [one.text for one in found.passages] == [edited]


def test_a_few_words_are_too_few_to_be_alike(index: Make) -> None:
    link = link_to(index({REPORT: ["De dijk breekt."]}), REPORT)
    assert find_again(link, index({OTHER: ["De dijk breekt. Niet vandaag."]})).finding is Finding.GONE
    assert find_again(link, index({OTHER: ["De dijk breekt."]})).finding is Finding.MOVED


def test_what_is_gone_is_called_gone_though_its_document_is_there(index: Make) -> None:
    link = link_to(index({REPORT: [TEXT]}), REPORT)
    found = find_again(link, index({REPORT: NOISE, OTHER: [f"Zoals gezegd: {TEXT}"]}))
    assert (found.finding, found.passages, found.document) == (Finding.GONE, (), REPORT)
    without = find_again(link, index({OTHER: NOISE}))
    assert (without.finding, without.passages, without.document) == (Finding.GONE, (), None)


@pytest.mark.parametrize("begins", ["", "de het een", "…", "x" * 5000, "\x00", "ὅπερ ἔδει δεῖξαι"])
def test_a_link_that_tells_nothing_or_nonsense_finds_nothing(index: Make, begins: str) -> None:
    link = Permalink(passage_id="0" * 16, document_id="nergens", begins=begins)
    assert find_again(link, index({REPORT: [TEXT, *NOISE]})).finding is Finding.GONE


def test_an_address_is_short_and_holds_no_more_than_the_first_words(index: Make) -> None:
    made = index({REPORT: [TEXT, "x" * 500]})
    assert Permalink.to(passage(made, REPORT)).begins == "De raad besluit om het zaaksysteem"
    assert link_to(made, REPORT, 1).begins == "x" * 60
    assert Permalink(passage_id="a").path == "/passages/a"
