"""Test the retrievers for Haystack and LangChain, in an environment of their own: build/retrievers-env.

Run it by `make retrievers`. Both frameworks bring libraries that the project itself does without, and one of
them tells its makers what it does unless that is switched off, so neither is in .venv.
"""

from __future__ import annotations

import sys

from environments import run_tests

# What the client and its tests need, and nothing of what serves.
NEEDS = ("httpx2", "pydantic", "pytest", "pytest-xdist")

if __name__ == "__main__":
    sys.exit(run_tests("retrievers", ["haystack", "langchain"], also=NEEDS))
