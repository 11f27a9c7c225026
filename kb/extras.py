"""Libraries that only some need (pyproject.toml calls them extras), and the line that installs one here."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import sys
from pathlib import Path

_PROJECT = "kennisbank"
_ROOT = Path(__file__).resolve().parent.parent
_LOCK = _ROOT / "requirements.lock"


def install_line(extra: str) -> str:
    """The command for a shell that brings the libraries of an extra into this process's environment.

    In a checkout they are held to the versions of its lock.
    """
    # By their own names: an index of packages may have a stranger's under the name of this project.
    wanted = _requirements(extra) or [f"{_ROOT}[{extra}]"]
    held = ["--constraint", str(_LOCK)] if _LOCK.is_file() else []
    return shlex.join([sys.executable, "-m", "pip", "install", *held, *wanted])


def _requirements(extra: str) -> list[str]:
    """What the extra needs, as was installed; nothing where the program runs without being installed."""
    try:
        told = importlib.metadata.requires(_PROJECT) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    marker = re.compile(rf"\s*;\s*extra == ['\"]{re.escape(extra)}['\"]\s*")
    parted = (re.match(r"([^;]+)(.*)", line) for line in told)
    return [found[1].strip() for found in parted if found and marker.fullmatch(found[2])]
