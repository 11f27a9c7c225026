"""The documentation is under test: it cannot fall behind what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from starlette.testclient import TestClient

from api.app import create_app
from kb.builds import BuildError, Builds
from kb.cli import app
from kb.knowledge_base import KnowledgeBase
from kb.settings import PREFIX, Settings
from tests.library import publish, record


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_readme_with_its_default_and_its_meaning(readme: str) -> None:
    rows = re.findall(rf"^\| `{PREFIX}(\w+)` \| (.*?) \| (.*) \|$", readme, re.MULTILINE)
    expected = [
        (name.upper(), "" if field.default in (None, "") else f"`{field.default}`", field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert [(name, default.strip(), meaning) for name, default, meaning in rows] == expected


def test_every_command_is_in_the_readme_and_has_help(readme: str) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(re.findall(r"^\| `kb (\w+)", readme, re.MULTILINE)) == set(commands)
    for command in commands.values():
        assert command.help
        assert all(option.help for option in command.params if option.name != "help"), command.name


def test_every_endpoint_is_in_the_readme(readme: str, tmp_path: Path) -> None:
    paths = create_app(KnowledgeBase(Settings(indexes=tmp_path))).openapi()["paths"]
    expected = {
        (method.upper(), f"/v1{path}")
        for path, operations in paths.items()
        for method in operations
        if method != "head"
    }
    told = {
        (method, path)
        for methods, path in re.findall(r"^\| ([A-Z, ]+) \| `(/[^`]*)` \|", readme, re.MULTILINE)
        for method in methods.split(", ")
    }
    assert told - {("GET", "/")} == expected


def test_every_metric_is_in_the_manual_for_operators(root: Path, tmp_path: Path) -> None:
    publish(tmp_path, {record("a.md"): ["De raad besluit."]})
    builds = Builds(tmp_path)
    builds.end(builds.announce().id, "failed", BuildError(code="x", message="x"))
    client = TestClient(create_app(KnowledgeBase(Settings(indexes=tmp_path))), client=("127.0.0.1", 1))
    text = client.get("/metrics", headers={"accept": "application/openmetrics-text"}).text
    shown = set(re.findall(r"^([a-z_]+)(?:{| )", text, re.MULTILINE))
    shown -= {name for name in shown if name.endswith(("_created", "_bucket", "_sum", "_count"))}
    shown.add("kb_http_request_duration_seconds")
    manual = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    told = {
        name
        for row in re.findall(r"^\| (`(?:kb|process)_.*?) \|", manual, re.MULTILINE)
        for name in _names(row)
    }
    assert told == shown


def _names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_every_make_target_in_the_readme_exists(readme: str, root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z-]+)", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "BENCHMARKS.md",
        "CHANGELOG.md",
        "docs/handleiding.md",
        "docs/beheer.md",
        "docs/adr-conformiteit.md",
        "docs/api.md",
        "docs/operations.md",
    ],
)
def test_links_within_the_repository_lead_somewhere(root: Path, name: str) -> None:
    file = root / name
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), target


def test_every_room_is_in_the_architecture(root: Path) -> None:
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.name if path.suffix else f"{path.name}/" for path in (root / "kb").iterdir()}
    rooms -= {"__init__.py", "__main__.py", "__pycache__/", "py.typed/", "py.typed"}
    assert {
        found.removeprefix("kb/") for found in re.findall(r"^\| `(kb/[\w./]+)`", text, re.MULTILINE)
    } == rooms
