"""Promises of meetings and timelines: what is told of them is what the documents and the filters tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from api.pages.charts import Chart
from kb.documents import Kind
from kb.errors import NotFound
from kb.history import History
from kb.history.timelines import Timeline, YearOfTheme
from kb.index import Filter
from kb.index.labels import LabelFacet
from kb.indexing import build_index
from kb.knowledge_base import KnowledgeBase
from kb.minutes import StatementKind
from kb.settings import Settings
from tests.geometry import WordEncoder

THEMES = """
- name: Dijken
  description: Over water dat buiten moet blijven.
  queries: [dijk, hoog water]
- name: Digitale inclusie
  queries: [digitale inclusie]
- name: Nergens over
  queries: [kwantumteleportatie]
"""
MINUTES = """\
# Verslag van de avond

Aanwezig: Sam de Vries (voorzitter), Kim Oz (gemeente Utrecht)

## Dijken

“De dijk moet hoger”, zei Kim Oz. De gemeente Utrecht betaalt mee.

## Besluiten

- De dijk wordt in 2024 verhoogd.
- De raad van Arnhem wordt ingelicht.

## Actiepunten

- Sam de Vries schrijft de brief.
"""
FILES = {
    "2023-04-13 avond/verslag.md": MINUTES,
    # The same words in another file: told once.
    "2023-04-13 avond/verslag-kopie.md": MINUTES.replace("# Verslag van de avond", "# Verslag, kopie"),
    "2023-04-13 avond/dijken.md": "---\nsoort: presentatie\n---\n# Dijken\n\nDe dijk is vier meter hoog.\n",
    "2021-03-01 middag/verslag.md": "# Verslag van de middag\n\nOver de haven is lang gesproken.\n",
    "los 2019-05-06.md": "# Los stuk\n\nHet hoge water stond tegen de dijk. Digitale inclusie hoort erbij.\n",
    "zonder.md": "# Zonder datum\n\nDe dijk is oud.\n",
    "donderdag/_event.yaml": "name: Avond zonder jaar\n",
    "donderdag/verslag.md": "# Verslag\n\nDatum: donderdag 7 november\n\nOver digitale inclusie.\n",
    "besloten/_event.yaml": "name: Besloten kring\ndate: 2020-02-03\naccess: members\nthemes: [Geheim]\n",
    "besloten/verslag.md": "# Besloten verslag\n\nDe geheime dijk.\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    folder = tmp_path_factory.mktemp("history")
    for name, text in FILES.items():
        file = folder / "corpus" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "themes.yaml").write_text(THEMES, encoding="utf-8")
    settings = Settings(
        corpus=folder / "corpus", indexes=folder / "indexes", themes=folder / "themes.yaml", ocr="off"
    )
    build_index(settings, WordEncoder)
    return KnowledgeBase(settings)


@pytest.fixture(scope="module")
def history(home: KnowledgeBase) -> History:
    return home.history()


def of_year(told: Timeline, year: int | None) -> YearOfTheme:
    (found,) = [one for one in (*told.years, told.undated) if one.year == year]
    return found


def test_meetings_stand_latest_first_and_those_without_a_certain_date_last(history: History) -> None:
    found = history.meetings()
    days = [one.date for one in found]
    assert days == [dt.date(2023, 4, 13), dt.date(2021, 3, 1), dt.date(2020, 2, 3), None]
    assert found[-1].name == "Avond zonder jaar"
    assert "7 november" in str(found[-1].date_text)


def test_an_uncertain_date_is_in_no_year_or_period(history: History) -> None:
    for filter in (Filter(years=frozenset({2024})), Filter(date_from=dt.date(1900, 1, 1))):
        assert "Avond zonder jaar" not in [one.name for one in history.meetings(filter)]
    assert history.meetings(Filter(years=frozenset({2021})))[0].date == dt.date(2021, 3, 1)
    found = history.meetings(Filter(date_from=dt.date(2021, 1, 1), date_to=dt.date(2022, 1, 1)))
    assert [one.date for one in found] == [dt.date(2021, 3, 1)]


def test_a_meeting_is_found_by_what_any_of_its_documents_is_about(history: History) -> None:
    for filter in (
        Filter(themes=frozenset({"DIJKEN"})),
        Filter(kinds=frozenset({Kind.PRESENTATIE})),
        Filter(municipalities=frozenset({"Arnhem"})),
        Filter(statements=frozenset({StatementKind.BESLUIT})),
    ):
        found = history.meetings(filter)
        assert dt.date(2023, 4, 13) in [one.date for one in found], filter
        assert dt.date(2021, 3, 1) not in [one.date for one in found], filter


def test_a_meeting_is_found_by_its_id_and_by_the_name_of_its_address(history: History) -> None:
    for meeting in history.meetings():
        assert history.meeting(meeting.id) == history.meeting(meeting.slug) == meeting
    for name in ("", "nergens", "0" * 16, "../x", "2023-04-13"):
        with pytest.raises(NotFound, match="There is no event"):
            history.meeting(name)


def test_a_meeting_tells_what_was_decided_and_is_to_be_done_and_each_once(history: History) -> None:
    meeting = history.meetings()[0]
    found = history.proceedings(meeting.id)
    texts = {kind: [one.text for one in found.of(kind)] for kind in StatementKind}
    assert texts[StatementKind.BESLUIT] == [
        "De dijk wordt in 2024 verhoogd.",
        "De raad van Arnhem wordt ingelicht.",
    ]
    assert texts[StatementKind.ACTIE] == ["Sam de Vries schrijft de brief."]
    assert found.counts[StatementKind.BESLUIT] == 2
    for one in found.statements:
        assert " ".join(one.passage.text.split()).count(one.text) == 1
        assert one.passage.document_id == one.document.id


def test_a_meeting_tells_who_spoke_and_which_municipalities_are_named(history: History) -> None:
    found = history.proceedings(history.meetings()[0].id)
    (kim,) = [one for one in found.people if one.name == "Kim Oz"]
    assert kim.quotations == 1
    assert {one.label.name for one in found.municipalities} == {"Utrecht", "Arnhem"}
    assert all(one.documents == 2 for one in found.municipalities)


def test_a_meeting_of_which_nothing_is_told_has_nothing_told(history: History) -> None:
    found = history.proceedings(history.meetings()[1].id)
    assert (found.statements, found.people, found.municipalities) == ((), (), ())


def test_themes_of_the_file_stand_first_and_in_its_order(history: History) -> None:
    found = history.themes()
    assert [one.theme.name for one in found] == ["Dijken", "Digitale inclusie", "Nergens over", "Geheim"]
    assert [one.is_defined for one in found] == [True, True, True, False]
    assert (found[2].passages, found[2].documents) == (0, 0)
    assert history.theme("dijken") == history.theme(found[0].theme.id) == found[0]
    with pytest.raises(NotFound, match="There is no theme"):
        history.theme("dijk")


def test_a_timeline_counts_what_a_filter_by_theme_and_year_finds(home: KnowledgeBase) -> None:
    history = home.history()
    index = home.pinned()._live.get()
    for theme in history.themes():
        told = history.timeline(theme.theme.name)
        assert told.passages == theme.passages
        assert told.documents == theme.documents
        for one in told.years:
            asked = Filter(themes=frozenset({theme.theme.name}), years=frozenset({one.year or 0}))
            every = Filter(years=frozenset({one.year or 0}))
            assert one.passages == len(index.rows(asked))
            assert one.all_passages == len(index.rows(every))
            assert one.events == len(history.meetings(asked))


def test_the_years_between_are_told_and_the_undated_apart(history: History) -> None:
    told = history.timeline("Dijken")
    assert [one.year for one in told.years] == [2019, 2020, 2021, 2022, 2023]
    assert of_year(told, 2022).share is None
    assert of_year(told, 2021).share == 0
    assert of_year(told, 2021).passages == 0
    assert (told.undated.passages, told.undated.documents, told.undated.share) == (1, 1, None)
    assert of_year(told, 2023).documents == 3
    assert of_year(told, 2023).events == 1


def test_the_first_and_the_last_mention_are_those_of_certain_dates(history: History) -> None:
    told = history.timeline("Dijken")
    assert told.first
    assert told.last
    assert (told.first.date, told.last.date) == (dt.date(2019, 5, 6), dt.date(2023, 4, 13))
    nothing = history.timeline("Nergens over")
    assert (nothing.first, nothing.last, nothing.passages) == (None, None, 0)


def test_what_is_for_members_is_not_counted_for_others(home: KnowledgeBase) -> None:
    everybody = home.pinned(members=False).history()
    assert [one.theme.name for one in everybody.themes()] == ["Dijken", "Digitale inclusie", "Nergens over"]
    assert "Besloten kring" not in [one.name for one in everybody.meetings()]
    assert of_year(home.history().timeline("Dijken"), 2020).passages == 1
    assert of_year(everybody.timeline("Dijken"), 2020).all_passages == 0
    for ask in (everybody.meeting, everybody.proceedings):
        with pytest.raises(NotFound):
            ask("2020-02-03-besloten-kring")
    with pytest.raises(NotFound):
        everybody.timeline("Geheim")


def year(number: int, passages: int, every: int) -> YearOfTheme:
    return YearOfTheme(year=number, passages=passages, documents=1, events=0, all_passages=every)


@pytest.mark.parametrize(
    ("passages", "every", "is_small"),
    [
        (0, 0, False),
        (0, 19, True),
        (0, 20, False),
        (1, 500, True),
        (4, 500, True),
        (5, 500, False),
        (9, 19, True),
    ],
)
def test_small_numbers_are_told_as_such(passages: int, every: int, is_small: bool) -> None:
    assert year(2020, passages, every).is_small is is_small


@pytest.fixture
def drawn() -> Callable[[Sequence[YearOfTheme]], Chart]:
    def draw(years: Sequence[YearOfTheme]) -> Chart:
        chart = Chart.of(years)
        assert chart
        return chart

    return draw


@pytest.mark.parametrize("count", [1, 2, 16, 17, 60])
def test_a_chart_has_a_bar_a_year_within_its_bounds(
    drawn: Callable[[Sequence[YearOfTheme]], Chart], count: int
) -> None:
    chart = drawn([year(1960 + number, number, 1_000) for number in range(1, count + 1)])
    assert len(chart.bars) == count
    for bar in chart.bars:
        assert chart.left <= bar.x
        assert bar.x + bar.width <= chart.right
        assert 0 <= bar.y <= chart.base
        assert abs(bar.y + bar.height - chart.base) < 0.2
    assert all(one.x < other.x for one, other in zip(chart.bars, chart.bars[1:], strict=False))
    assert chart.bars[-1].label
    assert len([bar for bar in chart.bars if bar.label]) <= 16
    shares = [bar.told.share or 0 for bar in chart.bars]
    heights = [bar.height for bar in chart.bars]
    assert heights == sorted(heights)
    assert heights[-1] / chart.base * chart.lines[-1].share <= shares[-1] * 1.01
    assert chart.lines[-1].share >= shares[-1]


def test_there_is_no_chart_of_nothing() -> None:
    assert Chart.of([]) is None
    assert Chart.of([year(2020, 0, 10), year(2021, 0, 0)]) is None


def test_all_of_a_year_fills_the_chart(drawn: Callable[[Sequence[YearOfTheme]], Chart]) -> None:
    chart = drawn([year(2020, 30, 30)])
    assert chart.lines[-1].share == 1
    assert chart.bars[0].y == chart.lines[-1].y


def test_labels_of_themes_are_there_for_the_filter(home: KnowledgeBase) -> None:
    index = home.pinned()._live.get()
    (label,) = [one for one in index.label_counts(LabelFacet.THEME) if one.label.key == "dijken"]
    assert label.label.name == "Dijken"
    assert label.passages == len(index.rows(Filter(themes=frozenset({"dijken"}))))


def test_an_edited_file_of_themes_makes_the_index_stale_and_its_path_does_not(
    home: KnowledgeBase, tmp_path: Path
) -> None:
    from kb.indexing import is_stale

    settings = home.settings
    again = tmp_path / "elders.yaml"
    again.write_text(THEMES, encoding="utf-8")
    assert not is_stale(settings)
    assert not is_stale(settings.model_copy(update={"themes": again}))
    again.write_text(THEMES.replace("hoog water", "laag water"), encoding="utf-8")
    assert is_stale(settings.model_copy(update={"themes": again}))


def test_an_event_of_very_many_statements_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "corpus" / "2024-02-03").mkdir(parents=True)
    decisions = "".join(f"- Besluit {number} wordt vastgesteld.\n" for number in range(3_000))
    (tmp_path / "corpus" / "2024-02-03" / "verslag.md").write_text(
        f"# Verslag\n\n## Besluiten\n\n{decisions}"
    )
    settings = Settings(corpus=tmp_path / "corpus", indexes=tmp_path / "indexes", ocr="off")
    build_index(settings, WordEncoder)
    history = KnowledgeBase(settings).history()
    (meeting,) = history.meetings()
    found = history.proceedings(meeting.id).of(StatementKind.BESLUIT)
    assert len(found) == 3_000
    assert [one.text for one in found][::1_000] == [
        f"Besluit {number} wordt vastgesteld." for number in (0, 1_000, 2_000)
    ]
