"""The whole of it: `python -m tests.conformance`, or `make conformance`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conformance.fuzzing import fuzz


def main() -> int:
    """Ask a service everything; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=40, help="cases per operation and phase, at most")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cases = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for outcome in fuzz(Path(folder), examples=arguments.examples, seed=arguments.seed):
            print(outcome.told if outcome.failures else "", end="")
            print(f"{outcome.caller}: {outcome.cases} cases, {outcome.failures} failures", flush=True)
            cases += outcome.cases
            failures += outcome.failures
    print(f"{cases} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
