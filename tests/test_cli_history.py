"""Promises of `kb events`, `kb themes` and `kb timeline`: the numbers of the API, in Dutch or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kb.cli import app
from kb.errors import InvalidQuery, NotFound
from kb.indexing import build_index
from kb.settings import Settings
from tests.geometry import WordEncoder
from tests.test_history import FILES, THEMES

Kb = Callable[..., str]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli-history")
    files = {**FILES, "vijandig/verslag 2020-01-02.md": "# \x1b[31mRood\u202e\n\nDe dijk.\n"}
    for name, text in files.items():
        file = folder / "corpus" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "themes.yaml").write_text(THEMES, encoding="utf-8")
    settings = Settings(
        corpus=folder / "corpus", indexes=folder / "indexes", themes=folder / "themes.yaml", ocr="off"
    )
    build_index(settings, WordEncoder)
    return settings.indexes


@pytest.fixture
def kb(indexes: Path, monkeypatch: pytest.MonkeyPatch) -> Kb:
    """Runs a command on the index, which must succeed; what it printed."""
    monkeypatch.delenv("KB_THEMES", raising=False)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--indexes", str(indexes)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def told(kb: Kb, *arguments: str) -> Any:
    return json.loads(kb(*arguments, "--json"))


def test_meetings_are_printed_latest_first_with_an_id_that_gives_all_of_one(kb: Kb) -> None:
    text = kb("events")
    assert text.index("13 april 2023") < text.index("1 maart 2021")
    assert "donderdag 7 november (niet zeker)" in text
    found = told(kb, "events", "--limit", "1")
    (event,) = found["events"]
    assert found["total"] > 1
    whole = kb("events", event["id"])
    for known in ("Besluiten en afspraken (2)", "De dijk wordt in 2024 verhoogd.", "Kim Oz", "Utrecht"):
        assert known in whole
    details = told(kb, "events", event["id"])
    assert details["statements"]["besluit"] == 2
    assert {one["kind"] for one in details["said"]} == {"besluit", "actie", "citaat"}


def test_only_literal_words_stand_between_marks(kb: Kb) -> None:
    (event,) = told(kb, "events", "--where", "year=2023")["events"]
    whole = kb("events", event["id"])
    said = told(kb, "events", event["id"])["said"]
    for one in said:
        assert (f"«{one['text']}»" in whole) == (one["kind"] == "citaat" and one["literal"])


def test_meetings_can_be_narrowed_as_a_search_can(kb: Kb) -> None:
    assert told(kb, "events", "--where", "theme=Dijken", "--where", "year=2023")["total"] == 1
    assert told(kb, "events", "--where", "municipality=Arnhem")["total"] == 1
    with pytest.raises(InvalidQuery):
        kb("events", "--where", "theme=nergens")
    with pytest.raises(InvalidQuery):
        kb("events", "--limit", "0")
    with pytest.raises(NotFound):
        kb("events", "nergens")


def test_themes_and_what_could_be_one_are_printed(kb: Kb) -> None:
    text = kb("themes")
    assert "Dijken: " in text
    assert "Geheim: 1 passage in 1 document (alleen bij documenten vastgelegd)" in text
    assert [one["name"] for one in told(kb, "themes")["themes"]][:2] == ["Dijken", "Digitale inclusie"]
    assert kb("themes", "--suggest").startswith("# ")
    assert told(kb, "themes", "--suggest") == {"suggestions": []}


def test_a_timeline_is_printed_with_small_numbers_marked(kb: Kb) -> None:
    text = kb("timeline", "dijken")
    assert "Voor het eerst op 6 mei 2019" in text
    assert "Voor het laatst op 13 april 2023" in text
    assert "* klein aantal" in text
    years = {one["year"]: one for one in told(kb, "timeline", "DIJKEN")["years"]}
    for year, one in years.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{year} ")]
        assert line.split()[1:4] == [str(one[name]) for name in ("passages", "documents", "events")]
        assert ("*" in line) == one["small"]
    with pytest.raises(NotFound, match="kb themes"):
        kb("timeline", "nergens")


def test_nothing_that_a_terminal_would_obey_is_printed(kb: Kb) -> None:
    for arguments in (("events",), ("timeline", "dijken"), ("themes",)):
        text = kb(*arguments)
        assert "\x1b" not in text
        assert "\u202e" not in text
