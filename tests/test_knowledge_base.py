from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from kb.errors import IncompatibleIndex, InvalidQuery, NoIndex, NotFound
from kb.hits import Page
from kb.index import Filter
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.search_request import MAX_SIMILAR, SearchRequest
from kb.settings import Settings
from tests.geometry import WordEncoder

VERSLAG = """---
datum: 2023-04-13
titel: Verslag stuurgroep
---
# Verslag

## Besluiten

De stuurgroep kiest een zaaksysteem voor alle gemeenten.

## Vervolg

Het archief verhuist in mei naar het streekarchief.
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "verslag.md").write_text(VERSLAG)
    (corpus / "notitie.txt").write_text("De wethouder noemt het zaaksysteem te duur.\n")
    settings = Settings(corpus=corpus, indexes=tmp_path / "indexes")
    build_index(settings, WordEncoder)
    return settings


@pytest.fixture
def knowledge_base(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    return KnowledgeBase(settings)


def test_a_search_answers_with_passages_and_where_they_stand(knowledge_base: KnowledgeBase) -> None:
    answered = knowledge_base.search("welk zaaksysteem kiest de stuurgroep")
    hit = answered.found.hits[0]
    assert "De stuurgroep kiest een zaaksysteem" in hit.passage.text
    assert hit.passage.locator.headings[-1] == "Besluiten"
    assert hit.document.source == "verslag.md"
    assert hit.document.date == dt.date(2023, 4, 13)
    assert answered.generation == knowledge_base.manifest().generation
    assert answered.seconds > 0


def test_all_faults_of_a_query_are_told_together(knowledge_base: KnowledgeBase) -> None:
    filter = Filter(
        events=frozenset({"geen"}),
        languages=frozenset({"xx"}),
        documents=frozenset({"nope"}),
        date_from=dt.date(2024, 1, 2),
        date_to=dt.date(2024, 1, 1),
    )
    with pytest.raises(InvalidQuery) as caught:
        knowledge_base.search("\x00" * 2_000, limit=0, offset=-1, filter=filter)
    faults = {(parameter, code) for parameter, code, _ in caught.value.faults}
    assert faults == {
        ("q", "too-long"),
        ("q", "control-characters"),
        ("limit", "out-of-range"),
        ("offset", "out-of-range"),
        ("event", "unknown-value"),
        ("language", "unknown-value"),
        ("document", "unknown-value"),
        ("dateFrom", "out-of-range"),
    }
    request = SearchRequest(query="\x00" * 2_000, page=Page(limit=0, offset=-1), filter=filter)
    assert knowledge_base.faults(request) == caught.value.faults


@pytest.mark.parametrize("query", ["", "  \n\t "])
def test_an_empty_query_is_refused(knowledge_base: KnowledgeBase, query: str) -> None:
    with pytest.raises(InvalidQuery, match="empty"):
        knowledge_base.search(query)


def test_a_query_of_signs_alone_is_answered_rather_than_refused(knowledge_base: KnowledgeBase) -> None:
    assert knowledge_base.search("?! — …").found.total >= 0


def test_similar_passages_need_no_model_and_have_a_limit_of_their_own(settings: Settings) -> None:
    # Loading this model would fail.
    knowledge_base = KnowledgeBase(settings.model_copy(update={"model": "no/such-model"}))
    by_source = {found.source: found.id for found in knowledge_base.documents()}
    (note,) = knowledge_base.passages_of(by_source["notitie.txt"])
    found = knowledge_base.similar(note.id)
    assert {one.document.source for one in found} == {"verslag.md"}
    assert len(knowledge_base.similar(note.id, limit=1)) == 1
    for limit in (0, MAX_SIMILAR + 1):
        with pytest.raises(InvalidQuery, match="must be from 1 to 50"):
            knowledge_base.similar(note.id, limit=limit)
    with pytest.raises(NotFound):
        knowledge_base.similar("nope")


def test_passages_have_neighbours_within_their_document(knowledge_base: KnowledgeBase) -> None:
    verslag = next(found for found in knowledge_base.documents() if found.source == "verslag.md")
    passages = knowledge_base.passages_of(verslag.id)
    assert verslag.passages == len(passages) >= 2
    found = [knowledge_base.passage(passage.id) for passage in passages]
    assert [one.previous for one in found] == [None, *passages[:-1]]
    assert [one.next for one in found] == [*passages[1:], None]
    assert {one.document for one in found} == {verslag}


def test_a_file_is_given_while_it_is_what_was_indexed(
    knowledge_base: KnowledgeBase, settings: Settings
) -> None:
    document = next(found for found in knowledge_base.documents() if found.source == "notitie.txt")
    file = settings.corpus / "notitie.txt"
    assert knowledge_base.file(document.id) == file
    file.write_text("De wethouder noemt het zaaksysteem goedkoop.\n")
    with pytest.raises(NotFound, match="changed"):
        knowledge_base.file(document.id)
    file.unlink()
    with pytest.raises(NotFound, match="no longer"):
        knowledge_base.file(document.id)


def test_a_file_that_became_a_link_out_of_the_corpus_is_not_given(
    knowledge_base: KnowledgeBase, settings: Settings, tmp_path: Path
) -> None:
    document = next(found for found in knowledge_base.documents() if found.source == "notitie.txt")
    file = settings.corpus / "notitie.txt"
    (tmp_path / "secret.txt").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "secret.txt")
    with pytest.raises(NotFound):
        knowledge_base.file(document.id)


def test_an_index_of_another_model_is_refused_with_the_command_that_rebuilds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder("other"))
    with pytest.raises(
        IncompatibleIndex, match=rf"made with model words .* kb build --corpus {settings.corpus}"
    ):
        KnowledgeBase(settings).search("zaaksysteem")


def test_an_index_made_without_late_interaction_is_refused_by_who_wants_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(settings, lambda: WordEncoder(token_dimension=0))
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())
    wanting = settings.model_copy(update={"late_interaction": "on"})
    with pytest.raises(IncompatibleIndex, match=r"KB_LATE_INTERACTION off\), but .* KB_LATE_INTERACTION on"):
        KnowledgeBase(wanting).search("zaaksysteem")
    # Left to itself a build keeps none of many passages, and a search takes what there is.
    assert KnowledgeBase(settings).search("zaaksysteem").found.hits


def test_without_an_index_every_question_says_so(tmp_path: Path) -> None:
    knowledge_base = KnowledgeBase(Settings(indexes=tmp_path))
    assert not knowledge_base.is_warm
    for ask in (knowledge_base.manifest, knowledge_base.documents, lambda: knowledge_base.search("iets")):
        with pytest.raises(NoIndex, match="kb build"):
            ask()


def test_the_report_of_the_live_generation_is_kept_with_it(knowledge_base: KnowledgeBase) -> None:
    report = knowledge_base.report()
    assert report["documents"] == 2
    assert {file["path"] for file in report["files"]} == {"verslag.md", "notitie.txt"}
    assert json.dumps(report)
