"""Every example of docs/api.md runs, in order, against a real service over the project's own corpus.

A block of text after an example is what it prints; "…" in it stands for anything, also for more lines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kb.embedding import load_encoder
from kb.indexing import build_index
from kb.keys import Keys, Scope
from kb.settings import Settings
from tests.clients.services import Service, free_port
from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "api.md"
ADDRESS = "http://127.0.0.1:8000"


@dataclass(frozen=True, kw_only=True)
class Example:
    """A block of code, the line it starts at, and what it prints; None where that is not said."""

    language: str
    code: str
    line: int
    prints: str | None


def examples() -> list[Example]:
    text = DOCUMENT.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    found = []
    for number, block in enumerate(blocks):
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        is_followed = (
            after is not None and after[1] == "text" and not text[block.end() : after.start()].strip()
        )
        if block[1] != "text":
            found.append(
                Example(
                    language=block[1],
                    code=block[2],
                    line=text.count("\n", 0, block.start()) + 1,
                    prints=after[2] if after is not None and is_followed else None,
                )
            )
    return found


def matches(printed: str, promised: str) -> bool:
    pattern = re.escape(promised.strip()).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    settings = Settings(corpus=folder / "corpus", indexes=folder / "indexes", port=free_port())
    build_index(settings, lambda: load_encoder(settings))
    with Service(settings, program="kb") as service:
        yield service


def test_there_are_examples_of_both_kinds_and_they_say_what_they_print() -> None:
    found = examples()
    assert {example.language for example in found} == {"bash", "python"}
    assert len(found) > 10
    assert [example.line for example in found if example.prints is None] == []


def test_every_example_does_what_the_documentation_says(service: Service, tmp_path: Path) -> None:
    _, key = Keys(service.settings.keys_file).create("voorbeelden", [Scope.SEARCH, Scope.ADMIN])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("KB_")},
        "KENNISBANK_KEY": key,
        "KENNISBANK_URL": service.url,
        "PYTHONPATH": str(ROOT),
    }
    shells = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}
    for example in examples():
        done = subprocess.run(
            [*shells[example.language], example.code.replace(ADDRESS, service.url)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        place = f"docs/api.md:{example.line}"
        assert done.returncode == 0, f"{place}: {done.stderr}"
        printed = done.stdout.replace(service.url, ADDRESS)
        assert matches(printed, example.prints or ""), f"{place} printed:\n{printed}"
