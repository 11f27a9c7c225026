"""How long a build takes after each kind of change, beside what its start-up alone takes.

    python benchmarks/rebuild.py

The corpus beside the repository and its index (build/bench, by build_and_search.py) are copied; each row is
one change and one `kb build` of its own process. Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "corpus"
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
    place = ROOT / "build" / "rebuild"
    shutil.rmtree(place, ignore_errors=True)
    corpus, indexes = place / "corpus", place / "indexes"
    shutil.copytree(SHARED, corpus)
    shutil.copytree(arguments.indexes, indexes)
    build(corpus, indexes)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", START_UP], check=True, cwd=ROOT)
    start_up = time.perf_counter() - started
    print("| Change | Seconds | Of which start-up | Documents | Passages encoded |")
    print("|---|---|---|---|---|")
    changes: list[tuple[str, Callable[[], object]]] = [
        ("nothing", lambda: None),
        ("one document added", lambda: add(corpus, 1)),
        ("three documents added", lambda: add(corpus, 3)),
        ("ten files renamed", lambda: rename(corpus, 10)),
        ("one document removed", (corpus / "toegevoegd 0.md").unlink),
        ("nothing, but all files are read again", lambda: shutil.rmtree(indexes / ".readings")),
    ]
    for name, change in changes:
        change()
        seconds, report = build(corpus, indexes)
        encoded = report["passages"] - report["passagesReused"]
        print(f"| {name} | {seconds:.1f} | {start_up:.1f} | {report['documents']} | {encoded} |", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    return 0


def build(corpus: Path, indexes: Path) -> tuple[float, Any]:
    command = [KB, "build", "--corpus", corpus, "--indexes", indexes, "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return time.perf_counter() - started, json.loads(done.stdout)


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
