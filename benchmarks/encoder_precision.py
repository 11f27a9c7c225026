"""Compare the arithmetic that the encoder can run in: speed for passages and queries, and agreement.

Prints Markdown for BENCHMARKS.md. Each is measured several times in turn, so that a busy moment of the
machine meets all of them.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from kb.embedding import Encoder, Vectors, load_encoder
from kb.settings import Settings

ROUNDS = 5
SENTENCE = "De gemeentesecretarissen bespraken hoe het zaaksysteem en het archief bij elkaar blijven. "
PASSAGES = [f"Vergadering {number}. " + SENTENCE * (8 + number % 8) for number in range(32)]
QUERY = "Wat spraken de gemeenten af over het zaaksysteem?"


def int8_encoder() -> Encoder:
    """The same model with its linear layers in dynamic int8, per channel."""
    import torch
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    encoder = load_encoder(Settings(precision="float32"))
    transformer = encoder._model[0].auto_model  # type: ignore[attr-defined]
    quantize_dynamic(transformer, {torch.nn.Linear: per_channel_dynamic_qconfig}, inplace=True)
    return encoder


def vectors(encoder: Encoder) -> Vectors:
    """The passages' vectors, of shape (passages, dimension)."""
    return np.stack([one.vector for one in encoder.encode_passages(PASSAGES)])


def main() -> int:
    """Measure every precision in turn and print the table."""
    warnings.simplefilter("ignore")
    encoders = {
        "float32": load_encoder(Settings(precision="float32")),
        "bfloat16": load_encoder(Settings(precision="bfloat16")),
        "int8 (dynamic)": int8_encoder(),
    }
    tokens = encoders["float32"].count_tokens(PASSAGES)
    print(f"{Path(__file__).name}: {len(PASSAGES)} passages of {np.mean(tokens):.0f} tokens on average\n")
    rates: dict[str, list[float]] = {name: [] for name in encoders}
    delays: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(ROUNDS):
        for name, encoder in encoders.items():
            start = time.perf_counter()
            encoder.encode_passages(PASSAGES)
            rates[name].append(len(PASSAGES) / (time.perf_counter() - start))
            for _ in range(10):
                start = time.perf_counter()
                encoder.encode_query(QUERY)
                delays[name].append((time.perf_counter() - start) * 1000)
    exact = vectors(encoders["float32"])
    print("| Precision | Passages/s | Ratio | Query, median ms | Lowest cosine with float32 |")
    print("|---|---|---|---|---|")
    base = statistics.median(rates["float32"])
    for name, encoder in encoders.items():
        rate, delay = statistics.median(rates[name]), statistics.median(delays[name])
        cosine = (vectors(encoder) * exact).sum(axis=1).min()
        print(f"| {name} | {rate:.1f} | {rate / base:.2f} | {delay:.1f} | {cosine:.4f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
