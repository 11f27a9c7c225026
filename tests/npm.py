"""Packages of npm, from a lock file that names no host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_LISTS = ("package.json", "package-lock.json")


def is_there() -> bool:
    """True where there is a Node.js to install with."""
    return shutil.which("npm") is not None


def install(lists: Path, folder: Path) -> Path:
    """The `node_modules` in `folder` with what the lists in `lists` name, once for each version of them."""
    installed = folder / "node_modules"
    if installed.exists() and all(_is_same(folder / name, lists / name) for name in _LISTS):
        return installed
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LISTS:
        shutil.copy(lists / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return installed


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and one.read_bytes() == other.read_bytes()
