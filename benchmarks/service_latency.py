"""How long a search takes over HTTP at 12,000 passages, with and without late interaction.

    python benchmarks/service_latency.py

The passages are those of an index (build/bench unless --indexes says otherwise), repeated with the words
of each in reverse order until there are 12,000: other words stand side by side, so none is a copy of
another. The service is a process of its own; the questions are asked one after the other.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np

from kb.documents import stable_id
from kb.embedding import load_encoder
from kb.generations import Generations
from kb.index.embedded import EmbeddedIndex
from kb.index.stored import StoredVectors
from kb.publishing import Draft
from kb.settings import Settings

QUESTIONS = Path("../shared/questions/dev.jsonl")
SETTINGS = {"with late interaction": {}, "without": {"KB_RERANK_MILLISECONDS": "0"}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--passages", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    target = Path("build/latency")
    shutil.rmtree(target, ignore_errors=True)
    passages = enlarge(Generations(arguments.indexes).current(), target, arguments.passages)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{passages} passages, {size / 1e6:.0f} MB on disk\n")
    print("| Over HTTP | Median ms | p95 ms | Of which p95 in the search | Resident MB |")
    print("|---|---|---|---|---|")
    for name, environment in SETTINGS.items():
        print(f"| {name} | {measure(target, environment, questions, arguments.rounds)} |")


def enlarge(folder: Path, target: Path, wanted: int) -> int:
    """An index of `wanted` passages under `target`; how many it has in the end."""
    index = EmbeddedIndex.open(folder)
    generations = Generations(target)
    encoder = load_encoder(Settings.load({}))
    with generations.building() as stage, Draft(generations, stage, encoder) as draft:
        for turn in range(100):
            for document in index.documents():
                if draft.passages >= wanted:
                    break
                copy(index, document.id, turn, draft)
        draft.finish()
        passages = draft.passages
        draft.publish(draft.manifest(corpus=index.manifest.corpus), keep=1, report=index.report())
    return passages


def copy(index: EmbeddedIndex, document_id: str, turn: int, draft: Draft) -> None:
    (document,) = index.documents([document_id])
    rows = index.document_rows(document_id)
    found = [one.passage for one in index.passages(rows)]
    if turn:
        path = f"{turn}/{document.source}"
        document = dataclasses.replace(document, id=stable_id("document", path), source=path)
        found = [
            dataclasses.replace(
                passage,
                id=stable_id("passage", passage.id, str(turn)),
                document_id=document.id,
                text=" ".join(reversed(passage.text.split())),
            )
            for passage in found
        ]
    draft.add(document, found, [StoredVectors(index.vector(row), index.codes(row)) for row in rows])


def measure(indexes: Path, environment: dict[str, str], questions: list[str], rounds: int) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "kb", "serve", "--indexes", str(indexes), "--port", str(port)]
    service = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        wait(f"{address}/v1/health/ready")
        for question in questions:
            ask(address, question)
        times, inside = [], []
        for question in questions * rounds:
            started = time.perf_counter()
            took = ask(address, question)
            times.append((time.perf_counter() - started) * 1000)
            inside.append(took)
        resident = int(Path(f"/proc/{service.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        median, p95 = np.median(times), np.percentile(times, 95)
        return f"{median:.0f} | {p95:.0f} | {np.percentile(inside, 95):.0f} | {resident / 1e6:.0f}"
    finally:
        service.terminate()
        service.wait()


def ask(address: str, question: str) -> float:
    query = urllib.parse.urlencode({"q": question, "limit": 10})
    with urllib.request.urlopen(f"{address}/v1/search?{query}", timeout=60) as answer:
        took: float = json.load(answer)["tookMs"]
        return took


def wait(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{address} did not answer within a minute")


if __name__ == "__main__":
    main()
