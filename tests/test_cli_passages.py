"""Promises about `kb passages` and the filters of `kb search` by what passages state and name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_labels import MINUTES, QUESTIONS, built

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Run:
    """Runs the command in a folder with an index."""
    folder = tmp_path_factory.mktemp("cli")
    built(folder, {"overleg/2024-03-05/verslag.md": MINUTES, "overleg/2024-03-05/vragen.md": QUESTIONS})

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        return subprocess.run(
            [sys.executable, "-m", "kb", *arguments],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**environment, "PYTHONPATH": str(root)},
            timeout=300,
            check=False,
        )

    return run


def test_passages_are_printed_with_what_they_state_and_name(kb: Run) -> None:
    said = (
        "De gemeente Utrecht werkt al met het zaaksysteem. Jan de Wit zegt: “Wij gaan ook over.” "
        "Volgens Noor Bakker is de proef geslaagd."
    )
    told = kb("passages", "--kind", "besluit", "--event", "overleg")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "1 passage",
        "",
        "1. Verslag van het overleg, overleg, 5 maart 2024, § Zaaksysteem",
        "   overleg/2024-03-05/verslag.md",
        "   citaat van Jan de Wit (wethouder, Waterrijk); volgens Noor Bakker (secretaris); besluit",
        "   noemt: Utrecht",
        "   | Zaaksysteem",
        f"   | {said}",
        "   | Besloten wordt dat de proef een jaar langer duurt.",
    ]


def test_passages_are_given_as_json_and_page_by_page(kb: Run) -> None:
    asked = ("passages", "--municipality", "Zwolle", "--json", "--limit", "1")
    pages = [json.loads(kb(*asked, "--offset", str(offset)).stdout) for offset in (0, 1)]
    assert [page["total"] for page in pages] == [2, 2]
    texts = [one["text"].partition("\n")[0] for page in pages for one in page["passages"]]
    assert texts == ["Vervolg", "Vragen"]
    (statement,) = pages[0]["passages"][0]["statements"]
    assert (statement["kind"], statement["text"]) == ("vraag", "Wie betaalt de licenties?")
    assert {"code": "GM0193", "name": "Zwolle", "kind": "municipality"} in pages[0]["passages"][0]["places"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("passages", "--kind", "verslag"), 2, "'verslag' is not a kind of statement; the kinds are citaat"),
        (("passages", "--municipality", "Amersfoort"), 1, "There is no municipality 'Amersfoort'"),
        (("passages", "--said-by", "Niemand"), 1, "There is no saidBy 'Niemand'"),
        (("passages", "--limit", "0"), 1, "limit is 0"),
        (("search", "zaak", "--statement", "roep"), 2, "'roep' is not a kind of statement"),
        (("search", "zaak", "--where", "gemeente=Zwolle"), 2, "municipality, province, statement"),
    ],
)
def test_what_cannot_be_asked_is_said(kb: Run, arguments: tuple[str, ...], status: int, said: str) -> None:
    told = kb(*arguments)
    assert told.returncode == status
    assert said in " ".join(told.stderr.replace("│", " ").split())
