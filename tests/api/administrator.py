"""A service of its own, with a corpus that tests change and keys for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2

from kb.keys import Keys, Scope
from kb.settings import Settings

Ask = Callable[..., httpx2.Response]
TEXT = "# Verslag\n\nDe stuurgroep besluit over de lantaarnpalen.\n"


def make_home(folder: Path) -> Settings:
    """Settings with a corpus of one document and its index."""
    (folder / "corpus").mkdir()
    (folder / "corpus" / "besluiten.md").write_text(TEXT)
    made = Settings(
        corpus=folder / "corpus",
        indexes=folder / "indexes",
        file_megabytes=1,
        watch_seconds=1,
        # Tests send many of them.
        rate_wrong_keys=0,
    )
    command = [sys.executable, "-m", "kb", "build"]
    done = subprocess.run(command, env=environment(made), capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return made


def environment(settings: Settings) -> dict[str, str]:
    """The variables of a process with these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return {**clean, **settings.environment()}


def make_secrets(settings: Settings) -> Mapping[str, str]:
    """A key for each scope."""
    keys = Keys(settings.keys_file)
    return {scope.value: keys.create(scope.value, [scope])[1] for scope in Scope}


def asking(service: str, secret: str) -> Ask:
    """Asks with a key."""

    def ask(method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {secret}", **options.pop("headers", {})}
        return httpx2.request(method, f"{service}/v1{path}", headers=headers, timeout=60, **options)

    return ask


def upload(ask: Ask, name: str, content: bytes = b"hallo", **fields: str) -> httpx2.Response:
    """Send a file in a form."""
    return ask("POST", "/documents", files={"file": (name, content)}, data=fields)


def ended(ask: Ask, build_id: str) -> dict[str, Any]:
    """The record of a build once it has ended."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(ask("GET", f"/builds/{build_id}").json())
        return found["state"] != "running"

    until(has_ended)
    return found


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 120
    while True:
        try:
            if is_so():
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.3)
