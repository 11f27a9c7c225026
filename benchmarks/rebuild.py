"""How long a build works after each kind of change, beside what its start-up takes.

    python benchmarks/rebuild.py

The corpus beside the repository and its index (build/bench, by build_and_search.py) are copied; each row is
one change and one `kb build` of its own process. Start-up is that of a process that loads the encoder as a
build does and encodes one word; work is the build less that. Processor seconds are those of all processes,
the readers' included. Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "corpus"
PLACE = ROOT / "build" / "rebuild"
KB = Path(sys.executable).with_name("kb")
START_UP = "import os; from kb.embedding import load_encoder; from kb.settings import Settings; "
START_UP += "load_encoder(Settings.load(os.environ)).encode_query('x')"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=ROOT / "build" / "bench")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"bench: skipped, there is no corpus at {SHARED}")
        return 0
    corpus, indexes, start_up = prepared(arguments.indexes)
    print("| Change | Start-up s | Work s | Start-up CPU s | Work CPU s | Documents | Passages encoded |")
    print("|---|---|---|---|---|---|---|")
    changes: list[tuple[str, Callable[[], object]]] = [
        ("nothing", lambda: None),
        ("one document added", lambda: add(corpus, 1)),
        ("three documents added", lambda: add(corpus, 3)),
        ("ten files renamed", lambda: rename(corpus, 10)),
        ("one document removed", (corpus / "toegevoegd 0.md").unlink),
        ("a suppression list, so all documents are made anew", lambda: hide(corpus)),
    ]
    for name, change in changes:
        change()
        whole, report = build(corpus, indexes)
        work = whole - start_up
        encoded = report["passages"] - report["passagesReused"]
        print(
            f"| {name} | {start_up.wall:.1f} | {work.wall:.1f} | {start_up.cpu:.1f} | {work.cpu:.1f} "
            f"| {report['documents']} | {encoded} |",
            flush=True,
        )
    shutil.rmtree(PLACE, ignore_errors=True)
    return 0


def one_document_more(indexes: Path) -> dict[str, float]:
    """Seconds of work, after start-up, of a build of the corpus with one document more."""
    corpus, own, start_up = prepared(indexes)
    add(corpus, 1)
    whole, _ = build(corpus, own)
    shutil.rmtree(PLACE, ignore_errors=True)
    return {"start_up": start_up.wall, "work": (whole - start_up).wall}


@dataclass(frozen=True)
class Time:
    """Seconds on the clock and of the processors."""

    wall: float
    cpu: float

    def __sub__(self, other: Time) -> Time:
        return Time(self.wall - other.wall, self.cpu - other.cpu)


def prepared(made: Path) -> tuple[Path, Path, Time]:
    """A copy of the corpus, one of its index with nothing left to build, and what starting takes."""
    shutil.rmtree(PLACE, ignore_errors=True)
    corpus, indexes = PLACE / "corpus", PLACE / "indexes"
    shutil.copytree(SHARED, corpus)
    shutil.copytree(made, indexes)
    # Where it is set every process compiles the program anew, as no installed one does.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    build(corpus, indexes)
    start_up, _ = timed([sys.executable, "-c", START_UP])
    return corpus, indexes, start_up


def timed(command: Sequence[str | Path]) -> tuple[Time, str]:
    """How long a process takes with all that it starts, and what it prints."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, cwd=ROOT
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Time(wall, cpu), done.stdout


def build(corpus: Path, indexes: Path) -> tuple[Time, Any]:
    taken, printed = timed([KB, "build", "--corpus", corpus, "--indexes", indexes, "--json"])
    return taken, json.loads(printed)


def add(corpus: Path, number: int) -> None:
    """Minutes of a few pages, each with words of its own."""
    for _ in range(number):
        turn = len(list(corpus.glob("toegevoegd *.md")))
        sentences = [
            f"Punt {at} van avond {turn}: de gemeente bespreekt voorstel {turn * 100 + at} met de regio."
            for at in range(100)
        ]
        text = "\n\n".join([f"# Verslag van avond {turn}", *sentences])
        (corpus / f"toegevoegd {turn}.md").write_text(text, encoding="utf-8")


def hide(corpus: Path) -> None:
    """A name that no document holds: every document is looked at again, and none becomes another."""
    told = "mask:\n  - name: Xaviera Quibbelhorst\n    reason: proef\n    date: 2026-11-25\n"
    (corpus / "privacy.yaml").write_text(told, encoding="utf-8")


def rename(corpus: Path, number: int) -> None:
    folder = corpus / "hernoemd"
    folder.mkdir()
    files = sorted(
        Path(where, name)
        for where, _, names in os.walk(corpus)
        for name in names
        if name.endswith((".docx", ".pptx", ".pdf"))
    )
    for file in files[:number]:
        file.rename(folder / f"nieuwe naam van {file.name}")


if __name__ == "__main__":
    sys.exit(main())
