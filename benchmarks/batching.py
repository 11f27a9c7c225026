"""What it would bring to encode several questions in one call: their time each, by how many are together.

    python benchmarks/batching.py

The encoder's graph takes one text, so its first dimension is let go of here. Questions of equal length, which
need no filling up, on one thread: the other has another search. Processor time, so that it may be measured on
a busy machine; all sizes in turn within the same run. Prints Markdown for BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from kb.embedding.converting import EMBEDDED, GRAPH, POSITIONS, TOKENS, WORDS, converted
from kb.embedding.model_folder import read_bert, revision
from kb.embedding.onnx_encoder import session_of
from kb.embedding.spans import unit
from kb.embedding.unpacking import default_model_folder

TOGETHER = (1, 2, 4, 8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Questions that are encoded in one call.")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--tokens", type=int, nargs="+", default=[12, 22, 40])
    options = parser.parse_args()
    place = Path(default_model_folder())
    model = read_bert(place)
    if model is None:
        raise SystemExit(f"batching: the model in {place} cannot be converted")
    folder = converted(model, revision(place))
    session = _of_several(folder / GRAPH)
    words, positions = np.load(folder / WORDS, mmap_mode="r"), np.load(folder / POSITIONS)
    print("| Tokens | Milliseconds each, of " + ", ".join(map(str, TOGETHER)), end="")
    print(" in one call | Cosine with itself alone, lowest |\n|---|---|---|")
    random = np.random.default_rng(7)
    for tokens in options.tokens:
        ids = random.integers(1_000, 100_000, (max(TOGETHER), tokens))
        texts = words[ids].astype(np.float32) + positions[:tokens]
        each: dict[int, list[float]] = {number: [] for number in TOGETHER}
        for _ in range(options.turns):
            for number, times in each.items():
                started = time.thread_time()
                session.run([TOKENS], {EMBEDDED: texts[:number]})
                times.append((time.thread_time() - started) / number * 1e3)
        (together,) = session.run([TOKENS], {EMBEDDED: texts})
        alone = [session.run([TOKENS], {EMBEDDED: text[None]})[0][0] for text in texts]
        lowest = min(map(_cosine, together, alone))
        print(
            f"| {tokens} | {', '.join(f'{np.median(times):.1f}' for times in each.values())} | {lowest:.5f} |"
        )


def _of_several(graph: Path) -> onnxruntime.InferenceSession:
    model = onnx.load(graph)
    for value in (*model.graph.input, *model.graph.output):
        texts = value.type.tensor_type.shape.dim[0]
        texts.ClearField("dim_value")
        texts.dim_param = "texts"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, graph.name)
        onnx.save(model, file)
        return session_of(file)


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of the means of their tokens' vectors."""
    return float(unit(one.mean(axis=0)) @ unit(other.mean(axis=0)))


if __name__ == "__main__":
    main()
