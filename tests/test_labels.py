"""Labels of passages: places they name, what they state, who says it, themes; in the index and its views."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Access
from kb.errors import InvalidQuery, NotFound
from kb.generations import Generations
from kb.hits import Facet, GroupBy, Page
from kb.index import Filter, Index
from kb.index.embedded import EmbeddedIndex
from kb.index.inspecting import inspect
from kb.index.labels import LabelFacet, StatementRecord, StatementsOfText
from kb.index.manifests import read_manifest, write_manifest
from kb.index.restricted import public_view
from kb.indexing import build_index, is_stale, labelling
from kb.knowledge_base import KnowledgeBase
from kb.minutes import StatementKind
from kb.search_request import SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.library import record, write_index

MINUTES = """# Verslag van het overleg

Aanwezig: Jan de Wit (wethouder, Waterrijk), Noor Bakker (secretaris)

## Zaaksysteem

De gemeente Utrecht werkt al met het zaaksysteem. Jan de Wit zegt: “Wij gaan ook over.” Volgens Noor Bakker \
is de proef geslaagd.

Besloten wordt dat de proef een jaar langer duurt.

## Vervolg

De gemeenten Maarssen en Zwolle doen mee aan het vervolg. Wie betaalt de licenties?
"""
QUESTIONS = """# Vragen

De provincie Friesland vraagt hoe het zaaksysteem bevalt. Hoe gaat dat in de gemeente Zwolle?
"""
THEMES = """
- name: Zaakgericht werken
  description: Werken met zaken.
  queries: [zaaksysteem]
- name: Luchtvaart
  queries: [vliegtuig]
"""


def built(folder: Path, files: dict[str, str], **settings: object) -> Settings:
    """Settings with a published index of these files."""
    found = Settings(corpus=folder / "corpus", indexes=folder / "indexes", **settings)  # type: ignore[arg-type]
    for name, text in files.items():
        file = found.corpus / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    build_index(found, WordEncoder)
    return found


@pytest.fixture(scope="module")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An index of minutes and questions, with a theme of its own and metadata that name another."""
    folder = tmp_path_factory.mktemp("labels")
    (folder / "themes.yaml").write_text(THEMES, encoding="utf-8")
    files = {
        "overleg/2024-03-05/verslag.md": MINUTES,
        "overleg/2024-03-05/vragen.md": QUESTIONS,
        "overleg/2024-03-05/vragen.md.yaml": "themes: [Inkoop, zaakgericht  werken]\n",
        "los/notitie.md": "# Notitie\n\nHet weer was mooi in het bos, en de vogels zongen.\n",
    }
    return built(folder, files, themes=folder / "themes.yaml")


@pytest.fixture(scope="module")
def index(minutes: Settings) -> Index:
    return Generations(minutes.indexes).open_live()


@pytest.fixture(scope="module")
def base(minutes: Settings, index: Index) -> KnowledgeBase:
    return KnowledgeBase.over(index, minutes, WordEncoder())


def names(index: Index, facet: LabelFacet, **documents: list[str]) -> dict[str, tuple[int, int]]:
    """The labels of a facet, each with its passages and documents."""
    counted = index.label_counts(facet, **documents)
    return {one.label.name: (one.passages, one.documents) for one in counted}


def texts(base: KnowledgeBase, **asked: frozenset[str]) -> list[str]:
    """The first lines of the passages that a filter allows."""
    found = base.passages(Filter(**asked), limit=100)  # type: ignore[arg-type]
    assert found.total == len(found.passages)
    return [one.passage.text.partition("\n")[0] for one in found.passages]


def test_a_build_finds_what_passages_name_and_state(index: Index) -> None:
    assert names(index, LabelFacet.MUNICIPALITY) == {
        "Zwolle": (2, 2),
        "Stichtse Vecht": (1, 1),
        "Utrecht": (1, 1),
    }
    assert names(index, LabelFacet.PROVINCE) == {"Overijssel": (2, 2), "Friesland": (1, 1), "Utrecht": (2, 1)}
    assert names(index, LabelFacet.STATEMENT) == {"vraag": (2, 2), "besluit": (1, 1), "citaat": (1, 1)}
    assert names(index, LabelFacet.SAID_BY) == {"Jan de Wit": (1, 1), "Noor Bakker": (1, 1)}


def test_a_theme_is_of_what_its_queries_find_and_of_what_metadata_name(index: Index) -> None:
    assert names(index, LabelFacet.THEME) == {"Zaakgericht werken": (2, 2), "Inkoop": (1, 1)}
    assert [(theme.name, theme.description) for theme in index.themes()] == [
        ("Zaakgericht werken", "Werken met zaken."),
        ("Luchtvaart", ""),
    ]
    assert index.facets().themes == {"Zaakgericht werken": 2, "Inkoop": 1}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"municipalities": frozenset({"GM0193"})}, ["Vervolg", "Vragen"]),
        ({"municipalities": frozenset({"zwolle"})}, ["Vervolg", "Vragen"]),
        ({"municipalities": frozenset({"Zwolle", "Utrecht"})}, ["Zaaksysteem", "Vervolg", "Vragen"]),
        ({"municipalities": frozenset({"GM1904"})}, ["Vervolg"]),
        ({"municipalities": frozenset({"Maarssen"})}, ["Vervolg"]),
        ({"municipalities": frozenset({"gm0333"})}, ["Vervolg"]),
        ({"provinces": frozenset({"PV26"})}, ["Zaaksysteem", "Vervolg"]),
        ({"provinces": frozenset({"Friesland"})}, ["Vragen"]),
        ({"statements": frozenset({StatementKind.BESLUIT})}, ["Zaaksysteem"]),
        ({"said_by": frozenset({"JAN  de wit"})}, ["Zaaksysteem"]),
        ({"themes": frozenset({"ZAAKGERICHT werken"})}, ["Zaaksysteem", "Vragen"]),
        ({"themes": frozenset({"Luchtvaart"})}, []),
        (
            {"provinces": frozenset({"Overijssel"}), "statements": frozenset({StatementKind.VRAAG})},
            ["Vervolg", "Vragen"],
        ),
        ({"municipalities": frozenset({"Zwolle"}), "said_by": frozenset({"Jan de Wit"})}, []),
    ],
)
def test_a_filter_allows_passages_with_a_label(
    base: KnowledgeBase, asked: dict[str, frozenset[str]], expected: list[str]
) -> None:
    assert texts(base, **asked) == expected
    documents = {one.document.id for one in base.passages(Filter(**asked), limit=100).passages}  # type: ignore[arg-type]
    assert {one.id for one in base.documents(Filter(**asked))} == documents  # type: ignore[arg-type]
    if expected:
        found = base.search("gemeente zaaksysteem", filter=Filter(**asked), limit=100)  # type: ignore[arg-type]
        assert {hit.passage.text.partition("\n")[0] for hit in found.found.hits} == set(expected)


def test_a_label_that_no_passage_has_is_refused(base: KnowledgeBase) -> None:
    asked = Filter(
        municipalities=frozenset({"Amersfoort"}),
        provinces=frozenset({"PV22"}),
        said_by=frozenset({"Piet"}),
        themes=frozenset({"Water"}),
    )
    with pytest.raises(InvalidQuery) as refused:
        base.passages(asked)
    assert {(place, code) for place, code, _ in refused.value.faults} == {
        ("municipality", "unknown-value"),
        ("province", "unknown-value"),
        ("saidBy", "unknown-value"),
        ("theme", "unknown-value"),
    }


def test_all_passages_stand_in_a_list_the_newest_documents_first(base: KnowledgeBase) -> None:
    every = base.passages(limit=100)
    assert [one.document.date is not None for one in every.passages] == [True] * 4 + [False]
    pages = [base.passages(limit=2, offset=offset).passages for offset in (0, 2, 4, 6)]
    assert [one for page in pages for one in page] == list(every.passages)
    assert {base.passages(limit=1, offset=offset).total for offset in (0, 6)} == {5}


def test_statements_of_a_hit_stand_in_its_text(base: KnowledgeBase) -> None:
    found = base.search("zaaksysteem proef langer", limit=10).found.hits
    (hit,) = [hit for hit in found if hit.passage.text.startswith("Zaaksysteem")]
    said = [
        (one.kind, one.speaker, one.role, one.literal, hit.passage.text[one.start : one.end])
        for one in hit.told.statements
    ]
    assert said == [
        ("citaat", "Jan de Wit", "wethouder", True, "“Wij gaan ook over.”"),
        ("citaat", "Noor Bakker", "secretaris", False, "Volgens Noor Bakker is de proef geslaagd."),
        ("besluit", None, None, False, "Besloten wordt dat de proef een jaar langer duurt."),
    ]
    assert [(label.facet, label.key) for label in hit.told.places] == [
        ("municipality", "GM0344"),
        ("province", "PV26"),
    ]
    assert base.passage(hit.passage.id).told == hit.told
    assert base.told([hit.passage]) == {hit.passage.id: hit.told}


@pytest.mark.parametrize("group_by", [None, GroupBy.DOCUMENT, GroupBy.EVENT])
def test_facets_count_the_hits_that_a_filter_would_leave(
    base: KnowledgeBase, group_by: GroupBy | None
) -> None:
    facets = {
        Facet.MUNICIPALITY: "municipalities",
        Facet.PROVINCE: "provinces",
        Facet.STATEMENT: "statements",
        Facet.SAID_BY: "said_by",
        Facet.THEME: "themes",
    }
    page = Page(limit=100, group_by=group_by, facets=tuple(facets))
    found = base.ask(SearchRequest(query="zaaksysteem gemeente vraagt", page=page)).found
    assert {facet: len(values) for facet, values in found.facets.items()} == {
        Facet.MUNICIPALITY: 3,
        Facet.PROVINCE: 3,
        Facet.STATEMENT: 3,
        Facet.SAID_BY: 2,
        Facet.THEME: 2,
    }
    for facet, values in found.facets.items():
        for value in values:
            filtered = Filter(**{facets[facet]: frozenset({value.value})})  # type: ignore[arg-type]
            left = base.ask(SearchRequest(query="zaaksysteem gemeente vraagt", filter=filtered, page=page))
            assert left.found.total == value.hits, (facet, value)


def test_a_rule_that_fails_costs_its_labels_and_never_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecursionError("deep")

    monkeypatch.setattr(labelling, "read_minutes", fail)
    settings = built(tmp_path, {"verslag.md": MINUTES})
    index = Generations(settings.indexes).open_live()
    (file,) = index.report()["files"]
    assert (file["status"], [gap["code"] for gap in file["gaps"]]) == ("read", ["labels"])
    assert "RecursionError" in file["gaps"][0]["message"]
    assert names(index, LabelFacet.STATEMENT) == {}
    assert set(names(index, LabelFacet.MUNICIPALITY)) == {"Utrecht", "Stichtse Vecht", "Zwolle"}


def test_other_rules_make_an_index_stale(minutes: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_stale(minutes)
    monkeypatch.setattr("kb.indexing.staleness.LABELLING_VERSION", labelling.LABELLING_VERSION + 1)
    assert is_stale(minutes)
    monkeypatch.undo()
    monkeypatch.setattr("kb.indexing.staleness.gazetteer_digest", lambda: "other")
    assert is_stale(minutes)


def test_everybody_sees_no_label_of_what_is_for_members(tmp_path: Path) -> None:
    (tmp_path / "themes.yaml").write_text(THEMES, encoding="utf-8")
    closed = MINUTES.replace("Zwolle", "Assen")
    settings = built(
        tmp_path,
        {
            "een/2024-03-05/verslag.md": MINUTES,
            "een/2024-03-05/dicht.md": closed,
            "een/2024-03-05/dicht.md.yaml": "access: members\nhost: Gastheer Geheim\nthemes: [Geheim]\n",
        },
        themes=tmp_path / "themes.yaml",
    )
    index = Generations(settings.indexes).open_live()
    view = public_view(index)
    alone = built(tmp_path / "alone", {"een/2024-03-05/verslag.md": MINUTES}, themes=tmp_path / "themes.yaml")
    other = Generations(alone.indexes).open_live()
    for facet in LabelFacet:
        assert view.label_counts(facet) == other.label_counts(facet), facet
        every = [record.id for record in index.documents()]
        assert view.label_counts(facet, documents=every) == other.label_counts(facet), facet
    assert view.facets() == other.facets()
    assert {"Assen", "Zwolle"} <= names(index, LabelFacet.MUNICIPALITY).keys()
    assert names(index, LabelFacet.SAID_BY)["Noor Bakker"] == (2, 2)
    assert names(view, LabelFacet.SAID_BY)["Noor Bakker"] == (1, 1)
    assert len(view.labelled(LabelFacet.MUNICIPALITY, ["Assen"])) == 0
    assert len(view.labelled(LabelFacet.SAID_BY, ["jan de wit"])) == 1
    assert len(view.labelled(LabelFacet.THEME, ["Geheim"])) == 0
    opened, hidden = (
        next(record for record in index.documents() if record.access is access)
        for access in (Access.OPEN, Access.MEMBERS)
    )
    assert len(view.rows(Filter())) == opened.passages
    assert opened.event
    assert opened.event.host is None
    assert hidden.event == opened.event
    assert view.statements([opened.id])[opened.id]
    with pytest.raises(NotFound):
        view.statements([hidden.id])
    with pytest.raises(NotFound):
        view.labels_of(index.document_rows(hidden.id), list(LabelFacet))
    knowledge_base = KnowledgeBase.over(index, settings, WordEncoder()).pinned(members=False)
    with pytest.raises(InvalidQuery):
        knowledge_base.passages(Filter(themes=frozenset({"Geheim"})))
    assert {one.document.id for one in knowledge_base.passages(limit=100).passages} == {opened.id}


def test_an_index_without_labels_answers_with_none(tmp_path: Path) -> None:
    folder = tmp_path / "leeg"
    folder.mkdir()
    index = EmbeddedIndex(folder, write_index(folder, {record("a.txt"): ["Niets dan zon."]}))
    assert index.themes() == ()
    assert all(index.label_counts(facet) == [] for facet in LabelFacet)
    assert index.labels_of([0], list(LabelFacet)) == {}
    assert index.rows(Filter(municipalities=frozenset({"Utrecht"}))).tolist() == []
    assert index.rows(Filter()).dtype == np.int64


def test_clipping_counts_from_the_passage() -> None:
    quote = StatementRecord(kind=StatementKind.CITAAT, start=10, end=30, speaker="Jan", literal=True)
    of_quote = StatementsOfText([quote])
    assert [(one.start, one.end) for one in of_quote.clipped(20, 100)] == [(0, 10)]
    assert [(one.start, one.end) for one in of_quote.clipped(0, 15)] == [(10, 15)]
    assert of_quote.clipped(30, 40) == of_quote.clipped(0, 10) == ()
    assert of_quote.clipped(0, 100) == (quote,)


def test_statements_within_others_are_found_wherever_they_stand() -> None:
    dice = random.Random(8)  # noqa: S311 - stretches for a test
    spans = sorted((start := dice.randrange(200), start + dice.randint(1, 60)) for _ in range(80))
    records = [StatementRecord(kind=StatementKind.VRAAG, start=start, end=end) for start, end in spans]
    text = StatementsOfText(records)
    for start in range(0, 260, 7):
        for end in range(start + 1, 270, 13):
            found = [(one.start + start, one.end + start) for one in text.clipped(start, end)]
            assert found == [(max(a, start), min(b, end)) for a, b in spans if a < end and start < b]


def test_names_with_quotes_and_percent_signs_are_only_names(index: Index) -> None:
    for value in ("' OR 1=1 --", "%", "", "GM0344') --", "x" * 100_000, "\x00"):
        assert len(index.labelled(LabelFacet.MUNICIPALITY, [value])) == 0
        assert len(index.labelled(LabelFacet.SAID_BY, [value])) == 0


@pytest.mark.parametrize(
    "harm", ["DELETE FROM labels WHERE row = 2", "UPDATE document_labels SET passages = 9 WHERE document = 1"]
)
def test_a_check_sees_labels_that_were_counted_wrong(minutes: Settings, tmp_path: Path, harm: str) -> None:
    folder = tmp_path / Generations(minutes.indexes).current().name
    shutil.copytree(Generations(minutes.indexes).current(), folder)
    manifest = read_manifest(folder)
    assert list(inspect(EmbeddedIndex.open(folder))) == []
    with contextlib.closing(sqlite3.connect(folder / "passages.sqlite")) as database, database:
        assert database.execute(harm).rowcount
    write_manifest(folder, manifest)
    (fault,) = inspect(EmbeddedIndex.open(folder))
    assert fault == "the labels of documents are not those of their passages"
