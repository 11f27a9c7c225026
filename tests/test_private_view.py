"""An index as it may be read under a suppression list that it was not built with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kb.documents import Access, Event, stable_id
from kb.errors import NotFound
from kb.generations import Generations
from kb.index import DocumentRecord, Filter, Index
from kb.index.embedded import EmbeddedIndex
from kb.index.private import PrivateView, private_view
from kb.index.restricted import public_view
from kb.indexing import build_index
from kb.language import Synonyms, expand_query
from kb.live_index import LiveIndex
from kb.privacy import PrivacyList, Suppressed, Withheld
from kb.settings import Settings
from kb.suggestions.learning import learn
from tests.geometry import WordEncoder
from tests.library import record, write_index

DAY = dt.date(2026, 11, 25)
LIST = PrivacyList(
    mask=(Suppressed(texts=("Odilia Wintergroen",), reason="verzoek", date=DAY),),
    withhold=(Withheld(glob="weg/**", reason="niet openbaar", date=DAY),),
    hides_contacts=True,
)
NAMED = record(
    "open/wintergroen_odilia-wintergroen.txt",
    title="Lezing van Odilia Wintergroen",
    event=Event(name="Avond met Odilia Wintergroen", speakers=("Odilia Wintergroen", "P. Punt")),
    speakers=("ODILIA WINTERGROEN", "P. Punt"),
    host="Odilia Wintergroen",
    themes=("dijken", "Odilia Wintergroen"),
)
PLAIN = record("open/plat.txt", title="Over de dijk", event=Event(name="Avond"), speakers=("P. Punt",))
AWAY = record("weg/kluis.txt", title="Kluisverslag", event=Event(name="Kring"), speakers=("G. Heim",))
CLOSED = record("leden/dicht.txt", title="Leden", access=Access.MEMBERS)
TEXTS = {
    NAMED: [
        "De dijk is hoog, zei Odilia Wintergroen over de dijk.",
        "Mail griffie@waterrijk.nl of bel 030 286 00 00 over de sluis.",
        "Aan het woord was Odilia",
        "Wintergroen over het gemaal. De kaas van wintergroen is goed.",
    ],
    PLAIN: ["De dijk en de sluis van het waterschap.", "Wintergroen is een struik in de tuin van de raad."],
    AWAY: ["De kroonjuwelen liggen in de kluis bij de dijk.", "De kroonjuwelen zijn kroonjuwelen."],
    CLOSED: ["De dijk van Odilia Wintergroen is dicht, zei Odilia Wintergroen."],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    write_index(folder, TEXTS)
    found = EmbeddedIndex.open(folder)
    yield found
    found.close()


@pytest.fixture(scope="module", params=[False, True])
def view(index: Index, request: pytest.FixtureRequest) -> Index:
    found = private_view(index, LIST)
    return public_view(found) if request.param else found


def said(index: Index) -> str:
    """All that an index tells of its documents and passages."""
    rows = [row for one in index.documents() for row in index.document_rows(one.id)]
    told = [index.documents(), index.passages(rows), index.facets(), index.manifest.sources]
    return str(told).casefold()


def test_the_index_itself_tells_all(index: Index) -> None:
    assert {"wintergroen", "kroonjuwelen", "heim", "030 286"} <= {
        word for word in ("wintergroen", "kroonjuwelen", "heim", "030 286") if word in said(index)
    }


def test_nothing_of_it_is_told(view: Index) -> None:
    told = said(view)
    for secret in ("odilia", "kroonjuwelen", "heim", "kluis", "kring", "030 286", "@waterrijk"):
        assert secret not in told, secret
    # Other words of the same letters are no name.
    assert "kaas van wintergroen" in told
    assert {one.id for one in view.documents()} >= {PLAIN.id, NAMED.id}


def test_a_name_that_goes_on_in_the_next_passage_is_masked_in_both(view: Index) -> None:
    rows = view.document_rows(NAMED.id)
    texts = [found.passage.text for found in view.passages(rows)]
    assert texts[2:] == [
        "Aan het woord was ••••••",
        "••••••••••• over het gemaal. De kaas van wintergroen is goed.",
    ]


def test_a_document_tells_that_a_name_was_masked_and_where(view: Index) -> None:
    named, plain = view.documents([NAMED.id, PLAIN.id])
    assert named.masked == (1, 3, 4)
    assert plain.masked is None
    assert named.speakers == ("P. Punt",)
    assert named.themes == ("dijken",)
    assert named.host is None
    assert named.event
    assert (named.event.name, named.event.speakers) == ("Avond met •••••• •••••••••••", ("P. Punt",))
    assert named.source == "open/wintergroen_••••••-•••••••••••.txt"


def test_what_is_withheld_is_what_does_not_exist(index: Index, view: Index) -> None:
    assert AWAY.id not in {one.id for one in view.documents()}
    with pytest.raises(NotFound):
        view.documents([AWAY.id])
    with pytest.raises(NotFound):
        view.document_rows(AWAY.id)
    for row in index.document_rows(AWAY.id):
        (found,) = index.passages([row])
        with pytest.raises(NotFound):
            view.passage_row(found.passage.id)
        with pytest.raises(NotFound):
            view.passages([row])
        with pytest.raises(NotFound):
            view.outlines([row])
    assert view.manifest.documents == len(view.documents())
    assert view.manifest.passages == sum(len(view.document_rows(one.id)) for one in view.documents())


def found_by(index: Index, query: str, filter: Filter | None = None) -> set[str]:
    terms = expand_query(query, lexicon=index.lexicon, synonyms=Synonyms.of([])).terms
    found = index.lexical(terms, k=10, filter=filter or Filter())
    return {one.passage.text for one in index.passages(found.rows)}


def test_a_name_finds_nothing_and_its_words_what_they_are_otherwise(index: Index, view: Index) -> None:
    assert len(found_by(index, "odilia")) >= 2
    assert found_by(view, "odilia") == set()
    assert found_by(view, "kroonjuwelen") == set()
    assert len(found_by(view, "wintergroen")) == 2
    assert len(found_by(view, "dijk")) == (2 if CLOSED.id not in {one.id for one in view.documents()} else 3)
    assert view.known([["odilia"], ["kroonjuwelen"]]) == 0.0
    assert not len(view.holders("odilia"))


def test_the_best_by_words_are_the_best_also_when_few_are_asked(view: Index) -> None:
    terms = expand_query("odilia dijk", lexicon=view.lexicon, synonyms=Synonyms.of([])).terms
    every = view.lexical(terms, k=100, filter=Filter())
    for k in (1, 2, 3):
        some = view.lexical(terms, k=k, filter=Filter())
        assert some.rows.tolist() == every.rows[:k].tolist()
        np.testing.assert_allclose(view.lexical_scores(terms, some.rows), some.scores, rtol=1e-5)


def test_a_vector_that_knows_a_name_is_not_asked(view: Index) -> None:
    encoded = WordEncoder().encode_query("Odilia Wintergroen")
    found = view.dense(encoded.vector, k=10, filter=Filter())
    texts = [one.passage.text for one in view.passages(found.rows)]
    assert found.rows.size
    assert not [text for text in texts if "••••••" in text and "dijk" in text]
    rows = view.document_rows(NAMED.id)
    scores = view.scores(encoded.vector, np.array(rows))
    assert scores[0] == pytest.approx(scores[1])
    late = view.late_interaction(encoded.tokens, np.array(rows))
    assert late is not None
    assert late[0] == pytest.approx(late[1])
    assert view.token_similarities(encoded.tokens, rows[0]) is None
    assert view.sentence_scores(encoded.vector, rows[0]) is None


def test_words_that_only_it_had_are_neither_known_nor_proposed(index: Index, view: Index) -> None:
    assert index.lexicon.knows("kroonjuwelen")
    assert index.lexicon.correction("kroonjuwelem") == "kroonjuwelen"
    for lexicon in (view.lexicon, view.open_lexicon):
        assert not lexicon.knows("kroonjuwelen")
        assert lexicon.correction("kroonjuwelem") is None
        assert not lexicon.knows("odilia")
        assert lexicon.knows("wintergroen")
    told = str(
        [one.text for one in learn(view).matching("", 20)] + [one.text for one in learn(view)._suggestions]
    )
    assert "odilia" not in told.casefold()


def test_filters_mean_what_may_be_read(view: Index) -> None:
    (named,) = view.documents([NAMED.id])
    assert named.event
    for filter in (
        Filter(events=frozenset({named.event.id})),
        Filter(events=frozenset({named.event.name})),
        Filter(documents=frozenset({NAMED.id})),
    ):
        assert found_by(view, "dijk", filter) == {
            view.passages([view.document_rows(NAMED.id)[0]])[0].passage.text
        }
    for filter in (
        Filter(speakers=frozenset({"Odilia Wintergroen"})),
        Filter(hosts=frozenset({"Odilia Wintergroen"})),
        Filter(events=frozenset({"Kring"})),
        Filter(documents=frozenset({AWAY.id})),
    ):
        assert found_by(view, "dijk", filter) == set()
    assert len(found_by(view, "dijk", Filter(speakers=frozenset({"p. punt"})))) == 2


def test_an_index_that_was_built_with_the_list_is_not_looked_through(tmp_path: Path) -> None:
    clean: dict[DocumentRecord, list[str]] = {PLAIN: TEXTS[PLAIN]}
    write_index(tmp_path, clean)
    index = EmbeddedIndex.open(tmp_path)
    assert private_view(index, PrivacyList()) is index
    assert isinstance(private_view(index, LIST), PrivateView)
    assert stable_id("document", PLAIN.source) == PLAIN.id


def test_a_meeting_tells_nothing_that_came_from_its_withheld_document(tmp_path: Path) -> None:
    # As a build leaves it: what one document says of the meeting stands with all of them.
    pooled = Event(
        name="Vuurvliegoverleg", date=DAY, place="Kelder", host="Z. Zwijger", speakers=("G. Heim",)
    )
    report = record("weg/verslag.txt", title="Vuurvliegoverleg", event=pooled, date=DAY)
    slides = record("open/dia.txt", title="Dia's over de dijk", event=pooled)
    others = record("open/ander.txt", title="Ander", event=Event(name="Avond", place="Zaal"))
    texts = {report: ["Geheim van de kelder."], slides: ["De dijk is hoog."], others: ["De sluis is open."]}
    write_index(tmp_path, texts)
    index = EmbeddedIndex.open(tmp_path)
    view = private_view(index, LIST)
    for secret in ("vuurvlieg", "kelder", "zwijger", "heim", "date(2026"):
        assert secret in said(index)
        assert secret not in said(view)
    assert [found.event for found in view.documents([slides.id, others.id])] == [
        Event(name="Dia's over de dijk"), others.event,
    ]  # fmt: skip
    assert len(view.rows(Filter(events=frozenset({"Dia's over de dijk"})))) == 1
    assert len(view.rows(Filter(events=frozenset({pooled.id, pooled.name})))) == 0
    index.close()


def test_a_theme_tells_no_name_that_must_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "dijk.md").write_text("# Dijk\n\nDe dijk is hoog.\n", encoding="utf-8")
    file = tmp_path / "themes.yaml"
    file.write_text(
        "- name: Dijken\n  description: Van Odilia Wintergroen.\n  queries: [dijk, Odilia Wintergroen dijk]\n"
        "- name: Odilia Wintergroen\n  queries: [dijk]\n",
        encoding="utf-8",
    )
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", themes=file)
    build_index(settings, WordEncoder)
    index = LiveIndex(Generations(settings.indexes)).get()
    assert "Odilia Wintergroen" in str(index.themes())
    (theme,) = private_view(index, LIST).themes()
    assert (theme.name, theme.description, theme.queries) == ("Dijken", "Van •••••• •••••••••••.", ("dijk",))
    index.close()
