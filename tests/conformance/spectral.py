"""Spectral, installed from its lock file where it is not yet, and run over an OpenAPI document."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests import npm

HERE = Path(__file__).resolve().parent
RULES = HERE / "nlgov-adr-linter.yaml"
_FOLDER = HERE.parent.parent / "build" / "spectral"


def is_installable() -> bool:
    """True where there is a Node.js to run it with."""
    return npm.is_there()


def lint(document: Path) -> list[dict[str, Any]]:
    """Everything that Spectral says of a document, hints included."""
    command = [
        str(npm.install(HERE, _FOLDER) / ".bin" / "spectral"),
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
