"""Spectral, installed from its lock file where it is not yet, and run over an OpenAPI document."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RULES = HERE / "nlgov-adr-linter.yaml"
_FOLDER = HERE.parent.parent / "build" / "spectral"
_LISTS = ("package.json", "package-lock.json")


def is_installable() -> bool:
    """True where there is a Node.js to run it with."""
    return shutil.which("npm") is not None


def lint(document: Path) -> list[dict[str, Any]]:
    """Everything that Spectral says of a document, hints included."""
    _install()
    command = [
        str(_FOLDER / "node_modules" / ".bin" / "spectral"),
        "lint",
        "--ruleset",
        str(RULES),
        "--format",
        "json",
        "--quiet",
        "--fail-severity",
        "hint",
        str(document),
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    # 1: it has something to say. Anything else is about Spectral itself.
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def _install() -> None:
    """The packages of the lock file, once for each version of that file."""
    installed = _FOLDER / "node_modules" / ".bin" / "spectral"
    if installed.exists() and all(
        (_FOLDER / name).read_bytes() == (HERE / name).read_bytes() for name in _LISTS
    ):
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name in _LISTS:
        shutil.copy(HERE / name, _FOLDER / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True)
