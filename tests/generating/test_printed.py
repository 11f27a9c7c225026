"""`kb ask --generate`, as a person and as a script see it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from kb.cli import app
from kb.settings import Settings
from tests.generating.conftest import COST, QUESTION
from tests.generating.scripted import Model
from tests.generating.test_generating import says_of
from tests.geometry import WordEncoder

Kb = Callable[..., str]


@pytest.fixture
def kb(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Kb:
    """Runs the command; what it prints."""
    monkeypatch.setattr("kb.models.load_encoder", lambda _: WordEncoder())

    def run(*arguments: str, **changes: object) -> str:
        environment = settings.model_copy(update=changes).environment()
        done = CliRunner().invoke(app, list(arguments), env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return run


def test_what_is_written_stands_below_the_literal_answer_with_its_sources(llm: Model, kb: Kb) -> None:
    says_of(llm, COST, "De proef kost 23.500 euro per jaar [n]. De proef kost 7 euro [n].")
    told = kb("ask", QUESTION, "--generate")
    literal, written = told.split("In de woorden van een taalmodel")
    assert COST in literal
    assert "De proef kost 23.500 euro per jaar.\n     Verslag archief, 22 mei 2024, dia 1" in written
    assert "7 euro" not in written
    assert "Weggelaten: 1 zin (1 met een getal dat de bron niet noemt)." in written


def test_a_model_that_fails_leaves_the_literal_answer(llm: Model, kb: Kb) -> None:
    llm.script = lambda reply: reply.start(500)
    told = kb("ask", QUESTION, "--generate")
    assert COST in told
    assert "Het taalmodel gaf geen bruikbaar antwoord" in told
    assert "Het letterlijke antwoord hierboven staat." in told


def test_scripts_get_what_was_written_with_the_rest(llm: Model, kb: Kb) -> None:
    says_of(llm, COST, "De proef kost 23.500 euro per jaar [n].")
    found = json.loads(kb("ask", QUESTION, "--generate", "--json"))
    assert found["answered"] is True
    (sentence,) = found["written"]["sentences"]
    assert sentence["text"] == "De proef kost 23.500 euro per jaar."
    assert [source["document"]["title"] for source in sentence["sources"]] == ["Verslag archief"]
    assert (found["written"]["ending"], found["written"]["dropped"]) == ("complete", 0)


def test_nothing_is_written_unless_it_is_asked_and_set(llm: Model, kb: Kb) -> None:
    assert "written" not in json.loads(kb("ask", QUESTION, "--json"))
    assert llm.bodies == []
    told = kb("ask", QUESTION, "--generate", llm_url="", llm_model="")
    assert "Er is geen taalmodel ingesteld" in told
