"""Test the retrievers for Haystack and LangChain, in an environment of their own: build/retrievers-env.

Run it by `make retrievers`. Both frameworks bring libraries that the project itself does without, and one of
them tells its makers what it does unless that is switched off, so neither is in .venv.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib

from environments import ROOT, environment

# What the client and its tests need, and nothing of what serves.
NEEDS = ("httpx2", "pydantic", "pytest", "pytest-xdist")


def main() -> int:
    """Make the environment unless it is as the lock says, and run the tests in it."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = table["optional-dependencies"]
    python = environment("retrievers-env", [*NEEDS, *extras["haystack"], *extras["langchain"]])
    command = [python, "-m", "pytest", "tests/retrievers", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
