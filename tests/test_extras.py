"""Promises about what is installed for some alone: it is loaded when asked for, and its line holds here."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kb.extras import install_line
from kb.settings import Settings
from tests.api.administrator import environment, make_home
from tests.serving import serving

# What only those load who ask for it.
_ASKED_FOR = re.compile(r"(ray|pymilvus|grpc|mcp|kb\.milvus|kb\.indexing)(\..+)?")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("extras"))


@pytest.mark.parametrize("extra", ["mcp", "milvus", "ray"])
def test_the_line_asks_for_the_libraries_at_the_locks_versions_and_never_for_this_project(
    root: Path, extra: str
) -> None:
    words = shlex.split(install_line(extra))
    assert words[:5] == [sys.executable, "-m", "pip", "install", "--constraint"]
    assert Path(words[5]).samefile(root / "requirements.lock")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(map(Requirement, words[6:])) == list(
        map(Requirement, project["optional-dependencies"][extra])
    )


def test_pip_takes_the_line() -> None:
    """Of what is there already, so that nothing is fetched."""
    line = [*shlex.split(install_line("mcp")), "--dry-run", "--no-index"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Requirement already satisfied: mcp" in done.stdout
    assert "Would install" not in done.stdout


def _line_in(folder: Path, *options: str) -> str:
    """The line for Ray of the program that stands in `folder`."""
    code = "from kb.extras import install_line; print(install_line('ray'))"
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_where_no_lock_lies_beside_the_program_the_line_does_without(root: Path, tmp_path: Path) -> None:
    """As where a wheel was installed."""
    (tmp_path / "kb").mkdir()
    for name in ("__init__.py", "extras.py"):
        shutil.copy(root / "kb" / name, tmp_path / "kb")
    words = shlex.split(_line_in(tmp_path))
    assert words[1:4] == ["-m", "pip", "install"]
    assert [Requirement(word).name for word in words[4:]] == ["ray"]


def test_where_the_program_runs_without_being_installed_the_line_names_its_folder(root: Path) -> None:
    assert shlex.split(_line_in(root, "-S"))[-1] == f"{root}[ray]"


@pytest.mark.skipif(bool(importlib.util.find_spec("ray")), reason="Ray is installed")
def test_without_ray_a_build_on_a_cluster_tells_the_line_and_leaves_the_index(home: Settings) -> None:
    before = (home.indexes / "CURRENT").read_text()
    command = [sys.executable, "-m", "kb", "build", "--ray", "127.0.0.1:1"]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(f"Run: {install_line('ray')}")
    assert done.stderr.startswith("ClusterUnavailable: Ray is not installed")
    assert (home.indexes / "CURRENT").read_text() == before


def _loaded(told: str) -> set[str]:
    """The modules of which CPython tells that it imported them, or tried to."""
    return set(re.findall(r"^import time:[\s\d|]+?([\w.]+)\s*$", told, re.MULTILINE))


def test_searching_and_serving_load_none_of_what_is_for_some_alone(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    command = [sys.executable, "-m", "kb", "search", "lantaarnpalen"]
    searched = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=True)
    assert "lantaarnpalen" in searched.stdout
    with serving(home, tmp_path) as service:
        assert service.get("/v1/search", params={"q": "lantaarnpalen"}).json()["hits"]
    for told in (searched.stderr, service.log):
        loaded = _loaded(told)
        assert {"kb.knowledge_base", "kb.index.embedded", "kb.cli.serving"} <= loaded
        assert list(filter(_ASKED_FOR.fullmatch, loaded)) == []
