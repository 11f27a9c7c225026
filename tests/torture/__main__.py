"""`python -m tests.torture [NAME…]`: run the measurements and print one table of counts."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.torture.asking import ROOT, Asker
from tests.torture.builds import builds
from tests.torture.faults import faults
from tests.torture.flips import flips
from tests.torture.full_disk import full_disk
from tests.torture.kills import kills
from tests.torture.place import reference
from tests.torture.readers import readers
from tests.torture.reload import reload
from tests.torture.soak import soak
from tests.torture.stateful import stateful
from tests.torture.tally import Tally, table

Measurement = Callable[[Path, argparse.Namespace], Tally]


def fuzzing(*, inputs: int, seed: int) -> Tally:
    """The readers on mutated files; their own table goes before ours."""
    tally = Tally("Mutated files of every format: no crash, no hang, no unreported loss")
    with tally.timed():
        command = ["-m", "tests.torture.fuzzing", "--inputs", str(inputs), "--seed", str(seed)]
        status = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode
        tally.counts["inputs"] = inputs
        if status != 0:
            tally.breach(f"python {' '.join(command)} ends with status {status}")
    return tally


MEASUREMENTS: dict[str, Measurement] = {
    "kills": lambda folder, given: kills(
        folder, given.expected, rounds=20 if given.quick else 200, seed=given.seed
    ),
    "readers": lambda folder, given: readers(folder, rounds=6 if given.quick else 60, seed=given.seed),
    "faults": lambda folder, given: faults(folder, given.expected, most=30 if given.quick else None),
    "disk": lambda folder, given: full_disk(folder, given.expected, sizes=4 if given.quick else 16),
    "flips": lambda folder, given: flips(folder, rounds=30 if given.quick else 100, seed=given.seed),
    "builds": lambda folder, given: builds(folder, given.expected, rounds=8 if given.quick else 100),
    "stateful": lambda folder, given: stateful(
        folder, sequences=4 if given.quick else 40, steps=12 if given.quick else 30, seed=given.seed
    ),
    "reload": lambda folder, given: reload(folder, rebuilds=5 if given.quick else 50, real=given.real),
    "soak": lambda folder, given: soak(
        folder, rebuilds=8 if given.quick else 20, minutes=1 if given.quick else 30, real=given.real
    ),
    "fuzzing": lambda _, given: fuzzing(inputs=500 if given.quick else 20_000, seed=given.seed),
}


def main() -> int:
    """Run what is asked for; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[[], *MEASUREMENTS], help="which ones; all without a name"
    )
    parser.add_argument("--quick", action="store_true", help="a sample of each")
    parser.add_argument("--real", action="store_true", help="reload and soak with the default model")
    parser.add_argument("--seed", type=int, default=1, help="what is left to chance")
    given = parser.parse_args()
    tallies = []
    with tempfile.TemporaryDirectory(prefix="kb-torture-") as scratch:
        with Asker() as asker:
            given.expected = reference(Path(scratch), asker)
        for name in given.names or MEASUREMENTS:
            print(f"{name} …", file=sys.stderr, flush=True)
            folder = Path(scratch) / name
            folder.mkdir()
            tallies.append(MEASUREMENTS[name](folder, given))
            # What is known already is not lost when the rest is stopped.
            print(table(tallies[-1:]), file=sys.stderr, flush=True)
    print(table(tallies))
    return 1 if any(tally.broken for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
