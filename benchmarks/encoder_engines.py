"""Compare what the encoder can run on: speed for passages and queries, memory, and agreement.

    python benchmarks/encoder_engines.py

Passages are drawn from an index of ../shared/corpus (build/bench, by build_and_search.py) and questions are
those beside it. Each engine is a process of its own, asked in turn for a part, so that a busy moment of the
machine meets all of them. The first is sentence-transformers as it comes: `encode` in float32, batches of 32.
Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from kb.embedding import Vectors, load_encoder
from kb.generations import Generations
from kb.index.stored import embedded_text
from kb.settings import Settings

QUESTIONS = Path("../shared/questions/dev.jsonl")
AS_IT_COMES = "sentence-transformers, float32, as it comes"
ENGINES = {
    AS_IT_COMES: None,
    "PyTorch, float32, our batches": "float32",
    "PyTorch, bfloat16, our batches": "bfloat16",
    "ONNX Runtime (`auto` on a CPU)": "int8",
}
_PART = 32


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--indexes", type=Path, default=Path("build/bench"))
    parser.add_argument("--passages", type=int, default=512)
    parser.add_argument("--bfloat16", action="store_true", help="also where no processor has it")
    options = parser.parse_args()
    passages = some_passages(options.indexes, options.passages)
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    names = [name for name in ENGINES if ENGINES[name] != "bfloat16" or options.bfloat16 or has_bfloat16()]
    engines = {name: Engine(ENGINES[name]) for name in names}
    for start in range(0, len(passages), _PART):
        for engine in engines.values():
            engine.passages(passages[start : start + _PART])
    for question in questions:
        for engine in engines.values():
            engine.query(question)
    exact = engines[AS_IT_COMES]
    print(f"{len(passages)} passages of the corpus, {len(questions)} questions, {os.cpu_count()} cores\n")
    print("| Engine | Passages/s | Ratio | Query ms: p50, p95 | Cosine: mean, lowest | Memory MB |")
    print("|---|---|---|---|---|---|")
    for name, engine in engines.items():
        cosines = (np.concatenate(engine.vectors) * np.concatenate(exact.vectors)).sum(axis=1)
        p50, p95 = np.percentile(engine.delays, [50, 95]) * 1000
        rate = f"{len(passages) / engine.seconds:.1f} | {exact.seconds / engine.seconds:.2f}"
        agreement = f"{cosines.mean():.5f}, {cosines.min():.5f}"
        print(f"| {name} | {rate} | {p50:.1f}, {p95:.1f} | {agreement} | {engine.close():.0f} |")
    return 0


def some_passages(indexes: Path, number: int) -> list[str]:
    """What is encoded for some passages, the same every time."""
    index = Generations(indexes).open_live()
    rows = random.Random(7).sample(range(index.manifest.passages), number)  # noqa: S311 - no secret
    texts = [embedded_text(record.passage) for record in index.passages(rows)]
    index.close()
    return texts


def has_bfloat16() -> bool:
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported())


class Engine:
    """An encoder in a process of its own, and what was measured of it."""

    def __init__(self, precision: str | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=serve, args=(there, precision), daemon=True)
        self._process.start()
        self.vectors: list[Vectors] = []
        self.delays: list[float] = []
        self.seconds = 0.0
        self.query("warm")
        self.delays.clear()

    def passages(self, texts: list[str]) -> None:
        seconds, vectors = self._ask(("passages", texts))
        self.seconds += seconds
        self.vectors.append(vectors)

    def query(self, text: str) -> None:
        self.delays.append(self._ask(("query", text))[0])

    def close(self) -> float:
        """What it held of memory, in MB, mapped files included."""
        found: float = self._ask(("memory", ""))[1]
        self._here.send(None)
        self._process.join()
        return found

    def _ask(self, what: tuple[str, Any]) -> tuple[float, Any]:
        self._here.send(what)
        answer: tuple[float, Any] = self._here.recv()
        return answer


def serve(there: Connection, precision: str | None) -> None:
    """Answer until there is nothing more to be asked."""
    encode, ask = plain() if precision is None else ours(precision)
    while (asked := there.recv()) is not None:
        kind, given = asked
        if kind == "memory":
            pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
            there.send((0.0, pages * os.sysconf("SC_PAGE_SIZE") / 1e6))
            continue
        start = time.perf_counter()
        found = encode(given) if kind == "passages" else ask(given)
        there.send((time.perf_counter() - start, found if kind == "passages" else None))


def plain() -> tuple[Callable[[list[str]], Vectors], Callable[[str], Vectors]]:
    from sentence_transformers import SentenceTransformer

    from kb.embedding.offline import prepare
    from kb.embedding.unpacking import default_model_folder

    prepare()
    model = SentenceTransformer(str(default_model_folder()), device="cpu", local_files_only=True)
    return (
        lambda texts: model.encode(texts, prompt_name="passage", show_progress_bar=False),
        lambda text: model.encode(text, prompt_name="query", show_progress_bar=False),
    )


def ours(precision: Any) -> tuple[Callable[[list[str]], Vectors], Callable[[str], Vectors]]:
    encoder = load_encoder(Settings(precision=precision))
    return (
        lambda texts: np.stack([one.vector for one in encoder.encode_passages(texts)]),
        lambda text: encoder.encode_query(text).vector,
    )


if __name__ == "__main__":
    sys.exit(main())
