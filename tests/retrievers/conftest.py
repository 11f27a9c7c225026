"""A service in the project's own environment, for retrievers in theirs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from tests.conftest import ROOT

# The tests import Haystack before our module can say so.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"


@pytest.fixture(scope="session")
def service() -> Iterator[Mapping[str, str]]:
    """The `url` of a service and a `key` for it."""
    command = [ROOT / ".venv" / "bin" / "python", "-m", "tests.clients.standing"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    with subprocess.Popen(
        command, cwd=ROOT, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()
