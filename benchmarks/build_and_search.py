"""Measure building and searching the corpus beside the repository, with the `kb` command itself.

Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
INDEXES = ROOT / "build" / "bench"
KB = Path(sys.executable).with_name("kb")
MODES = ("hybrid", "dense", "lexical")


def main() -> int:
    """Build the index, ask every question in every mode, print what came of it."""
    parser = argparse.ArgumentParser(description="Measure building and searching ../shared/corpus.")
    parser.add_argument("--fresh", action="store_true", help="forget the vectors of an earlier run")
    parser.add_argument("--no-build", action="store_true", help="ask the index of an earlier run")
    options = parser.parse_args()
    if not (SHARED / "corpus").is_dir():
        print(f"bench: skipped, there is no corpus at {SHARED / 'corpus'}")
        return 0
    if options.fresh:
        shutil.rmtree(INDEXES, ignore_errors=True)
    print(f"{machine()}, {time.strftime('%Y-%m-%d')}\n")
    if not options.no_build:
        measure_build()
    print("| Mode | Recall@1 | Recall@5 | Recall@10 | MRR@10 | nDCG@10 | Median | 95th percentile |")
    print("|---|---|---|---|---|---|---|---|")
    for mode in MODES:
        measure_search(mode)
    print("\n| Benchmark | Mode | nDCG@10 | Recall@10 | MRR@10 | Median | nDCG@10 of hybrid less this |")
    print("|---|---|---|---|---|---|---|")
    for qrels in sorted((SHARED / "bench").glob("*/qrels.tsv")):
        measure_benchmark(qrels.parent)
    return 0


def machine() -> str:
    """What it was measured on."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        model = f" ({found[1]})" if found else ""
    return f"Python {platform.python_version()}, {os.cpu_count()} cores{model}"


def measure_build() -> None:
    """Build the index; print the time and the most memory it took, and how many files were read."""
    start = time.perf_counter()
    with started("build", "--corpus", str(SHARED / "corpus"), "--json") as process:
        memory = Memory(process.pid)
        memory.start()
        report = result_of(process)
    print("| Build | |\n|---|---|")
    print(f"| Time | {time.perf_counter() - start:.0f} s |")
    print(f"| Most memory, all processes | {memory.megabytes or '?'} MB |")
    for label, name in {
        "Documents read": "documents",
        "Files left out": "filesLeftOut",
        "Passages": "passages",
        "Passages whose vector was kept": "passagesReused",
    }.items():
        print(f"| {label} | {report[name]} |")
    print(flush=True)


def measure_search(mode: str) -> None:
    """Print one row: how often the right passage is found, and how long a search takes."""
    with started("evaluate", str(SHARED / "questions" / "dev.jsonl"), "--mode", mode, "--json") as process:
        found = result_of(process)
    names = ("recallAt1", "recallAt5", "recallAt10", "mrrAt10", "ndcgAt10")
    shares = " | ".join(f"{found['measures'][name]:.3f}" for name in names)
    print(f"| {mode} | {shares} | {found['medianMs']} ms | {found['p95Ms']} ms |", flush=True)


def measure_benchmark(folder: Path) -> None:
    """Print a row for each mode: the product on a benchmark in BEIR's format, and what hybrid adds to it."""
    found = result_of(run_kb("evaluate", "--beir", str(folder), "--json"))
    for mode, values in found["modes"].items():
        shares = " | ".join(f"{values[name]:.3f}" for name in ("ndcgAt10", "recallAt10", "mrrAt10"))
        gain = found["differences"].get(mode, {}).get("ndcgAt10")
        told = f"{gain['difference']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})" if gain else ""
        print(f"| {folder.name} | {mode} | {shares} | {values['medianMs']} ms | {told} |", flush=True)


def started(*arguments: str) -> subprocess.Popen[str]:
    """A `kb` command on the indexes of this measurement."""
    return run_kb(*arguments, "--indexes", str(INDEXES))


def run_kb(*arguments: str) -> subprocess.Popen[str]:
    """A `kb` command whose output is kept."""
    return subprocess.Popen([KB, *arguments], stdout=subprocess.PIPE, text=True)


def result_of(process: subprocess.Popen[str]) -> Any:
    """The JSON that a `kb` command prints. Ends the measurement when the command fails."""
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"bench: a kb command ended with status {process.returncode}")
    return json.loads(output)


class Memory(threading.Thread):
    """Watches what a process and its descendants hold of memory: proportional set size, on Linux only."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = Path("/proc") / str(pid)
        self.megabytes = 0

    def run(self) -> None:
        """Look twice a second until the process has ended."""
        while (self._root / "smaps_rollup").exists():
            # A process may end between being listed and being looked at.
            with contextlib.suppress(OSError):
                self.megabytes = max(self.megabytes, sum(map(self._held, self._family(self._root))) // 1024)
            time.sleep(0.5)

    def _family(self, process: Path) -> list[Path]:
        children = [
            Path("/proc") / pid
            for listing in process.glob("task/*/children")
            for pid in listing.read_text(encoding="utf-8").split()
        ]
        return [process, *(member for child in children for member in self._family(child))]

    def _held(self, process: Path) -> int:
        try:
            rollup = (process / "smaps_rollup").read_text(encoding="utf-8")
        except OSError:
            return 0
        found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
        return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
